/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All page tables of all processes, x86_64 with 4 or 5 levels, for entries that map one of some pages. */
#include "rmap.h"

#include <inttypes.h>
#include <string.h>

#define ENTRIES 512u
#define PAGE_BYTES 4096u
#define LEVEL_BITS 9u

struct table_search {
	struct tasks_state *state;
	const struct mo_mm *mm;
	const struct rmap_page *pages;
	size_t n_pages;
	struct rmap_hits *hits;
	uint64_t n_tables_left;  /* tables that point in a circle must come to an end */
};

/* The first page at or after pfn. */
static size_t first_page(const struct table_search *search, uint64_t pfn)
{
	size_t low = 0;
	size_t high = search->n_pages;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (search->pages[middle].pfn < pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct mo_error *match_leaf(struct table_search *search, uint64_t entry, uint64_t entry_pa, uint64_t va,
				   uint64_t covers_bytes)
{
	uint64_t pfn = (pte_pa(entry) & ~(covers_bytes - 1)) / PAGE_BYTES;
	uint64_t n = covers_bytes / PAGE_BYTES;
	struct mo_error *error = NULL;

	if (!(entry & (PTE_PRESENT | PTE_PROTNONE)))
		return NULL;
	for (size_t i = first_page(search, pfn); i < search->n_pages && search->pages[i].pfn - pfn < n && !error; i++) {
		const struct rmap_hit hit = {
			.pfn = search->pages[i].pfn,
			.mm_kva = search->mm->kva,
			.va = va + (search->pages[i].pfn - pfn) * PAGE_BYTES,
			.entry = entry,
			.entry_pa = entry_pa,
			.covers_bytes = covers_bytes,
		};

		error = add_hit(search->hits, &hit);
	}
	return error;
}

static struct mo_error *search_table(struct table_search *search, uint64_t table_pa, unsigned level, unsigned n_entries,
				     uint64_t base_va)
{
	uint64_t covers_bytes = 1ull << (12 + level * LEVEL_BITS);
	uint8_t raw[ENTRIES * 8];
	struct mo_error *error;

	if (!search->n_tables_left)
		return mo_error_create(MO_E_LIMIT, "the mm at 0x%" PRIx64 " has more page tables than it counts", search->mm->kva);
	search->n_tables_left--;
	error = mo_read_pa(search->state->reader, table_pa, raw, (size_t)n_entries * 8);
	if (error)
		return mo_error_prepend(error, "page table of 0x%" PRIx64, base_va);
	for (unsigned i = 0; i < n_entries && !error; i++) {
		uint64_t va = base_va + i * covers_bytes;
		uint64_t entry;

		memcpy(&entry, raw + i * 8, 8);
		if (!entry)
			continue;
		if (!level || (level <= 2 && entry & PTE_HUGE))
			error = match_leaf(search, entry, table_pa + i * 8, va, covers_bytes);
		else if (entry & PTE_PRESENT)
			error = search_table(search, pte_pa(entry), level - 1, ENTRIES, va);
		if (error && mo_error_code(error) != MO_E_NO_MEMORY && mo_error_code(error) != MO_E_LIMIT) {
			mo_trouble_note(&search->state->broken_vmas, error);
			error = NULL;
		}
	}
	return error;
}

static void search_mm(struct table_search *search, const struct mo_kernel_facts *facts, struct mo_error **no_memory)
{
	uint64_t pgd_pa = 0;
	struct mo_error *error;

	/* No mm can have more tables than it counts, nor than there are page frames. */
	search->n_tables_left = facts->end_pfn;
	if (search->mm->pgtables_bytes.certainty == MO_EXACT && search->mm->pgtables_bytes.value / PAGE_BYTES < facts->end_pfn)
		search->n_tables_left = search->mm->pgtables_bytes.value / PAGE_BYTES;
	search->n_tables_left += 8;
	error = mo_direct_map_to_pa(mo_run_kernel(search->state->run), search->mm->pgd_kva, &pgd_pa);
	/* The upper half of the highest table is the kernel's. */
	if (!error)
		error = search_table(search, pgd_pa, facts->paging_levels - 1, ENTRIES / 2, 0);
	if (error && mo_error_code(error) == MO_E_NO_MEMORY)
		*no_memory = error;
	else
		mo_trouble_note(&search->state->broken_vmas,
			     mo_error_prepend(error, "page tables of the mm at 0x%" PRIx64, search->mm->kva));
}

struct mo_error *search_mappings(struct tasks_state *state, const struct rmap_page *pages, size_t n_pages,
				 struct rmap_hits *hits)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	struct mo_error *error = NULL;

	if (strcmp(facts->arch, "x86_64") || facts->paging_levels < 4 || facts->paging_levels > 5)
		return mo_error_create(MO_E_UNSUPPORTED, "page tables of processes are not known for this architecture");
	for (size_t i = 0; i < state->model.n_mms && !error; i++) {
		struct table_search search = { .state = state, .mm = &state->model.mms[i], .pages = pages, .n_pages = n_pages,
					       .hits = hits };

		if (search.mm->is_readable)
			search_mm(&search, facts, &error);
	}
	return error;
}
