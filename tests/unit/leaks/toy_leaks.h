/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_LEAKS_H
#define MO_TOY_LEAKS_H

/*
 * A machine of 64 page frames, all mapped and zero: a page of kernel data, one of constants, one of a direct user, one of
 * a process and a free one; slabs of three caches whose objects are all free until a test takes them.
 */

#include "fake_run.h"

#include <memopsy/leaks.h>
#include <memopsy/mem_map.h>
#include <memopsy/slab.h>
#include <memopsy/tasks.h>
#include <memopsy/vmap.h>

#define TOY_PAGES 64u
#define DATA_PFN 1u
#define DIRECT_PFN 2u
#define ANON_PFN 3u
#define FREE_PFN 4u
#define CONSTANT_PFN 5u /* of the kernel image: tables that the linker made */

#define THINGS 0u      /* 64 bytes each, 64 in the slab at page frame 8 */
#define ODD 1u         /* 192 bytes each, 21 in the slab at page frame 9 */
#define LARGE 2u       /* 8192 bytes: one in the slab of two pages at page frame 12 */
#define MORE_THINGS 3u /* a second slab of things, at page frame 16 */
#define TOY_SLABS 4u
#define TOY_CACHES 3u

#define CACHE_KVA(cache) (0xffffa00000000000ull + (cache) * 0x100)
#define STRUCT_PAGE_KVA(pfn) (0xffffea0000000000ull + (pfn) * 64)
#define OPS_KVA 0xffffffffc0001000ull    /* a table of operations in the module "toy" */
#define TABLE_KVA 0xffffffff82002000ull  /* kernel_table, in the kernel's own image */
#define ROOT_KVA 0xffffffff82001000ull   /* sysctl_table_root */
#define RCU_KVA 0xffffffff81003000ull    /* rcu_free_sheaf() */

/* Two pages of vmalloc, whose words are not those of the page frames behind them: the toy's memory is by address. */
#define AREA_KVA 0xffffc90000000000ull
#define AREA_PFN 50u

/* struct task_struct */
#define TASK_STACK 0u
#define TASK_STACK_POINTER 8u
#define TASK_ON_CPU 16u

/* Variables of the one CPU that is there once a test writes 1 to CPU_POSSIBLE_KVA; its struct kfree_rcu_cpu. */
#define CPU_POSSIBLE_KVA 0xffffa10000000000ull
#define CPU_COUNT_KVA (CPU_POSSIBLE_KVA + 0x800)
#define CPU_OFFSETS_KVA (CPU_POSSIBLE_KVA + 0x1000)
#define NODE_STATES_KVA (CPU_POSSIBLE_KVA + 0x900)
#define KFREE_RCU_OFFSET 0x1000u
#define KFREE_RCU_KVA (CPU_POSSIBLE_KVA + 0x4000)

/* Models that are not there unless a test sets them after toy_init(). */
extern const struct mo_vmap_model *toy_vmap;
extern const struct mo_tasks_model *toy_tasks;

/* What --depth says; 0: it is not given. */
extern uint64_t toy_depth;
/* How many CPUs the dump notes, and what each of them has in a register; no CPU at first. */
extern size_t toy_cpus;
extern uint64_t toy_register;
/* Set before toy_init(): the kernel runs; and what has happened to it by each of the later looks. */
extern bool toy_is_live;
extern void (*toy_later)(void);

/* As the model's own, from toy_init() on. */
void toy_look_free(bool (*looks_free)(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab,
				      uint32_t index));

struct toy {
	struct mo_kernel *kernel;
	struct mo_run *run;
	const struct mo_leaks_model *model;
};

void toy_init(struct toy *toy);
/* The same with struct pages, so that pages of the class direct are blocks that can be lost. */
void toy_init_with_pages(struct toy *toy);
/* A block of a direct user: its first page is counted; of a compound one the others say that they are tails. */
void make_block(struct toy *toy, uint64_t pfn, uint64_t n_pages, bool is_compound);
/* So many allocated objects of a cache may be free, since a list of free ones could not be read. */
void toy_doubt(unsigned cache, uint64_t n_objects);
void toy_destroy(struct toy *toy);
void toy_gather(struct toy *toy);

uint64_t page_kva(uint64_t pfn);
uint64_t object_kva(uint32_t slab, uint32_t index);
void set_state(uint32_t slab, uint32_t index, enum mo_object_state state);
/* Takes an object. */
uint64_t take(uint32_t slab, uint32_t index);
void point(struct toy *toy, uint64_t from_kva, uint64_t to_kva);
/* Makes a slab one whose objects cannot be told. */
void set_fault(uint32_t slab, bool has_states);
/* SLAB: the first object stands so many times 8 bytes behind the slab's start. */
void set_colour(uint32_t slab, uint16_t first_words);
void set_object_count(uint32_t slab, uint16_t objects);
void set_cache_kva(uint32_t cache, uint64_t cache_kva);
/*
 * The allocator is SLAB, on so many NUMA nodes. The cache of ODD has a node at ODD_NODE_KVA (struct kmem_cache_node: `shared`
 * at 0, `alien` at 8), its array of CPUs at byte CPU_ARRAY of struct kmem_cache; struct array_cache: `avail` at 0, `limit` at
 * 4, entries from 16 on, and in struct alien_cache at ALIEN_ARRAY.
 */
#define ODD_NODE_KVA page_kva(FREE_PFN)
#define CPU_ARRAY 16u
#define ALIEN_ARRAY 8u
void use_slab(struct toy *toy, unsigned n_nodes);
/* The kernel keeps a record of each object's allocation: so it says. */
typedef struct mo_error *(*toy_track_function)(const struct mo_slab_model *model, struct mo_reader *reader,
					       const struct mo_slab *slab, uint32_t index, bool is_of_free,
					       struct mo_slab_track *ret);
void set_tracks(toy_track_function track);
void set_class(uint64_t pfn, enum mo_page_class class);
/* All of memory is the cache's, in use to the last object, so that it looks as if it had leaked. */
void make_grown(uint32_t cache);
void leave_out(struct toy *toy, uint64_t pfn);

/* The lost object at an address; NULL: it is not lost. */
const struct mo_lost_object *lost_at(const struct toy *toy, uint64_t kva);
uint64_t bytes_of(const struct mo_lost_object *lost);
/* Nothing: zeroes. */
struct mo_lost_head held_by(const struct toy *toy, const struct mo_lost_object *lost);

const struct mo_plugin *memopsy_plugin_entry_leaks(void);
const struct mo_plugin *memopsy_plugin_entry_refs(void);

#endif
