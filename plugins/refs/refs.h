/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REFS_H
#define REFS_H

/* What the parts of the refs plugin share: needles become targets of a search, whose edges may come from a file. */

#include <memopsy/plugin.h>
#include <memopsy/references.h>

/*
 * refs_index.c: edges in a file beside the type cache, for this dump alone. False: there is none that fits. A file that
 * cannot be written is a remark, no error.
 */
bool load_index(const struct mo_references *state, struct mo_edges *ret);
void save_index(const struct mo_references *state, const struct mo_edges *edges, struct mo_report *report);

/* refs_needles.c: what is asked for: ADDRESS, SYMBOL[+OFFSET], pfn:N. */
struct mo_error *add_needles(struct mo_run *run, struct mo_search *search) MO_MUST_USE;

/* refs_view.c, refs_paths.c */
extern const struct mo_table_spec refs_table, paths_table;
struct mo_error *show_refs(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *put_paths(struct mo_report *report, struct mo_search *search, struct mo_namer *namer) MO_MUST_USE;

#endif
