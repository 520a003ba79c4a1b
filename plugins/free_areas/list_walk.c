/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One list of free blocks, every block checked. The walk stops where it can no longer be followed; then the list is
 * walked from its other end up to there, so that what lies behind the break is counted too. It ends in any case: a page
 * frame that was met before stops it.
 */
#include "gathering.h"

#include <stdlib.h>

#define MAX_TROUBLES_OF_A_LIST 4
#define GIVE_BACK_BLOCKS 64
#define GIVE_BACK_BLOCKS_A_VIEW 4

struct walk {
	const struct free_areas_state *state;
	struct mo_reader *reader;
	struct frame_set *frames;
	const struct list_place *place;
	block_function block;
	void *context;
	struct list_result *result;
	bool is_backward;             /* after a break: what is wrong is known, so nothing more is said */
};

static struct mo_error *note(struct walk *walk, const struct trouble *trouble)
{
	struct list_result *result = walk->result;
	struct trouble *copy;

	if (walk->is_backward || ++result->n_troubles > MAX_TROUBLES_OF_A_LIST) {
		free(trouble->why);
		return NULL;
	}
	copy = malloc(sizeof(*copy));
	if (!copy) {
		free(trouble->why);
		return mo_error_no_memory();
	}
	*copy = *trouble;
	copy->place = *walk->place;
	copy->next = result->troubles;
	result->troubles = copy;
	return NULL;
}

/* The list cannot be followed from here. */
static struct mo_error *stop(struct walk *walk, const struct trouble *trouble, bool *is_over)
{
	*is_over = true;
	walk->result->is_broken = true;
	return note(walk, trouble);
}

static struct mo_error *stop_unreadable(struct walk *walk, struct trouble *trouble, struct mo_error *why, bool *is_over)
{
	size_t n_bytes = strlen(mo_error_text(why)) + 1;

	if (mo_error_ends_run(why))
		return why;
	trouble->kind = TROUBLE_UNREADABLE;
	trouble->why = malloc(n_bytes);
	if (trouble->why)
		memcpy(trouble->why, mo_error_text(why), n_bytes);
	mo_error_destroy(why);
	return stop(walk, trouble, is_over);
}

/* What can be wrong with a block that the list goes on behind. */
static struct mo_error *check_block(struct walk *walk, const uint8_t *page, struct trouble trouble)
{
	const struct free_areas_layout *layout = walk->state->layout;
	const struct mo_zone *zone = &walk->state->zones_model->zones[walk->place->zone];
	uint32_t page_type = (uint32_t)mo_get(&layout->page->field.page_type, page);
	uint64_t flags = mo_get(&layout->page->field.flags, page);
	bool should_be_buddy = walk->place->cpu < 0;
	struct mo_error *error = NULL;

	trouble.found = page_type;
	trouble.kind = TROUBLE_NOT_FREE;
	if (mo_page_has_type(walk->state->shape.buddy, page_type) != should_be_buddy)
		error = note(walk, &trouble);
	trouble.found = mo_get(&layout->page->field.private_, page);
	trouble.expected = walk->place->order;
	trouble.kind = TROUBLE_ORDER;
	if (!error && should_be_buddy && trouble.found != walk->place->order)
		error = note(walk, &trouble);
	trouble.kind = TROUBLE_ALIGNMENT;
	if (!error && trouble.pfn & ((1ull << walk->place->order) - 1))
		error = note(walk, &trouble);
	trouble.found = flags;
	trouble.kind = TROUBLE_ZONE;
	if (!error && !page_is_in_zone(&walk->state->shape, flags, zone))
		error = note(walk, &trouble);
	return error;
}

/* One step: the block at node_kva, reached from from_kva. *next_kva is left alone when the walk is over. */
static struct mo_error *step(struct walk *walk, uint64_t from_kva, uint64_t node_kva, uint64_t *next_kva, bool *is_over)
{
	const struct free_areas_layout *layout = walk->state->layout;
	const struct mo_field *ahead = walk->is_backward ? &layout->page->field.buddy_prev : &layout->page->field.buddy_next;
	const struct mo_field *back = walk->is_backward ? &layout->page->field.buddy_next : &layout->page->field.buddy_prev;
	struct list_block found = { .page_kva = node_kva - layout->page->field.buddy_next.offset_bytes };
	struct trouble trouble = { .node_kva = node_kva, .from_kva = from_kva };
	uint8_t page[MO_PAGE_STRUCT_BYTES_MAX];
	enum frame_mark mark;
	struct mo_error *error;

