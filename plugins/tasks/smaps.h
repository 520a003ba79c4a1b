/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_SMAPS_H
#define TASKS_SMAPS_H

/* What the page tables of a VMA say, summed up as fs/proc/task_mmu.c does for smaps. */

#include <memopsy/memmap.h>

#include "vmas.h"

#define VM_PFNMAP 0x400u
#define VM_LOCKED 0x2000u
#define VM_HUGETLB 0x400000u
#define VM_HUGEPAGE 0x20000000u
#define VM_NOHUGEPAGE 0x40000000u

#define PSS_SHIFT 12

/* In bytes; those of the family of pss are shifted left by PSS_SHIFT. */
struct mem_size_stats {
	uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous, ksm, lazyfree;
	uint64_t anonymous_thp, shmem_thp, file_thp, shared_hugetlb, private_hugetlb, swap;
	uint64_t pss, pss_anon, pss_file, pss_shmem, pss_dirty, pss_locked, swap_pss;
	bool is_partial;         /* something could not be read: all of these are lower bounds */
	bool has_swap_pss;       /* how often swapped pages are used is known */
};

/* How struct page is read here; chosen once for a walk. */
struct page_reading {
	struct tasks_state *state;
	const struct mo_memmap *memmap;
	uint64_t huge_zero_pfn;  /* UINT64_MAX: none */
};

/* One page that is mapped: what its struct page and that of its folio say. */
struct mapped_page {
	uint64_t kva, head_kva;
	uint64_t flags;          /* of the head */
	uint64_t own_flags;
	uint64_t mapping;        /* of the head */
	int32_t refcount;        /* of the head */
	int32_t mapcount;        /* of the page alone, 0 where it holds a type */
	bool is_compound;
};

struct mo_error *begin_page_reading(struct tasks_state *state, struct page_reading *ret) MO_MUST_USE;
struct mo_error *read_mapped_page(const struct page_reading *reading, uint64_t pfn, struct mapped_page *ret) MO_MUST_USE;

/* How often a page is mapped, and whether by one mm only; as the kernel computes it for smaps. */
struct mo_error *page_mapcount(const struct page_reading *reading, const struct mapped_page *page, int32_t *mapcount,
			       bool *is_exclusive) MO_MUST_USE;
/* Of a hugetlb folio. */
struct mo_error *hugetlb_mapcount(const struct page_reading *reading, const struct mapped_page *page, int32_t *ret) MO_MUST_USE;

/* How often a swap entry is used; unknown where this kernel's swap is not understood. */
struct mo_count swap_entry_count(const struct tasks_state *state, unsigned type, uint64_t offset);
/* How many swap types there are: entries of higher ones are no swap. */
unsigned swap_type_count(const struct tasks_state *state);

/* Bytes of the VMA's shared memory that are in swap, and whether holes of the page tables may be among them. */
struct mo_error *shmem_swap_bytes(const struct tasks_state *state, const struct vma *vma, uint64_t *ret) MO_MUST_USE;
bool is_shmem_vma(const struct tasks_state *state, const struct vma *vma);

/* Adds what the page tables say about a VMA. */
void add_vma_stats(const struct page_reading *reading, const struct mo_mm *mm, const struct vma *vma,
		   struct mem_size_stats *stats);

/* Of all VMAs of an mm; start and end (untouched if it has none) are of the first and of the last. */
void add_mm_stats(const struct page_reading *reading, const struct mo_mm *mm, uint64_t *start, uint64_t *end,
		  struct mem_size_stats *stats);

/* The page size of a hugetlb VMA; of others the usual one. */
uint64_t vma_page_bytes(const struct tasks_state *state, const struct vma *vma);
/* 0, 1, or -1: not known. */
int vma_thp_eligible(const struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma);
/* Whether smaps has lines ProtectionKey. */
bool has_protection_keys(const struct tasks_state *state);
/* "rd wr mr mw me ac sd " */
void describe_vma_flags(const struct tasks_state *state, uint64_t flags, char *text, size_t n_bytes);

#endif
