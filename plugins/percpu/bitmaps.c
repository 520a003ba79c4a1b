/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The allocations of a chunk. Its alloc_map has a bit for each four bytes of a unit that are in use, its bound_map one
 * where an allocation begins, and one behind the last; what the chunk may not hand out (of the first two, the static
 * variables) is marked as in use.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

/* Both maps of one chunk, in words of 64 bits. */
struct maps {
	uint64_t *alloc, *bound;
	uint64_t n_bits;
};

static bool has_bit(const uint64_t *map, uint64_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

/* The next bit at or after `bit` that is set (or clear, with flip all ones); end: none. */
static uint64_t next_bit(const uint64_t *map, uint64_t bit, uint64_t end, uint64_t flip)
{
	while (bit < end) {
		uint64_t word = (map[bit / 64] ^ flip) >> (bit % 64);

		if (word) {
			bit += (uint64_t)__builtin_ctzll(word);
			return bit < end ? bit : end;
		}
		bit = (bit / 64 + 1) * 64;
	}
	return end;
}

/* A kernel's bitmap is an array of its long words; in memory of little-endian kernels, 64 bits are as good. */
static struct mo_error *read_map(struct percpu_state *state, uint64_t map_kva, uint64_t n_bits, uint64_t **ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	size_t n_words = (size_t)(n_bits / 64 + 2);
	uint64_t word_bits = facts->pointer_bytes * 8;
	uint64_t *map = calloc(n_words, sizeof(*map));
	struct mo_error *error;

	if (!map)
		return mo_error_no_memory();
	error = mo_read(state->reader, map_kva, map, (size_t)((n_bits + word_bits - 1) / word_bits * facts->pointer_bytes));
	if (error) {
		free(map);
		return error;
	}
	for (size_t i = 0; facts->is_big_endian && i < n_words; i++)
		map[i] = __builtin_bswap64(map[i]);
	*ret = map;
	return NULL;
}

static struct mo_error *add_allocation(struct percpu_state *state, const struct mo_percpu_chunk *chunk, uint64_t first,
				       uint64_t end)
{
	uint64_t kva = chunk->base_kva + first * UNIT_BYTES;

	if (state->n_allocations == MAX_ALLOCATIONS) {
		mo_trouble_note(&state->contradicting,
			     mo_error_create(MO_E_LIMIT, "more than %u allocations", MAX_ALLOCATIONS));
		return NULL;
	}
	if (state->n_allocations == state->n_allocations_allocated) {
		size_t n = state->n_allocations ? state->n_allocations * 2 : 1024;
		struct mo_percpu_allocation *grown = reallocarray(state->allocations, n, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->allocations = grown;
		state->n_allocations_allocated = n;
	}
	state->allocations[state->n_allocations++] = (struct mo_percpu_allocation){
		.kva = kva,
		.percpu_kva = kva - state->base_kva + state->model.static_percpu_kva,
		.bytes = (uint32_t)((end - first) * UNIT_BYTES),
		.chunk = (uint32_t)state->n_chunks,
	};
	return NULL;
}

/* From one bit of what may be handed out to its end. Returns how many times the maps contradict each other. */
static struct mo_error *split_map(struct percpu_state *state, struct mo_percpu_chunk *chunk, const struct maps *maps,
				  uint64_t first, uint64_t end, uint64_t *n_wrong)
{
	struct mo_error *error = NULL;

	for (uint64_t bit = next_bit(maps->alloc, first, end, 0); bit < end && !error;) {
		uint64_t bound = next_bit(maps->bound, bit + 1, end, 0);
		uint64_t unused = next_bit(maps->alloc, bit + 1, end, ~0ull);

		*n_wrong += !has_bit(maps->bound, bit) || unused < bound;
		bound = unused < bound ? unused : bound;
		error = add_allocation(state, chunk, bit, bound);
		chunk->allocated_bytes += (bound - bit) * UNIT_BYTES;
		chunk->n_allocations++;
		bit = next_bit(maps->alloc, bound, end, 0);
	}
	return error;
}

/* The chunk's own counters against its maps. */
static void compare_counters(struct percpu_state *state, const struct mo_percpu_chunk *chunk, const struct chunk_bytes *raw,
			     const struct maps *maps, uint64_t n_wrong)
{
	const struct mo_field *n_alloc = &state->layout->chunk.n_alloc;
	uint64_t n_free = 0;

	for (uint64_t i = 0; i < maps->n_bits / 64; i++)
		n_free += 64 - (unsigned)__builtin_popcountll(maps->alloc[i]);
	if (n_wrong)
		mo_trouble_note(&state->contradicting,
			     mo_error_create(MO_E_CORRUPT, "in the chunk at 0x%" PRIx64 " %" PRIu64
					     " allocations have no beginning or end", chunk->chunk_kva, n_wrong));
	if (n_free * UNIT_BYTES != chunk->free_bytes)
		mo_trouble_note(&state->contradicting,
			     mo_error_create(MO_E_CORRUPT, "the chunk at 0x%" PRIx64 " says that %" PRIu64
					     " bytes are free, and its map says %" PRIu64, chunk->chunk_kva,
					     chunk->free_bytes, n_free * UNIT_BYTES));
	if (mo_has(n_alloc) && mo_get(n_alloc, raw->bytes) != chunk->n_allocations)
		mo_trouble_note(&state->contradicting,
			     mo_error_create(MO_E_CORRUPT, "the chunk at 0x%" PRIx64 " says that it has %" PRIu64
					     " allocations, and its map says %zu", chunk->chunk_kva,
					     mo_get(n_alloc, raw->bytes), chunk->n_allocations));
}

static void compare_populated(struct percpu_state *state, const struct mo_percpu_chunk *chunk)
{
	uint64_t *map = NULL;
	uint64_t n = 0;
	struct mo_error *error = read_map(state, chunk->chunk_kva + state->layout->chunk.populated.offset_bytes,
					  chunk->n_pages, &map);

	mo_trouble_note(&state->unreadable,
		     mo_error_prepend(error, "which pages of the chunk at 0x%" PRIx64 " are populated", chunk->chunk_kva));
	for (uint64_t page = 0; !error && page < chunk->n_pages; page++)
		n += has_bit(map, page);
	free(map);
	if (!error && n != chunk->populated_pages)
		mo_trouble_note(&state->contradicting,
			     mo_error_create(MO_E_CORRUPT, "the chunk at 0x%" PRIx64 " says that %" PRIu64
					     " pages are populated, and its map says %" PRIu64, chunk->chunk_kva,
					     chunk->populated_pages, n));
}

struct mo_error *gather_allocations(struct percpu_state *state, struct mo_percpu_chunk *chunk, const struct chunk_bytes *raw)
{
	const struct percpu_layout *layout = state->layout;
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
	struct maps maps = { .n_bits = chunk->n_pages * page_bytes / UNIT_BYTES };
	uint64_t first = mo_get(&layout->chunk.start_offset, raw->bytes) / UNIT_BYTES;
	uint64_t end = maps.n_bits - mo_get(&layout->chunk.end_offset, raw->bytes) / UNIT_BYTES;
	uint64_t n_wrong = 0;
	struct mo_error *error = read_map(state, mo_get(&layout->chunk.alloc_map, raw->bytes), maps.n_bits, &maps.alloc);

	if (!error)
		error = read_map(state, mo_get(&layout->chunk.bound_map, raw->bytes), maps.n_bits, &maps.bound);
	if (error && !mo_error_ends_run(error)) {
		mo_trouble_note(&state->unreadable,
			     mo_error_prepend(error, "the bitmaps of the chunk at 0x%" PRIx64, chunk->chunk_kva));
		error = NULL;
	} else if (!error) {
		chunk->is_readable = true;
		error = split_map(state, chunk, &maps, first, end, &n_wrong);
		compare_counters(state, chunk, raw, &maps, n_wrong);
		compare_populated(state, chunk);
	}
	free(maps.alloc);
	free(maps.bound);
	return error;
}
