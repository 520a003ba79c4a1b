/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the page tables have of one VMA, summed up as smaps shows it: smaps_pte_range(), smaps_account() and
 * smaps_hugetlb_range() of fs/proc/task_mmu.c. Entries under migration are left out.
 */
#include <memopsy/memmap.h>
#include <memopsy/table_walk.h>

#include "smaps.h"

#include <inttypes.h>

#define HEIGHT_OF_PUD 2u

struct page_walk {
	const struct page_reading *reading;
	const struct tasks_layout *layout;
	const struct vma *vma;
	struct mem_size_stats *stats;
	uint64_t page_bytes;
	uint64_t hugetlb_bytes;  /* 0: no hugetlb VMA */
};

static void note(const struct page_walk *walk, struct mo_error *error)
{
	if (!error)
		return;
	walk->stats->is_partial = true;
	mo_trouble_note(&walk->reading->state->broken_vmas, error);
}

/* smaps_page_accumulate() */
static void accumulate(const struct page_walk *walk, const struct mapped_page *page, uint64_t bytes, uint64_t pss, bool dirty,
		       bool is_private)
{
	struct mem_size_stats *stats = walk->stats;

	stats->pss += pss;
	if (page->mapping & MO_MAPPING_ANON)
		stats->pss_anon += pss;
	else if ((page->flags & walk->layout->page->flag.swapbacked))
		stats->pss_shmem += pss;
	else
		stats->pss_file += pss;
	if (walk->vma->flags & VM_LOCKED)
		stats->pss_locked += pss;
	if (dirty || (page->flags & walk->layout->page->flag.dirty)) {
		stats->pss_dirty += pss;
		*(is_private ? &stats->private_dirty : &stats->shared_dirty) += bytes;
	} else {
		*(is_private ? &stats->private_clean : &stats->shared_clean) += bytes;
	}
}

/* The part that depends on how often each page is mapped. */
static void account_shares(const struct page_walk *walk, uint64_t pfn, uint64_t n_pages, const struct mapped_page *first,
			   bool dirty)
{
	if (first->refcount == 1) {
		accumulate(walk, first, n_pages * walk->page_bytes, n_pages * walk->page_bytes << PSS_SHIFT, dirty, true);
		return;
	}
	for (uint64_t i = 0; i < n_pages; i++) {
		struct mapped_page page = *first;
		uint64_t pss = walk->page_bytes << PSS_SHIFT;
		int32_t mapcount = 0;
		bool is_exclusive = false;
		struct mo_error *error = i ? read_mapped_page(walk->reading, pfn + i, &page) : NULL;

		if (!error)
			error = page_mapcount(walk->reading, &page, &mapcount, &is_exclusive);
		if (error) {
			note(walk, error);
			return;
		}
		if (mapcount >= 2)
			pss /= (uint32_t)mapcount;
		accumulate(walk, first, walk->page_bytes, pss, dirty, is_exclusive);
	}
}

/* smaps_account() */
static void account(const struct page_walk *walk, uint64_t pfn, uint64_t n_pages, uint32_t entry_flags)
{
	struct mem_size_stats *stats = walk->stats;
	const struct tasks_layout *layout = walk->layout;
	uint64_t bytes = n_pages * walk->page_bytes;
	bool dirty = entry_flags & MO_ENTRY_DIRTY;
	struct mapped_page page;
	uint64_t young_flags;
	struct mo_error *error = read_mapped_page(walk->reading, pfn, &page);

	if (error) {
		note(walk, error);
		return;
	}
	if (page.mapping & MO_MAPPING_ANON) {
		stats->anonymous += bytes;
		if (!(page.flags & layout->page->flag.swapbacked) && !dirty && !(page.flags & layout->page->flag.dirty))
			stats->lazyfree += bytes;
		if (n_pages > 1)
			stats->anonymous_thp += bytes;
	} else if (n_pages > 1) {
		*((page.flags & layout->page->flag.swapbacked) ? &stats->shmem_thp : &stats->file_thp) += bytes;
	}
	if ((page.mapping & MO_MAPPING_FLAGS) == MO_MAPPING_FLAGS)
		stats->ksm += bytes;
	stats->resident += bytes;
	young_flags = layout->page->flag.double_map ? page.own_flags : page.flags;
	if (entry_flags & MO_ENTRY_ACCESSED || (young_flags & layout->page->flag.young) ||
	    (page.flags & layout->page->flag.referenced))
		stats->referenced += bytes;
	account_shares(walk, pfn, n_pages, &page, dirty);
}

static struct mo_error *add_swap_entry(void *context, const struct mo_table_entry *entry)
{
	const struct page_walk *walk = context;
	uint64_t pss = walk->page_bytes << PSS_SHIFT;
	struct mo_count count;

	/* Of huge pages nothing but migration is kept this way; types beyond the swap areas are that, too. */
	if (entry->height || walk->hugetlb_bytes || entry->swap_type >= swap_type_count(walk->reading->state))
		return NULL;
	walk->stats->swap += walk->page_bytes;
	count = swap_entry_count(walk->reading->state, entry->swap_type, entry->swap_offset);
	if (count.certainty != MO_EXACT)
		walk->stats->has_swap_pss = false;
	walk->stats->swap_pss += count.value >= 2 ? pss / count.value : pss;
	return NULL;
}

