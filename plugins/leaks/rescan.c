/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks again at a running kernel, and keeps what is lost in every look and was not touched in between: what nothing leads to
 * nobody writes to, and a place that was given to one user after the other does not keep its bytes.
 */
#include "rescan.h"

#include <memopsy/model_again.h>
#include <stdlib.h>
#include <time.h>

#include "nodes.h"

#define PAUSE_SECONDS 1
#define MAX_DIGEST_BYTES 4096          /* of what is longer, the beginning tells */
#define REMARKS 2                      /* in the last look */
#define CONFIRMATIONS 8
#define CONFIRMATION_PAUSE_NS 60000000 /* on average longer than an object of a busy process lives */
#define UNREADABLE 0

/* A lost piece of memory, and its bytes. */
struct sighting {
	uint64_t kva;
	uint64_t digest; /* UNREADABLE: it could not be read, and may be another one by now */
};

struct sightings {
	struct sighting *items; /* ascending by address */
	size_t n;
};

static int compare_sightings(const void *left, const void *right)
{
	const struct sighting *a = left;
	const struct sighting *b = right;

	return a->kva < b->kva ? -1 : a->kva > b->kva;
}

/* FNV-1a by words: two contents of one place shall differ, nobody chooses them. */
static uint64_t digest_of(struct mo_reader *reader, uint64_t kva, uint64_t n_bytes)
{
	uint64_t words[MAX_DIGEST_BYTES / sizeof(uint64_t)] = { 0 };
	uint64_t digest = 0xcbf29ce484222325u;
	uint64_t n = n_bytes < sizeof(words) ? n_bytes : sizeof(words);

	if (mo_error_destroy(mo_read(reader, kva, words, n)))
		return UNREADABLE;
	for (uint64_t i = 0; i < (n + sizeof(words[0]) - 1) / sizeof(words[0]); i++)
		digest = (digest ^ words[i]) * 0x100000001b3u;
	return digest ? digest : 1;
}

/* A reader of this moment: one that looked before may still have the pages of then. */
static struct mo_error *list_sightings(const struct leaks_state *state, struct sightings *ret)
{
	struct mo_reader *reader = NULL;
	struct mo_error *error = mo_reader_create(mo_run_kernel(state->run), &reader);

	if (error)
		return error;
	ret->n = state->model.n_lost;
	ret->items = calloc(ret->n + 1, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < ret->n; i++)
		ret->items[i] = (struct sighting){
			.kva = state->lost[i].kva, .digest = digest_of(reader, state->lost[i].kva, lost_bytes(state, &state->lost[i])) };
	mo_reader_destroy(reader);
	if (!ret->items)
		return mo_error_no_memory();
	qsort(ret->items, ret->n, sizeof(*ret->items), compare_sightings);
	return NULL;
}

/* What models say of this moment. */
struct models_again {
	struct mo_model_again *slabs;
	struct mo_model_again *mem_map;
	struct mo_model_again *vmap;   /* NULL: there was none the first time */
};

static struct mo_error *gather_models(const struct leaks_state *state, struct models_again *ret)
{
	struct mo_error *error = mo_model_again(state->run, MO_SLAB_MODEL, &ret->slabs);

	if (!error)
		error = mo_model_again(state->run, MO_MEM_MAP_MODEL, &ret->mem_map);
	if (!error && state->vmap)
		error = mo_model_again(state->run, MO_VMAP_MODEL, &ret->vmap);
	return error;
}

static void destroy_models(struct models_again *models)
{
	mo_model_again_destroy(models->vmap);
	mo_model_again_destroy(models->mem_map);
	mo_model_again_destroy(models->slabs);
}

/* What is lost now, with slabs, classes and areas of now. */
static struct mo_error *look_again(const struct leaks_state *state, const struct models_again *models, unsigned n_remarks,
				   struct sightings *ret)
{
	struct leaks_state again = {
		.run = state->run,
		.is_live = state->is_live,
		.n_remarks = n_remarks,
		.layout = state->layout,
		.mem_map = mo_model_again_get(models->mem_map),
		.vmap = models->vmap ? mo_model_again_get(models->vmap) : NULL,
	};
	struct mo_error *error = mo_object_index_build(mo_run_kernel(state->run), mo_model_again_get(models->slabs), &again.index);

	if (!error)
		error = add_nodes(&again);
	if (!error)
		error = mark_reached(&again);
	if (!error)
		error = list_lost(&again);
	if (!error)
		error = list_sightings(&again, ret);
	free_gathering(&again);
	free(again.lost);
	return error;
}

static const struct sighting *find_sighting(const struct sightings *sightings, uint64_t kva)
{
	struct sighting key = { .kva = kva };

	return bsearch(&key, sightings->items, sightings->n, sizeof(*sightings->items), compare_sightings);
}

/* What is not among the later ones with the same bytes counts as reached from now on. */
static void drop_others(struct leaks_state *state, const struct sightings *before, const struct sightings *now)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < state->model.n_lost; i++) {
		const struct mo_lost_object *object = &state->lost[i];
		uint64_t number = state->index.indexed[object->slab].first_object + ref_of(state, object).index;
		const struct sighting *first = find_sighting(before, object->kva);
		const struct sighting *later = find_sighting(now, object->kva);

		if (first && later && first->digest != UNREADABLE && first->digest == later->digest)
			state->lost[n_kept++] = *object;
		else
			state->marked[number / 64] |= 1ull << number % 64;
	}
	state->model.vanished_objects += state->model.n_lost - n_kept;
	state->model.n_lost = n_kept;
}

static struct mo_error *rescan_once(struct leaks_state *state, const struct sightings *first, unsigned n_remarks)
{
	const struct timespec pause = { .tv_sec = PAUSE_SECONDS };
	struct models_again models = { .slabs = NULL };
	struct sightings now = { .n = 0 };
	struct mo_error *error;

	nanosleep(&pause, NULL);
	error = gather_models(state, &models);
	if (!error)
		error = look_again(state, &models, n_remarks, &now);
	if (!error) {
		drop_others(state, first, &now);
		state->model.rescans++;
	}
	free(now.items);
	destroy_models(&models);
	return error;
}

/* Looks at the bytes of what is left several times more: of a place that is given away again and again they change. */
static struct mo_error *confirm(struct leaks_state *state, const struct sightings *first)
{
	const struct timespec pause = { .tv_nsec = CONFIRMATION_PAUSE_NS };
	struct mo_error *error = NULL;

	for (unsigned i = 0; i < CONFIRMATIONS && state->model.n_lost && !error; i++) {
		struct sightings now = { .n = 0 };

		nanosleep(&pause, NULL);
		error = list_sightings(state, &now);
		if (!error)
			drop_others(state, first, &now);
		free(now.items);
	}
	return error;
}

struct mo_error *rescan(struct leaks_state *state)
{
	struct sightings first = { .n = 0 };
	struct mo_error *error = NULL;

	if (!state->is_live)
		return NULL;
	if (state->model.n_lost)
		error = list_sightings(state, &first);
	for (unsigned i = 0; i < RESCANS && state->model.n_lost && !error; i++)
		error = rescan_once(state, &first, i + 1 == RESCANS ? REMARKS : 0);
	if (!error)
		error = confirm(state, &first);
	free(first.items);
	return mo_error_prepend(error, "cannot look at the running kernel once more");
}
