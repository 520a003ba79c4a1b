/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OWNERS_GATHERING_H
#define OWNERS_GATHERING_H

/*
 * The model while it is being built: the accounting of the allocators (accounting.c, vmap_accounting.c); the blocks of pages that were
 * taken directly (blocks.c), what the kernel recorded of them, who points at them (one pass over the kernel's memory:
 * pointers.c), what they begin with (guess.c); all of it summed up by holder (holders.c).
 */

#include <memopsy/free_areas.h>
#include <memopsy/leaks.h>
#include <memopsy/mem_map.h>
#include <memopsy/member_path.h>
#include <memopsy/memmap.h>
#include <memopsy/object_index.h>
#include <memopsy/object_modules.h>
#include <memopsy/owners.h>
#include <memopsy/page_class.h>
#include <memopsy/page_owner.h>
#include <memopsy/page_tables.h>
#include <memopsy/percpu.h>
#include <memopsy/places.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/vmap.h>
#include <memopsy/word_pass.h>
#include <memopsy/word_ranges.h>

#include "owners_layout.h"

/* Strings that are kept once, so that equal ones have one address. */
struct name_table {
	char **names;
	size_t n, n_slots;        /* slots: a power of two, at most half full; NULL: empty */
};
void names_deinit(struct name_table *names);
/* NULL stays NULL. */
struct mo_error *keep_name(struct name_table *names, const char *text, const char **ret) MO_MUST_USE;

/* Holders by all that tells them apart; strings are those of a name table. */
struct holder_table {
	struct mo_holder *holders;
	size_t n, n_slots;
	uint32_t *index;          /* of holders, plus one; twice n_slots of them */
};
void holders_deinit(struct holder_table *table);
/* Adds bytes and pieces to the holder that is like this one in everything else. */
struct mo_error *add_holder(struct holder_table *table, const struct mo_holder *holder) MO_MUST_USE;
void sort_holders(struct holder_table *table);

/*
 * The best pointer to a block, in a number of which the least is the best: the rank of the place where it lies, whether it
 * points elsewhere than at the block's begin, whether it is the address of a struct page, and the place's physical address.
 */
#define MAX_CHAIN_STEPS 2u
#define NO_POINTER UINT64_MAX
#define POINTER_RANK_SHIFT 60
#define POINTER_INSIDE_BIT 59
#define POINTER_PAGE_BIT 58
#define POINTER_PA_MASK ((1ull << POINTER_PAGE_BIT) - 1)
enum pointer_rank {
	RANK_VARIABLE = 0,        /* variables of kernel and modules, the per-CPU allocator's memory */
	RANK_SLAB,
	RANK_VMALLOC,
	RANK_LARGE_KMALLOC,
	RANK_DIRECT,              /* another block that was taken directly: its owner is asked for */
	RANK_STRUCT_PAGE,         /* in the struct page of another such block */
	RANK_PAGE_TABLE,
	RANK_STACK,               /* it may be left over from a call that is done */
	RANK_REST,
	N_RANKS,
};
/* What places of these ranks and beyond say of targets is left over, or about other things: they are not looked at. */
#define END_OF_TARGET_RANKS RANK_STRUCT_PAGE

/* Structures that blocks are known by. */
enum structure {
	STRUCTURE_NONE = 0,
	STRUCTURE_KERNEL_TABLES,
	STRUCTURE_TABLES,
	STRUCTURE_SKB_FRAGS,
	STRUCTURE_RING_BUFFER,
	STRUCTURE_PIPE,
	STRUCTURE_POOL,
	STRUCTURE_IO_URING,
	STRUCTURE_PERF,
	STRUCTURE_PAGE_EXT,
	N_STRUCTURES,
};
extern const char *const structure_names[N_STRUCTURES];

struct block {
	uint64_t pfn;
	uint64_t best;            /* the best pointer to it, as pointers.c packs it; NO_POINTER: none */
	uint32_t n_pages;         /* of its class: 2^order, unless the kernel's data contradict themselves */
	uint8_t order;
	uint8_t class;
	uint8_t structure;        /* enum structure: known before any pointer was looked for */
	bool is_rest;             /* without a pointer of its own: the rest of what the block before it begins */
};

