/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_MEMMAP_H
#define MEMOPSY_MEMMAP_H

/*
 * pfn <-> struct page <-> virtual <-> physical, for SPARSEMEM with and without VMEMMAP (mm/sparse.c,
 * include/linux/mmzone.h) and FLATMEM. The section table is read once, at first use (any thread); after that every
 * conversion is arithmetic and touches no memory of the dump.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

/* One stretch of page frames whose struct pages lie one after the other. Neighbouring sections are merged. */
struct mo_memmap_run {
	uint64_t first_pfn;
	uint64_t n_pages;
	uint64_t first_page_kva; /* of the struct page of first_pfn */
};

/* A section of SPARSEMEM; n_sections is 0 in FLATMEM. */
struct mo_memmap_section {
	uint64_t first_pfn;
	uint64_t usage_kva; /* its struct mem_section_usage, before 5.3 its pageblock flags; 0: none */
	/*
	 * CONFIG_PAGE_EXTENSION: where the struct page_ext of page frame 0 would lie, so that those of this section follow
	 * by page frame number times page_ext_size (mm/page_ext.c); bit 0 set: it is being taken away; 0: none.
	 */
	uint64_t page_ext_kva;
};

struct mo_memmap {
	const struct mo_memmap_run *runs; /* of the page allocator: ascending by pfn, not overlapping */
	size_t n_runs;
	/*
	 * Page frames that have struct pages but are no memory of the page allocator: of devices (ZONE_DEVICE), or hot-
	 * added and not online (then nothing initialised their struct pages). The conversions know them; scans do not
	 * want them.
	 */
	const struct mo_memmap_run *offline_runs;
	size_t n_offline_runs;
	uint64_t page_struct_bytes;       /* sizeof(struct page) */
	uint64_t n_pages;                 /* sum over the runs */
	const char *model;                /* "SPARSEMEM_VMEMMAP", "SPARSEMEM", "FLATMEM" */
	/*
	 * Why sections could not be read, with how many; NULL: all were. The runs then are what could be read.
	 */
	const char *remark;
	size_t n_unreadable_sections;
	const struct mo_memmap_section *sections; /* ascending; those with struct pages, online or not */
	size_t n_sections;
	uint64_t section_pages;           /* page frames of a section; 0 in FLATMEM */
};

/* The map; it lives as long as the session. */
struct mo_error *mo_memmap(struct mo_reader *reader, const struct mo_memmap **ret) MO_MUST_USE;

/* MO_E_ABSENT: no struct page exists for it. */
struct mo_error *mo_pfn_to_page(const struct mo_memmap *memmap, uint64_t pfn, uint64_t *page_kva) MO_MUST_USE;
struct mo_error *mo_page_to_pfn(const struct mo_memmap *memmap, uint64_t page_kva, uint64_t *pfn) MO_MUST_USE;

/*
 * The direct map: physical <-> virtual. MO_E_NOT_MAPPED if the address lies outside it, or beyond the last page frame
 * that the dump knows.
 */
struct mo_error *mo_pa_to_kva(const struct mo_kernel *kernel, uint64_t pa, uint64_t *kva) MO_MUST_USE;
struct mo_error *mo_direct_map_to_pa(const struct mo_kernel *kernel, uint64_t kva, uint64_t *pa) MO_MUST_USE;

/*
 * The address that physical address 0 has in the direct map, or would have where memory begins higher. MO_E_NOT_MAPPED:
 * there is none that checks out.
 */
struct mo_error *mo_direct_map_base(const struct mo_kernel *kernel, uint64_t *kva) MO_MUST_USE;

MO_API_END

#endif
