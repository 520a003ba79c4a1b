/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Free lists: chains of pointers in the free objects themselves. Each list is bounded by its slab, and no object is
 * taken twice, so a list that loops or leaves ends where that shows.
 */
#include "gathering.h"

#include <memopsy/parallel.h>
#include <stdlib.h>
#include <string.h>

#define WALK_GRAIN_SLABS 1024

uint64_t decode_freelist_pointer(const struct slab_shape *shape, enum freelist_form form, uint64_t random, uint64_t raw,
				 uint64_t at_kva)
{
	switch (form) {
	case FREELIST_HARDENED:
		return raw ^ random ^ at_kva;
	case FREELIST_SWAPPED:
		return raw ^ random ^ (shape->word_bytes == 8 ? __builtin_bswap64(at_kva) : __builtin_bswap32((uint32_t)at_kva));
	default:
		return raw;
	}
}

static uint64_t word_of(const struct slab_shape *shape, const uint8_t *bytes)
{
	const struct mo_field word = { .width_bytes = (uint8_t)shape->word_bytes, .is_big_endian = shape->is_big_endian };

	return mo_decode_(&word, bytes);
}

struct mo_error *read_slab_word(struct freelist_walk *walk, uint64_t offset, uint64_t *ret)
{
	const struct slab_shape *shape = &walk->state->shape;
	uint64_t slab_pa = walk->slab->pfn << walk->state->model.page_shift;
	uint64_t slab_bytes = shape->page_bytes << walk->slab->order;
	uint64_t first = offset - offset % shape->page_bytes;
	const void *view;
	size_t n_bytes;
	struct mo_error *error;

	if (offset >= walk->view_first && offset + shape->word_bytes <= walk->view_end) {
		*ret = word_of(shape, walk->view + (offset - walk->view_first));
		return NULL;
	}
	/* A pointer is aligned (6.1 and before: to a word; it never straddles pages that could be apart) or read as it lies. */
	if (offset + shape->word_bytes > first + shape->page_bytes) {
		uint8_t bytes[8];

		error = mo_read_pa(walk->reader, slab_pa + offset, bytes, shape->word_bytes);
		walk->view_end = walk->view_first = 0;
		if (!error)
			*ret = word_of(shape, bytes);
		return error;
	}
	error = mo_view_pa(walk->reader, slab_pa + first, (size_t)(slab_bytes - first), &view, &n_bytes);
	if (error)
		return error;
	walk->view = view;
	walk->view_first = first;
	walk->view_end = first + n_bytes;
	if (offset + shape->word_bytes > walk->view_end)
		return mo_error_create(MO_E_NOT_IN_DUMP, "the dump has a part of this page only");
	*ret = word_of(shape, walk->view + (offset - first));
	return NULL;
}

bool object_of_pointer(const struct slab_state *state, const struct mo_slab *slab, uint64_t pointer, uint32_t *ret)
{
	const struct mo_slab_cache *cache = &state->caches[slab->cache];
	uint64_t offset = pointer - mo_slab_kva(&state->model, slab) - cache->red_left_bytes;

	/* Below the slab is far above it. A slab has less than 4 GiB. */
	if (offset >= state->shape.page_bytes << slab->order)
		return false;
	*ret = (uint32_t)offset / cache->size_bytes;
	return *ret < slab->objects && *ret * cache->size_bytes == (uint32_t)offset;
}

void set_object_state(const struct slab_state *state, const struct mo_slab *slab, uint32_t index,
		      enum mo_object_state object_state)
{
	uint64_t object = slab->first_object + index;
	uint8_t *byte = &state->states[object / 2];
	unsigned shift = object % 2 * 4;

	*byte = (uint8_t)((*byte & ~(15u << shift)) | (unsigned)object_state << shift);
}

uint32_t walk_freelist(struct slab_state *state, struct mo_reader *reader, const struct mo_slab *slab, uint64_t first_kva,
		       enum mo_object_state object_state, struct slab_wrong *wrong)
{
	const struct mo_slab_cache *cache = &state->caches[slab->cache];
	struct freelist_walk walk = { .state = state, .reader = reader, .slab = slab, .cache = cache };
	uint64_t slab_kva = mo_slab_kva(&state->model, slab);
	uint64_t at_kva = 0;
	uint64_t pointer = first_kva;
	uint32_t n = 0;

