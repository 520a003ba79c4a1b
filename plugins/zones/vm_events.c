/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct vm_event_state (include/linux/vmstat.h): every CPU counts events for itself. The kernel adds up those of
 * online CPUs; one that goes offline hands its counts to another, but one that a panic has stopped keeps them.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

size_t sum_vm_events(const struct zones_state *state, uint64_t *sums, size_t most)
{
	const struct zones_layout *layout = state->layout;
	const struct mo_field *events = &layout->events;
	uint64_t raw[MAX_STAT_ITEMS];
	struct mo_field items = *events;
	struct mo_error *error;
	struct mo_set cpus;
	size_t n_items;

	if (!mo_has(&layout->event_states) || !mo_has(events) || events->width_bytes != 8 ||
	    events->n_elements > MAX_STAT_ITEMS || events->n_elements > most)
		return 0;
	n_items = (size_t)events->n_elements;
	items.offset_bytes = 0;
	memset(sums, 0, n_items * sizeof(sums[0]));
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;

		error = mo_percpu(state->reader, layout->event_states.kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read(state->reader, mo_field_kva(events, kva), raw, n_items * sizeof(raw[0]));
		if (error)
			break;
		for (size_t i = 0; i < n_items; i++)
			sums[i] += mo_get_element(&items, raw, i);
	}
	if (error) {
		zones_unreadable(state, "The event counters (vm_event_states)", error);
		return 0;
	}
	return n_items;
}
