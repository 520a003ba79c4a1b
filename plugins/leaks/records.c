/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "records.h"

#include <memopsy/page_owner.h>
#include <memopsy/stack_depot.h>
#include <stdlib.h>

#define MOST_TRACK_BYTES 512
#define STORE_USER_BEFORE_6_9 0x10000u /* include/linux/slab.h: SLAB_STORE_USER */
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
	bool has_tracks;
	uint32_t track_flag;
	size_t last_site;                        /* objects of a group are of the same one */
	struct record_memo memos[MEMO_SLOTS];
};

static bool lies_within(const struct mo_field *field, uint64_t n_bytes)
{
	return mo_has(field) && field->width_bytes && field->offset_bytes <= n_bytes &&
	       field->size_bytes <= n_bytes - field->offset_bytes;
}

static void learn_tracks(struct record_finder *finder)
{
	const struct leaks_layout *layout = finder->state->layout;
	uint64_t n_bytes = mo_has(&layout->track.size) ? layout->track.size.bytes : 0;

	finder->has_tracks = n_bytes && n_bytes <= MOST_TRACK_BYTES && lies_within(&layout->track.caller, n_bytes) &&
			     (!mo_has(&layout->track.handle) || lies_within(&layout->track.handle, n_bytes)) &&
			     (!mo_has(&layout->track.stack) || lies_within(&layout->track.stack, n_bytes));
	finder->track_flag = STORE_USER_BEFORE_6_9;
	if (mo_has(&layout->track.flag))
		finder->track_flag = layout->track.flag.value >= 0 && layout->track.flag.value < 32 ? 1u << layout->track.flag.value : 0;
}

struct mo_error *create_record_finder(const struct leaks_state *state, struct record_finder **ret)
{
	struct record_finder *finder = calloc(1, sizeof(*finder));

	if (!finder)
		return mo_error_no_memory();
	finder->state = state;
	finder->reader = mo_run_reader(state->run);
	finder->symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	finder->pages = mo_run_model_of(state->run, MO_PAGE_OWNER_MODEL);
	learn_tracks(finder);
	*ret = finder;
	return NULL;
}

void destroy_record_finder(struct record_finder *finder)
{
	free(finder);
}

/* A call that does not return may be the last thing in its function: then the return address lies behind it. */
static bool find_symbol(const struct record_finder *finder, uint64_t kva, struct mo_symbol *ret)
{
	for (unsigned back = 0; back < 2; back++) {
		struct mo_error *error = mo_symbols_at(finder->symbols, kva - back, ret);

		mo_error_destroy(error);
		if (!error)
			return true;
	}
	return false;
}

size_t read_stack(struct mo_reader *reader, const struct leaks_layout *layout, uint32_t handle, uint64_t track_kva,
		  uint64_t *frames_kva)
{
	uint8_t track[MOST_TRACK_BYTES];
	struct mo_error *error;
	size_t n = 0;

	if (handle) {
		error = mo_stack_depot_read(reader, handle, frames_kva, &n);
		mo_error_destroy(error);
		return error ? 0 : n;
	}
	if (!track_kva || !mo_has(&layout->track.stack) || layout->track.size.bytes > sizeof(track))
		return 0;
	error = mo_read(reader, track_kva, track, (size_t)layout->track.size.bytes);
	mo_error_destroy(error);
	while (!error && n < layout->track.stack.n_elements && n < MO_STACK_DEPOT_FRAMES) {
		frames_kva[n] = mo_get_element(&layout->track.stack, track, n);
		if (!frames_kva[n])
			break;
		n++;
	}
	return n;
}

/* The function that called the allocator; and the first module on the way to it. */
static void name_caller(struct record_finder *finder, struct record *record)
{
	uint64_t frames[MO_STACK_DEPOT_FRAMES];
	struct mo_symbol symbol;
	size_t n_frames;

	if (find_symbol(finder, record->caller_kva, &symbol)) {
		record->function = symbol.name;
		record->module = symbol.module;
		record->offset_bytes = record->caller_kva - symbol.value_kva;
	}
	if (record->module)
		return;
	n_frames = read_stack(finder->reader, finder->state->layout, record->handle, record->track_kva, frames);
	for (size_t i = 0; i < n_frames && !record->module; i++)
		if (find_symbol(finder, frames[i], &symbol))
			record->module = symbol.module;
}

