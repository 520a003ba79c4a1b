/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page frames that are known by where they lie: the kernel image by its symbols, the struct pages by their own
 * addresses, the zero pages, and those on per-CPU lists. A place claims only what the scan left reserved or direct:
 * of memory that was given back and taken by somebody else, the struct page knows better. The kernel image is reserved
 * as long as it is kept, so what is not reserved there was given back.
 */
#include "gathering.h"

uint8_t *class_of(const struct mem_map_state *state, uint64_t pfn)
{
	size_t low = 0;
	size_t high = state->model.n_runs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mo_page_run *run = &state->runs[middle];

		if (pfn < run->first_pfn)
			high = middle;
		else if (pfn - run->first_pfn >= run->n_pages)
			low = middle + 1;
		else
			return state->classes + (run->classes - state->classes) + (pfn - run->first_pfn);
	}
	return NULL;
}

void claim_pages(struct mem_map_state *state, uint64_t first_pfn, uint64_t n_pages, enum mo_page_class of,
		 enum mo_page_class or_of, enum mo_page_class class)
{
	for (uint64_t i = 0; i < n_pages; i++) {
		uint8_t *byte = class_of(state, first_pfn + i);

		if (byte && (*byte == of || *byte == or_of))
			*byte = (uint8_t)class;
	}
}

/* What lies behind a range of kernel virtual addresses; holes and unreadable tables cost what they cover. */
static void claim_kva(struct mem_map_state *state, uint64_t first_kva, uint64_t end_kva, enum mo_page_class of,
		      enum mo_page_class or_of, enum mo_page_class class)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	uint64_t page_bytes = facts->page_bytes;

	first_kva &= ~(page_bytes - 1);
	for (uint64_t kva = first_kva; kva < end_kva && kva >= first_kva;) {
		uint64_t pa;
		uint64_t span_bytes;
		struct mo_error *error = mo_translate(reader, kva, &pa, &span_bytes);

		if (error) {
			mo_error_destroy(error);
			kva += unmapped_bytes(reader, kva);
			continue;
		}
		if (span_bytes > end_kva - kva)
			span_bytes = (end_kva - kva + page_bytes - 1) & ~(page_bytes - 1);
		claim_pages(state, pa >> facts->page_shift, span_bytes >> facts->page_shift, of, or_of, class);
		kva += span_bytes;
	}
}

#define MAX_IMAGE_BYTES (1ull << 30) /* x86 maps 1 GiB for the image (KERNEL_IMAGE_SIZE), arm64 less */

static void claim_section(struct mem_map_state *state, const struct mo_address *start, const struct mo_address *end,
			  enum mo_page_class class)
{
	if (mo_has(start) && mo_has(end) && start->kva < end->kva && end->kva - start->kva <= MAX_IMAGE_BYTES)
		claim_kva(state, start->kva, end->kva, MO_PAGE_RESERVED, MO_PAGE_RESERVED, class);
}

static void classify_kernel_image(struct mem_map_state *state)
{
	const struct mem_map_layout *layout = state->layout;

	claim_section(state, &layout->init_start, &layout->init_end, MO_PAGE_KERNEL_INIT);
	claim_section(state, &layout->text_start, &layout->text_end, MO_PAGE_KERNEL_TEXT);
	claim_section(state, &layout->rodata_start, &layout->rodata_end, MO_PAGE_KERNEL_DATA);
	claim_section(state, &layout->data_start, &layout->data_end, MO_PAGE_KERNEL_DATA);
	claim_section(state, &layout->bss_start, &layout->bss_end, MO_PAGE_KERNEL_DATA);
	claim_section(state, &layout->brk_start, &layout->brk_end, MO_PAGE_KERNEL_DATA);
	/* What lies between the sections. */
	claim_section(state, &layout->image_start, &layout->image_end, MO_PAGE_KERNEL_DATA);
}

static void classify_struct_pages(struct mem_map_state *state)
{
	const struct mo_memmap *memmap = state->memmap;

	for (size_t i = 0; i < memmap->n_runs; i++)
		claim_kva(state, memmap->runs[i].first_page_kva,
			  memmap->runs[i].first_page_kva + memmap->runs[i].n_pages * memmap->page_struct_bytes,
			  MO_PAGE_RESERVED, MO_PAGE_DIRECT, MO_PAGE_MEM_MAP);
}

/* A pfn variable of the kernel; false: none, or not set. */
static bool read_pfn(struct mem_map_state *state, const struct mo_address *symbol, uint64_t *ret)
{
	struct mo_error *error;

	if (!mo_has(symbol))
		return false;
	error = mo_read_pointer(mo_run_reader(state->run), symbol->kva, ret);
	if (!error)
		return class_of(state, *ret) != NULL;
	mo_error_destroy(error);
	return false;
}

static void classify_zero_pages(struct mem_map_state *state)
{
	uint64_t pfn;

	/* Before the image, of which it is a part. */
	if (read_pfn(state, &state->layout->zero_page_pfn, &pfn))
		claim_pages(state, pfn, 1, MO_PAGE_RESERVED, MO_PAGE_DIRECT, MO_PAGE_ZERO);
	if (read_pfn(state, &state->layout->huge_zero_pfn, &pfn) && !(pfn & ((1ull << state->shape->pmd_order) - 1)))
		claim_pages(state, pfn, 1ull << state->shape->pmd_order, MO_PAGE_DIRECT, MO_PAGE_ANON_THP, MO_PAGE_ZERO);
}

static void classify_pcp_lists(struct mem_map_state *state)
{
	const struct mo_free_areas_model *free_areas = state->free_areas;

	for (size_t i = 0; free_areas && i < free_areas->n_pcp_blocks; i++) {
		const struct mo_pcp_block *block = &free_areas->pcp_blocks[i];

		if (block->order < state->shape->n_buddy_orders)
			claim_pages(state, block->pfn, 1ull << block->order, MO_PAGE_DIRECT, MO_PAGE_DIRECT,
				    MO_PAGE_FREE_PCP);
	}
}

void classify_places(struct mem_map_state *state)
{
	classify_zero_pages(state);
	classify_kernel_image(state);
	classify_struct_pages(state);
	classify_pcp_lists(state);
	classify_vmap(state);
}
