/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_SLAB_H
#define MO_TOY_SLAB_H

/* A kernel of 64 page frames, two CPUs and one node, with SLUB in the shapes that kernels have had. */

#include "fake_run.h"

#include <memopsy/slab.h>

enum toy_shape {
	TOY_5_4,  /* as 5.10, with caches of memory cgroups: struct kmem_cache has their root at byte 160, the cgroup at 168 */
	TOY_5_10, /* slabs in struct page, a page flag, cpu_slab; free-list pointers hardened without the swap */
	TOY_6_1,  /* struct slab, a page flag, cpu_slab with partial lists; hardened and swapped */
	TOY_7_1,  /* a page type, sheaves, per_node; plain pointers */
	TOY_SLAB, /* SLAB: indexes of free objects, arrays of CPUs and nodes; see toy_slab_cache() and what follows it */
};

#define TOY_PAGES 64u
#define TOY_MAP_KVA 0xffffea0000000000ull
#define TOY_CPUS 2u
#define TOY_MAX_CACHES 4u
#define TOY_MAX_ROWS 64u
#define TOY_MAX_SYMBOLS 16u

struct toy {
	struct mo_kernel *kernel;
	enum toy_shape shape;
	struct mo_run *run;
	const struct mo_slab_model *model;
	unsigned n_caches;
	struct {
		uint32_t size, offset, objects;
	} caches[TOY_MAX_CACHES];
	struct mo_fake_row rows[TOY_MAX_ROWS]; /* beside those of the shape */
	struct mo_fake_symbol symbols[TOY_MAX_SYMBOLS];
};

void toy_init(struct toy *toy, enum toy_shape shape);
/* The same with rows and symbols of the test's own, as a kernel that runs, and with what happens before reads. */
void toy_init_with(struct toy *toy, enum toy_shape shape, const struct mo_fake *own);
void toy_destroy(struct toy *toy);

uint64_t toy_page_kva(uint64_t pfn);
uint64_t toy_cache_kva(unsigned cache);
uint64_t toy_object_kva(const struct toy *toy, unsigned cache, uint64_t pfn, unsigned index);

/* A cache at the end of slab_caches, without slabs. */
unsigned toy_cache(struct toy *toy, const char *name, uint32_t size, uint32_t object_size, uint32_t order);

/* A slab whose free list has these objects in this order; all its others are in use. */
void toy_slab(struct toy *toy, unsigned cache, uint64_t pfn, unsigned n_free, const unsigned *free_objects);
void toy_counts(struct toy *toy, uint64_t pfn, unsigned inuse, unsigned objects);
/* Writes the pointer of one free object, in the kernel's form. */
void toy_link(struct toy *toy, unsigned cache, uint64_t pfn, unsigned index, uint64_t next_kva);
/* Puts slabs on the node's list of partial slabs, and counts all slabs of the cache. */
void toy_node(struct toy *toy, unsigned cache, unsigned n_slabs, unsigned n_partial, const uint64_t *partial_pfns);
/* What a CPU has of a cache: its slab, the free list of its own (chained with toy_link()), and one partial slab. */
void toy_cpu(struct toy *toy, unsigned cache, unsigned cpu, uint64_t pfn, uint64_t freelist_kva, uint64_t partial_pfn);
/* A sheaf of a CPU (which: 0 main, 1 spare, 2 rcu_free), or with cpu TOY_CPUS one full sheaf of the barn. */
void toy_sheaf(struct toy *toy, unsigned cache, unsigned cpu, unsigned which, unsigned n_objects, const uint64_t *objects);
uint64_t toy_sheaf_kva(unsigned cache, unsigned cpu, unsigned which);

/* With TOY_SLAB these take the places of those above. A slab is a page; of the indexes those from `active` on are free. */
unsigned toy_slab_cache(struct toy *toy, const char *name, uint32_t size, uint32_t objects);
void toy_index_slab(struct toy *toy, unsigned cache, uint64_t pfn, unsigned colour_bytes, unsigned active,
		    const uint8_t *indexes);
void toy_array(struct toy *toy, unsigned cache, unsigned cpu, unsigned n_objects, const uint64_t *objects);
void toy_slab_node(struct toy *toy, unsigned cache, unsigned n_slabs, unsigned n_free_slabs, unsigned n_free_objects);

/* What the plugin reads of the model "zones"; NULL: there is none. */
struct mo_zones_model;
extern const struct mo_zones_model *toy_zones;

/* What mo_run_is_report() answers. */
extern bool toy_is_report;

/* Runs the plugin. */
void toy_gather(struct toy *toy);
void expect_state(const struct toy *toy, unsigned cache, uint64_t pfn, unsigned index, enum mo_object_state state);
/* The argument that views get. */
extern const char *toy_argument;

const struct mo_plugin *memopsy_plugin_entry_slab(void);

#endif
