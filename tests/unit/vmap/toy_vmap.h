/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_VMAP_H
#define MO_TOY_VMAP_H

/*
 * A toy machine for the vmap plugin: 1,024 page frames of two nodes (FLATMEM), a kernel with three functions, a module
 * with one, two CPUs, and as many areas as a test puts there.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_run.h"

#include <memopsy/vmap.h>
#include <memopsy/zones.h>

const struct mo_plugin *memopsy_plugin_entry_vmap(void);

/* Whose kernel it is like: where areas are kept. */
enum toy_form {
	TOY_5_10,  /* a tree, and a chain of what is purged */
	TOY_6_1,   /* a tree, and a list of what is purged */
	TOY_6_1_DIRECT, /* as 6.1, without CONFIG_VMAP_STACK: init_task, and another one with a thread */
	TOY_6_12,  /* two nodes with a tree and a list each */
};

#define TOY_AREA(i) (BASE_KVA + 0x10000 + (i) * 0x80ull)
#define TOY_VM(i) (BASE_KVA + 0x20000 + (i) * 0x80ull)
#define TOY_ARRAY(i) (BASE_KVA + 0x30000 + (i) * 0x100ull)
#define TOY_NODES (BASE_KVA + 0x1000)   /* of struct vmap_node; also the tree and list of older kernels */
#define TOY_NODE_BYTES 0x80ull
#define TOY_N_NODES_KVA (BASE_KVA + 0x2008)
#define TOY_PAGES (BASE_KVA + 0x1000000)
#define TOY_PAGE(pfn) (TOY_PAGES + (pfn) * 64ull)
#define TOY_VMALLOC 0xffffc90000000000ull
#define TOY_FIRST(i) (TOY_VMALLOC + (i) * 0x10000ull)
#define TOY_TEXT 0xffffffff81000000ull
#define TOY_PERCPU_CALLER (TOY_TEXT + 0x800)
#define TOY_CACHED_STACKS 0x40ull       /* of each CPU's unit */
#define TOY_UNIT(cpu) (BASE_KVA + 0x80000 + (cpu) * 0x10000ull)
#define TOY_FIRST_CHUNK (BASE_KVA + 0x3100)
#define TOY_PERCPU_AREA 9u              /* the area of which every second page is mapped */
#define TOY_MAPPING_AREA 10u            /* maps the page frames 300 and 302, and between them a device */
#define TOY_UNREADABLE_AREA 11u         /* its page table is not in the dump */
#define TOY_ENDLESS_AREA 12u            /* every page of it, and of what follows it, maps page frame 300 */
#define TOY_TASK(i) (BASE_KVA + 0x40000 + (i) * 0x100ull) /* init_task, a leader, its thread, an idle task */
#define TOY_SIGNAL (BASE_KVA + 0x41000)
#define TOY_STACK_PFN(i) (200u + 4u * (i))
#define TOY_MAX_AREAS 200u
#define TOY_MODULE_TEXT 0xffffffffc0000000ull

/* One area with its vm_struct; size 0: none, as vm_map_ram() has it. */
struct toy_area {
	unsigned number;
	uint64_t n_bytes;
	uint64_t flags;
	uint64_t caller;
	uint32_t n_pages, page_order;
	uint64_t first_pa;
	uint64_t area_flags;     /* of the struct vmap_area, since 6.3 */
	bool has_vm;
	uint64_t first_pfn;      /* of its pages, one after the other; 0: no array */
};

struct mo_kernel *toy_kernel(enum toy_form form);

/* Puts areas into the memory, in a tree that leans to the right, or in a list of freed ones. */
void toy_put_tree(struct mo_kernel *kernel, unsigned node, const struct toy_area *areas, size_t n_areas);
void toy_put_lazy(struct mo_kernel *kernel, enum toy_form form, unsigned node, const struct toy_area *areas, size_t n_areas);

/* Node 0 has the page frames below 512, node 1 the others. */
extern const struct mo_zones_model toy_zones;

struct mo_run *toy_run(struct mo_kernel *kernel);
void toy_end(struct mo_kernel *kernel, struct mo_run *run);

#endif
