/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chunks of the per-CPU allocator: the reserved one, which is in no list, and those of all lists (mm/percpu.c). */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

static struct mo_error *make_room(struct percpu_state *state)
{
	size_t n = state->n_chunks_allocated ? state->n_chunks_allocated * 2 : 16;
	struct mo_percpu_chunk *grown;

	if (state->n_chunks < state->n_chunks_allocated)
		return NULL;
	grown = reallocarray(state->chunks, n, sizeof(*grown));
	if (!grown)
		return mo_error_no_memory();
	state->chunks = grown;
	state->n_chunks_allocated = n;
	return NULL;
}

static uint64_t page_bytes_of(const struct percpu_state *state)
{
	return mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
}

/* What the chunk says of itself fits together. */
static struct mo_error *check_chunk(const struct percpu_state *state, const struct mo_percpu_chunk *chunk, uint64_t start_bytes,
				    uint64_t end_bytes)
{
	uint64_t page_bytes = page_bytes_of(state);

	if (!chunk->n_pages || chunk->n_pages > MAX_CHUNK_PAGES)
		return mo_error_create(MO_E_CORRUPT, "the chunk at 0x%" PRIx64 " has %" PRIu64 " pages", chunk->chunk_kva,
				       chunk->n_pages);
	if (start_bytes > chunk->n_pages * page_bytes || end_bytes > chunk->n_pages * page_bytes - start_bytes)
		return mo_error_create(MO_E_CORRUPT, "the chunk at 0x%" PRIx64 " leaves out %" PRIu64 " and %" PRIu64
				       " bytes of %" PRIu64 " pages", chunk->chunk_kva, start_bytes, end_bytes,
				       chunk->n_pages);
	if (chunk->populated_pages > chunk->n_pages)
		return mo_error_create(MO_E_CORRUPT, "the chunk at 0x%" PRIx64 " has %" PRIu64 " populated pages of %" PRIu64,
				       chunk->chunk_kva, chunk->populated_pages, chunk->n_pages);
	return NULL;
}

static enum mo_percpu_chunk_kind kind_of(uint64_t chunk_kva, uint64_t first_kva, uint64_t reserved_kva)
{
	if (chunk_kva == first_kva)
		return MO_PERCPU_FIRST;
	return chunk_kva == reserved_kva ? MO_PERCPU_RESERVED : MO_PERCPU_OTHER;
}

static bool is_charged(const struct percpu_layout *layout, const uint8_t *bytes)
{
	return (mo_has(&layout->chunk.obj_cgroups) && mo_get(&layout->chunk.obj_cgroups, bytes)) ||
	       (mo_has(&layout->chunk.obj_exts) && mo_get(&layout->chunk.obj_exts, bytes));
}

static bool is_known(const struct percpu_state *state, uint64_t chunk_kva)
{
	for (size_t i = 0; i < state->n_chunks && i < 2; i++)
		if (state->chunks[i].chunk_kva == chunk_kva)
			return true;
	return false;
}

/* The kernel's own variables lie before what the reserved chunk, or else the first, hands out. */
static void note_static(struct percpu_state *state, const struct mo_percpu_chunk *chunk, uint64_t start_bytes)
{
	uint64_t static_bytes = chunk->base_kva + start_bytes - state->base_kva;

	if (chunk->kind != MO_PERCPU_OTHER && (!state->model.static_bytes || static_bytes < state->model.static_bytes))
		state->model.static_bytes = static_bytes;
}

static struct mo_error *add_chunk(struct percpu_state *state, uint64_t chunk_kva, enum mo_percpu_chunk_kind kind)
{
	const struct percpu_layout *layout = state->layout;
	struct mo_percpu_chunk chunk = { .chunk_kva = chunk_kva, .kind = kind, .first_allocation = state->n_allocations };
	struct chunk_bytes raw;
	uint64_t start_bytes;
	uint64_t end_bytes;
	struct mo_error *error = mo_read(state->reader, chunk_kva, raw.bytes, (size_t)layout->chunk_size.bytes);
	struct mo_error *memory = make_room(state);

	if (error || memory) {
		mo_trouble_note(&state->unreadable, mo_error_prepend(error, "the chunk at 0x%" PRIx64, chunk_kva));
		return memory;
	}
	chunk.base_kva = mo_get(&layout->chunk.base_addr, raw.bytes);
	chunk.n_pages = mo_get(&layout->chunk.n_pages, raw.bytes);
	chunk.populated_pages = mo_get(&layout->chunk.n_populated, raw.bytes);
	chunk.empty_pages = mo_has(&layout->chunk.n_empty) ? mo_get(&layout->chunk.n_empty, raw.bytes) : 0;
	chunk.free_bytes = mo_get(&layout->chunk.free_bytes, raw.bytes);
	chunk.is_charged = is_charged(layout, raw.bytes);
	start_bytes = mo_get(&layout->chunk.start_offset, raw.bytes);
	end_bytes = mo_get(&layout->chunk.end_offset, raw.bytes);
	error = check_chunk(state, &chunk, start_bytes, end_bytes);
	if (error) {
		mo_trouble_note(&state->unreadable, error);
		return NULL;
	}
	note_static(state, &chunk, start_bytes);
	chunk.served_bytes = chunk.n_pages * page_bytes_of(state) - start_bytes - end_bytes;
	memory = gather_allocations(state, &chunk, &raw);
	if (!memory && chunk.is_charged)
		gather_charges(state, &chunk, &raw);
	state->chunks[state->n_chunks++] = chunk;
	return memory;
}

static struct mo_error *add_list(struct percpu_state *state, uint64_t head_kva, uint64_t first_kva, uint64_t reserved_kva)
{
	struct mo_list_walk walk;
	struct mo_error *memory = NULL;
	uint64_t node_kva;

