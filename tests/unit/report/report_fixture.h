/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_REPORT_FIXTURE_H
#define MO_REPORT_FIXTURE_H

/* Tables and findings that the report tests write, and a report whose output is caught in memory. */

#include <memopsy/report.h>

#include "report_write.h"

#define ZONE_COLUMNS 7

/* node, name, size, free, used, broken (hidden), comment. */
extern const struct mo_table_spec zones_spec;

/* One column of each kind, in the order of enum mo_cell_kind. */
#define KIND_COLUMNS 12
extern const struct mo_table_spec kinds_spec;
extern const struct mo_table_spec kinds_record_spec;

/* A table that the kernel prints in a form of its own. */
extern const struct mo_table_spec lines_spec;

struct caught {
	struct mo_report *report;
	FILE *stream;
	char *chars;
	size_t n_chars;
};

void catch_begin(struct caught *caught, const struct mo_report_options *options, const struct mo_report_head *head,
		 bool show_head);

/* Finishes without an error; the output lives until catch_free(). */
const char *catch_end(struct caught *caught);
void catch_free(struct caught *caught);

/* A row of zones_spec. */
void zone_row(struct mo_report *report, uint64_t node, const char *name, struct mo_count size_bytes,
	      const char *comment);

/* Four zones: an ordinary one, one with unknown and hostile cells, one long name, one lower bound. */
void write_zones(struct mo_report *report);

/* A row of kinds_spec or kinds_record_spec whose cells have this certainty. */
void kinds_row(struct mo_cell *cells, enum mo_certainty certainty);

/* A critical finding with evidence and advice. */
void write_critical(struct mo_report *report);

/* A finding of this severity and basis with a verdict only. */
void write_plain_finding(struct mo_report *report, enum mo_severity severity, enum mo_basis basis,
			 const char *verdict);

/* All that a report can hold: used for the JSON tests here and by Python. */
void write_everything(struct mo_report *report);
extern const struct mo_report_head full_head;

#endif
