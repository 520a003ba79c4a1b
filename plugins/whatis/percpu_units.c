/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every possible CPU's unit of the first per-CPU chunk: its copies of static variables, then what was allocated. */
#include <memopsy/walk.h>

#include "gathering.h"

static uint64_t read_unit_bytes(const struct whatis_state *state)
{
	uint32_t unit_bytes = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->pcpu_unit_size))
		return state->percpu_static_bytes;
	error = mo_read_u32(mo_run_reader(state->run), state->layout->pcpu_unit_size.kva, &unit_bytes);
	if (mo_error_destroy(error) || unit_bytes < state->percpu_static_bytes || unit_bytes > MAX_PERCPU_UNIT_BYTES)
		return state->percpu_static_bytes;
	return unit_bytes;
}

struct mo_error *gather_percpu_units(struct whatis_state *state)
{
	const struct whatis_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_set cpus = { .n_bits = 0 };
	uint64_t unit_bytes;
	struct mo_error *error;

	if (!mo_has(&layout->percpu_start) || !mo_has(&layout->percpu_end) ||
	    layout->percpu_end.kva - layout->percpu_start.kva > MAX_PERCPU_UNIT_BYTES)
		return NULL;
	state->percpu_static_bytes = layout->percpu_end.kva - layout->percpu_start.kva;
	unit_bytes = read_unit_bytes(state);
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t first_kva = 0;

		error = mo_percpu(reader, layout->percpu_start.kva, (unsigned)cpu, &first_kva);
		if (!error && first_kva <= UINT64_MAX - unit_bytes)
			error = add_range(&state->units, first_kva, first_kva + unit_bytes, (uint32_t)cpu);
	}
	sort_ranges(&state->units);
	return only_fatal(error);
}

/* A CPU's copy lies as far from the pointer as its unit does from where per-CPU pointers begin. */
const struct mo_percpu_allocation *percpu_allocation_at(const struct whatis_state *state, uint64_t kva, int32_t *cpu,
							uint64_t *percpu_kva)
{
	for (size_t i = 0; state->percpu && i < state->units.n; i++) {
		const struct kva_range *unit = &state->units.ranges[i];
		uint64_t pointer_kva = kva - (unit->first_kva - state->layout->percpu_start.kva);
		const struct mo_percpu_allocation *allocation = mo_percpu_allocation_at(state->percpu, pointer_kva);

		if (!allocation)
			continue;
		*cpu = (int32_t)unit->index;
		*percpu_kva = pointer_kva;
		return allocation;
	}
	return NULL;
}
