/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which group each allocated slab object is charged to, by cache: slab after slab on all cores. A thread keeps its sums
 * by group and cache in a table that grows.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/parallel.h>

#define GRAIN_SLABS 1024u
#define FIRST_TABLE_SLOTS 1024u /* a power of two */

struct sum {
	uint64_t key;            /* group, cache; n_objects 0: a free slot */
	uint64_t n_objects;
};

struct sums {
	struct sum *slots;
	size_t n_slots, n_used;
};

struct pass {
	struct cgroups_state *state;
	const struct mo_memmap *memmap;
	unsigned word_bytes;
	struct thread {
		struct sums sums;
		struct charge_lookup lookup;
		struct mo_trouble trouble;
		uint64_t stray_objects;
	} *threads;
};

static struct sum *slot_of(const struct sums *sums, uint64_t key)
{
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (sums->n_slots - 1);

	while (sums->slots[at].n_objects && sums->slots[at].key != key)
		at = (at + 1) & (sums->n_slots - 1);
	return &sums->slots[at];
}

static struct mo_error *grow(struct sums *sums)
{
	struct sums larger = { .n_slots = sums->n_slots ? sums->n_slots * 2 : FIRST_TABLE_SLOTS, .n_used = sums->n_used };

	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return mo_error_no_memory();
	for (size_t i = 0; i < sums->n_slots; i++)
		if (sums->slots[i].n_objects)
			*slot_of(&larger, sums->slots[i].key) = sums->slots[i];
	free(sums->slots);
	*sums = larger;
	return NULL;
}

static struct mo_error *add(struct sums *sums, uint32_t group, uint32_t cache, uint64_t n_objects)
{
	uint64_t key = (uint64_t)group << 32 | cache;
	struct mo_error *error = sums->n_used * 2 >= sums->n_slots ? grow(sums) : NULL;
	struct sum *sum;

	if (error)
		return error;
	sum = slot_of(sums, key);
	sums->n_used += !sum->n_objects;
	sum->key = key;
	sum->n_objects += n_objects;
	return NULL;
}

/* The entries of a slab's vector, which lie in memory of the direct map, from as few reads as can be. */
struct entries {
	struct mo_reader *reader;
	struct mo_charge_vector vector;
	uint64_t end_kva;
	const uint8_t *bytes;
	uint64_t first_kva;
	size_t n_bytes;
};

static struct mo_error *entry_at(struct entries *entries, uint32_t index, uint64_t *ret)
{
	uint64_t kva = entries->vector.first_kva + index * entries->vector.stride_bytes;
	const void *bytes = NULL;
	struct mo_error *error;

	if (!entries->bytes || kva < entries->first_kva || kva - entries->first_kva + 8 > entries->n_bytes) {
		size_t n_bytes = 0;

		error = mo_view(entries->reader, kva, (size_t)(entries->end_kva - kva), &bytes, &n_bytes);
		if (error)
			return error;
		entries->bytes = bytes;
		entries->first_kva = kva;
		entries->n_bytes = n_bytes;
		if (n_bytes < 8) {
			entries->bytes = NULL;
			return mo_read_pointer(entries->reader, kva, ret);
		}
	}
	memcpy(ret, entries->bytes + (kva - entries->first_kva), 8);
	return NULL;
}

static struct mo_error *count_objects(struct pass *pass, struct thread *thread, const struct mo_slab *slab,
				      struct entries *entries)
{
	const struct mo_slab_model *model = pass->state->slab;
	uint32_t group = MO_CGROUP_NONE;
	uint64_t n_same = 0;

	for (uint32_t i = 0; i < slab->objects; i++) {
		uint64_t pointer = 0;
		uint32_t found;
		struct mo_error *error;

		if (mo_object_state_of(model, slab, i) != MO_OBJECT_ALLOCATED)
			continue;
		error = entry_at(entries, i, &pointer);
		if (error) { /* the rest of this vector is not there either */
			mo_trouble_note(&thread->trouble, mo_error_prepend(error, "owners of the slab at page frame 0x%" PRIx64,
									slab->pfn));
			break;
		}
		if (!pointer)
			continue;
		found = group_of_charge(&thread->lookup, pointer & MO_CHARGE_POINTER_BITS);
		if (found == MO_CGROUP_NONE) {
			thread->stray_objects++;
			continue;
		}
		if (found != group && n_same) {
			error = add(&thread->sums, group, slab->cache, n_same);
			if (error)
				return error;
			n_same = 0;
		}
		group = found;
		n_same++;
	}
	return n_same ? add(&thread->sums, group, slab->cache, n_same) : NULL;
}

