/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_GATHERING_H
#define LEAKS_GATHERING_H

/* What the parts of the leaks plugin share while it gathers: index, mark, find what is lost, arrange it, name it. */

#include <memopsy/leaks.h>
#include <memopsy/mem_map.h>
#include <memopsy/plugin.h>

#include "leaks_layout.h"
#include "object_index.h"

/* Page frames of the kernel image that were constant before the first object was: they point at none. */
struct constant_pages {
	uint64_t first_pfn, end_pfn;
};
enum { CONSTANT_BEFORE_INIT, CONSTANT_BEHIND_INIT, CONSTANT_ORC, N_CONSTANT };

struct leaks_state {
	struct mo_leaks_model model; /* first: what is published */
	struct mo_run *run;
	const struct leaks_layout *layout;
	const struct mo_mem_map_model *mem_map;
	struct object_index index;
	struct constant_pages constant[N_CONSTANT];
	uint64_t *marked;            /* a bit for each object; atomic while threads mark */
	struct mo_lost_object *lost;
	struct mo_leak_group *groups;
};

static inline bool is_marked(const struct leaks_state *state, uint64_t object)
{
	return __atomic_load_n(&state->marked[object / 64], __ATOMIC_RELAXED) >> object % 64 & 1;
}

/* mark.c: marks every object that a root leads to. */
struct mo_error *mark_reached(struct leaks_state *state) MO_MUST_USE;

/* lost.c: lists what is allocated and not marked. */
struct mo_error *list_lost(struct leaks_state *state) MO_MUST_USE;
/* The lost object that a word points into; false: none. */
bool find_lost(const struct leaks_state *state, uint64_t word, uint32_t *ret);
/*
 * The next lost object that lost object `from` points at, other than itself, at or after byte *offset of it; *offset
 * becomes where to go on. False: no more.
 */
bool next_pointed(const struct leaks_state *state, struct mo_reader *reader, uint32_t from, uint64_t *offset, uint32_t *ret);

/* holds.c: which lost objects are heads, and what hangs on each. */
struct mo_error *arrange_lost(struct leaks_state *state) MO_MUST_USE;

/* on_purpose.c: what the kernel loses on purpose. NULL: it is not of a known form. */
const char *purpose_of(const struct leaks_state *state, struct mo_reader *reader, uint32_t lost);

/* owners.c: whose text or data an object points at. */
struct owner {
	const char *module;
	const char *symbol;
	uint64_t offset_bytes;
};
struct owner_finder;
struct mo_error *create_owner_finder(struct leaks_state *state, struct owner_finder **ret) MO_MUST_USE;
void destroy_owner_finder(struct owner_finder *finder);
struct owner find_owner(struct owner_finder *finder, uint32_t lost);

/* groups.c */
struct mo_error *group_lost(struct leaks_state *state) MO_MUST_USE;

static inline struct object_ref ref_of(const struct mo_lost_object *lost)
{
	return (struct object_ref){ .slab = lost->slab, .index = lost->index };
}

#endif
