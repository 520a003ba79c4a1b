/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_CGROUPS_H
#define MO_TOY_CGROUPS_H

/* A kernel with a tree of memory cgroups, for tests: small structs at fixed places, which a test fills in and breaks. */

#include <memopsy/cgroups.h>
#include <memopsy/mem_map.h>
#include <memopsy/slab.h>

#include "fake_run.h"

extern const struct mo_plugin *memopsy_plugin_entry_cgroups(void);

#define GROUP(i) (BASE_KVA + 0x10000 + (i) * 0x400ull) /* 0 is the root */
#define CGROUP(i) (BASE_KVA + 0x20000 + (i) * 0x40ull)
#define NODE(i) (BASE_KVA + 0x28000 + (i) * 0x40ull)
#define VMSTATS(i) (BASE_KVA + 0x30000 + (i) * 0x100ull)
#define PERCPU(i) (0x1000 + (i) * 0x100ull)            /* as the struct mem_cgroup holds it */
#define CPU_AREA(cpu) (BASE_KVA + 0x40000 + (cpu) * 0x10000ull)
#define OBJCG(i) (BASE_KVA + 0x70000 + (i) * 0x40ull)
#define STAT_TABLE (BASE_KVA + 0x78000)
#define STAT_INDEX (BASE_KVA + 0x79000)
#define VM_EVENTS (BASE_KVA + 0x79100)
#define OFFLINE_CONTEXTS (BASE_KVA + 0x79300)          /* no list, as long as a test makes none of it */
#define CONTEXT(i) (BASE_KVA + 0x79400 + (i) * 0x40ull)

#define TOY_PAGES 64ull
#define PAGE(pfn) (BASE_KVA + 0x80000 + (pfn) * 64ull)

/* Members. */
enum {
	CSS_CGROUP = 0, CSS_PARENT = 8, CSS_CHILDREN = 0x10, CSS_SIBLING = 0x20, CSS_FLAGS = 0x30, CSS_REF_POINTER = 0x38,
	CSS_REF_DATA = 0x40, MEMCG_ID = 0x48, MEMCG_MEMORY = 0x50, MEMCG_SWAP = 0x90, MEMCG_OOM_GROUP = 0xd0,
	MEMCG_EVENTS = 0xd8, MEMCG_LOCAL = 0x110, MEMCG_VMSTATS = 0x148, MEMCG_PERCPU = 0x150,
	COUNTER_USAGE = 0, COUNTER_WATERMARK = 8, COUNTER_MIN = 0x10, COUNTER_LOW = 0x18, COUNTER_HIGH = 0x20, COUNTER_MAX = 0x28,
	COUNTER_FAILCNT = 0x30,
	/* struct memcg_vmstats and its CPUs' parts: four items and three events */
	STATE = 0, EVENTS = 0x20, PENDING = 0x38, EVENTS_PENDING = 0x58,
	CPU_STATE = 0, CPU_EVENTS = 0x20, CPU_STATE_PREV = 0x38, CPU_EVENTS_PREV = 0x58,
	PAGE_COMPOUND = 8, PAGE_MEMCG = 56,
	CONTEXT_NODE = 0, CONTEXT_CSS = 0x10, CONTEXT_ATTACHED = 0x20,
	TOY_ONLINE = 2,
};

enum toy_shape {
	TOY_6_1,  /* each item at its number */
	TOY_6_12, /* by mem_cgroup_stats_index[], nowhere: 255 */
	TOY_6_10, /* the same, counted from 1 */
};

/* The root alone; two CPUs, 64 page frames that all are anonymous pages of nobody. To be destroyed with toy_destroy(). */
struct mo_kernel *toy_cgroups(enum toy_shape shape);
void toy_destroy(struct mo_kernel *kernel);

/* A living group under another, the last of its children. */
void toy_group(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *name);

/* What the plugin is told of page frames. */
void toy_class(unsigned pfn, enum mo_page_class class);

/* One slab of four objects of 64 bytes at page frame 20, the last of them free; without this there is no model "slab". */
void toy_slab(struct mo_kernel *kernel, uint64_t vector_kva);

/* --top=N of the next view; UINT64_MAX: none. */
extern uint64_t toy_top;

#endif
