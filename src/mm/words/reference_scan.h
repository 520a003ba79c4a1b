/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MM_REFERENCE_SCAN_H
#define MM_REFERENCE_SCAN_H

/* What the parts of a search for references share. */

#include <memopsy/references.h>
#include <memopsy/word_ranges.h>

/* Each thread keeps at most so many references; more are counted and left out. */
#define REFERENCES_MAX (1u << 20)

/* reference_ranges.c: the words that refer to targets. */
struct mo_error *make_ranges(const struct mo_references *state, const struct mo_word_target *targets, uint32_t first, uint32_t n,
			     struct mo_word_ranges *ret) MO_MUST_USE;

/* reference_scan.c: appends every word that refers to one of the targets, but not from itself. */
struct mo_error *scan_for_targets(const struct mo_references *state, const struct mo_word_target *targets,
				  const struct mo_word_ranges *set, struct mo_reference_list *list) MO_MUST_USE;
bool append_reference(struct mo_reference_list *list, const struct mo_reference *reference);

/* A pointer. */
struct edge {
	uint64_t word;
	uint64_t pa;
};
struct edge_list {
	struct edge *edges;
	size_t n, n_slots;
};
/* One list for each thread; MO_E_LIMIT: there are more than memory should hold. */
struct mo_error *scan_for_edges(const struct mo_references *state, uint64_t n_edges_max, struct edge_list *lists,
				uint64_t *n_missing_pages) MO_MUST_USE;

/* edges.c: appends those that refer to targets. */
struct mo_error *find_in_edges(const struct mo_references *state, const struct mo_edges *edges,
			       const struct mo_word_target *targets, const struct mo_word_ranges *set,
			       struct mo_reference_list *list) MO_MUST_USE;

#endif
