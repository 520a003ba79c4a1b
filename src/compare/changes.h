/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COMPARE_CHANGES_H
#define MO_COMPARE_CHANGES_H

/* Two reports held against each other: what there is more of in the second, and less. */

#include "entries.h"

struct mo_change {
	enum mo_holding kind;
	const char *name;
	const char *module;            /* NULL: none, or not known */
	struct mo_count before_bytes;  /* 0 if the report has all of the kind, and not this one; unknown if it may have left it out */
	struct mo_count after_bytes;
	struct mo_count before_pieces;
	struct mo_count after_pieces;
	int64_t grew_bytes;            /* after - before, if both are exact */
	bool is_known;                 /* grew_bytes is */
};

struct mo_comparison {
	struct mo_report_facts facts[2];
	bool is_one_kernel;            /* the same build */
	bool is_one_boot;              /* of the same machine, since it was booted once */
	bool is_one_host;              /* the same name */
	double elapsed_seconds;        /* between the two, of one boot; negative: the second is the older */
	bool is_compared[MO_N_HOLDINGS]; /* both reports have what it takes */
	struct { struct mo_change *items; size_t count; size_t capacity; } changes; /* by kind, in it the largest growth first */
	struct mo_entries entries[2][MO_N_HOLDINGS];
};

/* The files must outlive the comparison. */
struct mo_error *mo_compare(const struct mo_report_file *before, const struct mo_report_file *after,
			    struct mo_comparison *ret) MO_MUST_USE;
void mo_comparison_deinit(struct mo_comparison *comparison);

/* Memory in use, of all that the page frames' classes say: all but what is free. Unknown without classes on both sides. */
bool mo_grew_in_use(const struct mo_comparison *comparison, int64_t *ret);

#endif
