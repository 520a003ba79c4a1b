/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the record that the kernel kept of an allocation: struct track, tag or page_owner. */
#include "records.h"

#include <memopsy/page_owner.h>
#include <memopsy/stack_depot.h>
#include <stdlib.h>
#include <string.h>

#define MEMO_SLOTS 1024

struct record_memo {
	uint64_t caller_kva, stack_key;
	struct record record;
};

struct record_finder {
	const struct leaks_state *state;
	struct mo_reader *reader;
	const struct mo_symbols *symbols;
	const struct mo_page_owner_model *pages; /* NULL: not there */
	size_t last_site;                        /* objects of a group are of the same one */
	bool *has_no_tracks;                     /* of each cache: it said so once, and is not asked for each of its objects */
	struct record_memo memos[MEMO_SLOTS];
};

struct mo_error *create_record_finder(const struct leaks_state *state, struct record_finder **ret)
{
	struct record_finder *finder = calloc(1, sizeof(*finder));
	const void *pages;
	struct mo_error *error;

	if (!finder)
		return mo_error_no_memory();
	finder->has_no_tracks = calloc(state->index.slabs->n_caches + 1, sizeof(*finder->has_no_tracks));
	if (!finder->has_no_tracks) {
		free(finder);
		return mo_error_no_memory();
	}
	finder->state = state;
	finder->reader = mo_run_reader(state->run);
	finder->symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	error = mo_run_late_model(state->run, MO_PAGE_OWNER_MODEL, &pages);
	if (error) {
		destroy_record_finder(finder);
		return error;
	}
	finder->pages = pages;
	*ret = finder;
	return NULL;
}

void destroy_record_finder(struct record_finder *finder)
{
	free(finder->has_no_tracks);
	free(finder);
}

/* A call that does not return may be the last thing in its function: then the return address lies behind it. */
static bool find_symbol(const struct record_finder *finder, uint64_t kva, struct mo_symbol *ret)
{
	for (unsigned back = 0; back < 2; back++) {
		struct mo_error *error = mo_symbols_at(finder->symbols, kva - back, ret);

		if (!mo_error_destroy(error))
			return true;
	}
	return false;
}

/* The function that called the allocator; and the first module on the way to it. */
static void name_caller(const struct record_finder *finder, struct record *record, const uint64_t *frames_kva, size_t n_frames)
{
	struct mo_symbol symbol;

	if (record->caller_kva && find_symbol(finder, record->caller_kva, &symbol)) {
		record->function = symbol.name;
		record->module = symbol.module;
		record->offset_bytes = record->caller_kva - symbol.value_kva;
	}
	for (size_t i = 0; i < n_frames && !record->module; i++)
		if (find_symbol(finder, frames_kva[i], &symbol))
			record->module = symbol.module;
}

/* Of one stack, one key (FNV-1a). */
static uint64_t stack_key(uint64_t caller_kva, const uint64_t *frames_kva, size_t n_frames)
{
	uint64_t hash = (0xcbf29ce484222325 ^ caller_kva) * 0x100000001b3;

	for (size_t i = 0; i < n_frames; i++)
		hash = (hash ^ frames_kva[i]) * 0x100000001b3;
	return hash ? hash : 1;
}

static bool find_track(struct record_finder *finder, const struct mo_lost_object *lost, struct record *ret)
{
	const struct mo_slab_model *slabs = finder->state->index.slabs;
	bool *has_no_tracks = &finder->has_no_tracks[slabs->slabs[lost->slab].cache];
	struct mo_slab_track track;
	struct record_memo *memo;
	struct mo_error *error;

	if (!slabs->track || *has_no_tracks)
		return false;
	error = slabs->track(slabs, finder->reader, &slabs->slabs[lost->slab], mo_lost_index(slabs, lost), false, &track);
	*has_no_tracks = error && mo_error_code(error) == MO_E_ABSENT;
	if (mo_error_destroy(error) || !track.caller_kva)
		return false;
	*ret = (struct record){ .source = MO_OWNER_TRACK, .caller_kva = track.caller_kva,
				.stack_key = stack_key(track.caller_kva, track.frames_kva, track.n_frames) };
	memo = &finder->memos[(ret->stack_key ^ ret->stack_key >> 32) % MEMO_SLOTS];
	if (memo->caller_kva != ret->caller_kva || memo->stack_key != ret->stack_key) {
		name_caller(finder, ret, track.frames_kva, track.n_frames);
		*memo = (struct record_memo){ .caller_kva = ret->caller_kva, .stack_key = ret->stack_key, .record = *ret };
	}
	*ret = memo->record;
	return true;
}

static struct record of_site(const struct mo_alloc_site *site)
{
	return (struct record){ .source = MO_OWNER_ALLOC_TAG, .function = site->function, .module = site->module,
				.stack_key = site->tag_kva };
}

