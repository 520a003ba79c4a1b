/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is allocated and not marked, in a list; and the pointers among it. */
#include <stdlib.h>

#include <memopsy/containers.h>

#include "nodes.h"
#include "words.h"

_Static_assert(sizeof(struct mo_lost_object) == 24, "millions of them are kept");

static void count_objects(struct leaks_state *state)
{
	struct mo_leaks_model *model = &state->model;

	model->blocks = state->index.n_blocks;
	model->areas = state->index.n_areas;
	for (uint32_t i = 0; i < mo_n_index_nodes(&state->index); i++) {
		const struct mo_indexed_slab *slab = &state->index.indexed[i];
		struct mo_object_ref ref = { .slab = i };

		for (; ref.index < slab->objects; ref.index++) {
			enum mo_object_state object = mo_index_state(&state->index, ref);
			bool is_allocated = object == MO_OBJECT_ALLOCATED;

			model->deferred_objects += object == MO_OBJECT_FREE_RCU;
			if (mo_is_slab_node(&state->index, i)) {
				model->objects += is_allocated;
				model->object_bytes += is_allocated ? slab->size_bytes : 0;
			}
			model->n_lost += is_lost(state, ref);
		}
	}
}

static struct mo_lost_object describe(const struct leaks_state *state, struct mo_object_ref ref)
{
	const struct mo_object_index *index = &state->index;
	struct mo_lost_object lost = { .slab = ref.slab, .head = UINT32_MAX };
	uint64_t object = index->indexed[ref.slab].first_object + ref.index;
	uint64_t n_bytes;

	mo_object_span(index, ref, &lost.kva, &n_bytes);
	if (mo_area_of_node(index, ref.slab))
		lost.kind = MO_LOST_AREA;
	else if (!mo_is_slab_node(index, ref.slab))
		lost.kind = mo_page_class_of(state->mem_map, mo_index_pa(index, lost.kva) >> index->page_shift) ==
					    MO_PAGE_LARGE_KMALLOC ?
				    MO_LOST_LARGE_KMALLOC :
				    MO_LOST_PAGES;
	if (state->weak[object / 64] >> object % 64 & 1 ||
	    (lost.kind == MO_LOST_PAGES && follows_reached(state, mo_index_pa(index, lost.kva) >> index->page_shift)))
		lost.confidence = MO_LOST_SUSPECT;
	return lost;
}

static void fill_lost(struct leaks_state *state)
{
	size_t n_lost = 0;

	for (uint32_t i = 0; i < mo_n_index_nodes(&state->index); i++) {
		struct mo_object_ref ref = { .slab = i };

		for (; ref.index < state->index.indexed[i].objects; ref.index++)
			if (is_lost(state, ref))
				state->lost[n_lost++] = describe(state, ref);
	}
}

struct absorbing {
	struct leaks_state *state;
	uint64_t n_pages;
};

static void absorb_block(void *context, uint32_t node)
{
	struct absorbing *absorbing = context;
	struct leaks_state *state = absorbing->state;
	uint64_t object = state->index.indexed[node].first_object;

	if (!is_lost(state, (struct mo_object_ref){ .slab = node }))
		return;
	state->marked[object / 64] |= 1ull << object % 64;
	absorbing->n_pages += state->index.indexed[node].size_bytes >> state->index.page_shift;
}

/* Blocks that only a lost area of vmap() maps are lost as its pages. */
static void absorb_mapped(struct leaks_state *state)
{
	for (uint32_t i = 0; i < state->index.n_areas; i++) {
		struct absorbing absorbing = { .state = state };
		const struct mo_object_ref ref = { .slab = state->index.n_slabs + state->index.n_blocks + i };

		if (!state->areas[i].is_mapping || !is_lost(state, ref))
			continue;
		for_each_mapped_block(state, mo_run_reader(state->run), &state->areas[i], absorb_block, &absorbing);
		state->areas[i].n_pages = absorbing.n_pages;
	}
}

struct mo_error *list_lost(struct leaks_state *state)
{
	absorb_mapped(state);
	weigh_numbers(state);
	count_objects(state);
	if (state->model.n_lost >= UINT32_MAX)
		return mo_error_create(MO_E_INVALID, "%zu lost objects are more than can be listed", state->model.n_lost);
	state->lost = calloc(state->model.n_lost + 1, sizeof(*state->lost));
	if (!state->lost)
		return mo_error_no_memory();
	fill_lost(state);
	state->model.lost = state->lost;
	return NULL;
}

bool find_lost(const struct leaks_state *state, uint64_t word, uint32_t *ret)
{
	struct mo_object_ref ref;
	uint64_t kva;
	uint64_t n_bytes;
	size_t low;

	if (word < state->ranges.floor_kva || !node_at(state, word, &ref) || !is_lost(state, ref))
		return false;
	mo_object_span(&state->index, ref, &kva, &n_bytes);
	low = mo_lower_bound(state->model.n_lost, at,
			     state->lost[at].slab != ref.slab ? state->lost[at].slab < ref.slab : state->lost[at].kva < kva);
	*ret = (uint32_t)low;
	return low < state->model.n_lost;
}

bool next_pointed(const struct leaks_state *state, struct mo_reader *reader, uint32_t from, uint64_t *offset, uint32_t *ret)
{
	unsigned word_bytes = state->index.word_bytes;
	uint64_t kva;
	uint64_t n_bytes;

	mo_object_span(&state->index, ref_of(state, &state->lost[from]), &kva, &n_bytes);
	while (*offset + word_bytes <= n_bytes) {
		const void *view;
		size_t n_viewed;
		struct mo_error *error = view_node(state, reader, ref_of(state, &state->lost[from]), kva + *offset, n_bytes - *offset,
						   &view, &n_viewed);

		if (error || n_viewed < word_bytes) {
			mo_error_destroy(error);
			return false;
		}
		for (size_t at = 0; at + word_bytes <= n_viewed; at += word_bytes) {
			uint64_t word = mo_index_word(&state->index, (const uint8_t *)view + at);

			*offset += word_bytes;
			if (word >= state->ranges.floor_kva && find_lost(state, word, ret) && *ret != from)
				return true;
		}
	}
	return false;
}

void forget_nodes(struct leaks_state *state)
{
	for (size_t i = 0; i < state->model.n_lost; i++)
		if (state->lost[i].kind != MO_LOST_OBJECT)
			state->lost[i].slab = (uint32_t)(lost_bytes(state, &state->lost[i]) >> state->index.page_shift);
	state->model.heads = state->heads.items;
	state->model.n_heads = state->heads.count;
}
