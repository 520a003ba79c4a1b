/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_WALK_H
#define MEMOPSY_WALK_H

/*
 * Walks over the kernel's containers. Every walk is bounded and finds cycles; none trusts a pointer.
 *
 * All walks have one shape:
 *
 *	struct mo_list_walk walk;
 *	mo_list_begin(&walk, reader, head_kva, limit);
 *	while (mo_list_next(&walk, &node_kva))
 *		...
 *	error = mo_list_end(&walk);
 *
 * What was handed out is good, whatever end says: the caller keeps the partial rows and reports the error as a
 * finding. end returns NULL if the whole container was seen, MO_E_CYCLE, MO_E_LIMIT (there is more than the bound),
 * MO_E_CORRUPT, or the error of the read that failed, with the address of the node that could not be followed. A list
 * or chain ends at its first error. A tree goes on beside the subtree that could not be read, and end returns the
 * first error, with how many more there were. end must be called; after it the walk is over.
 *
 * limit is how many items are handed out at most. It must not be 0.
 *
 * Layouts of the containers (struct list_head and so on) are bound at first use and kept with the session; begin
 * costs no look-up. The members of a walk are its own. A walk belongs to the thread of its reader.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

/* What all walks keep: the first error, and the bounds. */
struct mo_walk_state {
	struct mo_reader *reader;
	struct mo_error *error;
	uint64_t n_errors;
	uint64_t limit;
	uint64_t n_seen;
	uint64_t tortoise_kva;   /* Brent: where the hare was at the last power of two */
	uint64_t next_power;
	uint64_t n_nodes;        /* inner nodes read: a hostile tree may have many and hold nothing */
	uint64_t container_kva;
	bool is_done;
};

/*
 * struct list_head (include/linux/types.h). Checks next->prev as well: a wrong back link is MO_E_CORRUPT, and so is a
 * head that was never initialised (its pointers are NULL). Of a list of struct foo linked by foo.member, a node is
 * the address of the member.
 */
struct mo_list_layout;
struct mo_list_walk {
	struct mo_walk_state state;
	const struct mo_list_layout *layout;
	uint64_t at_kva;
	uint64_t next_kva;
	uint64_t head_prev_kva;
	unsigned n_retries;      /* of a live kernel, which changes lists while they are read */
};

void mo_list_begin(struct mo_list_walk *walk, struct mo_reader *reader, uint64_t head_kva, uint64_t limit);
bool mo_list_next(struct mo_list_walk *walk, uint64_t *node_kva);
struct mo_error *mo_list_end(struct mo_list_walk *walk) MO_MUST_USE;

/*
 * struct hlist_head, and singly linked chains in general: next_offset_bytes is where in a node its next pointer lies.
 * Begins with the node at first_kva (0: empty). Ends at NULL, or at a pointer with bit 0 set (hlist_nulls). The first
 * pointer of a struct hlist_bl_head carries a lock in bit 0: clear it and begin a chain.
 */
struct mo_chain_walk {
	struct mo_walk_state state;
	uint64_t next_kva;
	uint64_t next_offset_bytes;
};

void mo_chain_begin(struct mo_chain_walk *walk, struct mo_reader *reader, uint64_t first_kva, uint64_t next_offset_bytes,
		    uint64_t limit);
void mo_hlist_begin(struct mo_chain_walk *walk, struct mo_reader *reader, uint64_t head_kva, uint64_t limit);
bool mo_chain_next(struct mo_chain_walk *walk, uint64_t *node_kva);
struct mo_error *mo_chain_end(struct mo_chain_walk *walk) MO_MUST_USE;

/* struct rb_root (include/linux/rbtree_types.h): its nodes in order. Depth is bounded; parent links are checked. */
#define MO_RBTREE_DEPTH 128
struct mo_rbtree_layout;
struct mo_rbtree_walk {
	struct mo_walk_state state;
	const struct mo_rbtree_layout *layout;
	uint64_t stack_kva[MO_RBTREE_DEPTH];
	uint64_t right_kva[MO_RBTREE_DEPTH];
	unsigned depth;
};

void mo_rbtree_begin(struct mo_rbtree_walk *walk, struct mo_reader *reader, uint64_t root_kva, uint64_t limit);
bool mo_rbtree_next(struct mo_rbtree_walk *walk, uint64_t *node_kva);
struct mo_error *mo_rbtree_end(struct mo_rbtree_walk *walk) MO_MUST_USE;

/*
 * struct xarray (4.20 on) and struct radix_tree_root before it: index and entry in ascending order, multi-index
 * entries once (siblings skipped). Value entries (low bit set) are handed out as they are.
 */
