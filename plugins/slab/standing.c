/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of a kernel that runs a slab's struct page, its free list and the lists of CPUs are read at different moments: what fits
 * together never was, and looks at fault. So each slab at fault is looked at again: its struct page and its CPU's list, the
 * slab as a whole, and both lists once more. A look counts if nothing moved during it. A fault stands if several looks, at
 * different moments, find the same wrong word at the same object. All else is called moved, and is no fault.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOKS_NEEDED 3
#define MAX_ROUNDS 6
#define MAX_ATTEMPTS 3               /* of a look at a slab that moves, in one round */
#define ROUND_PAUSE_NS 30000000
#define MAX_CANDIDATES 512           /* a kernel with more slabs at fault does not run; what is beyond was not checked */
#define MAX_COPY_BYTES (1u << 20)
#define MAX_OBJECTS 32768            /* 15 bits count them (struct slab) */

/* What one look found: equal ones are the same fault. */
struct look {
	struct slab_wrong wrong;
	uint64_t raw;                /* the word that was taken for a pointer */
};

struct candidate {
	size_t slab;                 /* index */
	struct look first;
	unsigned n_same;
	bool is_decided;
	bool stands;
};

struct looking {
	struct slab_state *state;
	struct mo_reader *reader;    /* of its own: it forgets */
	struct mo_set cpus;
	uint8_t *copy;
	uint8_t seen[MAX_OBJECTS / 8];
};

static bool is_same_record(const struct slab_record *a, const struct slab_record *b)
{
	return a->pfn == b->pfn && a->cache_kva == b->cache_kva && a->freelist_kva == b->freelist_kva && a->s_mem_kva == b->s_mem_kva &&
	       a->objects == b->objects && a->inuse == b->inuse && a->is_frozen == b->is_frozen;
}

/* What else than its struct page says which objects of a slab are free: the list of the CPU that allocates from it. */
struct holder {
	int cpu;                     /* -1: none has it */
	struct cpu_slab_words words;
};

static struct holder find_holder(struct looking *looking, const struct mo_slab *slab)
{
	struct holder holder = { .cpu = -1 };
	uint64_t page_kva = 0;

	if (looking->state->shape.is_slab || mo_error_destroy(mo_pfn_to_page(looking->state->memmap, slab->pfn, &page_kva)))
		return holder;
	for (int cpu = mo_set_next(&looking->cpus, 0); cpu >= 0; cpu = mo_set_next(&looking->cpus, (unsigned)cpu + 1)) {
		struct cpu_slab_words words;

		if (!read_cpu_slab(looking->state, looking->reader, slab->cache, (unsigned)cpu, &words) || words.slab_kva != page_kva)
			continue;
		holder.cpu = cpu;
		holder.words = words;
		break;
	}
	return holder;
}

/* Follows a free list in the copy, as walk_freelist() does in memory. Returns how many objects are on it. */
static uint32_t walk_copy(struct looking *looking, const struct mo_slab *slab, uint64_t pointer, struct look *look)
{
	const struct slab_state *state = looking->state;
	const struct mo_slab_cache *cache = &state->caches[slab->cache];
	uint64_t slab_kva = mo_slab_kva(&state->model, slab);
	uint64_t slab_bytes = state->shape.page_bytes << slab->order;
	const struct mo_field word = { .width_bytes = (uint8_t)state->shape.word_bytes, .is_big_endian = state->shape.is_big_endian };
	uint64_t at_kva = 0;
	uint32_t n = 0;

	while (pointer) {
		uint64_t link_offset;
		uint32_t index;

		look->wrong = (struct slab_wrong){ .object_kva = at_kva, .value = pointer, .cache = slab->cache, .fault = MO_SLAB_LEAVES };
		if (!object_of_pointer(state, slab, pointer, &index) || index >= MAX_OBJECTS)
			return n;
		look->wrong.fault = MO_SLAB_TWICE;
		if (looking->seen[index / 8] >> index % 8 & 1)
			return n;
		looking->seen[index / 8] |= (uint8_t)(1u << index % 8);
		n++;
		link_offset = (uint64_t)index * cache->size_bytes + cache->red_left_bytes + cache->freelist_offset_bytes;
		if (link_offset + state->shape.word_bytes > slab_bytes)
			return n;
		look->raw = mo_decode_(&word, looking->copy + link_offset);
		at_kva = pointer;
		pointer = decode_freelist_pointer(&state->shape, state->shape.form, cache->random, look->raw, slab_kva + link_offset);
	}
	*look = (struct look){ .wrong = { .fault = MO_SLAB_SOUND, .cache = slab->cache } };
	return n;
}

