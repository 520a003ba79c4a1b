/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy slabcheck`: what was overwritten in slabs: free lists, counters, red zones, poison. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "checks.h"
#include "slab_views.h"

enum { COLUMN_CACHE, COLUMN_OBJECT, COLUMN_STATE, COLUMN_PROBLEM, COLUMN_AT, COLUMN_BYTES, COLUMN_EXPECTED, COLUMN_FOUND,
       COLUMN_MEANING, COLUMN_BEFORE, COLUMN_BEFORE_STATE, COLUMN_BEHIND, COLUMN_BEHIND_STATE, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_CACHE] = { .key = "cache", .heading = "CACHE", .kind = MO_CELL_TEXT, .help = "whose" },
	[COLUMN_OBJECT] = { .key = "object", .heading = "OBJECT", .kind = MO_CELL_ADDRESS,
			    .help = "the object; of a slab's own counters its struct page" },
	[COLUMN_STATE] = { .key = "state", .heading = "STATE", .kind = MO_CELL_TEXT, .help = "allocated, free, unknown" },
	[COLUMN_PROBLEM] = { .key = "problem", .heading = "PROBLEM", .kind = MO_CELL_TEXT, .help = "what is wrong" },
	[COLUMN_AT] = { .key = "at", .heading = "AT", .kind = MO_CELL_ADDRESS, .help = "the first byte that is wrong" },
	[COLUMN_BYTES] = { .key = "wrong_bytes", .heading = "BYTES", .kind = MO_CELL_COUNT, .help = "how many are wrong" },
	[COLUMN_EXPECTED] = { .key = "expected", .heading = "SHOULD BE", .kind = MO_CELL_FLAGS, .help = "each of them" },
	[COLUMN_FOUND] = { .key = "found", .heading = "FOUND", .kind = MO_CELL_TEXT,
			   .help = "the bytes that stand there, or the pointer or counter, in hexadecimal" },
	[COLUMN_MEANING] = { .key = "found_is", .heading = "WHICH MAY BE", .kind = MO_CELL_TEXT,
			     .help = "what these bytes may be: text, or a pointer and what it points to" },
	[COLUMN_BEFORE] = { .key = "object_before", .heading = "OBJECT BEFORE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			    .help = "its neighbour below, which may have been written beyond its end" },
	[COLUMN_BEFORE_STATE] = { .key = "state_before", .heading = "ITS STATE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
				  .help = "the neighbour's state" },
	[COLUMN_BEHIND] = { .key = "object_behind", .heading = "OBJECT BEHIND", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			    .help = "its neighbour above, which may have been written before its beginning" },
	[COLUMN_BEHIND_STATE] = { .key = "state_behind", .heading = "ITS STATE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
				  .help = "that neighbour's state" },
};

const struct mo_table_spec slabcheck_table = {
	.name = "slabcheck",
	.title = "Overwritten slabs",
	.help = "Free lists and counters of all slabs; red zones, poison and padding of caches that have them "
		"(slub_debug=ZP).",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

#define MAX_PLACES 3
#define PLACE_BYTES 256
#define MEANING_BYTES 160

struct checking {
	struct mo_report *report;
	const struct slab_state *state;
	uint64_t n_damaged;
	uint64_t n_moved;            /* of a kernel that runs: places that looked wrong, and did not when looked at again */
	char places[MAX_PLACES][PLACE_BYTES]; /* the first ones, for the finding */
};

static void set_neighbours(const struct mo_slab_model *model, const struct mo_slab *slab, uint32_t index, struct mo_cell *cells)
{
	if (index) {
		cells[COLUMN_BEFORE] = mo_cell_number(mo_exact(mo_object_kva(model, slab, index - 1)));
		cells[COLUMN_BEFORE_STATE] = mo_cell_text(object_state_names[mo_object_state_of(model, slab, index - 1)]);
	}
	if (index + 1 < slab->objects) {
		cells[COLUMN_BEHIND] = mo_cell_number(mo_exact(mo_object_kva(model, slab, index + 1)));
		cells[COLUMN_BEHIND_STATE] = mo_cell_text(object_state_names[mo_object_state_of(model, slab, index + 1)]);
	}
}

/* "0xffff..., kmalloc-64: red zone behind it overwritten" */
static void keep_place(struct checking *checking, const struct damage *damage)
{
	const struct mo_slab_model *model = &checking->state->model;
	const char *name = model->caches[damage->slab->cache].name;

	if (checking->n_damaged++ < MAX_PLACES)
		snprintf(checking->places[checking->n_damaged - 1], PLACE_BYTES, "0x%" PRIx64 ", %s: %s",
			 mo_object_kva(model, damage->slab, damage->index), name ? name : "?", zone_names[damage->zone]);
}

static void clear(struct mo_cell *cells)
{
	for (unsigned i = 0; i < N_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
}

static void put_damage(void *context, const struct damage *damage)
{
	struct checking *checking = context;
	const struct mo_slab_model *model = &checking->state->model;
	struct mo_cell cells[N_COLUMNS];
	char found[3 * sizeof(damage->found) + 1] = "";
	char meaning[MEANING_BYTES];
	char room[32];
	size_t used = 0;

	for (uint32_t i = 0; i < damage->n_found; i++)
		used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%02x", i ? " " : "", damage->found[i]);
	describe_overwriting(checking->state, damage->first_kva,
			     damage->n_wrong < damage->n_found ? damage->n_wrong : damage->n_found, meaning, sizeof(meaning));
	clear(cells);
	cells[COLUMN_CACHE] = name_cell(&model->caches[damage->slab->cache], room, sizeof(room));
	cells[COLUMN_OBJECT] = mo_cell_number(mo_exact(mo_object_kva(model, damage->slab, damage->index)));
	cells[COLUMN_STATE] = mo_cell_text(object_state_names[mo_object_state_of(model, damage->slab, damage->index)]);
	cells[COLUMN_PROBLEM] = mo_cell_text(zone_names[damage->zone]);
	cells[COLUMN_AT] = mo_cell_number(mo_exact(damage->first_kva));
	cells[COLUMN_BYTES] = mo_cell_number(mo_exact(damage->n_wrong));
	cells[COLUMN_EXPECTED] = mo_cell_number(mo_exact(damage->expected));
	cells[COLUMN_FOUND] = mo_cell_text(found);
	cells[COLUMN_MEANING] = mo_cell_text(meaning);
	set_neighbours(model, damage->slab, damage->index, cells);
	mo_report_row(checking->report, cells);
	keep_place(checking, damage);
}

/* The object that the fault is about; its list is at fault at the object before, which is where `at` is. */
static void put_wrong_object(struct checking *checking, const struct slab_wrong *wrong, uint64_t object_kva, char *meaning,
			     struct mo_cell *cells)
{
	const struct mo_slab_model *model = &checking->state->model;
	const struct mo_slab *slab = NULL;
	uint32_t index = 0;
	uint64_t at_kva;

	if (!mo_object_at(model, object_kva, &slab, &index))
		return;
	at_kva = wrong->object_kva + model->caches[slab->cache].freelist_offset_bytes;
	cells[COLUMN_STATE] = mo_cell_text(object_state_names[mo_object_state_of(model, slab, index)]);
	if (wrong->object_kva && !model->is_slab)
		cells[COLUMN_AT] = mo_cell_number(mo_exact(at_kva));
	set_neighbours(model, slab, index, cells);
	/* A pointer that was overwritten decodes to nothing: what may mean something is what stands there. */
	if (wrong->fault == MO_SLAB_LEAVES && wrong->object_kva && !model->is_slab)
		describe_overwriting(checking->state, at_kva, checking->state->shape.word_bytes, meaning, MEANING_BYTES);
}

/* What gathering met: free lists and counters. */
static void put_wrong(struct checking *checking, const struct slab_wrong *wrong)
{
	const struct mo_slab_model *model = &checking->state->model;
	uint64_t object_kva = wrong->fault == MO_SLAB_TWICE ? wrong->value : wrong->object_kva;
	struct mo_cell cells[N_COLUMNS];
	char found[32];
	char meaning[MEANING_BYTES] = "";
	char room[32];

	clear(cells);
	if (wrong->cache != MO_SLAB_NO_CACHE)
		cells[COLUMN_CACHE] = name_cell(&model->caches[wrong->cache], room, sizeof(room));
	cells[COLUMN_OBJECT] = mo_cell_number(mo_exact(object_kva ? object_kva : wrong->slab_kva));
	cells[COLUMN_PROBLEM] = mo_cell_text(fault_names[wrong->fault]);
	snprintf(found, sizeof(found), "0x%" PRIx64, wrong->value);
	cells[COLUMN_FOUND] = mo_cell_text(found);
	if (object_kva)
		put_wrong_object(checking, wrong, object_kva, meaning, cells);
	cells[COLUMN_MEANING] = mo_cell_text(meaning);
	mo_report_row(checking->report, cells);
}

static void report_damage(struct mo_report *report, const struct checking *checking)
{
	const struct mo_evidence evidence[] = {
		{ .label = "places", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(checking->n_damaged)) },
		{ .label = "the first", .kind = MO_CELL_TEXT, .cell = mo_cell_text(checking->places[0]) },
		{ .label = "the second", .kind = MO_CELL_TEXT, .cell = mo_cell_text(checking->places[1]) },
		{ .label = "the third", .kind = MO_CELL_TEXT, .cell = mo_cell_text(checking->places[2]) },
	};
	const struct mo_finding finding = {
		.id = "slab-overwritten",
		.severity = MO_CRITICAL,
		.basis = MO_BASIS_INFERENCE,
		.verdict = "Red zones, poison or padding of slab objects were overwritten.",
		.evidence = evidence,
		.n_evidence = 1 + (checking->n_damaged < MAX_PLACES ? (size_t)checking->n_damaged : MAX_PLACES),
		.advice = "A red zone behind an object is overwritten by that object's user, or from the object behind it; "
			  "poison by who freed the object and went on using it: `memopsy slab DUMP CACHE --tracks "
			  "--free-tracks` says who may be.",
	};

	mo_report_finding(report, &finding);
}

