/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks again at a running kernel, and keeps what is lost in every look. */
#include "rescan.h"

#include <memopsy/model_again.h>
#include <stdlib.h>
#include <time.h>

#include "nodes.h"

#define PAUSE_SECONDS 1

struct addresses {
	uint64_t *kvas; /* ascending */
	size_t n;
};

static int compare_addresses(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;

	return *a < *b ? -1 : *a > *b;
}

static struct mo_error *list_addresses(const struct leaks_state *state, struct addresses *ret)
{
	ret->n = state->model.n_lost;
	ret->kvas = calloc(ret->n + 1, sizeof(*ret->kvas));
	if (!ret->kvas)
		return mo_error_no_memory();
	for (size_t i = 0; i < ret->n; i++)
		ret->kvas[i] = state->lost[i].kva;
	qsort(ret->kvas, ret->n, sizeof(*ret->kvas), compare_addresses);
	return NULL;
}

/* What is lost now, with slabs and classes of now. */
static struct mo_error *look_again(const struct leaks_state *state, const struct mo_slab_model *slabs,
				   const struct mo_mem_map_model *mem_map, struct addresses *ret)
{
	struct leaks_state again = { .run = state->run, .layout = state->layout, .mem_map = mem_map, .vmap = state->vmap };
	struct mo_error *error = mo_object_index_build(mo_run_kernel(state->run), slabs, &again.index);

	if (!error)
		error = add_nodes(&again);
	if (!error)
		error = mark_reached(&again);
	if (!error)
		error = list_lost(&again);
	if (!error)
		error = list_addresses(&again, ret);
	free_gathering(&again);
	free(again.lost);
	return error;
}

/* What is not among the addresses counts as reached from now on. */
static void drop_others(struct leaks_state *state, const struct addresses *lost)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < state->model.n_lost; i++) {
		const struct mo_lost_object *object = &state->lost[i];
		uint64_t number = state->index.indexed[object->slab].first_object + object->index;

		if (bsearch(&object->kva, lost->kvas, lost->n, sizeof(*lost->kvas), compare_addresses))
			state->lost[n_kept++] = *object;
		else
			state->marked[number / 64] |= 1ull << number % 64;
	}
	state->model.vanished_objects += state->model.n_lost - n_kept;
	state->model.n_lost = n_kept;
}

static struct mo_error *rescan_once(struct leaks_state *state)
{
	const struct timespec pause = { .tv_sec = PAUSE_SECONDS };
	struct mo_model_again *slabs = NULL;
	struct mo_model_again *mem_map = NULL;
	struct addresses lost = { .n = 0 };
	struct mo_error *error;

	nanosleep(&pause, NULL);
	error = mo_model_again(state->run, MO_SLAB_MODEL, &slabs);
	if (!error)
		error = mo_model_again(state->run, MO_MEM_MAP_MODEL, &mem_map);
	if (!error)
		error = look_again(state, mo_model_again_get(slabs), mo_model_again_get(mem_map), &lost);
	if (!error) {
		drop_others(state, &lost);
		state->model.rescans++;
	}
	free(lost.kvas);
	mo_model_again_destroy(mem_map);
	mo_model_again_destroy(slabs);
	return error;
}

struct mo_error *rescan(struct leaks_state *state)
{
	struct mo_error *error = NULL;

	if (!mo_kernel_facts(mo_run_kernel(state->run))->is_live)
		return NULL;
	for (unsigned i = 0; i < RESCANS && state->model.n_lost && !error; i++)
		error = rescan_once(state);
	return mo_error_prepend(error, "cannot look at the running kernel once more");
}
