/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REFS_H
#define REFS_H

/* What the parts of the refs plugin share: what is looked for, one scan, and where a word lies. */

#include <memopsy/mem_map.h>
#include <memopsy/plugin.h>

#include "../leaks/object_index.h"
#include "refs_layout.h"

/* A range of addresses whose users are looked for. */
struct target {
	uint64_t first_kva;
	uint64_t end_kva;
	uint64_t first_pa;       /* where first_kva lies */
	uint32_t depth;          /* 1: what was asked for; 2: what points at that; ... */
};

/* A word that points into a target. */
struct reference {
	uint64_t pa;
	uint64_t word;
	uint64_t target_kva;
	uint32_t depth;
};

struct reference_list {
	struct reference *items;
	size_t n_items, n_slots;
};

struct refs_state {
	struct mo_run *run;
	const struct mo_mem_map_model *mem_map;
	struct object_index index;
};

/* Each thread keeps at most so many references; more are counted and left out. */
#define MOST_REFERENCES (1u << 20)

/*
 * refs_scan.c: appends every word of kernel memory and of allocated objects that points into one of the targets, which
 * are sorted and do not overlap. Words inside the target itself are no users of it.
 */
struct mo_error *scan_for_targets(const struct refs_state *state, const struct target *targets, size_t n_targets,
				  struct reference_list *list, uint64_t *n_left_out, uint64_t *n_missing_pages) MO_MUST_USE;
bool append_reference(struct reference_list *list, const struct reference *reference);

/* The allocated (or perhaps allocated) object that physical memory belongs to. */
bool object_at_pa(const struct object_index *index, uint64_t pa, struct object_ref *ret);

/* refs_places.c: where the kernel and its modules have physical memory mapped, as far as symbols lie there. */
struct image_span {
	uint64_t pa;
	uint64_t kva;
	uint64_t n_bytes;
};
struct places {
	struct image_span *spans;
	size_t n_spans, n_slots;
};
struct mo_error *find_places(const struct refs_state *state, struct places *ret) MO_MUST_USE;
/* The name of the variable that a word lies in: "init_task+0x8", "swapper [module]"; false: none. *kva_ret is its address. */
bool name_place(const struct refs_state *state, const struct places *places, uint64_t pa, char *name, size_t n_bytes,
		uint64_t *kva_ret);

/* refs_view.c */
extern const struct mo_table_spec refs_table;
struct mo_error *show_refs(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
