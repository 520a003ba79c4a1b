/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "charges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTER_BITS (~7ull)     /* below are enum page_memcg_data_flags and enum objext_flags */
#define MOST_STRIDE_BYTES 65536u /* 7.0 on: what is to say of an object may stand in the object's own padding */
#define MOST_CGROUP_DEPTH 64

/* The vector of a slab: for each object a pointer to its struct obj_cgroup, or a struct slabobj_ext with one (6.10 on). */
struct vector {
	uint64_t first_kva; /* of the first object's pointer; 0: none */
	uint64_t stride_bytes;
};

static struct mo_error *read_vector(const struct slab_state *state, const struct mo_slab *slab, struct vector *ret)
{
	const struct slab_layout *layout = state->layout;
	struct vector vector = { .stride_bytes = state->shape.word_bytes };
	uint64_t page_kva = 0;
	uint64_t word = 0;
	struct mo_error *error = mo_pfn_to_page(state->memmap, slab->pfn, &page_kva);

	if (!error)
		error = mo_read_field(state->reader, &layout->charge.vector, page_kva, &word);
	if (error)
		return error;
	vector.first_kva = word & POINTER_BITS;
	if (vector.first_kva && mo_has(&layout->charge.ext_size) && mo_has(&layout->charge.ext_objcg)) {
		vector.stride_bytes = layout->charge.ext_size.bytes;
		vector.first_kva += layout->charge.ext_objcg.offset_bytes;
		if (mo_has(&layout->charge.stride))
			error = mo_read_field(state->reader, &layout->charge.stride, page_kva, &vector.stride_bytes);
	}
	if (!error && (!vector.stride_bytes || vector.stride_bytes > MOST_STRIDE_BYTES))
		error = mo_error_create(MO_E_CORRUPT, "a stride of %" PRIu64 " bytes", vector.stride_bytes);
	if (!error)
		*ret = vector;
	return error;
}

static void add(struct charges *charges, uint64_t memcg_kva)
{
	for (size_t i = 0; i < charges->n; i++)
		if (charges->charges[i].memcg_kva == memcg_kva) {
			charges->charges[i].n_objects++;
			return;
		}
	if (charges->n < MOST_CHARGES)
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
	struct vector vector = { .first_kva = 0 };
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

	if (!mo_has(&state->layout->charge.vector) || !mo_has(&state->layout->charge.memcg))
		return mo_error_create(MO_E_ABSENT, "this kernel does not charge objects to memory cgroups one by one "
				       "(CONFIG_MEMCG_KMEM, since 5.9)");
	for (size_t i = 0; i < cache->n_slabs; i++)
		if (state->model.slabs[cache->slabs[i]].has_states)
			add_slab(state, &state->model.slabs[cache->slabs[i]], &last, ret);
	qsort(ret->charges, ret->n, sizeof(ret->charges[0]), compare_charges);
	return NULL;
}

/* Puts "/name" before what is in the path already. */
static void prepend_name(char *path, size_t n_bytes, const char *name)
{
	size_t length = strlen(path);
	size_t more = strlen(name) + 1;

	if (length + more + 1 > n_bytes)
		return;
	memmove(path + more, path, length + 1);
	path[0] = '/';
	memcpy(path + 1, name, more - 1);
}

struct mo_error *read_cgroup_path(const struct slab_state *state, uint64_t memcg_kva, char *path, size_t n_bytes)
{
	const struct slab_layout *layout = state->layout;
	uint64_t kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->charge.cgroup) || !mo_has(&layout->charge.kn) || !mo_has(&layout->kernfs.parent) ||
	    !mo_has(&layout->kernfs.name))
		return mo_error_create(MO_E_ABSENT, "the types of cgroups are not known");
	*path = '\0';
	error = mo_read_field(state->reader, &layout->charge.cgroup, memcg_kva, &kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->charge.kn, kva, &kva);
	for (unsigned depth = 0; depth < MOST_CGROUP_DEPTH && kva && !error; depth++) {
		char name[256];
		uint64_t parent_kva = 0;

		error = mo_read_field(state->reader, &layout->kernfs.parent, kva, &parent_kva);
		if (!error && parent_kva)
			error = mo_read_field_string(state->reader, &layout->kernfs.name, kva, name, sizeof(name));
		if (!error && parent_kva)
			prepend_name(path, n_bytes, name);
		kva = parent_kva;
	}
	if (!error && !*path)
		snprintf(path, n_bytes, "/");
	return error;
}