static bool find_site(struct record_finder *finder, uint64_t tag_kva, struct record *ret)
{
	const struct mo_page_owner_model *pages = finder->pages;

	for (size_t i = 0; i < pages->n_sites && pages->sites[finder->last_site].tag_kva != tag_kva; i++)
		finder->last_site = i;
	if (pages->sites[finder->last_site].tag_kva != tag_kva)
		return false;
	*ret = of_site(&pages->sites[finder->last_site]);
	return true;
}

/* The object's reference to a tag, in what its slab keeps for each object beside it. */
static bool find_tag(struct record_finder *finder, const struct mo_lost_object *lost, struct record *ret)
{
	const struct leaks_state *state = finder->state;
	const struct leaks_layout *layout = state->layout;
	struct mo_charge_vector vector = { .first_kva = 0 };
	uint64_t tag_kva = 0;
	struct mo_error *error;

	if (!finder->pages || !finder->pages->n_sites || !mo_has(&layout->tag_of_object) || !mo_has(&layout->charges.ext_objcg) ||
	    !mo_charge_is_by_object(&layout->charges) || !state->ranges.page_struct_bytes)
		return false;
	error = mo_charge_vector_read(finder->reader, &layout->charges,
				      struct_page_kva(&state->ranges, state->index.slabs->slabs[lost->slab].pfn),
				      state->index.word_bytes, &vector);
	if (!error && vector.first_kva)
		error = mo_read_pointer(finder->reader,
					vector.first_kva - layout->charges.ext_objcg.offset_bytes +
						layout->tag_of_object.offset_bytes + mo_lost_index(state->index.slabs, lost) * vector.stride_bytes,
					&tag_kva);
	return !mo_error_destroy(error) && tag_kva && find_site(finder, tag_kva, ret);
}

static bool find_page_record(const struct record_finder *finder, const struct mo_lost_object *lost, struct record *ret)
{
	const struct leaks_state *state = finder->state;
	struct mo_page_owner_record found;
	struct mo_error *error;

	if (!finder->pages)
		return false;
	error = finder->pages->find(finder->pages, finder->reader, mo_index_pa(&state->index, lost->kva) >> state->index.page_shift,
				    &found);
	if (mo_error_destroy(error))
		return false;
	if (found.is_recorded && found.is_allocated && found.stack) {
		const struct mo_page_owner_stack *stack = found.stack;

		*ret = (struct record){ .source = MO_OWNER_PAGE_OWNER, .stack_key = found.handle };
		if (stack->caller < stack->n_frames)
			ret->caller_kva = stack->frames_kva[stack->caller];
		name_caller(finder, ret, stack->frames_kva, stack->n_frames);
		if (stack->caller_name)
			ret->function = stack->caller_name;
		return true;
	}
	if (!found.site)
		return false;
	*ret = of_site(found.site);
	return true;
}

struct record find_allocation(struct record_finder *finder, uint32_t lost)
{
	const struct mo_lost_object *object = &finder->state->lost[lost];
	struct record record = { .source = MO_OWNER_UNKNOWN };
	bool is_found = false;

	if (object->kind == MO_LOST_OBJECT)
		is_found = find_track(finder, object, &record) || find_tag(finder, object, &record);
	else if (object->kind != MO_LOST_AREA)
		is_found = find_page_record(finder, object, &record);
	return is_found ? record : (struct record){ .source = MO_OWNER_UNKNOWN };
}

size_t read_allocating_stack(struct mo_run *run, const struct mo_leaks_model *model, uint32_t lost, uint64_t *frames_kva)
{
	const struct mo_lost_object *object = &model->lost[lost];
	const struct mo_slab_model *slabs = mo_run_model_of(run, MO_SLAB_MODEL);
	const struct mo_page_owner_model *pages;
	struct mo_page_owner_record record;
	struct mo_slab_track track;
	struct mo_error *error;
	size_t n_frames = 0;

	if (object->kind == MO_LOST_OBJECT) {
		if (!slabs->track)
			return 0;
		error = slabs->track(slabs, mo_run_reader(run), &slabs->slabs[object->slab], mo_lost_index(slabs, object), false, &track);
		if (!error)
			n_frames = track.n_frames < MO_SLAB_TRACK_FRAMES ? track.n_frames : MO_SLAB_TRACK_FRAMES;
		memcpy(frames_kva, track.frames_kva, n_frames * sizeof(*frames_kva));
		mo_error_destroy(error);
		return n_frames;
	}
	pages = mo_run_model_of(run, MO_PAGE_OWNER_MODEL);
	if (!pages)
		return 0;
	error = pages->find(pages, mo_run_reader(run), (object->kva - slabs->direct_map_kva) >> slabs->page_shift, &record);
	if (!error && record.stack)
		n_frames = record.stack->n_frames < MO_STACK_DEPOT_FRAMES ? record.stack->n_frames : MO_STACK_DEPOT_FRAMES;
	if (n_frames)
		memcpy(frames_kva, record.stack->frames_kva, n_frames * sizeof(*frames_kva));
	mo_error_destroy(error);
	return n_frames;
}