/* An object that an array of a CPU or node has, and the slab's own list or an array once more. */
static void look_into_arrays(struct looking *looking, const struct mo_slab *slab, uint64_t object_kva, struct look *look)
{
	struct slab_state *state = looking->state;
	struct mo_reader *reader = state->reader;
	uint64_t moved_lists = state->model.moved_lists;
	unsigned n;
	uint32_t index;

	if (!object_of_pointer(state, slab, object_kva, &index) || index >= MAX_OBJECTS)
		return;
	state->reader = looking->reader;
	n = count_in_sheaves(state, slab->cache, object_kva);
	state->reader = reader;
	state->model.moved_lists = moved_lists; /* these were followed before */
	n += looking->seen[index / 8] >> index % 8 & 1;
	if (n > 1)
		look->wrong = (struct slab_wrong){ .fault = MO_SLAB_TWICE, .object_kva = object_kva, .value = object_kva, .cache = slab->cache };
}

/* False: something moved, and what was seen says nothing. */
static bool look_at_lists(struct looking *looking, size_t index, const struct slab_wrong *first, struct look *look)
{
	struct slab_state *state = looking->state;
	const struct mo_slab *slab = &state->slabs[index];
	uint64_t slab_bytes = state->shape.page_bytes << slab->order;
	struct slab_record before, after;
	struct holder held, holds;
	uint32_t n_listed;

	mo_reader_forget(looking->reader);
	if (slab_bytes > MAX_COPY_BYTES || !read_slab_record(state, looking->reader, slab->pfn, &before) ||
	    before.cache_kva != state->records[index].cache_kva || before.objects != slab->objects)
		return false;
	held = find_holder(looking, slab);
	if (mo_error_destroy(mo_read_pa(looking->reader, slab->pfn << state->model.page_shift, looking->copy, slab_bytes)))
		return false;
	memset(looking->seen, 0, sizeof(looking->seen));
	n_listed = walk_copy(looking, slab, before.freelist_kva, look);
	if (look->wrong.fault == MO_SLAB_SOUND && n_listed != (uint32_t)(before.objects - before.inuse))
		look->wrong = (struct slab_wrong){ .fault = MO_SLAB_MISCOUNTED, .value = before.inuse, .cache = slab->cache };
	if (look->wrong.fault == MO_SLAB_SOUND && held.cpu >= 0)
		walk_copy(looking, slab, held.words.freelist_kva, look);
	if (look->wrong.fault == MO_SLAB_SOUND && first->fault == MO_SLAB_TWICE)
		look_into_arrays(looking, slab, first->value, look);
	mo_reader_forget(looking->reader);
	if (!read_slab_record(state, looking->reader, slab->pfn, &after) || !is_same_record(&before, &after))
		return false;
	holds = find_holder(looking, slab);
	return held.cpu == holds.cpu && !memcmp(held.words.words, holds.words.words, sizeof(held.words.words));
}

/* A struct page that makes no sense, or lies within another slab: the same as it was, and so is the one before. */
static bool look_at_page(struct looking *looking, size_t index)
{
	const struct slab_state *state = looking->state;
	struct slab_record now;
	size_t outer = index;

	mo_reader_forget(looking->reader);
	if (!read_slab_record(state, looking->reader, state->slabs[index].pfn, &now) || !is_same_record(&now, &state->records[index]))
		return false;
	if (state->slabs[index].fault != MO_SLAB_OVERLAPPED)
		return true;
	while (outer && !state->slabs[outer].has_states)
		outer--;
	return read_slab_record(state, looking->reader, state->slabs[outer].pfn, &now) && now.cache_kva == state->records[outer].cache_kva;
}

static bool is_same_look(const struct look *a, const struct look *b)
{
	return a->wrong.fault == b->wrong.fault && a->wrong.object_kva == b->wrong.object_kva && a->wrong.value == b->wrong.value &&
	       a->raw == b->raw;
}

static const struct slab_wrong *first_wrong(const struct slab_state *state, size_t index)
{
	uint64_t page_kva = 0;

	if (!mo_error_destroy(mo_pfn_to_page(state->memmap, state->slabs[index].pfn, &page_kva)))
		for (size_t i = 0; i < state->n_wrongs; i++)
			if (state->wrongs[i].slab_kva == page_kva)
				return &state->wrongs[i];
	return NULL;
}