	while (pointer) {
		uint64_t link_offset;
		uint64_t raw = 0;
		struct mo_error *error;
		uint32_t index;

		*wrong = (struct slab_wrong){ .object_kva = at_kva, .value = pointer, .cache = slab->cache };
		if (!object_of_pointer(state, slab, pointer, &index)) {
			wrong->fault = MO_SLAB_LEAVES;
			return n;
		}
		if (mo_object_state_at(&state->model, slab->first_object + index) != MO_OBJECT_ALLOCATED) {
			wrong->fault = MO_SLAB_TWICE;
			return n;
		}
		set_object_state(state, slab, index, object_state);
		n++;
		link_offset = (uint64_t)index * cache->size_bytes + cache->red_left_bytes + cache->freelist_offset_bytes;
		error = read_slab_word(&walk, link_offset, &raw);
		if (error) {
			wrong->fault = MO_SLAB_UNREADABLE;
			wrong->object_kva = pointer;
			mo_error_destroy(error);
			return n;
		}
		at_kva = pointer;
		pointer = decode_freelist_pointer(&state->shape, state->shape.form, cache->random, raw, slab_kva + link_offset);
	}
	*wrong = (struct slab_wrong){ .fault = MO_SLAB_SOUND };
	return n;
}

/* What the first wrongs of a thread were; each slab keeps its own fault. Padded apart. */
struct thread_wrongs {
	struct slab_wrong wrongs[MAX_WRONGS];
	struct mo_slab *slabs[MAX_WRONGS];
	size_t n;
} __attribute__((aligned(128)));

struct pass {
	struct slab_state *state;
	struct thread_wrongs *threads;
};

static enum mo_object_state state_of_place(uint8_t place)
{
	return place == MO_SLAB_CPU_PARTIAL ? MO_OBJECT_FREE_CPU_PARTIAL : MO_OBJECT_FREE;
}

static void walk_one(struct slab_state *state, struct mo_reader *reader, struct thread_wrongs *thread, size_t index)
{
	struct mo_slab *slab = &state->slabs[index];
	struct slab_wrong wrong = { .fault = MO_SLAB_SOUND };
	uint32_t n_expected = (uint32_t)(slab->objects - slab->inuse);

	if (!slab->has_states)
		return;
	if (state->shape.is_slab && n_expected)
		slab->free_objects = (uint16_t)walk_index_freelist(state, reader, slab, state->records[index].freelist_kva,
								   &wrong);
	else if (state->records[index].freelist_kva && !state->shape.is_slab)
		slab->free_objects = (uint16_t)walk_freelist(state, reader, slab, state->records[index].freelist_kva,
							     state_of_place(slab->place), &wrong);
	if (wrong.fault == MO_SLAB_SOUND && slab->free_objects != n_expected)
		wrong = (struct slab_wrong){ .fault = MO_SLAB_MISCOUNTED, .value = slab->inuse, .cache = slab->cache };
	if (wrong.fault == MO_SLAB_SOUND)
		return;
	/* The counter says that more are free than the list tells. */
	if (slab->free_objects < n_expected)
		forget_untold(state, reader, slab, wrong.fault);
	slab->fault = wrong.fault;
	if (thread->n == MAX_WRONGS)
		return;
	thread->slabs[thread->n] = slab;
	thread->wrongs[thread->n++] = wrong;
}

static struct mo_error *walk_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	const struct pass *pass = context;

	for (uint64_t i = first; i < first + n_items; i++)
		walk_one(pass->state, reader, &pass->threads[thread_index], (size_t)i);
	return NULL;
}

struct mo_error *walk_slab_freelists(struct slab_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct pass pass = { .state = state };
	struct mo_error *error;

	pass.threads = aligned_alloc(_Alignof(struct thread_wrongs), n_threads * sizeof(*pass.threads));
	if (!pass.threads)
		return mo_error_no_memory();
	memset(pass.threads, 0, n_threads * sizeof(*pass.threads));
	error = mo_parallel_scan(kernel, mo_run_progress(state->run), "walking free lists", 0, state->model.n_slabs,
				 WALK_GRAIN_SLABS, walk_chunk, &pass);
	for (unsigned i = 0; i < n_threads && !error; i++)
		for (size_t k = 0; k < pass.threads[i].n; k++)
			note_wrong(state, pass.threads[i].slabs[k], &pass.threads[i].wrongs[k]);
	free(pass.threads);
	return error;
}
