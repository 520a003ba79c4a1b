/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables below each top table. PTE tables are found by the entries that point at them; they are not read. The
 * kernel's own go first, so that what every address space shares with it is the kernel's.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

struct scan {
	struct page_tables_state *state;
	struct mo_reader *reader;
	struct thread_tables *found;
	uint32_t owner;
	struct mo_error *memory;     /* there is none left */
};

static bool is_memory(const struct page_tables_state *state, uint64_t pfn)
{
	const struct mo_memmap *memmap = state->memmap;

	for (size_t i = 0; i < memmap->n_runs; i++)
		if (pfn >= memmap->runs[i].first_pfn && pfn - memmap->runs[i].first_pfn < memmap->runs[i].n_pages)
			return true;
	return false;
}

static struct mo_error *keep_table(struct thread_tables *found, const struct mo_page_table *table)
{
	if (found->n_tables == found->n_allocated) {
		size_t n = found->n_tables ? found->n_tables * 2 : 1024;
		struct mo_page_table *grown = reallocarray(found->tables, n, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		found->tables = grown;
		found->n_allocated = n;
	}
	found->tables[found->n_tables++] = *table;
	return NULL;
}

static struct mo_error *keep_repeat(struct thread_tables *found, const struct mo_page_table *table, uint64_t entry_pa)
{
	if (found->n_repeats == MAX_REPEATS)
		return NULL;
	if (found->n_repeats == found->n_repeats_allocated) {
		size_t n = found->n_repeats ? found->n_repeats * 2 : 64;
		struct repeat *grown = reallocarray(found->repeats, n, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		found->repeats = grown;
		found->n_repeats_allocated = n;
	}
	found->repeats[found->n_repeats++] = (struct repeat){
		.pfn = table->pfn, .entry_pa = entry_pa, .owner = table->owner, .height = table->height };
	return NULL;
}

struct mo_error *take_table(struct page_tables_state *state, struct thread_tables *found, const struct mo_page_table *table,
			    uint64_t entry_pa, bool *is_new)
{
	uint64_t bit = 1ull << (table->pfn % 64);

	*is_new = false;
	if (table->pfn >= state->n_pfns || !is_memory(state, table->pfn)) {
		mo_trouble_note(&found->outside,
			     mo_error_create(MO_E_CORRUPT, "the entry at physical 0x%" PRIx64 " of the tables of %s points at "
					     "page frame 0x%" PRIx64, entry_pa, state->owners[table->owner].comm, table->pfn));
		return NULL;
	}
	*is_new = !(__atomic_fetch_or(&state->seen[table->pfn / 64], bit, __ATOMIC_RELAXED) & bit);
	return *is_new ? keep_table(found, table) : keep_repeat(found, table, entry_pa);
}

/* The kernel maps some of its own tables many times over (its espfix area, for one): each is one table. */
static void count_table(struct mo_table_owner *owner, unsigned height, bool is_new)
{
	bool is_kernels = is_kernels_own(owner);

	if (is_new || !is_kernels)
		owner->tables[height]++;
	owner->shared += !is_new && !is_kernels;
}

/* The kernel's own tables have no half of users and no deposits. */
static bool has_mm(const struct scan *scan)
{
	return scan->owner && scan->state->owners[scan->owner].kind != MO_TABLES_OF_ENTRY;
}

/* An entry that points at a table: counts that for its owner, and says whether to go into it. */
static bool visit_table(void *context, const struct mo_table_entry *entry)
{
	struct scan *scan = context;
	struct page_tables_state *state = scan->state;
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	struct mo_page_table table = { .pfn = entry->pa >> page_shift, .owner = scan->owner,
				       .height = (uint8_t)(entry->height - 1) };
	unsigned root_index = mo_table_entry_index(mo_run_kernel(state->run), entry);
	bool is_new = false;

	if (scan->memory)
		return false;
	if (entry->height == top_height(state)) {
		if (!scan->owner)
			state->kernel_root[root_index] = entry->pa;
		else if (state->kernel_root[root_index] == entry->pa)
			return false;
	}
	scan->memory = take_table(state, scan->found, &table, entry->entry_pa, &is_new);
	/* What lies outside of memory is no table; what was found before may be shared, so that both count it. */
	if (table.pfn < state->n_pfns && is_memory(state, table.pfn)) {
		count_table(&state->owners[scan->owner], table.height, is_new);
	} else {
		state->owners[scan->owner].is_complete = false;
	}
	if (is_new && table.height == 1 && has_mm(scan) && !scan->memory)
		scan->memory = take_deposits(state, scan->reader, scan->found, scan->owner, table.pfn);
	return is_new;
}

static void note_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	struct scan *scan = context;

