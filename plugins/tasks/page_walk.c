/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A walk over the page tables of one VMA, x86_64 with 4 or 5 levels, that sums up what smaps shows: smaps_pte_range(),
 * smaps_account() and smaps_hugetlb_range() of fs/proc/task_mmu.c. Entries under migration are left out.
 */
#include <memopsy/memmap.h>

#include "smaps.h"

#include <inttypes.h>
#include <string.h>

/* arch/x86/include/asm/pgtable_types.h */
#define ENTRIES 512u
#define ENTRY_PRESENT 0x1u
#define ENTRY_ACCESSED 0x20u
#define ENTRY_DIRTY 0x40u
#define ENTRY_HUGE 0x80u       /* of a PMD or PUD */
#define ENTRY_PROTNONE 0x100u  /* if not present: a page without access */
#define ENTRY_SPECIAL 0x200u
#define ENTRY_SAVED_DIRTY (1ull << 58)
#define ENTRY_PA_MASK 0x000ffffffffff000ull
#define SWAP_TYPE_BITS 5u
#define SWAP_OFFSET_SHIFT 14u

#define PAGE_BYTES 4096u
#define LEVEL_BITS 9u
#define MAPPING_ANON 1u
#define MAPPING_KSM 3u

struct page_walk {
	const struct page_reading *reading;
	const struct tasks_layout *layout;
	const struct vma *vma;
	struct mem_size_stats *stats;
	uint64_t hugetlb_bytes;  /* 0: no hugetlb VMA */
	bool holes_may_be_swap;
	uint64_t *n_tables_left; /* tables that point in a circle must come to an end */
};

static void note(const struct page_walk *walk, struct mo_error *error)
{
	if (!error)
		return;
	walk->stats->is_partial = true;
	mo_trouble_note(&walk->reading->state->broken_vmas, error);
}

static bool has_flag(uint64_t flags, const struct mo_constant *flag)
{
	return mo_has(flag) && flag->value >= 0 && flag->value < 64 && flags >> flag->value & 1;
}

/* smaps_page_accumulate() */
static void accumulate(const struct page_walk *walk, const struct mapped_page *page, uint64_t bytes, uint64_t pss, bool dirty,
		       bool is_private)
{
	struct mem_size_stats *stats = walk->stats;

	stats->pss += pss;
	if (page->mapping & MAPPING_ANON)
		stats->pss_anon += pss;
	else if (has_flag(page->flags, &walk->layout->page.swapbacked))
		stats->pss_shmem += pss;
	else
		stats->pss_file += pss;
	if (walk->vma->flags & VM_LOCKED)
		stats->pss_locked += pss;
	if (dirty || has_flag(page->flags, &walk->layout->page.dirty)) {
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
		accumulate(walk, first, n_pages * PAGE_BYTES, n_pages * PAGE_BYTES << PSS_SHIFT, dirty, true);
		return;
	}
	for (uint64_t i = 0; i < n_pages; i++) {
		struct mapped_page page = *first;
		uint64_t pss = (uint64_t)PAGE_BYTES << PSS_SHIFT;
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
		accumulate(walk, first, PAGE_BYTES, pss, dirty, is_exclusive);
	}
}

/* smaps_account() */
static void account(const struct page_walk *walk, uint64_t pfn, uint64_t n_pages, uint64_t entry)
{
	struct mem_size_stats *stats = walk->stats;
	const struct tasks_layout *layout = walk->layout;
	uint64_t bytes = n_pages * PAGE_BYTES;
	bool dirty = entry & (ENTRY_DIRTY | ENTRY_SAVED_DIRTY);
	struct mapped_page page;
	uint64_t young_flags;
	struct mo_error *error = read_mapped_page(walk->reading, pfn, &page);

	if (error) {
		note(walk, error);
		return;
	}
	if (page.mapping & MAPPING_ANON) {
		stats->anonymous += bytes;
		if (!has_flag(page.flags, &layout->page.swapbacked) && !dirty && !has_flag(page.flags, &layout->page.dirty))
			stats->lazyfree += bytes;
		if (n_pages > 1)
			stats->anonymous_thp += bytes;
	} else if (n_pages > 1) {
		*(has_flag(page.flags, &layout->page.swapbacked) ? &stats->shmem_thp : &stats->file_thp) += bytes;
	}
	if ((page.mapping & MAPPING_KSM) == MAPPING_KSM)
		stats->ksm += bytes;
	stats->resident += bytes;
	young_flags = mo_has(&layout->page.double_map) ? page.own_flags : page.flags;
	if (entry & ENTRY_ACCESSED || has_flag(young_flags, &layout->page.young) ||
	    has_flag(page.flags, &layout->page.referenced))
		stats->referenced += bytes;
	account_shares(walk, pfn, n_pages, &page, dirty);
}

/* Addresses of pages without access, and of what is swapped out, are kept inverted (against L1TF, 4.18). */
static uint64_t entry_pa(uint64_t entry)
{
	return (entry & ENTRY_PRESENT ? entry : ~entry) & ENTRY_PA_MASK;
}

