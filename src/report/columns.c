/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --columns and --sort: parsed, and checked against the tables. */
#include "columns.h"

#include <string.h>
#include <strings.h>

#include "report_write.h"

void mo_column_wishes_deinit(struct mo_column_wishes *wishes)
{
	for (size_t i = 0; i < wishes->list.count; i++)
		free(wishes->list.items[i].name);
	mo_vector_deinit(&wishes->list);
	wishes->is_added = false;
}

/* "a,b" into names; an option's own marks have been taken off the front of the list. */
static struct mo_error *parse_list(const char *argument, const char *list, const char *option, bool may_descend,
				   struct mo_column_wishes *ret)
{
	struct mo_column_wishes wishes = { .is_added = false };
	const char *at = list;

	for (;;) {
		struct mo_column_wish wish = { .name = NULL };
		size_t length = strcspn(at, ",");

		if (may_descend && *at == '-') {
			wish.is_descending = true;
			at++;
			length--;
		}
		if (!length) {
			mo_column_wishes_deinit(&wishes);
			return mo_error_create(MO_E_INVALID, "%s: an empty column name in \"%s\"", option, argument);
		}
		wish.name = strndup(at, length);
		if (!wish.name || !mo_vector_append(&wishes.list, wish)) {
			free(wish.name);
			mo_column_wishes_deinit(&wishes);
			return mo_error_no_memory();
		}
		at += length;
		if (!*at)
			break;
		at++;
	}
	*ret = wishes;
	return NULL;
}

struct mo_error *mo_column_wishes_parse_columns(const char *argument, struct mo_column_wishes *ret)
{
	struct mo_column_wishes wishes = { .is_added = false };
	bool is_added = argument && *argument == '+';
	struct mo_error *error = NULL;

	if (argument)
		error = parse_list(argument, argument + is_added, "--columns", false, &wishes);
	if (error)
		return error;
	wishes.is_added = is_added;
	*ret = wishes;
	return NULL;
}

struct mo_error *mo_column_wishes_parse_sort(const char *argument, struct mo_column_wishes *ret)
{
	struct mo_column_wishes wishes = { .is_added = false };
	struct mo_error *error = NULL;

	if (argument)
		error = parse_list(argument, argument, "--sort", true, &wishes);
	if (error)
		return error;
	*ret = wishes;
	return NULL;
}

size_t mo_column_find(const struct mo_table_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_columns; i++) {
		if (!strcmp(spec->columns[i].key, name))
			return i;
	}
	for (size_t i = 0; i < spec->n_columns; i++) {
		if (!strcasecmp(spec->columns[i].heading, name))
			return i;
	}
	return MO_NO_COLUMN;
}

size_t mo_column_wishes_meet(struct mo_column_wishes *wishes, const struct mo_table_spec *spec)
{
	size_t n_met = 0;

	for (size_t i = 0; i < wishes->list.count; i++) {
		if (mo_column_find(spec, wishes->list.items[i].name) == MO_NO_COLUMN)
			continue;
		wishes->list.items[i].is_met = true;
		n_met++;
	}
	return n_met;
}

static bool is_among(const size_t *shown, size_t n_shown, size_t column)
{
	for (size_t i = 0; i < n_shown; i++) {
		if (shown[i] == column)
			return true;
	}
	return false;
}

size_t mo_column_wishes_shown(const struct mo_column_wishes *wishes, const struct mo_table_spec *spec, size_t *shown)
{
	size_t n_shown = 0;

	for (size_t i = 0; i < spec->n_columns && (!wishes->list.count || wishes->is_added); i++) {
		if (!(spec->columns[i].flags & MO_COLUMN_HIDDEN))
			shown[n_shown++] = i;
	}
	for (size_t i = 0; i < wishes->list.count; i++) {
		size_t column = mo_column_find(spec, wishes->list.items[i].name);

		if (column != MO_NO_COLUMN && !is_among(shown, n_shown, column))
			shown[n_shown++] = column;
	}
	return n_shown;
}

size_t mo_column_wishes_keys(const struct mo_column_wishes *wishes, const struct mo_table_spec *spec,
			     struct mo_sort_key *keys)
{
	size_t n_keys = 0;

	for (size_t i = 0; i < wishes->list.count; i++) {
		size_t column = mo_column_find(spec, wishes->list.items[i].name);

		if (column == MO_NO_COLUMN)
			continue;
		keys[n_keys++] = (struct mo_sort_key){
			.column = column,
			.kind = spec->columns[column].kind,
			.is_descending = wishes->list.items[i].is_descending,
		};
	}
	return n_keys;
}

void mo_column_append_names(struct mo_text *out, const struct mo_table_spec *spec)
{
	mo_text_printf(out, "%s%s has ", out->length ? "; " : "", spec->name);
	for (size_t i = 0; i < spec->n_columns; i++)
		mo_text_printf(out, "%s%s", i ? ", " : "", spec->columns[i].key);
}

struct mo_error *mo_column_wishes_check(const struct mo_column_wishes *wishes, const char *option,
					const char *names_there_are)
{
	for (size_t i = 0; i < wishes->list.count; i++) {
		if (wishes->list.items[i].is_met)
			continue;
		return mo_error_create(MO_E_INVALID, "%s: no column \"%s\"; %s", option, wishes->list.items[i].name,
				       names_there_are);
	}
	return NULL;
}

struct mo_error *mo_report_check_columns(const struct mo_report_options *options,
					 const struct mo_table_spec *const *specs, size_t n_specs)
{
	struct mo_column_wishes columns = { .is_added = false };
	struct mo_column_wishes sort = { .is_added = false };
	struct mo_text names = MO_TEXT_EMPTY;
	struct mo_error *error = mo_column_wishes_parse_columns(options->columns, &columns);

	if (!error)
		error = mo_column_wishes_parse_sort(options->sort, &sort);
	for (size_t i = 0; i < n_specs && !error; i++) {
		mo_column_wishes_meet(&columns, specs[i]);
		mo_column_wishes_meet(&sort, specs[i]);
		mo_column_append_names(&names, specs[i]);
	}
	if (!error)
		error = mo_column_wishes_check(&columns, "--columns", mo_text_chars(&names));
	if (!error)
		error = mo_column_wishes_check(&sort, "--sort", mo_text_chars(&names));
	mo_text_deinit(&names);
	mo_column_wishes_deinit(&columns);
	mo_column_wishes_deinit(&sort);
	return error;
}