/* Of a kernel that runs what was found is looked at again before it is told. */
static struct mo_error *check_caches(struct checking *checking, const struct mo_slab_cache *only, uint64_t *n_checkable,
				     uint64_t *n_unread)
{
	const struct mo_slab_model *model = &checking->state->model;
	bool is_live = checking->state->is_live;
	struct damage_list list = { .n = 0 };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < model->n_caches && !error; i++) {
		const struct mo_slab_cache *cache = &model->caches[i];
		uint64_t unread = 0;

		if ((only && only != cache) || !is_checkable(checking->state, cache))
			continue;
		++*n_checkable;
		error = is_live ? check_cache_bytes(checking->state, cache, collect_damage, &list, &unread) :
				  check_cache_bytes(checking->state, cache, put_damage, checking, &unread);
		*n_unread += unread;
	}
	if (!error && list.is_out_of_memory)
		error = mo_error_no_memory();
	if (!error && list.n)
		checking->n_moved = keep_standing_damage(checking->state, &list);
	for (size_t i = 0; i < list.n && !error; i++)
		put_damage(checking, &list.damages[i]);
	free(list.damages);
	return error;
}

/* What moved is said to have moved: nothing is claimed of it. */
static void put_moved(struct mo_report *report, const struct checking *checking)
{
	const struct mo_slab_model *model = &checking->state->model;

	if (!checking->state->is_live)
		return;
	mo_report_note(report, "The kernel runs: what is listed was the same in several looks. %" PRIu64 " slabs, %" PRIu64 " pages, %"
			       PRIu64 " lists and %" PRIu64 " places moved while they were looked at, and were not judged.",
		       model->faults[MO_SLAB_MOVED], model->moved_pages, model->moved_lists, checking->n_moved);
}