static void look_at(struct looking *looking, struct candidate *candidate)
{
	const struct slab_state *state = looking->state;
	const struct mo_slab *slab = &state->slabs[candidate->slab];
	const struct slab_wrong *known = first_wrong(state, candidate->slab);
	const struct slab_wrong wrong = known ? *known : (struct slab_wrong){ .fault = slab->fault, .cache = slab->cache };
	struct look look = { .wrong = wrong };

	if (!slab->has_states) {
		candidate->is_decided = !look_at_page(looking, candidate->slab);
	} else {
		bool counts = false;

		/* Indexes of free objects (SLAB) are not copied: of these nothing is claimed. */
		for (unsigned i = 0; i < MAX_ATTEMPTS && !counts && !state->shape.is_slab; i++) {
			look = (struct look){ .raw = 0 };
			counts = look_at_lists(looking, candidate->slab, &wrong, &look);
		}
		candidate->is_decided = state->shape.is_slab || (counts && look.wrong.fault == MO_SLAB_SOUND);
		if (!counts)
			return;
	}
	if (candidate->is_decided)
		return;
	if (!candidate->n_same)
		candidate->first = look;
	if (!is_same_look(&candidate->first, &look))
		candidate->is_decided = true;
	else if (++candidate->n_same == LOOKS_NEEDED)
		candidate->is_decided = candidate->stands = true;
}

static void look_in_rounds(struct looking *looking, struct candidate *candidates, size_t n)
{
	const struct timespec pause = { .tv_nsec = ROUND_PAUSE_NS };
	bool is_open = n > 0;

	for (unsigned round = 0; round < MAX_ROUNDS && is_open; round++) {
		if (round)
			nanosleep(&pause, NULL);
		is_open = false;
		for (size_t i = 0; i < n; i++) {
			if (!candidates[i].is_decided)
				look_at(looking, &candidates[i]);
			is_open |= !candidates[i].is_decided;
		}
	}
}

/* What was a slab for a moment is taken out; of others that moved nothing is known for sure. */
static void settle(struct slab_state *state, const struct candidate *candidates, size_t n)
{
	size_t next = 0;
	size_t n_kept = 0;

	state->n_wrongs = 0;
	for (size_t i = 0; i < state->model.n_slabs; i++) {
		struct mo_slab *slab = &state->slabs[i];
		const struct candidate *candidate = next < n && candidates[next].slab == i ? &candidates[next++] : NULL;
		bool is_at_fault = slab->fault != MO_SLAB_SOUND;

		if (candidate && candidate->stands && !may_be_passing(state, slab)) {
			slab->fault = MO_SLAB_SOUND;
			note_wrong(state, slab, &candidate->first.wrong);
		} else if (is_at_fault && slab->has_states) {
			slab->fault = MO_SLAB_MOVED;
			forget_rest(state, slab);
		} else if (is_at_fault) {
			state->model.moved_pages++;
			continue;
		}
		state->records[n_kept] = state->records[i];
		state->slabs[n_kept++] = *slab;
	}
	state->model.n_slabs = n_kept;
}

static size_t list_candidates(const struct slab_state *state, struct candidate *candidates)
{
	size_t n = 0;

	for (size_t i = 0; i < state->model.n_slabs && n < MAX_CANDIDATES; i++)
		if (state->slabs[i].fault != MO_SLAB_SOUND)
			candidates[n++] = (struct candidate){ .slab = i };
	return n;
}

struct mo_error *check_faults_stand(struct slab_state *state)
{
	struct candidate *candidates;
	struct looking *looking;
	struct mo_error *error = NULL;
	size_t n;

	if (!state->is_live)
		return NULL;
	candidates = calloc(MAX_CANDIDATES, sizeof(*candidates));
	looking = calloc(1, sizeof(*looking));
	if (!candidates || !looking || !(looking->copy = malloc(MAX_COPY_BYTES)))
		error = mo_error_no_memory();
	if (!error)
		error = mo_reader_create(mo_run_kernel(state->run), &looking->reader);
	/* Without the CPUs no slab is known to be none's. */
	if (!error && mo_error_destroy(mo_cpus(state->reader, MO_CPUS_POSSIBLE, &looking->cpus)))
		looking->cpus = (struct mo_set){ 0 };
	if (!error) {
		looking->state = state;
		n = list_candidates(state, candidates);
		look_in_rounds(looking, candidates, n);
		settle(state, candidates, n);
	}
	if (looking) {
		mo_reader_destroy(looking->reader);
		free(looking->copy);
	}
	free(looking);
	free(candidates);
	return error;
}