#define MO_XARRAY_DEPTH 17 /* levels of 64-bit indexes with nodes of 16 slots, and one */
#define MO_XARRAY_NODE_BYTES 1024
struct mo_xarray_layout;
struct mo_xarray_walk {
	struct mo_walk_state state;
	const struct mo_xarray_layout *layout;
	uint64_t node_kva[MO_XARRAY_DEPTH];
	uint64_t index_base[MO_XARRAY_DEPTH];
	unsigned slot[MO_XARRAY_DEPTH];
	unsigned shift[MO_XARRAY_DEPTH];
	unsigned depth;
	uint64_t single_entry;   /* a root that is itself the entry of index 0 */
	uint64_t loaded_kva;     /* whose bytes are in node_bytes; 0: none */
	uint8_t node_bytes[MO_XARRAY_NODE_BYTES];
};

void mo_xarray_begin(struct mo_xarray_walk *walk, struct mo_reader *reader, uint64_t root_kva, uint64_t limit);
bool mo_xarray_next(struct mo_xarray_walk *walk, uint64_t *index, uint64_t *entry);
struct mo_error *mo_xarray_end(struct mo_xarray_walk *walk) MO_MUST_USE;

/* The entry at one index; 0: none. Of a multi-index entry, any of its indexes. */
struct mo_error *mo_xarray_load(struct mo_reader *reader, uint64_t root_kva, uint64_t index, uint64_t *entry) MO_MUST_USE;

/*
 * struct maple_tree (6.1 on): ranges [first, last] with a non-NULL entry, ascending. Entries that the tree keeps for
 * itself (XA_ZERO_ENTRY and the like) are NULL to its users, and skipped.
 */
#define MO_MAPLE_DEPTH 31
#define MO_MAPLE_NODE_BYTES 256
struct mo_maple_layout;
struct mo_maple_walk {
	struct mo_walk_state state;
	const struct mo_maple_layout *layout;
	struct mo_maple_level {
		uint64_t node;           /* encoded pointer: address and type */
		uint64_t first;          /* the range that the node covers */
		uint64_t last;
		uint64_t next_first;     /* where the next slot's range begins */
		unsigned slot;
		unsigned end_slot;       /* the last slot in use */
	} levels[MO_MAPLE_DEPTH];
	unsigned depth;
	uint64_t single_entry;
	uint64_t loaded_kva;             /* whose bytes are in node_bytes; 0: none */
	uint8_t node_bytes[MO_MAPLE_NODE_BYTES];
};

void mo_maple_begin(struct mo_maple_walk *walk, struct mo_reader *reader, uint64_t tree_kva, uint64_t limit);
bool mo_maple_next(struct mo_maple_walk *walk, uint64_t *first, uint64_t *last, uint64_t *entry);
struct mo_error *mo_maple_end(struct mo_maple_walk *walk) MO_MUST_USE;

/* A set of small numbers: CPUs or nodes, as struct cpumask and nodemask_t hold them. */
#define MO_SET_WORDS 256 /* 16,384 numbers: the largest NR_CPUS that a kernel can be built with is 8,192 */
struct mo_set {
	uint64_t words[MO_SET_WORDS];
	unsigned n_bits;
};

static inline bool mo_set_has(const struct mo_set *set, unsigned number)
{
	return number < set->n_bits && number / 64 < MO_SET_WORDS && set->words[number / 64] >> (number % 64) & 1;
}

/* The next member at or after `number`; -1: none. */
int mo_set_next(const struct mo_set *set, unsigned number);
unsigned mo_set_count(const struct mo_set *set);

/* __cpu_possible_mask, __cpu_online_mask, __cpu_present_mask; node_states[N_MEMORY] and the like by index. */
enum mo_cpu_set { MO_CPUS_POSSIBLE = 0, MO_CPUS_ONLINE = 1, MO_CPUS_PRESENT = 2 };
struct mo_error *mo_cpus(struct mo_reader *reader, enum mo_cpu_set which, struct mo_set *ret) MO_MUST_USE;
struct mo_error *mo_nodes(struct mo_reader *reader, const char *node_state, struct mo_set *ret) MO_MUST_USE; /* "N_MEMORY" */

/*
 * The address of a CPU's copy of a per-CPU variable, or of what a per-CPU pointer (alloc_percpu) means for that CPU:
 * percpu_kva is the symbol's value or the pointer's. MO_E_INVALID for a CPU that is not possible.
 */
struct mo_error *mo_percpu(struct mo_reader *reader, uint64_t percpu_kva, unsigned cpu, uint64_t *kva_ret) MO_MUST_USE;

/* struct percpu_counter: count plus every possible CPU's part (offline CPUs' parts were folded when they went). */
struct mo_error *mo_percpu_counter_sum(struct mo_reader *reader, uint64_t counter_kva, int64_t *ret) MO_MUST_USE;

MO_API_END

#endif