static void add_swap_entry(const struct page_walk *walk, uint64_t entry)
{
	unsigned type = (unsigned)(entry >> (64 - SWAP_TYPE_BITS));
	uint64_t offset = ~entry << SWAP_TYPE_BITS >> SWAP_OFFSET_SHIFT;
	uint64_t pss = (uint64_t)PAGE_BYTES << PSS_SHIFT;
	struct mo_count count;

	if (type >= swap_type_count(walk->reading->state))
		return;
	walk->stats->swap += PAGE_BYTES;
	count = swap_entry_count(walk->reading->state, type, offset);
	if (count.certainty != MO_EXACT)
		walk->stats->has_swap_pss = false;
	walk->stats->swap_pss += count.value >= 2 ? pss / count.value : pss;
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

static void add_hole(const struct page_walk *walk, uint64_t start, uint64_t end)
{
	uint64_t swapped = 0;
	struct vma hole = *walk->vma;

	if (!walk->holes_may_be_swap)
		return;
	hole.pgoff += (start - hole.start) / PAGE_BYTES;
	hole.start = start;
	hole.end = end;
	note(walk, shmem_swap_bytes(walk->reading->state, &hole, &swapped));
	walk->stats->swap += swapped;
}

/* An entry that maps memory or may have mapped it: of a page, or a huge one of n_pages. */
static void add_leaf(const struct page_walk *walk, uint64_t entry, uint64_t n_pages)
{
	uint64_t pfn = (entry_pa(entry) & ~(n_pages * PAGE_BYTES - 1)) / PAGE_BYTES;
	bool is_present = entry & (ENTRY_PRESENT | ENTRY_PROTNONE) || n_pages > 1;

	if (walk->hugetlb_bytes) {
		if (is_present)
			add_hugetlb(walk, pfn);
	} else if (n_pages > ENTRIES) { /* the kernel passes over what a PUD maps */
		return;
	} else if (!is_present) {
		add_swap_entry(walk, entry);
	} else if (!(entry & ENTRY_SPECIAL) && !(n_pages > 1 && pfn == (walk->reading->huge_zero_pfn & ~(n_pages - 1)))) {
		account(walk, pfn, n_pages, entry);
	}
}

/* One table, from the entry of `start` to that of end - 1. level 0 is that of pages. Depth is the number of levels. */
static void walk_table(const struct page_walk *walk, uint64_t table_pa, unsigned level, uint64_t start, uint64_t end)
{
	unsigned shift = 12 + level * LEVEL_BITS;
	uint64_t covers = 1ull << shift;
	unsigned first = (unsigned)(start >> shift & (ENTRIES - 1));
	uint64_t n = ((end - 1) >> shift) - (start >> shift) + 1;
	uint8_t raw[ENTRIES * 8];
	struct mo_error *error;

	if (!*walk->n_tables_left) {
		if (!walk->stats->is_partial)
			note(walk, mo_error_create(MO_E_LIMIT, "the VMA at 0x%" PRIx64 " has more page tables than its mm has",
						   walk->vma->kva));
		return;
	}
	--*walk->n_tables_left;
	if (n > ENTRIES - first) /* the caller has cut the range at the table's borders */
		n = ENTRIES - first;
	error = mo_read_pa(walk->reading->state->reader, table_pa + first * 8u, raw, (size_t)n * 8);
	if (error) {
		note(walk, mo_error_prepend(error, "page table of 0x%" PRIx64, start));
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		uint64_t from = i ? ((start >> shift) + i) << shift : start;
		uint64_t to = ((start >> shift) + i + 1) << shift;
		uint64_t entry;

		memcpy(&entry, raw + i * 8, 8);
		if (to > end)
			to = end;
		if (!entry)
			add_hole(walk, from, to);
		else if (!level || (level <= 2 && entry & ENTRY_HUGE))
			add_leaf(walk, entry, covers / PAGE_BYTES);
		else if (entry & ENTRY_PRESENT)
			walk_table(walk, entry & ENTRY_PA_MASK, level - 1, from, to);
	}
}

/* No VMA can have more tables than its mm, nor than there are page frames. */
static uint64_t most_tables(const struct mo_mm *mm, const struct mo_kernel_facts *facts)
{
	uint64_t most = facts->end_pfn;

	if (mm->pgtables_bytes.certainty == MO_EXACT && mm->pgtables_bytes.value / PAGE_BYTES < most)
		most = mm->pgtables_bytes.value / PAGE_BYTES;
	return most + 8;
}

/* smap_gather_stats() */
void add_vma_stats(const struct page_reading *reading, const struct mo_mm *mm, const struct vma *vma,
		   struct mem_size_stats *stats)
{
	struct tasks_state *state = reading->state;
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	struct page_walk walk = { .reading = reading, .layout = state->layout, .vma = vma, .stats = stats };
	uint64_t swapped = 0;
	uint64_t pgd_pa = 0;
	uint64_t n_tables_left = most_tables(mm, facts);
	struct mo_error *error;

	walk.n_tables_left = &n_tables_left;
	if (vma->is_gate)
		return;
	if (is_shmem_vma(state, vma)) {
		note(&walk, shmem_swap_bytes(state, vma, &swapped));
		if (!swapped || vma->flags & VM_SHARED || !(vma->flags & VM_WRITE))
			stats->swap += swapped;
		else
			walk.holes_may_be_swap = true;
	}
	if (vma->flags & VM_PFNMAP)
		return;
	if (vma->flags & VM_HUGETLB)
		walk.hugetlb_bytes = vma_page_bytes(state, vma);
	if (strcmp(facts->arch, "x86_64") || facts->paging_levels < 4 || facts->paging_levels > 5)
		error = mo_error_create(MO_E_UNSUPPORTED, "page tables of processes are not known for this architecture");
	else if (vma->end > 1ull << (12 + LEVEL_BITS * facts->paging_levels - 1))
		error = mo_error_create(MO_E_CORRUPT, "the VMA at 0x%" PRIx64 " ends beyond what page tables can map", vma->kva);
	else
		error = mo_direct_map_to_pa(mo_run_kernel(state->run), mm->pgd_kva, &pgd_pa);
	note(&walk, error);
	if (!error)
		walk_table(&walk, pgd_pa, facts->paging_levels - 1, vma->start, vma->end);
}
