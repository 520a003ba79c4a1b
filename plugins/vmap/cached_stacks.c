/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks that each CPU keeps for the next task (cached_stacks, kernel/fork.c). */
#include "gathering.h"

#define USUAL_CACHED_STACKS 2u /* NR_CACHED_STACKS */
#define MAX_CACHED_STACKS 16u

static void mark_stack(struct vmap_state *state, uint64_t vm_kva)
{
	for (size_t i = 0; vm_kva && i < state->n_areas; i++)
		if (state->areas[i].vm_kva == vm_kva) {
			state->areas[i].is_idle_stack = true;
			return;
		}
}

static struct mo_error *mark_of_cpu(struct vmap_state *state, unsigned cpu, unsigned n_stacks)
{
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t kva = 0;
	struct mo_error *error = mo_percpu(state->reader, state->layout->cached_stacks.kva, cpu, &kva);

	for (unsigned i = 0; i < n_stacks && !error; i++) {
		uint64_t vm_kva = 0;

		error = mo_read_pointer(state->reader, kva + i * pointer_bytes, &vm_kva);
		if (!error)
			mark_stack(state, vm_kva);
	}
	return error;
}

void mark_cached_stacks(struct vmap_state *state)
{
	const struct mo_address *symbol = &state->layout->cached_stacks;
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t n_stacks = USUAL_CACHED_STACKS;
	struct mo_set cpus = { .n_bits = 0 };
	struct mo_error *error;

	if (!mo_has(symbol))
		return;
	if (symbol->size_bytes >= pointer_bytes && symbol->size_bytes / pointer_bytes <= MAX_CACHED_STACKS)
		n_stacks = symbol->size_bytes / pointer_bytes;
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = mo_set_next(&cpus, 0); !error && cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1))
		error = mark_of_cpu(state, (unsigned)cpu, (unsigned)n_stacks);
	mo_trouble_note(&state->broken_pages, mo_error_prepend(error, "the cached stacks"));
}
