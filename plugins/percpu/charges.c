/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who pays for an allocation and who asked for it: an array beside the chunk's maps has an entry for each bit, and at an
 * allocation's first bit it holds a pointer to the struct obj_cgroup that was charged, and one to the place in the source
 * (memory allocation profiling).
 */
#include "gathering.h"

#include <inttypes.h>

static struct mo_error *read_charge(struct percpu_state *state, const struct mo_percpu_chunk *chunk, uint64_t array_kva,
				    uint64_t step_bytes, uint64_t offset_bytes, struct mo_percpu_allocation *allocation)
{
	uint64_t bit = (allocation->kva - chunk->base_kva) / UNIT_BYTES;
	uint64_t objcg_kva = 0;
	struct mo_error *error = mo_read_pointer(state->reader, array_kva + bit * step_bytes + offset_bytes, &objcg_kva);

	if (error || !objcg_kva)
		return error;
	return mo_read_field(state->reader, &state->layout->objcg_memcg, objcg_kva, &allocation->memcg_kva);
}

/* Small values stand for no tag (include/linux/alloc_tag.h, CODETAG_EMPTY). */
#define MIN_TAG_KVA 4096u

static void gather_tags(struct percpu_state *state, const struct mo_percpu_chunk *chunk, uint64_t array_kva)
{
	const struct percpu_layout *layout = state->layout;

	for (size_t i = 0; i < chunk->n_allocations; i++) {
		struct mo_percpu_allocation *allocation = &state->allocations[chunk->first_allocation + i];
		uint64_t bit = (allocation->kva - chunk->base_kva) / UNIT_BYTES;
		uint64_t tag_kva = 0;
		struct mo_error *error = mo_read_field(state->reader, &layout->obj_ext_tag,
						       array_kva + bit * layout->obj_ext_size.bytes, &tag_kva);

		if (!error && tag_kva >= MIN_TAG_KVA)
			allocation->tag_kva = tag_kva;
		mo_trouble_note(&state->unreadable,
				mo_error_prepend(error, "the caller of the per-CPU allocation at 0x%" PRIx64,
					      allocation->kva));
	}
}

void gather_charges(struct percpu_state *state, const struct mo_percpu_chunk *chunk, const struct chunk_bytes *raw)
{
	const struct percpu_layout *layout = state->layout;
	uint64_t step_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t offset_bytes = 0;
	uint64_t array_kva = 0;

	if (mo_has(&layout->chunk.obj_exts) && mo_has(&layout->obj_ext_size) && mo_has(&layout->obj_ext_tag) &&
	    mo_get(&layout->chunk.obj_exts, raw->bytes))
		gather_tags(state, chunk, mo_get(&layout->chunk.obj_exts, raw->bytes));
	if (!mo_has(&layout->objcg_memcg))
		return;
	if (mo_has(&layout->chunk.obj_exts) && mo_has(&layout->obj_ext_size) && mo_has(&layout->obj_ext_cgroup)) {
		array_kva = mo_get(&layout->chunk.obj_exts, raw->bytes);
		step_bytes = layout->obj_ext_size.bytes;
		offset_bytes = layout->obj_ext_cgroup.offset_bytes;
	} else if (mo_has(&layout->chunk.obj_cgroups)) {
		array_kva = mo_get(&layout->chunk.obj_cgroups, raw->bytes);
	}
	for (size_t i = 0; array_kva && i < chunk->n_allocations; i++) {
		struct mo_percpu_allocation *allocation = &state->allocations[chunk->first_allocation + i];
		struct mo_error *error = read_charge(state, chunk, array_kva, step_bytes, offset_bytes, allocation);

		mo_trouble_note(&state->unreadable,
			     mo_error_prepend(error, "the memory cgroup of the per-CPU allocation at 0x%" PRIx64,
					      allocation->kva));
	}
}
