/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks by handle (lib/stackdepot.c). How a handle is cut into pool and offset has changed often (21 + 10 + 1 bits, 16 +
 * 10 + 1 + 5, 17 + 10 + 5, ...): union handle_parts in the type information says it.
 */
#include <memopsy/stack_depot.h>

#include <inttypes.h>

#include "kernel_layouts.h"

#include "bytes.h"
#include "cleanup.h"

#define STACK_ALIGN 4          /* include/linux/stackdepot.h: DEPOT_STACK_ALIGN; STACK_ALLOC_ALIGN before 6.3 */
#define MAX_POOLS (1u << 21)
#define MAX_KEPT_FRAMES 256   /* lib/Kconfig: the range of STACKDEPOT_MAX_FRAMES */
#define HANDLE_BYTES 4u        /* depot_stack_handle_t */

#define L struct mo_stack_depot_layout
#define OPTIONAL .is_optional = true

static const struct mo_need needs[] = {
	MO_ADDRESS(L, pools, "stack_pools", .or_names = { "stack_slabs" }, .why = "lib/stackdepot.c: renamed in 6.3"),
	MO_ADDRESS(L, max_pools, "stack_max_pools", OPTIONAL,
		   .why = "lib/stackdepot.c: with it stack_pools is a pointer to the array, since 6.17"),
	MO_FIELD(L, index_plus_one, "union handle_parts", "pool_index_plus_1", OPTIONAL,
		 .why = "lib/stackdepot.c: counted from 1 since 6.9"),
	MO_FIELD(L, index, "union handle_parts", "pool_index", .or_names = { "union handle_parts.slabindex" }, OPTIONAL,
		 .why = "lib/stackdepot.c: renamed in 6.3"),
	MO_FIELD(L, offset, "union handle_parts", "offset"),
	MO_FIELD(L, size, "struct stack_record", "size"),
	MO_FIELD(L, entries, "struct stack_record", "entries"),
};

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	const struct mo_stack_depot_layout *layout = bound;
	const struct mo_field *const parts[] = { &layout->index, &layout->index_plus_one, &layout->offset };
	size_t i;

	(void)kernel;
	if (!mo_has(&layout->index) && !mo_has(&layout->index_plus_one))
		return mo_error_create(MO_E_ABSENT, "union handle_parts has no index of a pool");
	for (i = 0; i < MO_N_ROWS(parts); i++)
		if (mo_has(parts[i]) && (!parts[i]->width_bytes || parts[i]->width_bytes > HANDLE_BYTES ||
					 parts[i]->offset_bytes > HANDLE_BYTES - parts[i]->width_bytes))
			return mo_error_create(MO_E_UNSUPPORTED, "%s lies outside of a handle", parts[i]->name);
	return NULL;
}

const struct mo_layout_table mo_stack_depot_table = {
	.id = MO_LAYOUT_STACK_DEPOT,
	.layout_bytes = sizeof(struct mo_stack_depot_layout),
	.needs = needs,
	.n_needs = MO_N_ROWS(needs),
	.finish = finish,
};

static struct mo_error *pool_of(struct mo_reader *reader, const struct mo_stack_depot_layout *layout, const void *handle,
				uint64_t *ret)
{
	unsigned word_bytes = mo_kernel_facts(mo_reader_kernel(reader))->pointer_bytes;
	uint64_t table_kva = layout->pools.kva;
	uint64_t pool_kva = 0;
	uint64_t index;

	if (mo_has(&layout->index_plus_one))
		index = mo_get(&layout->index_plus_one, handle) - 1;
	else
		index = mo_get(&layout->index, handle);
	if (index >= MAX_POOLS || (!mo_has(&layout->max_pools) && layout->pools.size_bytes &&
				    index >= layout->pools.size_bytes / word_bytes))
		return mo_error_create(MO_E_CORRUPT, "there is no pool %" PRId64, (int64_t)index);
	if (mo_has(&layout->max_pools))
		MO_TRY(mo_read_pointer(reader, table_kva, &table_kva));
	MO_TRY(mo_read_pointer(reader, table_kva + index * word_bytes, &pool_kva));
	if (!pool_kva)
		return mo_error_create(MO_E_CORRUPT, "pool %" PRIu64 " does not exist", index);
	*ret = pool_kva;
	return NULL;
}

static struct mo_error *read_record(struct mo_reader *reader, const struct mo_stack_depot_layout *layout, const void *handle,
				    uint64_t *frames_kva, size_t *n_ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_reader_kernel(reader));
	uint8_t raw[MO_STACK_DEPOT_FRAMES * 8];
	uint64_t record_kva = 0;
	uint64_t n_frames = 0;
	size_t i;

	MO_TRY(pool_of(reader, layout, handle, &record_kva));
	record_kva += mo_get(&layout->offset, handle) << STACK_ALIGN;
	MO_TRY(mo_read_field(reader, &layout->size, record_kva, &n_frames));
	if (!n_frames || n_frames > MAX_KEPT_FRAMES)
		return mo_error_create(MO_E_CORRUPT, "a stack of %" PRIu64 " frames at 0x%" PRIx64, n_frames, record_kva);
	if (n_frames > MO_STACK_DEPOT_FRAMES)
		n_frames = MO_STACK_DEPOT_FRAMES;
	MO_TRY(mo_read(reader, record_kva + layout->entries.offset_bytes, raw, (size_t)n_frames * facts->pointer_bytes));
	for (i = 0; i < n_frames; i++)
		frames_kva[i] = mo_load_unsigned(raw + i * facts->pointer_bytes, facts->pointer_bytes, facts->is_big_endian);
	*n_ret = (size_t)n_frames;
	return NULL;
}

struct mo_error *mo_stack_depot_read(struct mo_reader *reader, uint32_t handle, uint64_t *frames_kva, size_t *n_ret)
{
	const struct mo_stack_depot_layout *layout;
	uint8_t raw[HANDLE_BYTES];
	const void *bound = NULL;
	unsigned i;

	if (!handle)
		return mo_error_create(MO_E_ABSENT, "no stack was kept");
	MO_TRY(mo_error_prepend(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_STACK_DEPOT, &bound),
				"the stack depot of this kernel is unknown"));
	layout = bound;
	/* Bit-fields are decoded from bytes, in the kernel's order. */
	for (i = 0; i < HANDLE_BYTES; i++)
		raw[layout->offset.is_big_endian ? HANDLE_BYTES - 1 - i : i] = (uint8_t)(handle >> 8 * i);
	return mo_error_prepend(read_record(reader, layout, raw, frames_kva, n_ret), "stack with handle 0x%" PRIx32, handle);
}
