/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with lists, in words, with addresses. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

#define MAX_REPORTED 16
#define ADVICE_LOCK "If the zone lock is held, a CPU may have been updating this very list when the dump was taken."
#define ADVICE_USE_AFTER_FREE \
	"The struct page of a free page was overwritten, or the page was freed twice: see who used it last (page_owner) and " \
	"what is in it."

void report_unreadable(const struct free_areas_state *state, const char *what, struct mo_error *why)
{
	char verdict[512];

	snprintf(verdict, sizeof(verdict), "%s could not be read: %s.", what, mo_error_text(why));
	mo_run_finding(state->run, &(struct mo_finding){ .id = "free-areas-unreadable", .severity = MO_NOTICE,
							  .verdict = verdict,
							 .is_about_reading = true });
	mo_error_destroy(why);
}

struct mo_count zone_lock(const struct free_areas_state *state, const struct mo_zone *zone)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->zone.lock))
		return mo_unknown();
	error = mo_read_field(state->reader, &state->layout->zone.lock, zone->zone_kva, &value);
	if (!error)
		return mo_exact(value & 0xffffffff);
	mo_error_destroy(error);
	return mo_unknown();
}

void describe_place(const struct free_areas_state *state, const struct list_place *place, char *text, size_t text_bytes)
{
	const struct mo_zone *zone = &state->zones_model->zones[place->zone];
	const char *type = place->migratetype < state->model.n_migratetypes ? state->names[place->migratetype] : "any type";

	if (place->cpu < 0)
		snprintf(text, text_bytes, "node %u, zone %s, order %u, %s", zone->node_id, zone->name, place->order, type);
	else
		snprintf(text, text_bytes, "node %u, zone %s, CPU %d, order %u, %s", zone->node_id, zone->name, place->cpu,
			 place->order, type);
}

/* Looks through all lists of free areas for a block that has some of these page frames. */
struct search {
	uint64_t pfn;
	uint64_t n_pages;
	struct list_place place;
	bool is_found;
};

static struct mo_error *look_at(void *context, const struct list_place *place, const struct list_block *block)
{
	struct search *search = context;

	if (!search->is_found && search->pfn < block->pfn + (1ull << place->order) &&
	    block->pfn < search->pfn + search->n_pages) {
		search->is_found = true;
		search->place = *place;
	}
	return NULL;
}

static bool find_list(const struct free_areas_state *state, const struct trouble *trouble, struct list_place *place)
{
	struct search search = { .pfn = trouble->pfn, .n_pages = 1ull << trouble->place.order };
	struct frame_set frames;
	struct mo_error *error = frame_set_init(&frames, state->memmap);

	for (size_t i = 0; !error && i < buddy_list_count(state) && !search.is_found; i++) {
		struct list_place at = buddy_list_place(state, i);
		struct list_result result = { .n_blocks = 0 };

		if (!is_populated(&state->zones_model->zones[at.zone]))
			continue;
		error = walk_list(state, state->reader, &frames, &at, look_at, &search, &result);
		list_result_deinit(&result);
	}
	mo_error_destroy(error);
	frame_set_deinit(&frames);
	*place = search.place;
	return search.is_found;
}

/*
 * A page that was added to a second list has that list's links, so its first list breaks there. Such a break, and one
 * where the list leads back into itself, are called by their names.
 */
static void find_out_more(const struct free_areas_state *state, struct trouble *trouble, char *other, size_t other_bytes)
{
	struct list_place place;
	bool is_marked = trouble->node_kva != trouble->place.head_kva && frame_set_has(&state->frames, trouble->pfn);

	if (trouble->kind != TROUBLE_TWICE && !(trouble->kind == TROUBLE_LINK && is_marked))
		return;
	if (!find_list(state, trouble, &place)) {
		snprintf(other, other_bytes, "another");
		trouble->kind = TROUBLE_TWICE;
		return;
	}
	/* After a wrong link the rest of the list was counted from behind, and that page with it. */
	if (place.head_kva != trouble->place.head_kva)
		trouble->kind = TROUBLE_TWICE;
	else if (trouble->kind == TROUBLE_TWICE || trouble->was_met)
		trouble->kind = TROUBLE_LOOP;
	describe_place(state, &place, other, other_bytes);
}

static void describe_break(const struct trouble *trouble, const char *place, const char *other, char *text, size_t bytes)
{
	switch (trouble->kind) {
	case TROUBLE_NO_PAGE:
		snprintf(text, bytes, "The free list of %s points outside the memory map: 0x%" PRIx64 " follows 0x%" PRIx64
			 " and is no struct page of the page allocator.", place, trouble->node_kva, trouble->from_kva);
		break;
	case TROUBLE_UNREADABLE:
		snprintf(text, bytes, "The free list of %s could not be followed to 0x%" PRIx64 ": %s.", place,
			 trouble->node_kva, trouble->why ? trouble->why : "it cannot be read");
		break;
	case TROUBLE_LOOP:
		snprintf(text, bytes, "The free list of %s is circular: it returns to page frame 0x%" PRIx64 ".", place,
			 trouble->pfn);
		break;
	case TROUBLE_TWICE:
		snprintf(text, bytes, "Page frame 0x%" PRIx64 " is on two lists: %s, and %s.", trouble->pfn,
			 place, other);
		break;
	default:
		snprintf(text, bytes, "The free list of %s is broken: prev of 0x%" PRIx64 " is 0x%" PRIx64
			 " and not 0x%" PRIx64 ".", place, trouble->node_kva, trouble->found, trouble->expected);
		break;
	}
}

