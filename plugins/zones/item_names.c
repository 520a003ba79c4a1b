/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The counters' names: vmstat_text[] (mm/vmstat.c) holds those of enum zone_stat_item, of enum numa_stat_item
 * (CONFIG_NUMA), of enum node_stat_item, of the system's own and of enum vm_event_item, one after the other. Each
 * kernel brings its own, so none is written here.
 */
#include "gathering.h"

#include <stdlib.h>

static size_t array_length(const struct mo_field *field)
{
	if (!mo_has(field) || field->width_bytes != 8 || field->n_elements > MAX_STAT_ITEMS)
		return 0;
	return (size_t)field->n_elements;
}

struct item_counts count_items(const struct zones_layout *layout)
{
	struct item_counts counts = {
		.n_zone_items = array_length(&layout->zone.vm_stat),
		.n_numa_items = array_length(&layout->zone.vm_numa),
		.n_node_items = array_length(&layout->pgdat.vm_stat),
	};

	return counts;
}

bool read_item_name(const struct zones_state *state, size_t index, char *name)
{
	const struct mo_address *names = &state->layout->vmstat_text;
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t name_kva = 0;
	struct mo_error *error;

	if (!mo_has(names) || (names->size_bytes && index >= names->size_bytes / pointer_bytes))
		return false;
	error = mo_read_pointer(state->reader, names->kva + index * pointer_bytes, &name_kva);
	if (!error)
		error = mo_read_string(state->reader, name_kva, name, MAX_ITEM_NAME_BYTES, NULL);
	if (error) {
		mo_error_destroy(error);
		return false;
	}
	return *name != '\0';
}

struct mo_error *gather_item_names(struct zones_state *state)
{
	struct item_counts counts = count_items(state->layout);
	size_t n_items = counts.n_zone_items + counts.n_numa_items + counts.n_node_items;

	state->item_names = calloc(n_items + 1, sizeof(*state->item_names));
	state->item_name_pointers = calloc(n_items + 1, sizeof(*state->item_name_pointers));
	if (!state->item_names || !state->item_name_pointers)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_items; i++)
		if (read_item_name(state, i, state->item_names[i]))
			state->item_name_pointers[i] = state->item_names[i];
	state->model.n_zone_items = counts.n_zone_items;
	state->model.n_numa_items = counts.n_numa_items;
	state->model.n_node_items = counts.n_node_items;
	state->model.zone_item_names = state->item_name_pointers;
	state->model.numa_item_names = state->item_name_pointers + counts.n_zone_items;
	state->model.node_item_names = state->item_name_pointers + counts.n_zone_items + counts.n_numa_items;
	return NULL;
}
