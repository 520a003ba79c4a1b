/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SLAB's arrays of free objects (struct array_cache, mm/slab.c): one for each CPU, one that a node's CPUs share, and on
 * NUMA machines one for the objects of each other node.
 */
#include "gathering.h"

#include <inttypes.h>

#define MAX_ARRAY_OBJECTS 65536

static const char *name_of(const struct slab_state *state, uint32_t cache)
{
	return state->caches[cache].name ? state->caches[cache].name : "?";
}

struct mo_error *count_array(const struct slab_state *state, uint64_t array_kva, uint64_t *ret)
{
	uint64_t n_objects = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->array.avail, array_kva, &n_objects);

	if (!error && n_objects > MAX_ARRAY_OBJECTS)
		error = mo_error_create(MO_E_CORRUPT, "%" PRIu64 " objects", n_objects);
	if (!error)
		*ret = n_objects;
	return error;
}

static void mark_array(struct slab_state *state, uint32_t cache, uint64_t array_kva, enum mo_object_state object_state)
{
	uint64_t n_objects = 0;
	struct mo_error *error = count_array(state, array_kva, &n_objects);

	/* With CONFIG_DEBUG_SLAB these point at the objects' rooms, not at what their users have. */
	if (error)
		state->caches[cache].untold_objects += state->caches[cache].limit;
	else
		error = mark_pointed_objects(state, cache, array_kva + state->layout->array.entry.offset_bytes, n_objects,
					     -(uint64_t)state->caches[cache].red_left_bytes, object_state);
	note_trouble(state, mo_error_prepend(error, "cache %s, array of free objects at 0x%" PRIx64, name_of(state, cache),
					     array_kva));
}

static void mark_cpu_arrays(struct slab_state *state, uint32_t cache, const struct mo_set *cpus)
{
	uint64_t percpu_kva = 0;
	uint64_t array_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->cache.cpu_cache, state->caches[cache].cache_kva,
					       &percpu_kva);

	for (int cpu = mo_set_next(cpus, 0); cpu >= 0 && !error && percpu_kva; cpu = mo_set_next(cpus, (unsigned)cpu + 1)) {
		error = mo_percpu(state->reader, percpu_kva, (unsigned)cpu, &array_kva);
		if (!error)
			mark_array(state, cache, array_kva, MO_OBJECT_FREE_CPU);
	}
	note_trouble(state, mo_error_prepend(error, "the CPUs' arrays of cache %s", name_of(state, cache)));
}

/* kmem_cache_node.alien: a pointer for each node, its own one NULL. */
static struct mo_error *mark_aliens(struct slab_state *state, uint32_t cache, uint64_t node_kva, const struct mo_set *nodes)
{
	const struct slab_layout *layout = state->layout;
	const struct mo_field pointer = { .name = "alien_cache", .is_bound = true, .width_bytes = (uint8_t)state->shape.word_bytes,
					  .element_bytes = state->shape.word_bytes,
					  .is_big_endian = state->shape.is_big_endian };
	uint64_t aliens_kva = 0;
	uint64_t alien_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->node.alien, node_kva, &aliens_kva);

	for (int id = mo_set_next(nodes, 0); id >= 0 && !error && aliens_kva; id = mo_set_next(nodes, (unsigned)id + 1)) {
		error = mo_read_element(state->reader, &pointer, aliens_kva, (unsigned)id, &alien_kva);
		if (!error && alien_kva)
			mark_array(state, cache, alien_kva + layout->alien_array.offset_bytes, MO_OBJECT_FREE_NODE);
	}
	return error;
}

static void mark_node_arrays(struct slab_state *state, uint32_t cache, const struct mo_slab_node *node,
			     const struct mo_set *nodes)
{
	const struct slab_layout *layout = state->layout;
	uint64_t shared_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->node.shared, node->node_kva, &shared_kva);

	if (!error && shared_kva)
		mark_array(state, cache, shared_kva, MO_OBJECT_FREE_NODE);
	if (!error && mo_has(&layout->node.alien) && mo_has(&layout->alien_array) && mo_set_count(nodes) > 1)
		error = mark_aliens(state, cache, node->node_kva, nodes);
	note_trouble(state, mo_error_prepend(error, "arrays of cache %s on node %u", name_of(state, cache), node->node_id));
}

void mark_array_caches(struct slab_state *state)
{
	struct mo_set cpus;
	struct mo_set nodes;
	struct mo_error *error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);

	if (!error)
		error = mo_nodes(state->reader, "N_POSSIBLE", &nodes);
	if (error) {
		note_trouble(state, mo_error_prepend(error, "arrays of free objects"));
		return;
	}
	for (uint32_t i = 0; i < state->model.n_caches; i++) {
		if (!state->caches[i].size_bytes)
			continue;
		mark_cpu_arrays(state, i, &cpus);
		for (size_t k = 0; k < state->caches[i].n_nodes; k++)
			mark_node_arrays(state, i, &state->caches[i].nodes[k], &nodes);
	}
}