/* The stack's handle; of a stack that stands in the track itself, a hash of its addresses (FNV-1a). */
static uint64_t stack_key(const struct leaks_layout *layout, const uint8_t *track, uint64_t caller_kva)
{
	uint64_t hash = 0xcbf29ce484222325 ^ caller_kva;

	if (mo_has(&layout->track.handle))
		return hash ^ mo_get(&layout->track.handle, track);
	for (uint64_t i = 0; mo_has(&layout->track.stack) && i < layout->track.stack.n_elements; i++)
		hash = (hash ^ mo_get_element(&layout->track.stack, track, i)) * 0x100000001b3;
	return hash;
}

static struct record remember(struct record_finder *finder, struct record record)
{
	struct record_memo *memo = &finder->memos[(record.stack_key ^ record.stack_key >> 32) % MEMO_SLOTS];

	if (memo->record.source == record.source && memo->caller_kva == record.caller_kva && memo->stack_key == record.stack_key)
		return memo->record;
	name_caller(finder, &record);
	*memo = (struct record_memo){ .caller_kva = record.caller_kva, .stack_key = record.stack_key, .record = record };
	return record;
}

/* get_info_end() (mm/slub.c): the tracks stand behind the object, and behind the free-list pointer where that is outside. */
static bool find_track(struct record_finder *finder, const struct mo_lost_object *lost, struct record *ret)
{
	const struct leaks_layout *layout = finder->state->layout;
	const struct mo_slab_model *slabs = finder->state->index.slabs;
	const struct mo_slab_cache *cache = &slabs->caches[slabs->slabs[lost->slab].cache];
	uint64_t offset = cache->inuse_bytes;
	uint8_t track[MOST_TRACK_BYTES];
	struct mo_error *error;

	if (!finder->has_tracks || slabs->is_slab || !(cache->flags & finder->track_flag))
		return false;
	offset += cache->freelist_offset_bytes >= cache->inuse_bytes ? finder->state->index.word_bytes : 0u;
	if (offset + layout->track.size.bytes > cache->size_bytes)
		return false;
	*ret = (struct record){ .source = MO_OWNER_TRACK, .track_kva = lost->kva + offset };
	error = mo_read(finder->reader, ret->track_kva, track, (size_t)layout->track.size.bytes);
	mo_error_destroy(error);
	if (error)
		return false;
	ret->caller_kva = mo_get(&layout->track.caller, track);
	ret->handle = mo_has(&layout->track.handle) ? (uint32_t)mo_get(&layout->track.handle, track) : 0;
	ret->stack_key = stack_key(layout, track, ret->caller_kva);
	if (!ret->caller_kva)
		return false;
	*ret = remember(finder, *ret);
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
						layout->tag_of_object.offset_bytes + lost->index * vector.stride_bytes,
					&tag_kva);
	mo_error_destroy(error);
	return !error && tag_kva && find_site(finder, tag_kva, ret);
}

static bool find_page_record(const struct record_finder *finder, const struct mo_lost_object *lost, struct record *ret)
{
	const struct leaks_state *state = finder->state;
	struct mo_page_owner_record found;
	struct mo_symbol symbol;
	struct mo_error *error;

	if (!finder->pages)
		return false;
	error = finder->pages->find(finder->pages, finder->reader, direct_map_pa(&state->index, lost->kva) >> state->index.page_shift,
				    &found);
	mo_error_destroy(error);
	if (error)
		return false;
	if (found.is_recorded && found.is_allocated && found.stack) {
		const struct mo_page_owner_stack *stack = found.stack;

		*ret = (struct record){ .source = MO_OWNER_PAGE_OWNER, .function = stack->caller_name, .module = stack->caller_module,
					.handle = found.handle, .stack_key = found.handle };
		if (stack->caller < stack->n_frames)
			ret->caller_kva = stack->frames_kva[stack->caller];
		for (size_t i = 0; i < stack->n_frames && !ret->module; i++)
			if (find_symbol(finder, stack->frames_kva[i], &symbol))
				ret->module = symbol.module;
		if (ret->caller_kva && find_symbol(finder, ret->caller_kva, &symbol))
			ret->offset_bytes = ret->caller_kva - symbol.value_kva;
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
