/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All page tables of all processes, for entries that map one of some pages. */
#include <memopsy/table_walk.h>

#include "rmap.h"

#include <inttypes.h>

#include <memopsy/containers.h>

struct table_search {
	struct tasks_state *state;
	const struct mo_mm *mm;
	const struct rmap_page *pages;
	size_t n_pages;
	struct rmap_hits *hits;
	uint64_t page_bytes;
};

/* The first page at or after pfn. */
static size_t first_page(const struct table_search *search, uint64_t pfn)
{
	return mo_lower_bound(search->n_pages, at, search->pages[at].pfn < pfn);
}

static struct mo_error *match_leaf(void *context, const struct mo_table_entry *entry)
{
	const struct table_search *search = context;
	uint64_t pfn = entry->pa / search->page_bytes;
	uint64_t n = entry->covers_bytes / search->page_bytes;
	struct mo_error *error = NULL;

	for (size_t i = first_page(search, pfn); i < search->n_pages && search->pages[i].pfn - pfn < n && !error; i++) {
		const struct rmap_hit hit = {
			.pfn = search->pages[i].pfn,
			.mm_kva = search->mm->kva,
			.va = entry->va + (search->pages[i].pfn - pfn) * search->page_bytes,
			.entry = entry->entry,
			.entry_pa = entry->entry_pa,
			.kind = entry->kind,
			.flags = entry->flags,
			.covers_bytes = entry->covers_bytes,
		};

		error = add_hit(search->hits, &hit);
	}
	return error;
}

static void note_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	const struct table_search *search = context;

	mo_trouble_note(&search->state->broken_vmas, mo_error_prepend(error, "page table of 0x%" PRIx64, entry ? entry->va : 0));
}

/* No mm can have more tables than it counts, nor than there are page frames. */
static uint64_t most_tables(const struct mo_mm *mm, const struct mo_kernel_facts *facts)
{
	uint64_t most = facts->end_pfn;

	if (mm->pgtables_bytes.certainty == MO_EXACT && mm->pgtables_bytes.value / facts->page_bytes < most)
		most = mm->pgtables_bytes.value / facts->page_bytes;
	return most + 8;
}

/* Only that there is no memory left is an error. */
static struct mo_error *search_mm(struct table_search *search)
{
	struct mo_kernel *kernel = mo_run_kernel(search->state->run);
	struct mo_table_walk walk = {
		.tables_left = most_tables(search->mm, mo_kernel_facts(kernel)),
		.leaf = match_leaf,
		.broken = note_broken,
		.context = search,
	};
	uint64_t first_kernel_va;
	struct mo_error *error = mo_direct_map_to_pa(kernel, search->mm->pgd_kva, &walk.root_pa);

	mo_address_halves(kernel, &walk.last_va, &first_kernel_va);
	if (!error)
		error = mo_walk_tables(search->state->reader, &walk);
	if (!error || mo_error_ends_run(error))
		return error;
	if (mo_error_code(error) == MO_E_LIMIT)
		error = mo_error_prepend(error, "it has more page tables than it counts");
	mo_trouble_note(&search->state->broken_vmas,
		     mo_error_prepend(error, "page tables of the mm at 0x%" PRIx64, search->mm->kva));
	return NULL;
}

struct mo_error *search_mappings(struct tasks_state *state, const struct rmap_page *pages, size_t n_pages,
				 struct rmap_hits *hits)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
	struct mo_error *error = NULL;

	for (size_t i = 0; i < state->model.n_mms && !error; i++) {
		struct table_search search = { .state = state, .mm = &state->model.mms[i], .pages = pages, .n_pages = n_pages,
					       .hits = hits, .page_bytes = page_bytes };

		if (search.mm->is_readable)
			error = search_mm(&search);
	}
	return error;
}
