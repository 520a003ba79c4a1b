/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is allocated and not marked, in a list; and the pointers among it. */
#include <stdlib.h>

#include "gathering.h"

static bool is_lost(const struct leaks_state *state, struct object_ref ref)
{
	return index_state(&state->index, ref) == MO_OBJECT_ALLOCATED &&
	       !is_marked(state, state->index.indexed[ref.slab].first_object + ref.index);
}

static void count_objects(struct leaks_state *state)
{
	struct mo_leaks_model *model = &state->model;

	for (uint32_t i = 0; i < state->index.slabs->n_slabs; i++) {
		const struct indexed_slab *slab = &state->index.indexed[i];
		struct object_ref ref = { .slab = i };

		for (; ref.index < slab->objects; ref.index++) {
			enum mo_object_state object = index_state(&state->index, ref);
			bool is_allocated = object == MO_OBJECT_ALLOCATED;

			model->deferred_objects += object == MO_OBJECT_FREE_RCU;
			model->objects += is_allocated;
			model->object_bytes += is_allocated ? slab->size_bytes : 0;
			model->n_lost += is_lost(state, ref);
		}
	}
}

static void fill_lost(struct leaks_state *state)
{
	size_t n_lost = 0;

	for (uint32_t i = 0; i < state->index.slabs->n_slabs; i++) {
		struct object_ref ref = { .slab = i };

		for (; ref.index < state->index.indexed[i].objects; ref.index++)
			if (is_lost(state, ref))
				state->lost[n_lost++] =
					(struct mo_lost_object){ .slab = i, .index = ref.index, .head = UINT32_MAX };
	}
}

struct mo_error *list_lost(struct leaks_state *state)
{
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
	uint32_t slab = pointed_slab(&state->index, word);
	struct object_ref ref = { .slab = slab - 1 };
	uint64_t key;
	size_t low = 0;
	size_t high = state->model.n_lost;

	if (!slab || !pointed_object(&state->index, ref.slab, word, &ref.index) || !is_lost(state, ref))
		return false;
	key = (uint64_t)ref.slab << 32 | ref.index;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (((uint64_t)state->lost[middle].slab << 32 | state->lost[middle].index) < key)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = (uint32_t)low;
	return low < state->model.n_lost;
}

bool next_pointed(const struct leaks_state *state, struct mo_reader *reader, uint32_t from, uint64_t *offset, uint32_t *ret)
{
	unsigned word_bytes = state->index.word_bytes;
	uint64_t kva;
	uint64_t n_bytes;

	object_span(&state->index, ref_of(&state->lost[from]), &kva, &n_bytes);
	while (*offset + word_bytes <= n_bytes) {
		const void *view;
		size_t n_viewed;
		struct mo_error *error = mo_view_pa(reader, direct_map_pa(&state->index, kva + *offset), n_bytes - *offset,
						    &view, &n_viewed);

		if (error || n_viewed < word_bytes) {
			mo_error_destroy(error);
			return false;
		}
		for (size_t at = 0; at + word_bytes <= n_viewed; at += word_bytes) {
			*offset += word_bytes;
			if (find_lost(state, index_word(&state->index, (const uint8_t *)view + at), ret) && *ret != from)
				return true;
		}
	}
	return false;
}