	if (state->n_chunks >= MAX_CHUNKS) {
		mo_trouble_note(&state->broken_lists, mo_error_create(MO_E_LIMIT, "more than %u chunks", MAX_CHUNKS));
		return NULL;
	}
	mo_list_begin(&walk, state->reader, head_kva, MAX_CHUNKS - state->n_chunks);
	while (!memory && mo_list_next(&walk, &node_kva)) {
		uint64_t chunk_kva = node_kva - state->layout->chunk.list.offset_bytes;

		if (!is_known(state, chunk_kva))
			memory = add_chunk(state, chunk_kva, kind_of(chunk_kva, first_kva, reserved_kva));
	}
	mo_trouble_note(&state->broken_lists,
		     mo_error_prepend(mo_list_end(&walk), "the list of chunks at 0x%" PRIx64, head_kva));
	return memory;
}

static struct mo_error *add_lists(struct percpu_state *state, uint64_t first_kva, uint64_t reserved_kva)
{
	const struct percpu_layout *layout = state->layout;
	uint64_t types = mo_has(&layout->n_chunk_types) && layout->n_chunk_types.value > 0 ?
				 (uint64_t)layout->n_chunk_types.value :
				 1;
	uint64_t lists_kva = 0;
	uint32_t n_slots = 0;
	struct mo_error *error = mo_read_pointer(state->reader, layout->lists.kva, &lists_kva);
	struct mo_error *memory = NULL;

	if (!error)
		error = mo_read_u32(state->reader, layout->n_slots.kva, &n_slots);
	if (!error && (!n_slots || n_slots > MAX_SLOTS || types > MAX_SLOTS))
		error = mo_error_create(MO_E_CORRUPT, "pcpu_nr_slots is %" PRIu32, n_slots);
	if (error) {
		mo_trouble_note(&state->broken_lists, mo_error_prepend(error, "the lists of chunks"));
		return NULL;
	}
	for (uint64_t i = 0; i < n_slots * types && !memory; i++)
		memory = add_list(state, lists_kva + i * layout->list_head.bytes, first_kva, reserved_kva);
	return memory;
}

static void read_number(struct percpu_state *state, const struct mo_address *symbol, uint64_t *ret)
{
	uint32_t number = 0;
	struct mo_error *error = mo_has(symbol) ? mo_read_u32(state->reader, symbol->kva, &number) : NULL;

	mo_trouble_note(&state->unreadable, mo_error_prepend(error, "%s", symbol->name));
	*ret = number;
}

/* The chunks of boot and the static variables are one stretch, populated as a whole. */
static void sum_up(struct percpu_state *state)
{
	uint64_t page_bytes = page_bytes_of(state);
	uint64_t boot_pages = 0;

	for (size_t i = 0; i < state->n_chunks; i++) {
		const struct mo_percpu_chunk *chunk = &state->chunks[i];
		uint64_t end_kva = chunk->base_kva + chunk->n_pages * page_bytes;

		if (chunk->kind == MO_PERCPU_OTHER) {
			state->model.populated_pages += chunk->populated_pages;
			continue;
		}
		if (end_kva > state->base_kva && (end_kva - state->base_kva) / page_bytes > boot_pages)
			boot_pages = (end_kva - state->base_kva) / page_bytes;
	}
	if (boot_pages <= MAX_CHUNK_PAGES)
		state->model.populated_pages += boot_pages;
}

/* Chunks have found their places: allocations say which is theirs. */
static void number_allocations(struct percpu_state *state)
{
	for (size_t i = 0; i < state->n_chunks; i++)
		for (size_t k = 0; k < state->chunks[i].n_allocations; k++)
			state->allocations[state->chunks[i].first_allocation + k].chunk = (uint32_t)i;
}

static int compare_chunks(const void *a, const void *b)
{
	const struct mo_percpu_chunk *first = a;
	const struct mo_percpu_chunk *second = b;

	if (first->kind != second->kind)
		return first->kind < second->kind ? -1 : 1;
	return first->base_kva < second->base_kva ? -1 : first->base_kva > second->base_kva;
}

struct mo_error *gather_chunks(struct percpu_state *state)
{
	const struct percpu_layout *layout = state->layout;
	uint64_t first_kva = 0;
	uint64_t reserved_kva = 0;
	uint64_t populated = 0;
	struct mo_error *error = mo_read_pointer(state->reader, layout->base_addr.kva, &state->base_kva);

	if (!error)
		error = mo_read_pointer(state->reader, layout->first_chunk.kva, &first_kva);
	if (!error && mo_has(&layout->reserved_chunk))
		error = mo_read_pointer(state->reader, layout->reserved_chunk.kva, &reserved_kva);
	if (error)
		return mo_error_prepend(error, "cannot read the lists of per-CPU chunks");
	read_number(state, &layout->n_units, &state->model.n_units);
	if (first_kva)
		error = add_chunk(state, first_kva, MO_PERCPU_FIRST);
	if (!error && reserved_kva && reserved_kva != first_kva)
		error = add_chunk(state, reserved_kva, MO_PERCPU_RESERVED);
	if (!error)
		error = add_lists(state, first_kva, reserved_kva);
	if (error)
		return error;
	if (state->n_chunks)
		qsort(state->chunks, state->n_chunks, sizeof(*state->chunks), compare_chunks);
	number_allocations(state);
	sum_up(state);
	error = mo_has(&layout->n_populated) ? mo_read_pointer(state->reader, layout->n_populated.kva, &populated) : NULL;
	state->model.counted_populated_pages = mo_has(&layout->n_populated) && !error ? mo_exact(populated) : mo_unknown();
	mo_trouble_note(&state->unreadable, mo_error_prepend(error, "pcpu_nr_populated"));
	return NULL;
}
