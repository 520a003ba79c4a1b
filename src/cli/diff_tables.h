/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DIFF_TABLES_H
#define MO_DIFF_TABLES_H

/* What `memopsy diff` shows of a comparison. */

#include <memopsy/report.h>

#include "changes.h"

extern const struct mo_table_spec mo_diff_sides_table;
extern const struct mo_table_spec mo_diff_changes_table;
extern const struct mo_table_spec mo_diff_findings_table;

void mo_diff_write_sides(struct mo_report *report, const struct mo_comparison *comparison, const char *const *paths);

/*
 * Of each kind the `most` largest changes, each way, of at least min_bytes; the rest as a note. What is equal is left out. A
 * change whose size is unknown is not shown, but counted.
 */
void mo_diff_write_changes(struct mo_report *report, const struct mo_comparison *comparison, size_t most, uint64_t min_bytes);

/* The findings that only one of the two reports has. */
void mo_diff_write_findings(struct mo_report *report, const struct mo_report_file *files);

#endif