static struct mo_error *scan_slabs(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct pass *pass = context;
	struct thread *thread = &pass->threads[thread_index];
	struct mo_error *fatal = NULL;

	thread->lookup.reader = reader;
	for (uint64_t i = first; !fatal && i < first + n_items; i++) {
		const struct mo_slab *slab = &pass->state->slab->slabs[i];
		struct entries entries = { .reader = reader };
		uint64_t page_kva = 0;
		struct mo_error *error;

		if (!slab->has_states || slab->cache == MO_SLAB_NO_CACHE)
			continue;
		error = mo_pfn_to_page(pass->memmap, slab->pfn, &page_kva);
		if (!error)
			error = mo_charge_vector_read(reader, &pass->state->layout->charge, page_kva, pass->word_bytes,
						      &entries.vector);
		mo_trouble_note(&thread->trouble, error);
		if (error || !entries.vector.first_kva)
			continue;
		entries.end_kva = entries.vector.first_kva + slab->objects * entries.vector.stride_bytes;
		fatal = count_objects(pass, thread, slab, &entries);
	}
	return fatal;
}

static int compare_sums(const void *left, const void *right)
{
	const struct sum *a = left;
	const struct sum *b = right;

	return a->key < b->key ? -1 : a->key > b->key;
}

static int compare_caches(const void *left, const void *right)
{
	const struct mo_cgroup_cache *a = left;
	const struct mo_cgroup_cache *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return a->cache < b->cache ? -1 : a->cache > b->cache;
}

/* All threads' sums as the groups' lists. */
static struct mo_error *share_out(struct cgroups_state *state, const struct sums *sums, unsigned word_bytes, bool is_partial)
{
	struct sum *sorted = calloc(sums->n_used + 1, sizeof(*sorted));
	size_t n = 0;

	state->caches = calloc(sums->n_used + 1, sizeof(*state->caches));
	if (!sorted || !state->caches) {
		free(sorted);
		return mo_error_no_memory();
	}
	for (size_t i = 0; i < sums->n_slots; i++)
		if (sums->slots[i].n_objects)
			sorted[n++] = sums->slots[i];
	qsort(sorted, n, sizeof(*sorted), compare_sums);
	for (size_t i = 0, at = 0; i < state->n_groups; i++) {
		struct mo_cgroup *group = &state->groups[i];
		size_t first = at;
		uint64_t bytes = 0;
		uint64_t n_objects = 0;

		for (; at < n && sorted[at].key >> 32 == i; at++) {
			uint32_t cache = (uint32_t)sorted[at].key;
			/* obj_full_size() (mm/memcontrol.c) */
			uint64_t full_bytes = state->slab->caches[cache].size_bytes + word_bytes;

			state->caches[at] = (struct mo_cgroup_cache){ cache, sorted[at].n_objects,
								      sorted[at].n_objects * full_bytes };
			bytes += state->caches[at].bytes;
			n_objects += sorted[at].n_objects;
		}
		qsort(state->caches + first, at - first, sizeof(*state->caches), compare_caches);
		group->caches = state->caches + first;
		group->n_caches = at - first;
		group->charged_slab_bytes = is_partial ? mo_at_least(bytes) : mo_exact(bytes);
		group->charged_objects = is_partial ? mo_at_least(n_objects) : mo_exact(n_objects);
	}
	free(sorted);
	return NULL;
}

static struct mo_error *merge_threads(struct pass *pass, unsigned n_threads)
{
	struct cgroups_state *state = pass->state;
	uint64_t n_before = state->unreadable_charges.n;
	struct sums all = { .n_slots = 0 };
	struct mo_error *error = NULL;

	for (unsigned i = 0; i < n_threads; i++) {
		const struct sums *sums = &pass->threads[i].sums;

		for (size_t j = 0; !error && j < sums->n_slots; j++)
			if (sums->slots[j].n_objects)
				error = add(&all, (uint32_t)(sums->slots[j].key >> 32), (uint32_t)sums->slots[j].key,
					    sums->slots[j].n_objects);
		state->model.stray_objects += pass->threads[i].stray_objects;
		mo_trouble_merge(&state->unreadable_charges, &pass->threads[i].trouble);
	}
	if (!error)
		error = share_out(state, &all, pass->word_bytes, state->unreadable_charges.n != n_before);
	free(all.slots);
	return error;
}

struct mo_error *gather_object_charges(struct cgroups_state *state)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(state->run));
	struct pass pass = { .state = state, .word_bytes = facts->pointer_bytes };
	struct mo_error *error;

	if (!state->slab || !mo_charge_is_by_object(&state->layout->charge) || facts->pointer_bytes != 8 ||
	    facts->is_big_endian)
		return NULL;
	error = mo_memmap(state->reader, &pass.memmap);
	if (error) {
		mo_trouble_note(&state->unreadable_charges, error);
		return NULL;
	}
	pass.threads = calloc(n_threads, sizeof(*pass.threads));
	if (!pass.threads)
		return mo_error_no_memory();
	for (unsigned i = 0; i < n_threads; i++)
		pass.threads[i].lookup.state = state;
	error = mo_parallel_scan(mo_run_kernel(state->run), mo_run_progress(state->run), "charged objects", 0,
				 state->slab->n_slabs, GRAIN_SLABS, scan_slabs, &pass);
	if (!error)
		error = merge_threads(&pass, n_threads);
	for (unsigned i = 0; i < n_threads; i++) {
		mo_error_destroy(pass.threads[i].trouble.first);
		free(pass.threads[i].sums.slots);
	}
	free(pass.threads);
	return error;
}
