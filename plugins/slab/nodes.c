/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each node keeps of each cache: counters, and the list of partial slabs (struct kmem_cache_node). */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_PARTIAL_TO_SCAN 10000 /* mm/slub.c */

/* The list of partial slabs of one node, as it is walked. */
struct partial_list {
	uint16_t *free_objects;      /* of each slab, in the list's order */
	size_t n, n_slots;
};

static struct mo_error *read_node_kva(const struct slab_state *state, uint64_t cache_kva, unsigned node_id, uint64_t *ret)
{
	const struct slab_layout *layout = state->layout;

	if (mo_has(&layout->cache.per_node) && mo_has(&layout->per_node_node)) {
		if (node_id >= layout->cache.per_node.n_elements)
			return mo_error_create(MO_E_CORRUPT, "struct kmem_cache has no node %u", node_id);
		return mo_read_field(state->reader, &layout->per_node_node,
				     mo_element_kva(&layout->cache.per_node, cache_kva, node_id), ret);
	}
	if (!mo_has(&layout->cache.node))
		return mo_error_create(MO_E_ABSENT, "struct kmem_cache has neither node nor per_node");
	if (node_id >= layout->cache.node.n_elements)
		return mo_error_create(MO_E_CORRUPT, "struct kmem_cache has no node %u", node_id);
	return mo_read_element(state->reader, &layout->cache.node, cache_kva, node_id, ret);
}

static struct mo_error *add_partial(struct partial_list *list, uint16_t free_objects)
{
	if (list->n == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 1024;
		uint16_t *grown = realloc(list->free_objects, n_slots * sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		list->free_objects = grown;
		list->n_slots = n_slots;
	}
	list->free_objects[list->n++] = free_objects;
	return NULL;
}

static uint64_t sum_of(const uint16_t *free_objects, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += free_objects[i];
	return sum;
}

/*
 * count_partial() counts the whole list; count_partial_free_approx() (mm/slub.c, 6.10) takes the first
 * and last 5,000 of a longer one and multiplies.
 */
static uint64_t count_as_printed(const struct slab_state *state, const struct partial_list *list,
				 const struct mo_slab_node *node)
{
	size_t half = MAX_PARTIAL_TO_SCAN / 2;
	uint64_t nr_partial = node->partial_slabs.value;
	uint64_t sum;

	if (!mo_has(&state->layout->count_partial_approx) || nr_partial <= MAX_PARTIAL_TO_SCAN || list->n <= MAX_PARTIAL_TO_SCAN)
		return sum_of(list->free_objects, list->n);
	sum = sum_of(list->free_objects, half) + sum_of(list->free_objects + list->n - half, half);
	sum = sum / MAX_PARTIAL_TO_SCAN * nr_partial + sum % MAX_PARTIAL_TO_SCAN * nr_partial / MAX_PARTIAL_TO_SCAN;
	return node->objects.certainty == MO_EXACT && sum > node->objects.value ? node->objects.value : sum;
}

/* Walks a list and marks its slabs. What is on it and is no slab of this cache is told once. */
static struct mo_error *walk_list(struct slab_state *state, uint32_t cache, struct mo_slab_node *node,
				  const struct mo_field *head, enum mo_slab_place place, struct partial_list *list)
{
	const struct slab_layout *layout = state->layout;
	uint64_t strange_kva = 0;
	struct mo_list_walk walk;
	struct mo_error *error = NULL;
	struct mo_error *end;
	uint64_t at_kva;

	mo_list_begin(&walk, state->reader, mo_field_kva(head, node->node_kva), state->memmap->n_pages + 1);
	while (!error && mo_list_next(&walk, &at_kva)) {
		struct mo_slab *slab = slab_of_page(state, at_kva - layout->slab.list.offset_bytes);

		if (!slab || slab->cache != cache) {
			strange_kva = strange_kva ? strange_kva : at_kva;
			continue;
		}
		slab->place = (uint8_t)place;
		error = add_partial(list, (uint16_t)(slab->objects - slab->inuse));
	}
	end = mo_list_end(&walk);
	node->is_list_whole &= !end && !strange_kva;
	if (error) {
		mo_error_destroy(end);
		return error;
	}
	if (!end && strange_kva)
		end = mo_error_create(MO_E_CORRUPT, "0x%" PRIx64 " is no slab of this cache", strange_kva);
	note_trouble(state, mo_error_prepend(end, "slabs of cache %s on node %u",
					     state->caches[cache].name ? state->caches[cache].name : "?", node->node_id));
	return NULL;
}

static struct mo_count read_counter(struct slab_state *state, const struct mo_field *field, uint64_t node_kva)
{
	uint64_t value;
	struct mo_error *error;