static void describe_block(const struct trouble *trouble, const char *place, char *text, size_t bytes)
{
	switch (trouble->kind) {
	case TROUBLE_NOT_FREE:
		snprintf(text, bytes, "Page frame 0x%" PRIx64 " is on the list of %s and its page type is 0x%" PRIx64
			 ", which is %s.", trouble->pfn, place, trouble->found,
			 trouble->place.cpu < 0 ? "not that of a free block" : "that of a free block of the zone");
		break;
	case TROUBLE_ORDER:
		snprintf(text, bytes, "Page frame 0x%" PRIx64 " is on the list of %s, but its order is %" PRIu64 ".",
			 trouble->pfn, place, trouble->found);
		break;
	case TROUBLE_ALIGNMENT:
		snprintf(text, bytes, "Page frame 0x%" PRIx64 " is on the list of %s, but is not aligned to that order.",
			 trouble->pfn, place);
		break;
	default:
		snprintf(text, bytes, "Page frame 0x%" PRIx64 " is on the list of %s and its flags 0x%" PRIx64
			 " belong to another zone.", trouble->pfn, place, trouble->found);
		break;
	}
}

static bool ends_list(enum trouble_kind kind)
{
	return kind == TROUBLE_LINK || kind == TROUBLE_NO_PAGE || kind == TROUBLE_UNREADABLE || kind == TROUBLE_LOOP ||
	       kind == TROUBLE_TWICE;
}

static const char *finding_id(enum trouble_kind kind)
{
	if (kind == TROUBLE_TWICE)
		return "page-on-two-lists";
	return ends_list(kind) ? "free-list-broken" : "free-list-wrong-block";
}

static void report_trouble(struct free_areas_state *state, struct trouble *trouble)
{
	const struct mo_zone *zone = &state->zones_model->zones[trouble->place.zone];
	char place[128];
	char other[128] = "another";
	char verdict[512];

	describe_place(state, &trouble->place, place, sizeof(place));
	find_out_more(state, trouble, other, sizeof(other));
	if (ends_list(trouble->kind))
		describe_break(trouble, place, other, verdict, sizeof(verdict));
	else
		describe_block(trouble, place, verdict, sizeof(verdict));
	mo_run_finding(state->run, &(struct mo_finding){
		.id = finding_id(trouble->kind),
		.needs_one_moment = true,
		.severity = trouble->kind == TROUBLE_UNREADABLE ? MO_NOTICE : MO_WARNING,
		.verdict = verdict,
		.evidence = (const struct mo_evidence[]){
			{ "list head", MO_CELL_ADDRESS, mo_cell_number(mo_exact(trouble->place.head_kva)) },
			{ "at", MO_CELL_ADDRESS, mo_cell_number(mo_exact(trouble->node_kva)) },
			{ "reached from", MO_CELL_ADDRESS, mo_cell_number(mo_exact(trouble->from_kva)) },
			{ "zone lock", MO_CELL_FLAGS, mo_cell_number(zone_lock(state, zone)) },
		},
		.n_evidence = 4,
		.advice = trouble->kind == TROUBLE_UNREADABLE ? NULL :
			  ends_list(trouble->kind)	      ? ADVICE_LOCK " " ADVICE_USE_AFTER_FREE :
								ADVICE_USE_AFTER_FREE,
		.is_about_reading = trouble->kind == TROUBLE_UNREADABLE,
	});
}

void report_troubles(struct free_areas_state *state, struct list_result *result)
{
	uint64_t n_reported = 0;

	/* The last is the one that ended the list, and says most. */
	for (struct trouble *trouble = result->troubles; trouble && state->n_troubles_reported < MAX_REPORTED;
	     trouble = trouble->next) {
		report_trouble(state, trouble);
		state->n_troubles_reported++;
		n_reported++;
	}
	state->n_troubles_unreported += result->n_troubles - n_reported;
}

void report_unshown_troubles(struct free_areas_state *state)
{
	if (!state->n_troubles_unreported)
		return;
	mo_run_finding(state->run, &(struct mo_finding){
		.id = "free-lists-more-troubles",
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.verdict = "More free-list errors were found than are listed.",
		.evidence = (const struct mo_evidence[]){
			{ "errors not listed", MO_CELL_COUNT, mo_cell_number(mo_exact(state->n_troubles_unreported)) } },
		.n_evidence = 1,
	});
}