	error = mo_page_to_pfn(walk->state->memmap, found.page_kva, &found.pfn);
	if (error) {
		mo_error_destroy(error);
		trouble.kind = TROUBLE_NO_PAGE;
		return stop(walk, &trouble, is_over);
	}
	trouble.pfn = found.pfn;
	error = mo_read(walk->reader, found.page_kva, page, (size_t)layout->page->struct_bytes);
	if (error)
		return stop_unreadable(walk, &trouble, error, is_over);
	trouble.found = mo_get(back, page);
	trouble.expected = from_kva;
	trouble.kind = TROUBLE_LINK;
	trouble.was_met = trouble.found != from_kva && frame_set_has(walk->frames, found.pfn);
	if (trouble.found != from_kva)
		return stop(walk, &trouble, is_over);
	mark = frame_set_mark(walk->frames, found.pfn, 1ull << walk->place->order);
	walk->result->seen_marked |= mark == FRAME_WAS_MARKED;
	trouble.kind = mark == FRAME_OUTSIDE ? TROUBLE_NO_PAGE : TROUBLE_TWICE;
	if (mark != FRAME_MARKED)
		return stop(walk, &trouble, is_over);
	error = check_block(walk, page, trouble);
	if (!error && walk->block)
		error = walk->block(walk->context, walk->place, &found);
	walk->result->n_blocks++;
	if (walk->place->migratetype != mo_pageblock_type_of(&walk->state->model, found.pfn))
		walk->result->n_other_type++;
	*next_kva = mo_get(ahead, page);
	return error;
}

static struct mo_error *walk_one_way(struct walk *walk)
{
	const struct free_areas_layout *layout = walk->state->layout;
	uint64_t head_kva = walk->place->head_kva;
	uint64_t give_back_blocks = give_back_interval(walk->state->memmap, GIVE_BACK_BLOCKS, GIVE_BACK_BLOCKS_A_VIEW);
	struct trouble trouble = { .node_kva = head_kva };
	uint8_t head[16];
	uint64_t from_kva = head_kva;
	uint64_t node_kva;
	uint64_t last_kva;
	bool is_over = false;
	struct mo_error *error = mo_read(walk->reader, head_kva, head, (size_t)layout->list_head.size.bytes);

	if (error)
		return stop_unreadable(walk, &trouble, error, &is_over);
	node_kva = mo_get(walk->is_backward ? &layout->list_head.prev : &layout->list_head.next, head);
	last_kva = mo_get(walk->is_backward ? &layout->list_head.next : &layout->list_head.prev, head);
	while (node_kva != head_kva) {
		uint64_t next_kva = 0;

		error = step(walk, from_kva, node_kva, &next_kva, &is_over);
		if (error || is_over)
			return error;
		from_kva = node_kva;
		node_kva = next_kva;
		if (!(walk->result->n_blocks % give_back_blocks))
			give_memory_map_back(walk->state->memmap, walk->reader);
	}
	if (last_kva == from_kva)
		return NULL;
	trouble = (struct trouble){ .kind = TROUBLE_LINK, .node_kva = head_kva, .from_kva = from_kva, .found = last_kva,
				    .expected = from_kva };
	return stop(walk, &trouble, &is_over);
}

struct mo_error *walk_list(const struct free_areas_state *state, struct mo_reader *reader, struct frame_set *frames,
			   const struct list_place *place, block_function block, void *context, struct list_result *result)
{
	struct walk walk = {
		.state = state, .reader = reader, .frames = frames, .place = place, .block = block, .context = context,
		.result = result,
	};
	struct mo_error *error = walk_one_way(&walk);

	if (error || !result->is_broken)
		return error;
	walk.is_backward = true;
	return walk_one_way(&walk);
}

void list_result_deinit(struct list_result *result)
{
	while (result->troubles) {
		struct trouble *trouble = result->troubles;

		result->troubles = trouble->next;
		free(trouble->why);
		free(trouble);
	}
}