	if (entry)
		error = mo_error_prepend(error, "for 0x%" PRIx64, entry->va);
	scan->state->owners[scan->owner].is_complete = false;
	mo_trouble_note(&scan->found->unreadable,
		     mo_error_prepend(error, "the page tables of %s", scan->state->owners[scan->owner].comm));
}

static struct mo_error *scan_half(struct scan *scan, uint64_t first_va, uint64_t last_va)
{
	struct page_tables_state *state = scan->state;
	struct mo_table_walk walk = {
		.root_pa = state->owners[scan->owner].root_pa,
		.has_kernels_half = state->owners[scan->owner].kind == MO_TABLES_OF_ENTRY,
		.first_va = first_va,
		.last_va = last_va,
		/* Each page is gone into once. */
		.tables_left = state->memmap->n_pages + 1,
		.lowest_height = 1,
		.table = visit_table,
		.broken = note_broken,
		.context = scan,
	};
	struct mo_error *error = mo_walk_tables(scan->reader, &walk);

	if (error)
		note_broken(scan, NULL, error);
	return scan->memory;
}

/* Top tables of few entries are objects of a slab cache (arm64's pgd_cache), not pages. */
static bool is_page(const struct page_tables_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);

	return (uint64_t)mo_root_table_entries(kernel) * mo_entry_bytes(kernel) >= mo_kernel_facts(kernel)->page_bytes;
}

/* The top table itself, and of a pair the one that the user's half of the CPU's life runs on. */
static struct mo_error *take_root(struct scan *scan)
{
	struct page_tables_state *state = scan->state;
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	struct mo_table_owner *owner = &state->owners[scan->owner];
	struct mo_error *error = NULL;

	if (scan->owner && !is_page(state))
		return NULL;
	for (unsigned i = 0; i < (state->has_user_roots ? 2u : 1u) && !error; i++) {
		struct mo_page_table table = { .pfn = (owner->root_pa >> page_shift) + i, .owner = scan->owner,
					       .height = (uint8_t)top_height(state) };
		bool is_new = false;

		error = take_table(state, scan->found, &table, owner->root_pa, &is_new);
		owner->tables[table.height] += is_new;
	}
	return error;
}

static struct mo_error *scan_owner(struct scan *scan)
{
	uint64_t last_user_va;
	uint64_t first_kernel_va;
	struct mo_error *error = take_root(scan);

	mo_address_halves(mo_run_kernel(scan->state->run), &last_user_va, &first_kernel_va);
	if (!error && has_mm(scan))
		error = scan_half(scan, 0, last_user_va);
	if (!error)
		error = scan_half(scan, first_kernel_va, UINT64_MAX);
	if (!error && has_mm(scan))
		error = take_deposits_of_mm(scan->state, scan->reader, scan->found, scan->owner);
	return error;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct page_tables_state *state = context;
	struct mo_error *error = NULL;

	for (uint64_t i = first; i < first + n_items && !error; i++) {
		struct scan scan = { .state = state, .reader = reader, .found = &state->threads[thread_index],
				     .owner = (uint32_t)i };

		error = scan_owner(&scan);
	}
	return error;
}

struct mo_error *scan_tables(struct page_tables_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	struct mo_error *error;

	state->n_threads = mo_kernel_thread_count(kernel);
	state->threads = calloc(state->n_threads, sizeof(*state->threads));
	state->n_pfns = mo_kernel_facts(kernel)->end_pfn;
	state->seen = calloc((size_t)(state->n_pfns / 64 + 1), sizeof(*state->seen));
	state->kernel_root = calloc(mo_root_table_entries(kernel), sizeof(*state->kernel_root));
	if (!state->threads || !state->seen || !state->kernel_root) {
		state->n_threads = state->threads ? state->n_threads : 0;
		return mo_error_no_memory();
	}
	error = scan_chunk(state, mo_run_reader(state->run), 0, 0, 1);
	if (!error && state->n_owners > 1)
		error = mo_parallel_scan(kernel, mo_run_progress(state->run), "page tables", 1, state->n_owners, 1, scan_chunk,
					 state);
	return error;
}
