/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lost objects of one cache and one owner, in one group. */
#include <stdlib.h>

#include "gathering.h"
#include "records.h"

#define NO_GROUP UINT32_MAX

/* Beside the caches, what is no object is kept apart by kind and by order. */
enum { KIND_LARGE_KMALLOC, KIND_BLOCK, KIND_COMPOUND, KIND_AREA, KIND_MAPPING, N_OTHER_KINDS };
#define ORDERS 32

struct grouping {
	struct leaks_state *state;
	struct mo_reader *reader;
	uint32_t *first_of_cache; /* the first group of each cache, or of what is no object, and ... */
	uint32_t *next;           /* ... after each group the next one of its cache */
	size_t n_groups, n_slots;
};

/* What a lost piece is apart from whose it is. */
struct sort_of {
	uint32_t cache;           /* which first_of_cache */
	uint8_t order;
	bool is_compound;
	bool is_mapping;
};

static struct sort_of sort_of(const struct grouping *grouping, uint32_t at)
{
	const struct leaks_state *state = grouping->state;
	const struct mo_lost_object *lost = &state->lost[at];
	struct sort_of sort = { .cache = (uint32_t)state->index.slabs->n_caches };
	unsigned kind = KIND_AREA;

	if (lost->kind == MO_LOST_OBJECT) {
		sort.cache = state->index.slabs->slabs[lost->slab].cache;
		return sort;
	}
	if (lost->kind == MO_LOST_AREA) {
		sort.is_mapping = mo_area_of_node(&state->index, lost->slab)->is_mapping;
		kind = sort.is_mapping ? KIND_MAPPING : KIND_AREA;
	} else {
		while (sort.order < ORDERS - 1 && state->index.page_bytes << sort.order < lost_bytes(state, lost))
			sort.order++;
		sort.is_compound = is_compound_block(state, grouping->reader, lost);
		kind = lost->kind == MO_LOST_LARGE_KMALLOC ? KIND_LARGE_KMALLOC : sort.is_compound ? KIND_COMPOUND : KIND_BLOCK;
	}
	sort.cache += kind * ORDERS + sort.order;
	return sort;
}

static bool is_same_group(const struct mo_leak_group *group, const char *module, const char *form)
{
	/* Names of modules live once each in the symbol table; forms are literals. */
	return group->form == form && (group->module == module || (group->module && module && !strcmp(group->module, module)));
}

static struct mo_error *add_group(struct grouping *grouping, uint32_t cache, uint32_t *ret)
{
	if (grouping->n_groups == grouping->n_slots) {
		size_t n_slots = grouping->n_slots ? grouping->n_slots * 2 : 64;
		struct mo_leak_group *groups = realloc(grouping->state->groups, n_slots * sizeof(*groups));
		uint32_t *next;

		if (!groups)
			return mo_error_no_memory();
		grouping->state->groups = groups;
		next = realloc(grouping->next, n_slots * sizeof(*next));
		if (!next)
			return mo_error_no_memory();
		grouping->next = next;
		grouping->n_slots = n_slots;
	}
	*ret = (uint32_t)grouping->n_groups++;
	grouping->next[*ret] = grouping->first_of_cache[cache];
	grouping->first_of_cache[cache] = *ret;
	return NULL;
}

/* Areas are told apart by the function that made them. */
static bool is_same_maker(const struct mo_leak_group *group, struct owner owner)
{
	return group->kind != MO_LOST_AREA || group->symbol == owner.symbol ||
	       (group->symbol && owner.symbol && !strcmp(group->symbol, owner.symbol));
}

static struct mo_error *find_group(struct grouping *grouping, uint32_t at, struct owner owner, struct record record,
				   const char *form, uint32_t *ret)
{
	struct leaks_state *state = grouping->state;
	const struct mo_lost_object *lost = &state->lost[at];
	struct sort_of sort = sort_of(grouping, at);
	uint8_t confidence = form ? MO_LOST_ON_PURPOSE : lost->confidence;
	struct mo_error *error;

	for (uint32_t i = grouping->first_of_cache[sort.cache]; i != NO_GROUP; i = grouping->next[i])
		if (state->groups[i].confidence == confidence && is_same_group(&state->groups[i], owner.module, form) &&
		    is_same_maker(&state->groups[i], owner) && state->groups[i].stack_key == record.stack_key) {
			*ret = i;
			return NULL;
		}
	error = add_group(grouping, sort.cache, ret);
	if (error)
		return error;
	state->groups[*ret] = (struct mo_leak_group){
		.cache = lost->kind == MO_LOST_OBJECT ? sort.cache : MO_SLAB_NO_CACHE,
		.kind = lost->kind,
		.order = sort.order,
		.is_compound = sort.is_compound,
		.is_mapping = sort.is_mapping,
		.confidence = confidence,
		.is_on_purpose = form != NULL,
		.module = owner.module,
		.form = form,
		.representative = at,
		.owner_source = owner.source,
		.allocated_by = record.function,
		.allocated_by_offset_bytes = record.offset_bytes,
		.allocated_by_kva = record.caller_kva,
		.stack_key = record.stack_key,
	};
	return NULL;
}

