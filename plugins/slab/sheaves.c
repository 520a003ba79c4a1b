/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sheaves (mm/slub.c, 6.18 on): arrays of free objects that CPUs keep, and full ones that nodes keep in barns. To its
 * slab such an object is in use. Those in a sheaf for kfree_rcu() wait for a grace period.
 */
#include "gathering.h"

#include <inttypes.h>

#define MAX_SHEAF_OBJECTS 65536
#define MAX_BARN_SHEAVES 65536

/* How many objects a sheaf that cannot be read may have. */
static uint64_t sheaf_capacity(const struct slab_state *state, uint32_t cache)
{
	uint64_t capacity = MAX_SHEAF_OBJECTS;

	if (mo_has(&state->layout->cache.sheaf_capacity))
		mo_error_destroy(mo_read_field(state->reader, &state->layout->cache.sheaf_capacity,
					       state->caches[cache].cache_kva, &capacity));
	return capacity < MAX_SHEAF_OBJECTS ? capacity : MAX_SHEAF_OBJECTS;
}

static struct mo_error *mark_sheaf(struct slab_state *state, uint32_t cache, uint64_t sheaf_kva,
				   enum mo_object_state object_state)
{
	const struct slab_layout *layout = state->layout;
	uint64_t n_objects = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->sheaf_size, sheaf_kva, &n_objects);

	if (!error && n_objects > MAX_SHEAF_OBJECTS)
		error = mo_error_create(MO_E_CORRUPT, "%" PRIu64 " objects", n_objects);
	if (error)
		state->caches[cache].untold_objects += sheaf_capacity(state, cache);
	else
		error = mark_pointed_objects(state, cache, layout->sheaf_objects.offset_bytes + sheaf_kva, n_objects, 0,
					     object_state);
	return mo_error_prepend(error, "sheaf at 0x%" PRIx64, sheaf_kva);
}

static void mark_sheaf_of(struct slab_state *state, uint32_t cache, const struct mo_field *which, uint64_t sheaves_kva,
			  enum mo_object_state object_state)
{
	uint64_t sheaf_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, which, sheaves_kva, &sheaf_kva);

	if (!error && sheaf_kva)
		error = mark_sheaf(state, cache, sheaf_kva, object_state);
	note_trouble(state, mo_error_prepend(error, "cache %s", state->caches[cache].name ? state->caches[cache].name : "?"));
}

static void mark_cpus(struct slab_state *state, uint32_t cache, const struct mo_set *cpus)
{
	const struct slab_layout *layout = state->layout;
	uint64_t percpu_kva = 0;
	uint64_t kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->cache.cpu_sheaves, state->caches[cache].cache_kva,
					       &percpu_kva);

	/* In 6.18 and 6.19 a cache without sheaves has none. */
	for (int cpu = mo_set_next(cpus, 0); cpu >= 0 && !error && percpu_kva; cpu = mo_set_next(cpus, (unsigned)cpu + 1)) {
		error = mo_percpu(state->reader, percpu_kva, (unsigned)cpu, &kva);
		if (error)
			break;
		mark_sheaf_of(state, cache, &layout->sheaves.main, kva, MO_OBJECT_FREE_SHEAF);
		mark_sheaf_of(state, cache, &layout->sheaves.spare, kva, MO_OBJECT_FREE_SHEAF);
		if (mo_has(&layout->sheaves.rcu_free))
			mark_sheaf_of(state, cache, &layout->sheaves.rcu_free, kva, MO_OBJECT_FREE_RCU);
	}
	note_trouble(state, mo_error_prepend(error, "the CPUs' sheaves of cache %s",
					     state->caches[cache].name ? state->caches[cache].name : "?"));
}

/* A barn hangs on struct kmem_cache_node (6.18 to 7.0), or beside it in kmem_cache.per_node (7.1 on). */
static struct mo_error *barn_of(const struct slab_state *state, uint32_t cache, unsigned node_id, uint64_t *ret)
{
	const struct slab_layout *layout = state->layout;
	const struct mo_slab_cache *of = &state->caches[cache];

	*ret = 0;
	if (mo_has(&layout->per_node_barn) && mo_has(&layout->cache.per_node)) {
		if (node_id >= layout->cache.per_node.n_elements)
			return NULL;
		return mo_read_field(state->reader, &layout->per_node_barn,
				     mo_element_kva(&layout->cache.per_node, of->cache_kva, node_id), ret);
	}
	for (size_t i = 0; i < of->n_nodes; i++)
		if (of->nodes[i].node_id == node_id && mo_has(&layout->node.barn))
			return mo_read_field(state->reader, &layout->node.barn, of->nodes[i].node_kva, ret);
	return NULL;
}

static void mark_barn(struct slab_state *state, uint32_t cache, unsigned node_id)
{
	uint64_t barn_kva;
	uint64_t at_kva;
	struct mo_list_walk walk;
	struct mo_error *error = barn_of(state, cache, node_id, &barn_kva);
	struct mo_error *end;

	if (!error && barn_kva) {
		mo_list_begin(&walk, state->reader, mo_field_kva(&state->layout->barn_full, barn_kva), MAX_BARN_SHEAVES);
		while (!error && mo_list_next(&walk, &at_kva))
			error = mark_sheaf(state, cache, at_kva - state->layout->sheaf_list.offset_bytes, MO_OBJECT_FREE_BARN);
		end = mo_list_end(&walk);
		if (!error)
			error = end;
		else
			mo_error_destroy(end);
	}
	note_trouble(state, mo_error_prepend(error, "the barn of cache %s on node %u",
					     state->caches[cache].name ? state->caches[cache].name : "?", node_id));
}

static bool has_sheaves(const struct slab_layout *layout)
{
	return mo_has(&layout->cache.cpu_sheaves) && mo_has(&layout->sheaves.main) && mo_has(&layout->sheaves.spare) &&
	       mo_has(&layout->sheaf_size) && mo_has(&layout->sheaf_objects);
}

static void mark_sheaves_of(struct slab_state *state, uint32_t cache, const struct mo_set *cpus, const struct mo_set *nodes)
{
	mark_cpus(state, cache, cpus);
	if (!mo_has(&state->layout->barn_full) || !mo_has(&state->layout->sheaf_list))
		return;
	for (int id = mo_set_next(nodes, 0); id >= 0; id = mo_set_next(nodes, (unsigned)id + 1))
		mark_barn(state, cache, (unsigned)id);
}

unsigned count_in_sheaves(struct slab_state *state, uint32_t cache, uint64_t kva)
{
	struct mo_set cpus;
	struct mo_set nodes;
	struct mo_error *error = NULL;

	if (!has_sheaves(state->layout))
		return 0;
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	if (!error)
		error = mo_nodes(state->reader, "N_POSSIBLE", &nodes);
	if (mo_error_destroy(error))
		return 0;
	state->counted_kva = kva;
	state->n_counted = 0;
	mark_sheaves_of(state, cache, &cpus, &nodes);
	state->counted_kva = 0;
	return state->n_counted;
}

void mark_sheaves(struct slab_state *state)
{
	struct mo_set cpus;
	struct mo_set nodes;
	struct mo_error *error;

	if (!has_sheaves(state->layout))
		return;
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	if (!error)
		error = mo_nodes(state->reader, "N_POSSIBLE", &nodes);
	if (error) {
		note_trouble(state, mo_error_prepend(error, "sheaves"));
		return;
	}
	for (uint32_t i = 0; i < state->model.n_caches; i++)
		if (state->caches[i].size_bytes)
			mark_sheaves_of(state, i, &cpus, &nodes);
}