/* Blocks of pages whose owner is looked for, and the way from a page frame to its block. */
struct block_index {
	struct block *blocks;     /* ascending */
	size_t n_blocks, n_slots;
	uint64_t first_pfn, n_pages; /* what the bits speak of */
	uint64_t *bits;
	uint32_t *ranks;          /* pages before each word of bits */
	uint32_t *block_of;       /* of each page that has a bit */
};
#define NO_BLOCK UINT32_MAX

static inline uint32_t block_at(const struct block_index *index, uint64_t pfn)
{
	uint64_t at = pfn - index->first_pfn;
	uint64_t word;

	if (at >= index->n_pages)
		return NO_BLOCK;
	word = index->bits[at / 64];
	if (!(word >> at % 64 & 1))
		return NO_BLOCK;
	return index->block_of[index->ranks[at / 64] + (unsigned)__builtin_popcountll(word & ((1ull << at % 64) - 1))];
}

/*
 * Ranges of addresses that pointers are looked for, and the best one to each, as for blocks: objects that lead on
 * (chains.c), per-CPU allocations (percpu_accounting.c).
 */
struct target_table {
	struct mo_word_ranges ranges;
	uint64_t *best;           /* of each range, once they are prepared */
	bool is_exact;            /* only pointers to the first byte count */
};
struct mo_error *add_target(struct target_table *table, uint64_t first_kva, uint64_t end_kva) MO_MUST_USE;
/* Nothing is added afterwards. */
struct mo_error *prepare_targets(struct target_table *table) MO_MUST_USE;
/* The best pointer to the target that an address lies in; NO_POINTER: there is no such target, or none to it. */
uint64_t best_pointer(const struct target_table *table, uint64_t kva);
void targets_deinit(struct target_table *table);

/* generic_objects.c: the best pointer to every object of kmalloc(). */
struct generic_objects {
	uint64_t *best;           /* NULL: there are more than are kept, or none */
	uint64_t *first;          /* of each slab: number of its first object in `best`, plus one; 0: no slab of kmalloc() */
	uint64_t n;
};

struct owners_state {
	struct mo_owners_model model; /* first: the published model is this state */
	struct mo_run *run;
	struct mo_kernel *kernel;
	const struct mo_slab_model *slabs;
	const struct mo_mem_map_model *mem_map;
	unsigned pageblock_order;    /* 0: not known */
	const struct mo_vmap_model *vmap;             /* NULL: not to be had; so are the next ones */
	const struct mo_places_model *places;
	const struct mo_page_owner_model *page_owner;
	const struct mo_page_tables_model *page_tables;
	const struct mo_percpu_model *percpu;
	const struct owners_layout *layout;
	const struct mo_memmap *memmap;
	const struct mo_page_shape *page_shape;
	uint64_t page_bytes;
	unsigned page_shift;
	uint64_t direct_map_kva;
	struct mo_object_index index;
	struct block_index blocks;
	struct generic_objects objects;
	/* Without these: objects of kmalloc() that lead to blocks, and those that lead to them. */
	struct target_table steps[MAX_CHAIN_STEPS];
	struct target_table percpu_targets;
	struct mo_cache_types types;
	struct mo_module_index modules;
	uint64_t percpu_bytes;        /* of the per-CPU allocator, without variables */
	uint64_t missing_pages;       /* of the pass: kernel pages that the dump left out */
	struct name_table names;
	struct holder_table holders;
};

/* targets.c: a pass over the words of pages whose ranks are below end_rank. Views' kinds are ranks + 1. */
struct mo_error *scan_ranks(struct owners_state *state, const char *what, enum pointer_rank end_rank, mo_word_function look,
			    void *context, uint64_t *n_missing_pages) MO_MUST_USE;