	if (!mo_has(field))
		return mo_unknown();
	error = mo_read_field(state->reader, field, node_kva, &value);
	if (!error)
		return mo_exact(value);
	note_trouble(state, error);
	return mo_unknown();
}

/* SLUB: one list of partial slabs, whose free objects are counted by walking it. */
static struct mo_error *fill_slub_node(struct slab_state *state, uint32_t cache, struct mo_slab_node *node)
{
	const struct slab_layout *layout = state->layout;
	struct partial_list list = { .n = 0 };
	struct mo_error *error;

	node->slabs = read_counter(state, &layout->node.nr_slabs, node->node_kva);
	node->objects = read_counter(state, &layout->node.total_objects, node->node_kva);
	node->partial_slabs = read_counter(state, &layout->node.nr_partial, node->node_kva);
	error = walk_list(state, cache, node, &layout->node.partial, MO_SLAB_NODE_PARTIAL, &list);
	node->listed_slabs = list.n;
	if (node->partial_slabs.certainty == MO_EXACT)
		node->partial_free = mo_exact(count_as_printed(state, &list, node));
	/* What was found of a list that is not whole is a lower bound. */
	if (!node->is_list_whole)
		node->partial_free.certainty = MO_AT_LEAST;
	free(list.free_objects);
	return error;
}

static struct mo_count read_shared_avail(struct slab_state *state, const struct mo_slab_node *node)
{
	uint64_t shared_kva = 0;
	uint64_t n_objects = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->node.shared, node->node_kva, &shared_kva);

	if (!error && shared_kva)
		error = count_array(state, shared_kva, &n_objects);
	if (!error)
		return mo_exact(n_objects);
	note_trouble(state, error);
	return mo_unknown();
}

/* SLAB: lists of partial and of free slabs; all is counted by the kernel itself. */
static struct mo_error *fill_slab_node(struct slab_state *state, uint32_t cache, struct mo_slab_node *node)
{
	const struct slab_layout *layout = state->layout;
	struct partial_list list = { .n = 0 };
	struct mo_error *error;

	node->slabs = read_counter(state, &layout->node.total_slabs, node->node_kva);
	node->free_slabs = read_counter(state, &layout->node.free_slabs, node->node_kva);
	node->partial_free = read_counter(state, &layout->node.free_objects, node->node_kva);
	node->shared_avail = read_shared_avail(state, node);
	node->objects = node->slabs;
	node->objects.value *= state->caches[cache].objects_per_slab;
	error = walk_list(state, cache, node, &layout->node.slabs_partial, MO_SLAB_NODE_PARTIAL, &list);
	node->listed_slabs = list.n;
	node->partial_slabs = node->is_list_whole ? mo_exact(list.n) : mo_at_least(list.n);
	if (!error)
		error = walk_list(state, cache, node, &layout->node.slabs_free, MO_SLAB_NODE_FREE, &list);
	free(list.free_objects);
	return error;
}

static struct mo_error *add_node(struct slab_state *state, uint32_t cache, unsigned node_id, uint64_t node_kva)
{
	struct mo_slab_node node = { .node_id = node_id, .node_kva = node_kva, .is_list_whole = true };
	struct mo_error *error;

	if (state->n_nodes == state->n_node_slots) {
		size_t n_slots = state->n_node_slots ? state->n_node_slots * 2 : 512;
		struct mo_slab_node *grown = realloc(state->nodes, n_slots * sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->nodes = grown;
		state->n_node_slots = n_slots;
	}
	error = state->shape.is_slab ? fill_slab_node(state, cache, &node) : fill_slub_node(state, cache, &node);
	state->nodes[state->n_nodes++] = node;
	state->caches[cache].n_nodes++;
	return error;
}

static struct mo_error *add_nodes(struct slab_state *state, uint32_t cache, const struct mo_set *nodes)
{
	struct mo_error *error = NULL;

	for (int id = mo_set_next(nodes, 0); id >= 0 && !error; id = mo_set_next(nodes, (unsigned)id + 1)) {
		uint64_t node_kva = 0;

		error = read_node_kva(state, state->caches[cache].cache_kva, (unsigned)id, &node_kva);
		if (error) {
			note_trouble(state, mo_error_prepend(error, "cache %s, node %d",
							     state->caches[cache].name ? state->caches[cache].name : "?", id));
			error = NULL;
		} else if (node_kva) {
			error = add_node(state, cache, (unsigned)id, node_kva);
		}
	}
	return error;
}

struct mo_error *gather_slab_nodes(struct slab_state *state)
{
	struct mo_set nodes;
	struct mo_error *error = mo_nodes(state->reader, "N_POSSIBLE", &nodes);
	size_t first = 0;

	if (error) {
		note_trouble(state, mo_error_prepend(error, "the possible nodes"));
		return NULL;
	}
	for (size_t i = 0; i < state->model.n_caches && !error; i++)
		if (state->caches[i].size_bytes)
			error = add_nodes(state, (uint32_t)i, &nodes);
	/* The table has its place now. */
	for (size_t i = 0; i < state->model.n_caches; i++) {
		state->caches[i].nodes = state->nodes ? state->nodes + first : NULL;
		first += state->caches[i].n_nodes;
	}
	return error;
}
