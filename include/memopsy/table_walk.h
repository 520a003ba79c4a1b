/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_TABLE_WALK_H
#define MEMOPSY_TABLE_WALK_H

/*
 * One walk over the page tables of a range of virtual addresses: every entry that maps memory, every entry that points
 * at a lower table, and, for who asks, what is not mapped, once each and in ascending order. For a single address there
 * is mo_walk_page_table().
 *
 * Tables are read as they come; none is trusted. A walk goes no deeper than the kernel has levels, and reads no more
 * tables than it was allowed to, so that tables that point back up come to an end; who must know each table once says
 * so by not going into it a second time.
 */

#include <memopsy/kernel.h>
#include <memopsy/page_entry.h>

MO_API_BEGIN

struct mo_table_entry {
	const char *level;       /* of the table that it stands in: "PGD", "P4D", "PUD", "PMD", "PTE" */
	unsigned height;         /* of that table above the memory: 0 for a PTE table */
	uint64_t entry_pa;       /* where it lies */
	uint64_t entry;          /* its value */
	uint64_t va;             /* what it maps of the range that is walked */
	uint64_t n_bytes;
	uint64_t covers_bytes;   /* what an entry of its table maps in all */
	uint64_t pa;             /* of the memory that it maps at va, or of the lower table; swap: nothing */
	enum mo_entry_kind kind;
	uint32_t flags;          /* enum mo_entry_flag */
	unsigned swap_type;      /* swap: swp_type() and swp_offset() */
	uint64_t swap_offset;
};

struct mo_table_walk {
	uint64_t root_pa;        /* of the top table; 0: the kernel's own */
	bool has_kernels_half;   /* root_pa is one of mo_other_root_tables(): it maps the kernel's half where a process's does not */
	uint64_t first_va;       /* the range, its last byte included; both in the same half of the address space */
	uint64_t last_va;        /* UINT64_MAX: to the end */
	uint64_t tables_left;    /* how many tables may still be read: counts down, over several walks if need be */
	unsigned lowest_height;  /* tables below this height are reported, but not read: 0 for everything, 1 without PTE tables */
	/* An entry that points at a lower table: whether to go into that. NULL: always. */
	bool (*table)(void *context, const struct mo_table_entry *entry);
	/* An entry that maps memory, with or without access; an error ends the walk. NULL: none is told. */
	struct mo_error *(*leaf)(void *context, const struct mo_table_entry *entry);
	/* An entry of swap, migration and the like; an error ends the walk. NULL: none is told. */
	struct mo_error *(*swap)(void *context, const struct mo_table_entry *entry);
	/* Addresses for which tables of this height have empty entries; neighbours may be told apart. NULL: none are. */
	struct mo_error *(*hole)(void *context, uint64_t first_va, uint64_t last_va, unsigned height);
	/*
	 * A table that could not be read, with the entry that points at it (NULL: the top table); the error is the
	 * callee's. The walk goes on beside it. NULL: the first such error ends the walk.
	 */
	void (*broken)(void *context, const struct mo_table_entry *entry, struct mo_error *error);
	void *context;
};

/*
 * MO_E_LIMIT: tables_left is used up. MO_E_INVALID: the range is none. Where top tables serve one half each (TTBR0 and
 * TTBR1), a process's has nothing in the kernel's half, nor the kernel's in the user's.
 */
struct mo_error *mo_walk_tables(struct mo_reader *reader, struct mo_table_walk *walk) MO_MUST_USE;

/* How high the top table stands above the memory: 3 with 4 levels, 4 with 5. */
unsigned mo_top_table_height(const struct mo_kernel *kernel);

/* The first address of the kernel's half, and the last of the user's. */
void mo_address_halves(const struct mo_kernel *kernel, uint64_t *last_user_va, uint64_t *first_kernel_va);

/* The place of an entry in its table, and how many a top table has. */
unsigned mo_table_entry_index(const struct mo_kernel *kernel, const struct mo_table_entry *entry);
unsigned mo_root_table_entries(const struct mo_kernel *kernel);

/* Where the kernel's own top table lies. */
uint64_t mo_kernel_root_table_pa(const struct mo_kernel *kernel);

/* Where other top tables of the kernel's half lie, that have tables of their own (arm64's trampoline). Returns how many. */
#define MO_MAX_OTHER_ROOTS 4
size_t mo_other_root_tables(struct mo_reader *reader, uint64_t *ret_pa, size_t room);

MO_API_END

#endif