static void add_hugetlb(const struct page_walk *walk, uint64_t pfn)
{
	struct mapped_page page;
	int32_t mapcount = 0;
	struct mo_error *error = read_mapped_page(walk->reading, pfn, &page);

	if (!error)
		error = hugetlb_mapcount(walk->reading, &page, &mapcount);
	note(walk, error);
	if (!error)
		*(mapcount >= 2 ? &walk->stats->shared_hugetlb : &walk->stats->private_hugetlb) += walk->hugetlb_bytes;
}

static struct mo_error *add_hole(void *context, uint64_t first_va, uint64_t last_va, unsigned height)
{
	const struct page_walk *walk = context;
	uint64_t swapped = 0;
	struct vma hole = *walk->vma;

	(void)height;
	hole.pgoff += (first_va - hole.start) / walk->page_bytes;
	hole.start = first_va;
	hole.end = last_va + 1;
	note(walk, shmem_swap_bytes(walk->reading->state, &hole, &swapped));
	walk->stats->swap += swapped;
	return NULL;
}

/* An entry that maps memory, with or without access: a page, or a huge one, of which the VMA may have a part. */
static struct mo_error *add_leaf(void *context, const struct mo_table_entry *entry)
{
	const struct page_walk *walk = context;
	uint64_t n_pages = entry->covers_bytes / walk->page_bytes;
	uint64_t pfn = entry->pa / walk->page_bytes & ~(n_pages - 1);

	if (walk->hugetlb_bytes)
		add_hugetlb(walk, pfn);
	else if (entry->height < HEIGHT_OF_PUD && /* the kernel passes over what a PUD maps */
		 !(entry->flags & MO_ENTRY_SPECIAL) &&
		 !(n_pages > 1 && pfn == (walk->reading->huge_zero_pfn & ~(n_pages - 1))))
		account(walk, pfn, n_pages, entry->flags);
	return NULL;
}

static void note_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	const struct page_walk *walk = context;

	note(walk, mo_error_prepend(error, "page table of 0x%" PRIx64, entry ? entry->va : walk->vma->start));
}

/* No VMA can have more tables than its mm, nor than there are page frames. */
static uint64_t most_tables(const struct mo_mm *mm, const struct mo_kernel_facts *facts)
{
	uint64_t most = facts->end_pfn;

	if (mm->pgtables_bytes.certainty == MO_EXACT && mm->pgtables_bytes.value / facts->page_bytes < most)
		most = mm->pgtables_bytes.value / facts->page_bytes;
	return most + 8;
}

static void walk_tables(struct page_walk *walk, const struct mo_mm *mm, bool holes_may_be_swap)
{
	struct mo_kernel *kernel = mo_run_kernel(walk->reading->state->run);
	struct mo_table_walk tables = {
		.first_va = walk->vma->start,
		.last_va = walk->vma->end - 1,
		.tables_left = most_tables(mm, mo_kernel_facts(kernel)),
		.leaf = add_leaf,
		.swap = add_swap_entry,
		.hole = holes_may_be_swap ? add_hole : NULL,
		.broken = note_broken,
		.context = walk,
	};
	uint64_t last_user_va;
	uint64_t first_kernel_va;
	struct mo_error *error;

	if (walk->vma->end <= walk->vma->start)
		return;
	mo_address_halves(kernel, &last_user_va, &first_kernel_va);
	if (tables.last_va > last_user_va)
		error = mo_error_create(MO_E_CORRUPT, "ends beyond what page tables can map");
	else
		error = mo_direct_map_to_pa(kernel, mm->pgd_kva, &tables.root_pa);
	if (!error)
		error = mo_walk_tables(walk->reading->state->reader, &tables);
	if (error && mo_error_code(error) == MO_E_LIMIT)
		error = mo_error_prepend(error, "the VMA at 0x%" PRIx64 " has more page tables than its mm counts",
					 walk->vma->kva);
	else
		error = mo_error_prepend(error, "the VMA at 0x%" PRIx64, walk->vma->kva);
	note(walk, error);
}

/* smap_gather_stats() */
void add_vma_stats(const struct page_reading *reading, const struct mo_mm *mm, const struct vma *vma,
		   struct mem_size_stats *stats)
{
	struct tasks_state *state = reading->state;
	struct page_walk walk = { .reading = reading, .layout = state->layout, .vma = vma, .stats = stats,
				  .page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes };
	bool holes_may_be_swap = false;
	uint64_t swapped = 0;

	if (vma->is_gate)
		return;
	if (is_shmem_vma(state, vma)) {
		note(&walk, shmem_swap_bytes(state, vma, &swapped));
		if (!swapped || vma->flags & VM_SHARED || !(vma->flags & VM_WRITE))
			stats->swap += swapped;
		else
			holes_may_be_swap = true;
	}
	if (vma->flags & VM_PFNMAP)
		return;
	if (vma->flags & VM_HUGETLB)
		walk.hugetlb_bytes = vma_page_bytes(state, vma);
	walk_tables(&walk, mm, holes_may_be_swap);
}
