/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks that are known by the structure that has them: page tables as they were found by walking them; others by what
 * stands around the pointer, checked as far as the structure allows.
 */
#include "gathering.h"

#define MAX_FRAGS 64u

const char *const structure_names[N_STRUCTURES] = {
	[STRUCTURE_KERNEL_TABLES] = "page tables of the kernel",
	[STRUCTURE_TABLES] = "page tables of processes",
	[STRUCTURE_SKB_FRAGS] = "fragments of socket buffers",
	[STRUCTURE_RING_BUFFER] = "ring buffers of ftrace",
	[STRUCTURE_PIPE] = "pipes",
	[STRUCTURE_IO_URING] = "rings of io_uring",
	[STRUCTURE_PERF] = "buffers of perf events",
	[STRUCTURE_POOL] = "pool of genalloc",
	[STRUCTURE_PAGE_EXT] = "page_ext (records of pages)",
};

static void mark(struct owners_state *state, uint64_t pfn, enum structure structure)
{
	uint32_t block = block_at(&state->blocks, pfn);

	if (block != NO_BLOCK && state->blocks.blocks[block].structure == STRUCTURE_NONE)
		state->blocks.blocks[block].structure = (uint8_t)structure;
}

/* The arrays of struct page_ext, one a section of memory, where these lie in the direct map. */
static void mark_page_ext(struct owners_state *state)
{
	const struct mo_memmap *memmap = state->memmap;
	uint64_t ext_bytes = 0;
	struct mo_error *error;

	error = mo_page_ext_bytes(mo_run_reader(state->run), &ext_bytes);
	if (mo_error_destroy(error) || !ext_bytes)
		return;
	for (size_t i = 0; i < memmap->n_sections; i++) {
		const struct mo_memmap_section *section = &memmap->sections[i];
		uint64_t kva = section->page_ext_kva + ext_bytes * section->first_pfn;
		uint64_t end_kva = kva + ext_bytes * memmap->section_pages;

		if (!section->page_ext_kva || section->page_ext_kva & 1 || kva < state->direct_map_kva || end_kva < kva)
			continue;
		for (kva &= ~(state->page_bytes - 1); kva < end_kva; kva += state->page_bytes)
			mark(state, (kva - state->direct_map_kva) >> state->page_shift, STRUCTURE_PAGE_EXT);
	}
}

void mark_structures(struct owners_state *state)
{
	const struct mo_page_tables_model *model = state->page_tables;

	mark_page_ext(state);
	for (size_t i = 0; model && i < model->n_tables; i++) {
		const struct mo_page_table *table = &model->tables[i];

		mark(state, table->pfn, table->owner < model->n_owners && model->owners[table->owner].kind == MO_TABLES_OF_TASKS ?
						STRUCTURE_TABLES : STRUCTURE_KERNEL_TABLES);
	}
}

static bool read_word(struct owners_state *state, uint64_t kva, uint64_t *ret)
{
	struct mo_error *error = mo_read_u64(mo_run_reader(state->run), kva, ret);

	return !mo_error_destroy(error);
}

/* Behind the data of a socket buffer, at the end of the object that holds both. */
static bool is_skb_fragment(struct owners_state *state, const struct mo_place *place)
{
	const struct owners_layout *layout = state->layout;
	uint64_t info_bytes = (layout->skb_shared_info.bytes + 63) & ~63ull;
	uint64_t offset;
	uint64_t n_frags = 0;
	struct mo_error *error;

	if (!mo_has(&layout->skb_shared_info) || !mo_has(&layout->skb_nr_frags) || !mo_has(&layout->skb_frags) ||
	    !mo_has(&layout->skb_frag) || !layout->skb_frag.bytes || place->bytes < info_bytes)
		return false;
	offset = place->bytes - info_bytes;
	if (place->offset_bytes < offset + layout->skb_frags.offset_bytes)
		return false;
	error = mo_read_field(mo_run_reader(state->run), &layout->skb_nr_frags, place->kva + offset, &n_frags);
	offset = place->offset_bytes - offset - layout->skb_frags.offset_bytes;
	return !mo_error_destroy(error) && n_frags <= MAX_FRAGS && offset % layout->skb_frag.bytes == 0 && offset / layout->skb_frag.bytes < n_frags;
}

/* A link of the list of a CPU's buffer: the next one's back pointer leads here. The low bits of next are flags. */
static bool is_ring_buffer(struct owners_state *state, const struct mo_place *place)
{
	const struct owners_layout *layout = state->layout;
	uint64_t next_kva;
	uint64_t back_kva;
	uint64_t list_kva;

	if (!mo_has(&layout->buffer_page) || !mo_has(&layout->buffer_page_list) || !mo_has(&layout->buffer_page_page) ||
	    !mo_has(&layout->list_prev) || place->offset_bytes != layout->buffer_page_page.offset_bytes ||
	    place->bytes < layout->buffer_page.bytes)
		return false;
	list_kva = mo_field_kva(&layout->buffer_page_list, place->kva);
	return read_word(state, list_kva, &next_kva) &&
	       read_word(state, mo_field_kva(&layout->list_prev, next_kva & ~3ull), &back_kva) && back_kva == list_kva &&
	       (next_kva & ~3ull) != list_kva;
}

