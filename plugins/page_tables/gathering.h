/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_TABLES_GATHERING_H
#define PAGE_TABLES_GATHERING_H

/*
 * The model while it is being built: whose top tables there are (owners.c), the tables of each, the kernel's first and
 * then all others in parallel (table_scan.c), the PTE tables that are kept behind huge pages (deposits.c), and all that
 * the threads found in one order (merge.c).
 *
 * A page is gone into once, whoever comes first: tables that point back up, or to each other, come to an end.
 */

#include <memopsy/memmap.h>
#include <memopsy/page_tables.h>
#include <memopsy/architecture.h>
#include <memopsy/parallel.h>
#include <memopsy/plugin.h>
#include <memopsy/table_walk.h>
#include <memopsy/trouble.h>
#include <memopsy/walk.h>

#include "page_tables_layout.h"

#define MAX_OWNERS (1u << 22)
#define MAX_REPEATS 65536u /* that are kept; more are counted */

/* A table that had been found before. */
struct repeat {
	uint64_t pfn;
	uint64_t entry_pa;
	uint32_t owner;
	uint8_t height;
};

/* What one thread has found. */
struct thread_tables {
	struct mo_page_table *tables;
	size_t n_tables, n_allocated;
	struct repeat *repeats;
	size_t n_repeats, n_repeats_allocated;
	struct mo_trouble outside, unreadable, deposits;
};

struct page_tables_state {
	struct mo_page_tables_model model; /* first: the published model is this state */
	struct mo_run *run;
	const struct page_tables_layout *layout;
	const struct mo_tasks_model *tasks; /* NULL: not to be had */
	const struct mo_memmap *memmap;
	struct mo_table_owner *owners;
	size_t n_owners, n_owners_allocated;
	bool has_user_roots;          /* page-table isolation: a top table is a pair of pages */
	uint64_t *kernel_root;        /* where the entries of the kernel's top table point; 0: nowhere */
	uint64_t *seen;               /* a bit for each page frame below n_pfns */
	uint64_t n_pfns;
	struct thread_tables *threads;
	size_t n_threads;
	struct mo_page_table *tables;
	struct mo_trouble unreadable_owners, repeated, miscounted;
};

void report_trouble(struct page_tables_state *state);

struct mo_error *gather_owners(struct page_tables_state *state) MO_MUST_USE;
struct mo_error *scan_tables(struct page_tables_state *state) MO_MUST_USE;
struct mo_error *merge_tables(struct page_tables_state *state) MO_MUST_USE;
void release_page_tables(void *model);

/* One table at a page frame: takes note of it. *is_new says whether to go into it. */
struct mo_error *take_table(struct page_tables_state *state, struct thread_tables *found, const struct mo_page_table *table,
			    uint64_t entry_pa, bool *is_new) MO_MUST_USE;

/* The PTE tables that are kept behind huge pages of one PMD table, or of an mm. */
struct mo_error *take_deposits(struct page_tables_state *state, struct mo_reader *reader, struct thread_tables *found,
			       uint32_t owner, uint64_t pmd_pfn) MO_MUST_USE;
struct mo_error *take_deposits_of_mm(struct page_tables_state *state, struct mo_reader *reader, struct thread_tables *found,
				     uint32_t owner) MO_MUST_USE;

static inline unsigned top_height(const struct page_tables_state *state)
{
	return state->model.n_levels - 1;
}

static inline bool is_kernels_own(const struct mo_table_owner *owner)
{
	return owner->kind == MO_TABLES_OF_KERNEL || owner->kind == MO_TABLES_OF_EFI || owner->kind == MO_TABLES_OF_ENTRY;
}

#endif
