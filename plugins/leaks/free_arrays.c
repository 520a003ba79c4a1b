/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SLAB's arrays of free objects (struct array_cache, mm/slab.c): behind those that they have now stand those that they
 * gave out, with what the array before had. What is in them is free, and what stands behind is no reference.
 */
#include "dead_words.h"

#include <memopsy/walk.h>

#define MAX_ENTRIES 65536
#define MAX_ARRAY_NODES 1024

static struct mo_error *add_array(const struct leaks_state *state, struct dead_words *dead, uint64_t array_kva)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t available = 0;
	uint64_t limit = 0;
	uint64_t kva = array_kva + layout->free_array.entries.offset_bytes;
	struct mo_error *error = mo_read_field(reader, &layout->free_array.available, array_kva, &available);

	if (!error)
		error = mo_read_field(reader, &layout->free_array.limit, array_kva, &limit);
	if (error || limit > MAX_ENTRIES || available >= limit) {
		mo_error_destroy(error);
		return NULL;
	}
	return add_dead_words(state, dead, kva + available * state->index.word_bytes, kva + limit * state->index.word_bytes);
}

static struct mo_error *add_cpu_arrays(const struct leaks_state *state, struct dead_words *dead, uint64_t cache_kva,
				       const struct mo_set *cpus)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t percpu_kva = 0;
	struct mo_error *unread = mo_read_field(reader, &state->layout->free_array.of_cpu, cache_kva, &percpu_kva);
	struct mo_error *error = NULL;

	for (int cpu = mo_set_next(cpus, 0); cpu >= 0 && !unread && !error && percpu_kva; cpu = mo_set_next(cpus, (unsigned)cpu + 1)) {
		uint64_t array_kva;

		unread = mo_percpu(reader, percpu_kva, (unsigned)cpu, &array_kva);
		if (!unread)
			error = add_array(state, dead, array_kva);
	}
	mo_error_destroy(unread);
	return error;
}

/* kmem_cache_node.alien: a pointer for each node; NULL for its own, and for all on a machine with one node. */
static struct mo_error *add_aliens(const struct leaks_state *state, struct dead_words *dead, uint64_t node_kva,
				   const struct mo_set *nodes)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t aliens_kva = 0;
	struct mo_error *unread = NULL;
	struct mo_error *error = NULL;

	if (mo_set_count(nodes) < 2 || !mo_has(&layout->free_array.alien) || !mo_has(&layout->free_array.alien_array))
		return NULL;
	unread = mo_read_field(reader, &layout->free_array.alien, node_kva, &aliens_kva);
	for (int id = mo_set_next(nodes, 0); id >= 0 && id < MAX_ARRAY_NODES && !unread && !error && aliens_kva;
	     id = mo_set_next(nodes, (unsigned)id + 1)) {
		uint64_t alien_kva = 0;

		unread = mo_read_pointer(reader, aliens_kva + (uint64_t)id * state->index.word_bytes, &alien_kva);
		if (!unread && alien_kva)
			error = add_array(state, dead, alien_kva + layout->free_array.alien_array.offset_bytes);
	}
	mo_error_destroy(unread);
	return error;
}

static struct mo_error *add_node_arrays(const struct leaks_state *state, struct dead_words *dead,
					const struct mo_slab_cache *cache, const struct mo_set *nodes)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_error *error = NULL;

	for (size_t i = 0; i < cache->n_nodes && !error; i++) {
		uint64_t array_kva = 0;
		struct mo_error *unread = mo_read_field(reader, &state->layout->free_array.of_node, cache->nodes[i].node_kva,
							&array_kva);

		if (!unread && array_kva)
			error = add_array(state, dead, array_kva);
		if (!error)
			error = add_aliens(state, dead, cache->nodes[i].node_kva, nodes);
		mo_error_destroy(unread);
	}
	return error;
}

struct mo_error *add_free_arrays(const struct leaks_state *state, struct dead_words *dead)
{
	const struct leaks_layout *layout = state->layout;
	const struct mo_slab_model *slabs = state->index.slabs;
	struct mo_set cpus;
	struct mo_set nodes;
	struct mo_error *error;

	if (!slabs->is_slab || !mo_has(&layout->free_array.of_cpu) || !mo_has(&layout->free_array.of_node) ||
	    !mo_has(&layout->free_array.available) || !mo_has(&layout->free_array.limit) || !mo_has(&layout->free_array.entries) ||
	    state->is_live)
		return NULL;
	error = mo_cpus(mo_run_reader(state->run), MO_CPUS_POSSIBLE, &cpus);
	if (!error)
		error = mo_nodes(mo_run_reader(state->run), "N_POSSIBLE", &nodes);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	for (size_t i = 0; i < slabs->n_caches && !error; i++) {
		if (!slabs->caches[i].size_bytes)
			continue;
		error = add_cpu_arrays(state, dead, slabs->caches[i].cache_kva, &cpus);
		if (!error)
			error = add_node_arrays(state, dead, &slabs->caches[i], &nodes);
	}
	dead->has_objects = true;
	return error;
}
