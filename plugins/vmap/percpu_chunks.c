/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of the per-CPU allocator (mm/percpu.c, mm/percpu-vm.c). Its chunks lie in areas that pcpu_get_vm_areas()
 * takes, one a group of CPUs; a page of such an area is populated if it is mapped. The first chunk was taken at boot and
 * lies, with the kernel's own per-CPU variables before it, in the direct map: one stretch a CPU.
 */
#include "gathering.h"

#include <inttypes.h>

#define MAX_FIRST_CHUNK_BYTES (1ull << 30)

/* Errors that are about the dump are told; that there is no memory left is not the dump's fault. */
static struct mo_error *tell(struct vmap_state *state, struct mo_error *error, const char *what, uint64_t kva)
{
	if (!error || mo_error_ends_run(error))
		return error;
	mo_trouble_note(&state->broken_chunks, mo_error_prepend(error, "%s at 0x%" PRIx64, what, kva));
	return NULL;
}

static struct mo_error *read_first_chunk(struct vmap_state *state, uint64_t *base_kva, uint64_t *unit_bytes)
{
	const struct vmap_layout *layout = state->layout;
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
	uint64_t chunk_kva = 0;
	uint64_t chunk_base_kva = 0;
	uint64_t n_pages = 0;
	struct mo_error *error = mo_read_pointer(state->reader, layout->pcpu_base_addr.kva, base_kva);

	if (!error)
		error = mo_read_pointer(state->reader, layout->pcpu_first_chunk.kva, &chunk_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->chunk_base, chunk_kva, &chunk_base_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->chunk_pages, chunk_kva, &n_pages);
	if (error)
		return error;
	*unit_bytes = chunk_base_kva - *base_kva + n_pages * page_bytes;
	if (n_pages > MAX_FIRST_CHUNK_BYTES / page_bytes || chunk_base_kva < *base_kva ||
	    *unit_bytes > MAX_FIRST_CHUNK_BYTES)
		return mo_error_create(MO_E_CORRUPT, "a base of 0x%" PRIx64 " with %" PRIu64 " pages is implausible",
				       chunk_base_kva, n_pages);
	return NULL;
}

static struct mo_error *add_first_chunk(struct vmap_state *state)
{
	const struct vmap_layout *layout = state->layout;
	uint64_t base_kva = 0;
	uint64_t unit_bytes = 0;
	struct mo_set cpus = { .n_bits = 0 };
	struct mo_error *error;

	if (!mo_has(&layout->pcpu_first_chunk) || !mo_has(&layout->pcpu_base_addr) || !mo_has(&layout->per_cpu_start) ||
	    !mo_has(&layout->chunk_base) || !mo_has(&layout->chunk_pages))
		return NULL;
	error = read_first_chunk(state, &base_kva, &unit_bytes);
	if (!error)
		error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = mo_set_next(&cpus, 0); !error && cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t unit_kva = 0;

		error = mo_percpu(state->reader, layout->per_cpu_start.kva, (unsigned)cpu, &unit_kva);
		if (!error)
			error = add_mapped_owned(state, unit_kva, unit_bytes, MO_OWNED_PERCPU);
	}
	return tell(state, error, "the first chunk", layout->pcpu_first_chunk.kva);
}

struct mo_error *gather_percpu_chunks(struct vmap_state *state)
{
	const struct vmap_layout *layout = state->layout;
	struct mo_error *error = state->memmap ? add_first_chunk(state) : NULL;

	if (!state->memmap || !mo_has(&layout->pcpu_get_vm_areas))
		return error;
	for (size_t i = 0; i < state->n_areas && !error; i++) {
		const struct mo_vmap_area *area = &state->areas[i];

		if (area->has_vm && area->caller_kva == layout->pcpu_get_vm_areas.kva)
			error = tell(state, add_mapped_owned(state, area->first_kva, area->end_kva - area->first_kva,
							     MO_OWNED_PERCPU),
				     "the per-CPU area", area->first_kva);
	}
	return error;
}
