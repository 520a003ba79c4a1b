/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which module objects belong to, by what their words point at: operations, functions, variables of a module. That is a
 * guess: an object may point into a module that it only uses.
 */
#include <memopsy/module_list.h>

#include "gathering.h"

#define N_SAMPLES 64u
#define MOST_WORDS 128u /* of an object */

/* From the lowest to the highest address of a module; kernel code and data lie elsewhere. */
struct mo_error *find_module_span(struct owners_state *state)
{
	struct mo_modules *modules = NULL;
	struct mo_error *error = mo_modules_gather(mo_run_reader(state->run), &modules);

	if (error && (mo_error_code(error) == MO_E_NO_MEMORY || mo_error_code(error) == MO_E_CANCELLED))
		return error;
	mo_error_destroy(error); /* no modules, or none that are known */
	for (size_t i = 0; modules && i < modules->count; i++) {
		for (size_t k = 0; k < modules->items[i].n_ranges; k++) {
			const struct mo_module_range *range = &modules->items[i].ranges[k];

			if (range->n_bytes > UINT64_MAX - range->first_kva)
				continue;
			if (!state->modules_end_kva || range->first_kva < state->modules_kva)
				state->modules_kva = range->first_kva;
			if (range->first_kva + range->n_bytes > state->modules_end_kva)
				state->modules_end_kva = range->first_kva + range->n_bytes;
		}
	}
	mo_modules_destroy(modules);
	return NULL;
}

/* *ret: a name of the model's; NULL: no word of these points into a module. */
struct mo_error *module_of_object(struct owners_state *state, uint64_t kva, uint64_t n_bytes, const char **ret)
{
	uint64_t words[MOST_WORDS];
	size_t n_words = n_bytes / 8 < MOST_WORDS ? (size_t)(n_bytes / 8) : MOST_WORDS;
	struct mo_error *error;

	*ret = NULL;
	if (!state->places || !state->modules_end_kva)
		return NULL;
	error = mo_read(mo_run_reader(state->run), kva, words, n_words * 8);
	if (error) {
		bool is_fatal = mo_error_code(error) == MO_E_NO_MEMORY || mo_error_code(error) == MO_E_CANCELLED;

		if (is_fatal)
			return error;
		mo_error_destroy(error);
		return NULL;
	}
	for (size_t i = 0; i < n_words && !*ret; i++) {
		struct mo_place place;

		if (words[i] < state->modules_kva || words[i] >= state->modules_end_kva)
			continue;
		error = state->places->find(state->places, mo_run_reader(state->run), words[i], &place);
		if (error)
			return error;
		if ((place.kind == MO_PLACE_SYMBOL || place.kind == MO_PLACE_MODULE) && place.module)
			return keep_name(&state->names, place.module, ret);
	}
	return NULL;
}

/* The module that most of the sampled objects of a cache point into; NULL: none. */
struct mo_error *module_of_objects(struct owners_state *state, const struct mo_slab_cache *cache, const char **ret)
{
	const struct mo_slab_model *slabs = state->slabs;
	size_t step = cache->n_slabs / N_SAMPLES + 1;
	const char *modules[N_SAMPLES];
	size_t n_objects = 0;
	size_t n = 0;

	*ret = NULL;
	for (size_t i = 0; i < cache->n_slabs && n_objects < N_SAMPLES; i += step) {
		const struct mo_slab *slab = &slabs->slabs[cache->slabs[i]];
		uint32_t index = slab->objects / 2u;
		struct mo_error *error;

		if (slab->cache == MO_SLAB_NO_CACHE || !slab->objects ||
		    mo_object_state_of(slabs, slab, index) != MO_OBJECT_ALLOCATED)
			continue;
		n_objects++;
		error = module_of_object(state, mo_object_kva(slabs, slab, index), cache->object_bytes, &modules[n]);
		if (error)
			return error;
		n += modules[n] != NULL;
	}
	for (size_t i = 0; i < n; i++) {
		size_t n_same = 0;

		for (size_t k = 0; k < n; k++)
			n_same += modules[k] == modules[i];
		if (n_same * 2 > n_objects) {
			*ret = modules[i];
			return NULL;
		}
	}
	return NULL;
}
