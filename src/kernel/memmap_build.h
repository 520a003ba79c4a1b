/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MEMMAP_BUILD_H
#define MO_MEMMAP_BUILD_H

/* How the map comes about: sections out of the dump (memmap_sections.c), then runs (memmap.c). */

#include <memopsy/containers.h>

#include "kernel_layouts.h"

/* A section with struct pages. */
struct mo_section {
	uint64_t number;
	uint64_t encoded;   /* section_mem_map: where the struct page of pfn 0 would lie, and flags in the low bits */
	uint64_t usage_kva; /* 0: none, or before 5.3 */
	uint64_t page_ext_kva; /* as struct mo_memmap_section has it */
};

struct mo_sections {
	MO_VECTOR(struct mo_section) found; /* ascending by number */
	unsigned pfn_shift;                 /* page frames of a section: 1 << pfn_shift */
	size_t n_unreadable;
	struct mo_error *first_error;       /* of those that could not be read; owned */
};

/* Reads the section table. The caller deinits `ret` in any case. */
struct mo_error *mo_sections_read(struct mo_reader *reader, const struct mo_memmap_layout *layout,
				  struct mo_sections *ret) MO_MUST_USE;
void mo_sections_deinit(struct mo_sections *sections);

#endif
