/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns of a table, for --help: key, heading, what it is. Specs are literals of ours or of a plugin. */
#include "report_write.h"

#include <string.h>

static int widest_of(const struct mo_table_spec *spec, bool is_heading)
{
	size_t widest = 0;

	for (size_t i = 0; i < spec->n_columns; i++) {
		size_t width = strlen(is_heading ? spec->columns[i].heading : spec->columns[i].key);

		widest = width > widest ? width : widest;
	}
	return (int)widest;
}

void mo_report_describe_columns(FILE *out, const struct mo_table_spec *spec)
{
	int key_width = widest_of(spec, false);
	int heading_width = widest_of(spec, true);

	fprintf(out, "Columns of %s%s%s%s\n", spec->name, spec->help ? " (" : "", spec->help ? spec->help : "",
		spec->help ? "):" : ":");
	for (size_t i = 0; i < spec->n_columns; i++) {
		const struct mo_column *column = &spec->columns[i];

		fprintf(out, "  %c %-*s  %-*s  %s\n", column->flags & MO_COLUMN_HIDDEN ? '+' : ' ', key_width, column->key,
			heading_width, column->heading, column->help ? column->help : "");
	}
	for (size_t i = 0; i < spec->n_columns; i++) {
		if (spec->columns[i].flags & MO_COLUMN_HIDDEN) {
			fprintf(out, "Columns marked + are shown only if --columns names them.\n");
			break;
		}
	}
}