static void count(struct leaks_state *state, uint32_t at, struct owner owner)
{
	struct mo_lost_object *lost = &state->lost[at];
	struct mo_leak_group *group = &state->groups[lost->group];
	uint64_t n_bytes = lost_bytes(state, lost);

	group->objects++;
	if (group->confidence == MO_LOST_LIKELY) {
		state->model.likely_objects++;
		state->model.likely_bytes += n_bytes;
	} else if (group->confidence == MO_LOST_SUSPECT) {
		state->model.suspect_objects++;
		state->model.suspect_bytes += n_bytes;
	}
	group->bytes += n_bytes;
	if (!group->symbol) {
		group->symbol = owner.symbol;
		group->symbol_offset_bytes = owner.offset_bytes;
	}
	if (lost->head != at)
		return;
	if (!group->heads++)
		group->representative = at;
	group->cycles += lost->is_in_cycle;
}

/* The surest first; of these the largest, with what they hold. */
static int compare_groups(const void *left, const void *right)
{
	const struct mo_leak_group *a = left;
	const struct mo_leak_group *b = right;
	uint64_t a_bytes = a->bytes + a->held_bytes;
	uint64_t b_bytes = b->bytes + b->held_bytes;

	if (a->confidence != b->confidence)
		return a->confidence > b->confidence ? 1 : -1;
	if (a_bytes != b_bytes)
		return a_bytes > b_bytes ? -1 : 1;
	return a->representative < b->representative ? -1 : a->representative > b->representative;
}

/* Lists of free objects that could not be read may have as many as seem lost: whether these are allocated is a guess. */
static void doubt_groups(struct leaks_state *state, size_t n_groups)
{
	for (size_t i = 0; i < n_groups; i++) {
		struct mo_leak_group *group = &state->groups[i];

		if (group->confidence != MO_LOST_LIKELY || group->kind != MO_LOST_OBJECT ||
		    state->index.slabs->caches[group->cache].untold_objects < group->objects)
			continue;
		group->confidence = MO_LOST_GUESS;
		state->model.likely_objects -= group->objects;
		state->model.likely_bytes -= group->bytes;
	}
}

static struct mo_error *sort_groups(struct leaks_state *state, size_t n_groups)
{
	uint32_t *new_place = calloc(n_groups + 1, sizeof(*new_place));
	size_t n_lost = state->model.n_lost;

	if (!new_place)
		return mo_error_no_memory();
	doubt_groups(state, n_groups);
	/* A group's representative is its own object, which tells where the group went. */
	qsort(state->groups, n_groups, sizeof(*state->groups), compare_groups);
	for (uint32_t i = 0; i < n_groups; i++)
		new_place[state->lost[state->groups[i].representative].group] = i;
	for (size_t i = 0; i < n_lost; i++)
		state->lost[i].group = new_place[state->lost[i].group];
	state->model.groups = state->groups;
	state->model.n_groups = n_groups;
	free(new_place);
	return NULL;
}

/* A record says who it was; who is named by pointers alone may be another one who was given the piece. */
static struct owner recorded_owner(struct owner owner, const struct record *record)
{
	if (record->source == MO_OWNER_UNKNOWN || (!record->module && owner.module))
		return owner;
	owner.module = record->module;
	owner.source = record->source;
	return owner;
}

static struct mo_error *fill_groups(struct grouping *grouping, struct owner_finder *finder, struct record_finder *records)
{
	struct leaks_state *state = grouping->state;
	struct mo_reader *reader = mo_run_reader(state->run);

	for (uint32_t i = 0; i < state->model.n_lost; i++) {
		const char *form = purpose_of(state, reader, i);
		/* What is lost on purpose is one thing, whoever registered it. */
		struct record record = form ? (struct record){ .function = NULL } : find_allocation(records, i);
		struct owner owner = recorded_owner(find_owner(finder, i), &record);
		struct mo_error *error = find_group(grouping, i, owner, record, form, &state->lost[i].group);

		if (error)
			return error;
		count(state, i, owner);
	}
	for (size_t i = 0; i < state->heads.count; i++) {
		const struct mo_lost_head *head = &state->heads.items[i];
		struct mo_leak_group *group = &state->groups[state->lost[head->lost].group];

		group->held_objects += head->held_objects;
		group->held_bytes += head->held_bytes;
	}
	return grouping->n_groups ? sort_groups(state, grouping->n_groups) : NULL;
}

struct mo_error *group_lost(struct leaks_state *state)
{
	size_t n_caches = state->index.slabs->n_caches + N_OTHER_KINDS * ORDERS;
	struct grouping grouping = { .state = state, .reader = mo_run_reader(state->run) };
	struct owner_finder *finder = NULL;
	struct record_finder *records = NULL;
	struct mo_error *error;

	if (!state->model.n_lost)
		return NULL;
	error = create_owner_finder(state, &finder);
	if (error)
		return error;
	error = create_record_finder(state, &records);
	if (error) {
		destroy_owner_finder(finder);
		return error;
	}
	grouping.first_of_cache = malloc((n_caches + 1) * sizeof(*grouping.first_of_cache));
	if (grouping.first_of_cache) {
		memset(grouping.first_of_cache, 0xff, (n_caches + 1) * sizeof(*grouping.first_of_cache));
		error = fill_groups(&grouping, finder, records);
	} else {
		error = mo_error_no_memory();
	}
	free(grouping.first_of_cache);
	free(grouping.next);
	destroy_owner_finder(finder);
	destroy_record_finder(records);
	return error;
}
