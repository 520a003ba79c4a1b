/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which lost objects are heads, and what hangs on each: what nothing points at is a head; of cycles that nothing leads
 * into, one object is. What several heads lead to hangs on the first.
 */
#include <stdlib.h>

#include "gathering.h"

/* Marks of lost objects while they are arranged. */
enum {
	MARK_POINTED = 1 << 0,   /* another lost one points at it */
	MARK_LEADS_ON = 1 << 1,  /* it points at one: most do not, and are not looked through again */
	MARK_SEEN = 1 << 2,      /* among the cycles: something that was passed leads to it */
	MARK_FIRST = 1 << 3,     /* ... nothing that was passed before */
};

/*
 * Each search enters an object once, and the groups are not known yet: their place in the objects serves as the queue, so
 * that a search takes no memory however many are lost.
 */
struct arranging {
	struct leaks_state *state;
	struct mo_reader *reader;
	size_t n_queued;
};

static struct mo_lost_object *lost_at(const struct arranging *arranging, uint32_t at)
{
	return &arranging->state->lost[at];
}

static void enqueue(struct arranging *arranging, uint32_t at)
{
	arranging->state->lost[arranging->n_queued++].group = at;
}

static void find_pointed(struct arranging *arranging)
{
	for (uint32_t i = 0; i < arranging->state->model.n_lost; i++) {
		uint64_t offset = 0;
		uint32_t to;

		while (next_pointed(arranging->state, arranging->reader, i, &offset, &to)) {
			lost_at(arranging, to)->marks |= MARK_POINTED;
			lost_at(arranging, i)->marks |= MARK_LEADS_ON;
		}
	}
}

/* Everything that `head` leads to and that hangs on nothing yet. */
static struct mo_error *claim_from(struct arranging *arranging, uint32_t head)
{
	struct leaks_state *state = arranging->state;
	struct mo_lost_head held = { .lost = head };

	arranging->n_queued = 0;
	lost_at(arranging, head)->head = head;
	enqueue(arranging, head);
	for (size_t i = 0; i < arranging->n_queued; i++) {
		uint32_t from = state->lost[i].group;
		uint64_t offset = 0;
		uint32_t to;

		while (lost_at(arranging, from)->marks & MARK_LEADS_ON &&
		       next_pointed(state, arranging->reader, from, &offset, &to)) {
			lost_at(arranging, head)->is_in_cycle |= to == head;
			if (lost_at(arranging, to)->head != UINT32_MAX)
				continue;
			lost_at(arranging, to)->head = head;
			held.held_objects++;
			held.held_bytes += lost_bytes(state, lost_at(arranging, to));
			if (lost_at(arranging, to)->confidence < lost_at(arranging, head)->confidence)
				lost_at(arranging, to)->confidence = lost_at(arranging, head)->confidence;
			enqueue(arranging, to);
		}
	}
	return !held.held_objects || mo_vector_append(&state->heads, held) ? NULL : mo_error_no_memory();
}

/* Of what is left over and not seen yet, all that `first` leads to. */
static void see_from(struct arranging *arranging, uint32_t first)
{
	arranging->n_queued = 0;
	lost_at(arranging, first)->marks |= MARK_SEEN | MARK_FIRST;
	enqueue(arranging, first);
	for (size_t i = 0; i < arranging->n_queued; i++) {
		uint32_t from = arranging->state->lost[i].group;
		uint64_t offset = 0;
		uint32_t to;

		while (next_pointed(arranging->state, arranging->reader, from, &offset, &to)) {
			if (lost_at(arranging, to)->head != UINT32_MAX || lost_at(arranging, to)->marks & MARK_SEEN)
				continue;
			lost_at(arranging, to)->marks |= MARK_SEEN;
			enqueue(arranging, to);
		}
	}
}

/*
 * What is left over hangs on cycles. A cycle that no other leads into is first seen from one of its own objects, so it has one
 * that is marked as first. Others have one only if they were passed before what leads into them: going backwards, that claims
 * them, and what is left when it is met is a head.
 */
static struct mo_error *claim_cycles(struct arranging *arranging)
{
	uint32_t n_lost = (uint32_t)arranging->state->model.n_lost;

	for (uint32_t i = 0; i < n_lost; i++)
		if (lost_at(arranging, i)->head == UINT32_MAX && !(lost_at(arranging, i)->marks & MARK_SEEN))
			see_from(arranging, i);
	for (uint32_t i = n_lost; i-- > 0;)
		if (lost_at(arranging, i)->head == UINT32_MAX && lost_at(arranging, i)->marks & MARK_FIRST) {
			struct mo_error *error = claim_from(arranging, i);

			if (error)
				return error;
		}
	return NULL;
}

static int compare_heads(const void *left, const void *right)
{
	const struct mo_lost_head *a = left;
	const struct mo_lost_head *b = right;

	return a->lost < b->lost ? -1 : a->lost > b->lost;
}

struct mo_error *arrange_lost(struct leaks_state *state)
{
	struct arranging arranging = { .state = state, .reader = mo_run_reader(state->run) };
	struct mo_error *error = NULL;

	find_pointed(&arranging);
	for (uint32_t i = 0; i < state->model.n_lost && !error; i++)
		if (!(state->lost[i].marks & MARK_POINTED))
			error = claim_from(&arranging, i);
	if (!error)
		error = claim_cycles(&arranging);
	if (state->heads.count)
		qsort(state->heads.items, state->heads.count, sizeof(*state->heads.items), compare_heads);
	return error;
}
