/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "deferred.h"

#include <memopsy/walk.h>

#define MAX_CALLBACKS (16u << 20)
#define MAX_LIST_PAGES (1u << 20)
#define MAX_CHANNELS 8   /* FREE_N_CHANNELS: 2 */
#define MAX_BATCHES 16   /* KFREE_N_BATCHES: 2 */

/* Slabs that wait have their rcu_head in their struct page (free_slab() in mm/slub.c). */
static bool is_slab_page(const struct leaks_state *state, uint64_t kva)
{
	const struct reference_ranges *ranges = &state->ranges;

	return ranges->page_struct_bytes && kva - ranges->first_page_kva < ranges->page_bytes &&
	       mo_page_class_of(state->mem_map, (kva - ranges->first_page_kva) / ranges->page_struct_bytes) == MO_PAGE_SLAB;
}

/* A callback counts if it lies in memory that can be lost; many lie in variables. */
static void count_chain(struct leaks_state *state, struct mo_reader *reader, uint64_t head_kva)
{
	struct mo_chain_walk walk;
	uint64_t first = 0;
	uint64_t kva;
	struct mo_error *error = mo_read_pointer(reader, head_kva, &first);

	if (error) {
		mo_error_destroy(error);
		return;
	}
	mo_chain_begin(&walk, reader, first, 0, MAX_CALLBACKS);
	while (mo_chain_next(&walk, &kva)) {
		state->model.deferred_callbacks += mo_pointed_slab(&state->index, kva) != 0;
		state->model.deferred_slabs += is_slab_page(state, kva);
	}
	/* What is broken is RCU's, and no loss: those that were met count. */
	mo_error_destroy(mo_chain_end(&walk));
}

struct mo_error *count_callbacks(struct leaks_state *state)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&layout->rcu.data) || !mo_has(&layout->rcu.callbacks))
		return NULL;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	for (int cpu = mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva;

		error = mo_percpu(reader, layout->rcu.data.kva, (unsigned)cpu, &kva);
		if (!error)
			count_chain(state, reader, kva + layout->rcu.callbacks.offset_bytes);
		mo_error_destroy(error);
	}
	return NULL;
}

static uint64_t records_of(const struct leaks_state *state, struct mo_reader *reader, uint64_t page_kva)
{
	uint64_t n_records = 0;
	struct mo_error *error = mo_read_field(reader, &state->layout->rcu.records, page_kva, &n_records);

	mo_error_destroy(error);
	/* A page has no room for more. */
	return n_records <= state->index.page_bytes / state->index.word_bytes ? n_records : 0;
}

/* Pages full of addresses, one chain of them, or a list since 6.3. */
static uint64_t count_page_chain(const struct leaks_state *state, struct mo_reader *reader, uint64_t first_kva)
{
	struct mo_chain_walk walk;
	uint64_t n_objects = 0;
	uint64_t kva;

	mo_chain_begin(&walk, reader, first_kva, state->layout->rcu.next_page.offset_bytes, MAX_LIST_PAGES);
	while (mo_chain_next(&walk, &kva))
		n_objects += records_of(state, reader, kva);
	mo_error_destroy(mo_chain_end(&walk));
	return n_objects;
}

static uint64_t count_page_list(const struct leaks_state *state, struct mo_reader *reader, uint64_t head_kva)
{
	struct mo_list_walk walk;
	uint64_t n_objects = 0;
	uint64_t kva;

	mo_list_begin(&walk, reader, head_kva, MAX_LIST_PAGES);
	while (mo_list_next(&walk, &kva))
		n_objects += records_of(state, reader, kva - state->layout->rcu.page_list.offset_bytes);
	mo_error_destroy(mo_list_end(&walk));
	return n_objects;
}

/* struct kfree_rcu_cpu_work: two kinds of pages, and the objects for which there was no page. */
static uint64_t count_batch(const struct leaks_state *state, struct mo_reader *reader, uint64_t batch_kva)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_chain_walk walk;
	uint64_t n_objects = 0;
	uint64_t first = 0;
	uint64_t kva;
	struct mo_error *error = mo_read_field(reader, &layout->rcu.batch_list, batch_kva, &first);

	mo_chain_begin(&walk, reader, mo_error_destroy(error) ? 0 : first, 0, MAX_CALLBACKS);
	while (mo_chain_next(&walk, &kva))
		n_objects++;
	mo_error_destroy(mo_chain_end(&walk));
	for (uint64_t i = 0; i < MAX_CHANNELS && mo_has(&layout->rcu.records); i++) {
		if (mo_has(&layout->rcu.batch_lists) && mo_has(&layout->rcu.page_list) && i < layout->rcu.batch_lists.n_elements)
			n_objects += count_page_list(state, reader, mo_element_kva(&layout->rcu.batch_lists, batch_kva, i));
		if (!mo_has(&layout->rcu.batch_chains) || !mo_has(&layout->rcu.next_page) || i >= layout->rcu.batch_chains.n_elements)
			continue;
		error = mo_read_pointer(reader, mo_element_kva(&layout->rcu.batch_chains, batch_kva, i), &first);
		if (!error)
			n_objects += count_page_chain(state, reader, first);
		mo_error_destroy(error);
	}
	return n_objects;
}

void count_areas_to_purge(struct leaks_state *state)
{
	const struct mo_vmap_model *vmap = state->vmap;

	for (size_t i = 0; vmap && i < vmap->n_areas; i++)
		if (vmap->areas[i].state == MO_VMAP_LAZY) {
			state->model.deferred_areas++;
			state->model.deferred_area_bytes += vmap->areas[i].end_kva - vmap->areas[i].first_kva;
		}
}

void count_kfree_rcu(struct leaks_state *state)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&layout->rcu.kfree) || !mo_has(&layout->rcu.kfree_count))
		return;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		unsigned n_counts = mo_has(&layout->rcu.kfree_bulk_count) ? 2 : 0;
		uint64_t count = 0;
		uint64_t kva;
		struct mo_error *unread = mo_percpu(reader, layout->rcu.kfree.kva, (unsigned)cpu, &kva);

		if (!unread)
			unread = mo_read_field(reader, &layout->rcu.kfree_count, kva, &count);
		for (unsigned i = 0; i < n_counts && !unread; i++) {
			uint32_t bulk = 0;

			unread = mo_read_u32(reader, kva + layout->rcu.kfree_bulk_count.offset_bytes + i * 4, &bulk);
			count += bulk;
		}
		if (!unread && count <= state->model.objects)
			state->model.deferred_kfree_rcu += count;
		for (uint64_t i = 0; !unread && mo_has(&layout->rcu.batches) && mo_has(&layout->rcu.batch_list) &&
				     i < layout->rcu.batches.n_elements && i < MAX_BATCHES; i++)
			state->model.deferred_batches += count_batch(state, reader, mo_element_kva(&layout->rcu.batches, kva, i));
		mo_error_destroy(unread);
	}
	mo_error_destroy(error);
}
