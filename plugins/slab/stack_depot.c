/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks by handle (lib/stackdepot.c). How a handle is cut into pool and offset has changed often (21 + 10 + 1 bits, 16 +
 * 10 + 1 + 5, 17 + 10 + 5, ...): union handle_parts in the type information says it.
 */
#include <inttypes.h>

#include "tracks.h"

#define DEPOT_STACK_ALIGN 4 /* include/linux/stackdepot.h; STACK_ALLOC_ALIGN before 6.3 */
#define MOST_POOLS (1u << 21)

static struct mo_error *pool_of(const struct slab_state *state, const void *handle, uint64_t *ret)
{
	const struct slab_layout *layout = state->layout;
	uint64_t table_kva = layout->depot.pools.kva;
	uint64_t index;
	struct mo_error *error = NULL;

	if (mo_has(&layout->depot.index_plus_one))
		index = mo_get(&layout->depot.index_plus_one, handle) - 1;
	else
		index = mo_get(&layout->depot.index, handle);
	if (index >= MOST_POOLS)
		return mo_error_create(MO_E_CORRUPT, "pool %" PRIu64, index);
	if (mo_has(&layout->depot.max_pools))
		error = mo_read_pointer(state->reader, table_kva, &table_kva);
	if (!error)
		error = mo_read_pointer(state->reader, table_kva + index * state->shape.word_bytes, ret);
	if (!error && !*ret)
		error = mo_error_create(MO_E_CORRUPT, "pool %" PRIu64 " does not exist", index);
	return error;
}

static struct mo_error *read_stack(const struct slab_state *state, const void *handle, uint64_t *frames, size_t *n_ret)
{
	const struct slab_layout *layout = state->layout;
	uint64_t record_kva = 0;
	uint64_t n_frames = 0;
	struct mo_error *error = pool_of(state, handle, &record_kva);

	if (error)
		return error;
	record_kva += mo_get(&layout->depot.offset, handle) << DEPOT_STACK_ALIGN;
	error = mo_read_field(state->reader, &layout->depot.size, record_kva, &n_frames);
	if (!error && (!n_frames || n_frames > MOST_FRAMES))
		error = mo_error_create(MO_E_CORRUPT, "a stack of %" PRIu64 " frames", n_frames);
	for (uint64_t i = 0; i < n_frames && !error; i++)
		error = mo_read_pointer(state->reader,
					record_kva + layout->depot.entries.offset_bytes + i * state->shape.word_bytes, &frames[i]);
	if (!error)
		*n_ret = (size_t)n_frames;
	return error;
}

struct mo_error *read_depot_stack(const struct slab_state *state, uint64_t handle, uint64_t *frames, size_t *n_ret)
{
	const struct slab_layout *layout = state->layout;
	const struct mo_field *const parts[] = { &layout->depot.index, &layout->depot.index_plus_one, &layout->depot.offset };
	uint8_t raw[8] = { 0 };

	if (!mo_has(&layout->depot.pools) || !mo_has(&layout->depot.offset) || !mo_has(&layout->depot.size) ||
	    !mo_has(&layout->depot.entries) || (!mo_has(&layout->depot.index) && !mo_has(&layout->depot.index_plus_one)))
		return mo_error_create(MO_E_ABSENT, "the types of stackdepot are not known");
	if (!handle)
		return mo_error_create(MO_E_ABSENT, "no stack was kept");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (mo_has(parts[i]) && parts[i]->offset_bytes + parts[i]->width_bytes > sizeof(raw))
			return mo_error_create(MO_E_UNSUPPORTED, "union handle_parts is larger than a handle");
	/* Bit-fields are decoded from bytes, in the kernel's order. */
	for (unsigned i = 0; i < 4; i++)
		raw[state->shape.is_big_endian ? 3 - i : i] = (uint8_t)(handle >> 8 * i);
	return mo_error_prepend(read_stack(state, raw, frames, n_ret), "stack with handle 0x%" PRIx64, handle);
}
