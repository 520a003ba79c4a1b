/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLACES_GATHERING_H
#define PLACES_GATHERING_H

/*
 * The tables behind the model "places", each sorted, so that an address costs a few binary searches: page frames that
 * the kernel uses by another address than that of the direct map (frames.c), the images of kernel and modules
 * (images.c), CPUs' units of the first per-CPU chunk (percpu_units.c), stacks (stacks.c).
 */

#include <memopsy/free_areas.h>
#include <memopsy/mem_map.h>
#include <memopsy/memmap.h>
#include <memopsy/module_list.h>
#include <memopsy/page_owner.h>
#include <memopsy/page_facts.h>
#include <memopsy/page_tables.h>
#include <memopsy/percpu.h>
#include <memopsy/places.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/tasks.h>
#include <memopsy/vmap.h>
#include <memopsy/zones.h>

#include "whatis_layout.h"

#define MAX_PERCPU_UNIT_BYTES (1ull << 30)
#define MAX_STACK_BYTES (1ull << 20)
#define PLACES_COMM_BYTES 32
#define MAX_STACK_CALLERS 8u

/* Page frames [first_pfn, first_pfn + n_pages), mapped from kva on. */
struct frame_span {
	uint64_t first_pfn;
	uint64_t n_pages;
	uint64_t kva;
};

/* Addresses [first_kva, end_kva); what `index` counts depends on the table. */
struct kva_range {
	uint64_t first_kva;
	uint64_t end_kva;
	uint32_t index;
};

struct range_table {
	struct kva_range *ranges; /* once sorted: ascending, not overlapping */
	size_t n, n_slots;
};

/* A stack is of a task, waits for one, or is a CPU's for interrupts. */
struct stack {
	uint64_t task_kva;        /* 0: of no task that is known */
	int32_t pid;
	int32_t cpu;              /* of an idle task or an interrupt stack; else -1 */
	bool is_irq;
	char comm[PLACES_COMM_BYTES];
};

/* A part of a module's image. */
struct module_part {
	const char *module;       /* in `modules` */
	const char *what;         /* "text"; a literal */
};

/* Per-CPU memory that belongs to a module: offsets in a unit. */
struct module_percpu {
	const char *module;
	uint64_t first_kva;       /* as a per-CPU pointer */
	uint64_t n_bytes;
};

struct whatis_state {
	struct mo_places_model model; /* first: the published model is this state */
	struct mo_run *run;           /* while gathering */
	struct mo_kernel *kernel;
	const struct whatis_layout *layout;
	const struct mo_slab_model *slabs;     /* NULL: not to be had; the same with those that follow */
	const struct mo_mem_map_model *mem_map;
	const struct mo_vmap_model *vmap;
	const struct mo_tasks_model *tasks;
	const struct mo_page_tables_model *page_tables;
	const struct mo_percpu_model *percpu;
	const struct mo_zones_model *zones;
	const struct mo_free_areas_model *free_areas;
	const struct mo_page_owner_model *page_owner;
	const struct mo_memmap *memmap;
	const struct mo_page_shape *page_shape;      /* NULL: not to be had */
	uint64_t direct_map_kva;
	uint64_t direct_map_bytes;
	uint64_t page_bytes;
	unsigned page_shift;

	struct frame_span *frames;
	size_t n_frames, n_frame_slots;
	struct range_table images;    /* index: into parts; the kernel's own image: PLACES_KERNEL_IMAGE */
	struct range_table units;     /* index: CPU */
	struct range_table stacks;    /* index: into stack_infos */
	struct module_part *parts;
	size_t n_parts;
	struct mo_modules *modules;   /* NULL: none, or not to be had */
	struct module_percpu *module_percpus;
	size_t n_module_percpus;
	struct stack *stack_infos;
	size_t n_stacks;
	uint64_t percpu_static_bytes;
	uint64_t stack_callers[MAX_STACK_CALLERS]; /* code that took the areas of stacks */
	size_t n_stack_callers;
	uint64_t tables_left;         /* page tables that are still read: those in a circle must end */
};
#define PLACES_KERNEL_IMAGE UINT32_MAX

/* ranges.c */
struct mo_error *add_range(struct range_table *table, uint64_t first_kva, uint64_t end_kva, uint32_t index) MO_MUST_USE;
/* Sorts, and cuts what overlaps: the range that begins first keeps what it has. */
void sort_ranges(struct range_table *table);
const struct kva_range *range_at(const struct range_table *table, uint64_t kva);

/* Whether this code is what takes areas for stacks. */
bool is_stack_caller(const struct whatis_state *state, uint64_t caller_kva);

/* What cannot be read is left out; errors are of memory and interruption only. */
struct mo_error *gather_images(struct whatis_state *state) MO_MUST_USE;
struct mo_error *gather_percpu_units(struct whatis_state *state) MO_MUST_USE;
struct mo_error *gather_stacks(struct whatis_state *state) MO_MUST_USE;
struct mo_error *gather_frames(struct whatis_state *state) MO_MUST_USE;
/* Errors of gathering that end it; others are freed: what they cost is not known then. */
struct mo_error *only_fatal(struct mo_error *error) MO_MUST_USE;

/* The span that a page frame lies in; NULL: it is used in the direct map alone, or not at all. */
const struct frame_span *frame_span_of(const struct whatis_state *state, uint64_t pfn);

/* percpu_units.c: the allocation that an address belongs to, of whichever CPU; NULL: none. *cpu and *percpu_kva with it. */
const struct mo_percpu_allocation *percpu_allocation_at(const struct whatis_state *state, uint64_t kva, int32_t *cpu,
							uint64_t *percpu_kva);

/* find.c */
struct mo_error *find_place(const struct mo_places_model *places, struct mo_reader *reader, uint64_t kva,
			    struct mo_place *ret) MO_MUST_USE;
struct mo_error *find_place_pa(const struct mo_places_model *places, struct mo_reader *reader, uint64_t pa,
			       struct mo_place *ret) MO_MUST_USE;
bool page_block_of(const struct whatis_state *state, struct mo_reader *reader, uint64_t pfn, uint64_t *first_pfn,
		   unsigned *order);

#endif
