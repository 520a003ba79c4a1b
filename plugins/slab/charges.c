/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the objects of a cache by the memory cgroup that they are charged to. */
#include "charges.h"

#include <stdlib.h>

static struct mo_error *read_vector(const struct slab_state *state, const struct mo_slab *slab, struct mo_charge_vector *ret)
{
	uint64_t page_kva = 0;
	struct mo_error *error = mo_pfn_to_page(state->memmap, slab->pfn, &page_kva);

	return error ? error : mo_charge_vector_read(state->reader, &state->layout->charge, page_kva, state->shape.word_bytes, ret);
}

static void add(struct charges *charges, uint64_t memcg_kva)
{
	for (size_t i = 0; i < charges->n; i++)
		if (charges->charges[i].memcg_kva == memcg_kva) {
			charges->charges[i].n_objects++;
			return;
		}
	if (charges->n < MAX_CHARGES)
		charges->charges[charges->n++] = (struct charge){ .memcg_kva = memcg_kva, .n_objects = 1 };
	else
		charges->n_others++;
}

/* The last struct obj_cgroup seen: neighbours mostly have the same. */
struct last_objcg {
	uint64_t objcg_kva;
	uint64_t memcg_kva;
};

static void add_object(const struct slab_state *state, uint64_t pointer_kva, struct last_objcg *last, struct charges *charges)
{
	uint64_t objcg_kva = 0;
	struct mo_error *error = mo_read_pointer(state->reader, pointer_kva, &objcg_kva);

	if (!error && objcg_kva && objcg_kva != last->objcg_kva) {
		struct last_objcg now = { .objcg_kva = objcg_kva };

		error = mo_read_field(state->reader, &state->layout->charge.memcg, objcg_kva, &now.memcg_kva);
		if (!error)
			*last = now;
	}
	if (error)
		charges->n_unreadable++;
	else
		add(charges, objcg_kva ? last->memcg_kva : 0);
	mo_error_destroy(error);
}

static void add_slab(const struct slab_state *state, const struct mo_slab *slab, struct last_objcg *last,
		     struct charges *charges)
{
	struct mo_charge_vector vector = { .first_kva = 0 };
	struct mo_error *error = read_vector(state, slab, &vector);

	for (uint32_t i = 0; i < slab->objects; i++) {
		if (mo_object_state_of(&state->model, slab, i) != MO_OBJECT_ALLOCATED)
			continue;
		if (error)
			charges->n_unreadable++;
		else if (!vector.first_kva)
			add(charges, 0);
		else
			add_object(state, vector.first_kva + i * vector.stride_bytes, last, charges);
	}
	mo_error_destroy(error);
}

static int compare_charges(const void *a, const void *b)
{
	const struct charge *left = a;
	const struct charge *right = b;

	if (left->n_objects != right->n_objects)
		return left->n_objects < right->n_objects ? 1 : -1;
	return (left->memcg_kva > right->memcg_kva) - (left->memcg_kva < right->memcg_kva);
}

struct mo_error *gather_charges(const struct slab_state *state, const struct mo_slab_cache *cache, struct charges *ret)
{
	struct last_objcg last = { .objcg_kva = 0 };

	if (mo_has(&state->layout->cache.root_cache))
		return mo_error_create(MO_E_ABSENT, "this kernel charges whole caches to memory cgroups (`memopsy slab` lists a "
				       "cache's children)");
	if (!mo_charge_is_by_object(&state->layout->charge))
		return mo_error_create(MO_E_ABSENT, "this kernel does not charge objects to memory cgroups one by one "
				       "(CONFIG_MEMCG_KMEM, since 5.9)");
	for (size_t i = 0; i < cache->n_slabs; i++)
		if (state->model.slabs[cache->slabs[i]].has_states)
			add_slab(state, &state->model.slabs[cache->slabs[i]], &last, ret);
	qsort(ret->charges, ret->n, sizeof(ret->charges[0]), compare_charges);
	return NULL;
}