struct mo_error *show_slabcheck(struct mo_run *run, struct mo_report *report)
{
	struct slab_state state;
	struct checking checking = { .report = report, .state = &state };
	const struct mo_slab_cache *only = NULL;
	uint64_t n_checkable = 0;
	uint64_t n_unread = 0;
	struct mo_error *error = NULL;

	slab_view_state(run, &state);
	/* What overwrote may be a pointer into a module; without its symbols it is a number. */
	mo_error_destroy(mo_kernel_load_modules(mo_run_kernel(run)));
	if (mo_run_argument_count(run))
		error = find_named_cache(run, mo_run_argument(run, 0), &only);
	if (error)
		return error;
	mo_report_table_begin(report, &slabcheck_table);
	for (size_t i = 0; i < state.n_wrongs; i++)
		if (!only || (state.wrongs[i].cache != MO_SLAB_NO_CACHE && &state.model.caches[state.wrongs[i].cache] == only))
			put_wrong(&checking, &state.wrongs[i]);
	error = check_caches(&checking, only, &n_checkable, &n_unread);
	mo_report_table_end(report);
	mo_report_note(report, "Free lists and counters of %zu slabs were checked.", state.model.n_slabs);
	if (n_checkable)
		mo_report_note(report, "Red zones, poison and padding of %" PRIu64 " cache%s were checked.", n_checkable,
			       n_checkable == 1 ? "" : "s");
	else
		mo_report_note(report, "No cache has red zones or poison that could be checked.");
	if (state.model.is_slab)
		mo_report_note(report, "This kernel's allocator is SLAB: red zones and poison are known of SLUB only.");
	put_moved(report, &checking);
	if (n_unread)
		mo_report_note(report, "%" PRIu64 " slabs of these could not be read.", n_unread);
	if (checking.n_damaged)
		report_damage(report, &checking);
	return error;
}