static bool is_pipe(struct owners_state *state, const struct mo_place *place)
{
	const struct owners_layout *layout = state->layout;
	struct mo_symbol symbol;
	struct mo_error *error;
	uint64_t ops_kva;

	if (!mo_has(&layout->pipe_buffer) || !mo_has(&layout->pipe_page) || !mo_has(&layout->pipe_ops) ||
	    !layout->pipe_buffer.bytes || place->offset_bytes % layout->pipe_buffer.bytes != layout->pipe_page.offset_bytes ||
	    !read_word(state, place->kva + place->offset_bytes - layout->pipe_page.offset_bytes + layout->pipe_ops.offset_bytes,
		       &ops_kva))
		return false;
	error = mo_symbols_at(mo_kernel_symbols(state->kernel), ops_kva, &symbol);
	return !mo_error_destroy(error) && strstr(symbol.name, "pipe_buf_ops") != NULL;
}

/* A chunk that begins at this block, and whose end is where a page ends. */
static bool is_pool(struct owners_state *state, const struct mo_place *place, const struct block *block)
{
	const struct owners_layout *layout = state->layout;
	uint64_t first_kva;
	uint64_t last_kva;

	return mo_has(&layout->pool_start) && mo_has(&layout->pool_end) &&
	       place->offset_bytes == layout->pool_start.offset_bytes &&
	       read_word(state, mo_field_kva(&layout->pool_start, place->kva), &first_kva) &&
	       read_word(state, mo_field_kva(&layout->pool_end, place->kva), &last_kva) &&
	       first_kva == state->direct_map_kva + (block->pfn << state->page_shift) && last_kva > first_kva &&
	       !((last_kva + 1) & (state->page_bytes - 1));
}

static bool is_power_of_two(uint64_t number)
{
	return number && !(number & (number - 1));
}

static bool is_page_of_direct_map(const struct owners_state *state, uint64_t kva)
{
	return kva >= state->direct_map_kva && !(kva & (state->page_bytes - 1));
}

static bool read_member(struct owners_state *state, const struct mo_field *field, uint64_t object_kva, uint64_t *ret)
{
	struct mo_error *error = mo_read_field(mo_run_reader(state->run), field, object_kva, ret);

	return !mo_error_destroy(error);
}

/* A context with both rings, and as many entries as these can have. */
static bool is_io_uring(struct owners_state *state, const struct mo_place *place)
{
	const struct owners_layout *layout = state->layout;
	uint64_t rings_kva, sqes_kva, sq_entries, cq_entries;

	return mo_has(&layout->uring) && mo_has(&layout->uring_rings) && mo_has(&layout->uring_sqes) &&
	       mo_has(&layout->uring_sq_entries) && mo_has(&layout->uring_cq_entries) && place->bytes >= layout->uring.bytes &&
	       (place->offset_bytes == layout->uring_rings.offset_bytes || place->offset_bytes == layout->uring_sqes.offset_bytes) &&
	       read_member(state, &layout->uring_rings, place->kva, &rings_kva) && is_page_of_direct_map(state, rings_kva) &&
	       read_member(state, &layout->uring_sqes, place->kva, &sqes_kva) && is_page_of_direct_map(state, sqes_kva) &&
	       read_member(state, &layout->uring_sq_entries, place->kva, &sq_entries) && is_power_of_two(sq_entries) &&
	       read_member(state, &layout->uring_cq_entries, place->kva, &cq_entries) && is_power_of_two(cq_entries) &&
	       cq_entries >= sq_entries;
}

/* The page for the user, or one of the pages with data, of which there is a power of two, or none. */
static bool is_perf_buffer(struct owners_state *state, const struct mo_place *place)
{
	const struct owners_layout *layout = state->layout;
	uint64_t data_offset = layout->perf_data_pages.offset_bytes;
	uint64_t user_kva, n_pages;

	if (!mo_has(&layout->perf_buffer) || !mo_has(&layout->perf_user_page) || !mo_has(&layout->perf_data_pages) ||
	    !mo_has(&layout->perf_nr_pages) || place->bytes < layout->perf_buffer.bytes ||
	    !read_member(state, &layout->perf_user_page, place->kva, &user_kva) || !is_page_of_direct_map(state, user_kva) ||
	    !read_member(state, &layout->perf_nr_pages, place->kva, &n_pages) || (n_pages && !is_power_of_two(n_pages)) ||
	    place->bytes < data_offset || n_pages > (place->bytes - data_offset) / 8)
		return false;
	return place->offset_bytes == layout->perf_user_page.offset_bytes ||
	       (place->offset_bytes >= data_offset && (place->offset_bytes - data_offset) / 8 < n_pages);
}

enum structure structure_around(struct owners_state *state, const struct mo_place *place, const struct block *block)
{
	bool is_page = block->best >> POINTER_PAGE_BIT & 1;

	if (place->kind == MO_PLACE_VMAP_AREA || place->kind == MO_PLACE_SLAB_OBJECT) {
		if (!is_page && is_pool(state, place, block))
			return STRUCTURE_POOL;
	}
	if (place->kind != MO_PLACE_SLAB_OBJECT || place->is_padding)
		return STRUCTURE_NONE;
	if (is_page && is_pipe(state, place))
		return STRUCTURE_PIPE;
	if (is_page && is_skb_fragment(state, place))
		return STRUCTURE_SKB_FRAGS;
	if (!is_page && is_generic_object(state, place) && is_io_uring(state, place))
		return STRUCTURE_IO_URING;
	if (!is_page && is_generic_object(state, place) && is_perf_buffer(state, place))
		return STRUCTURE_PERF;
	return !is_page && is_ring_buffer(state, place) ? STRUCTURE_RING_BUFFER : STRUCTURE_NONE;
}