/* The slab object that memory belongs to; false: none. Any thread. */
bool slab_object_at(const struct owners_state *state, uint64_t pa, uint32_t *cache_ret, bool *is_free_ret);
void keep_best(uint64_t *best, uint64_t pointer);
/* The same for a target, whose pointers rank in a way of their own, at physical address pa. */
void keep_best_target(const struct owners_state *state, uint64_t *best, uint64_t pa, enum pointer_rank rank, bool is_begin);
/* A word that may lie in one of a prepared table's ranges. Any thread. */
void note_target(const struct owners_state *state, const struct target_table *table, uint64_t pa, enum pointer_rank rank,
		 uint64_t word);
bool is_generic_cache(const struct owners_state *state, uint32_t cache);
struct mo_error *prepare_generic_objects(struct owners_state *state) MO_MUST_USE;
void generic_objects_deinit(struct generic_objects *objects);
/* A word at pa that points into a slab of kmalloc(). Any thread. */
void note_generic_object(const struct owners_state *state, uint32_t slab, uint64_t pa, enum pointer_rank rank, uint64_t word);
/* False: that is not kept of this object. NO_POINTER: nothing points at it. */
bool best_pointer_to_object(const struct owners_state *state, uint64_t kva, uint64_t *ret);

struct mo_error *find_target_pointers(struct owners_state *state, struct target_table *table, const char *what) MO_MUST_USE;

struct mo_error *gather_blocks(struct owners_state *state) MO_MUST_USE;
void blocks_deinit(struct block_index *index);
/* structures.c */
void mark_structures(struct owners_state *state);
enum structure structure_around(struct owners_state *state, const struct mo_place *place, const struct block *block);
/* pointers.c: to blocks, and to memory of the per-CPU allocator. */
struct mo_error *find_pointers(struct owners_state *state) MO_MUST_USE;
struct mo_error *name_blocks(struct owners_state *state) MO_MUST_USE;
/* chains.c: who points at the objects of kmalloc() that point at blocks and per-CPU memory. */
struct mo_error *find_chains(struct owners_state *state) MO_MUST_USE;
bool is_generic_object(const struct owners_state *state, const struct mo_place *place);
/* Whether more is to be learned of who points at what the place lies in: an object of kmalloc(), per-CPU memory. */
bool leads_on(const struct owners_state *state, const struct mo_place *place);
/* Where the chain from such a place leads to; false: nowhere that says more. */
struct mo_error *follow_chain(struct owners_state *state, const struct mo_place *place, struct mo_place *ret,
			      bool *is_found) MO_MUST_USE;
/* What holds a pointer, in the words of a group: "skbuff_head_cache.head", all stacks as one. */
void describe_pointer_place(struct owners_state *state, const struct mo_place *place, char *text, size_t n_bytes);
/* zram.c: pages of zsmalloc by the device that has them; *n_pages: of all these. */
struct mo_error *gather_zram_accounting(struct owners_state *state, uint64_t *n_pages) MO_MUST_USE;
/* percpu_accounting.c */
struct mo_error *add_percpu_targets(struct owners_state *state) MO_MUST_USE;
struct mo_error *gather_percpu_accounting(struct owners_state *state) MO_MUST_USE;
/* arrays.c */
struct mo_error *join_arrays(struct owners_state *state) MO_MUST_USE;
/* What a block's own words point at; false: at nothing that tells anything. */
struct mo_error *guess_block(struct owners_state *state, const struct block *block, struct mo_holder *holder,
			     bool *ret) MO_MUST_USE;
struct mo_error *gather_accounting(struct owners_state *state) MO_MUST_USE;
struct mo_error *gather_vmap_accounting(struct owners_state *state) MO_MUST_USE;

/* The classes of page frames whose holders are told: the kernel's own memory. */
bool is_kernel_class(enum mo_page_class class);

extern const struct mo_table_spec owners_table, owners_by_table, owners_direct_table, owners_section_table;
extern const char *const holder_kind_names[MO_N_HOLDER_KINDS];
extern const char *const holder_evidence_names[MO_N_HOLDER_EVIDENCES];
/* owners_findings.c: what the sums mean. */
struct mo_error *judge_owners(struct mo_run *run) MO_MUST_USE;
struct mo_error *show_owners(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
