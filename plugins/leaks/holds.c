/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which lost objects are heads, and what hangs on each: what nothing points at is a head; of cycles that nothing leads
 * into, one object is. What several heads lead to hangs on the first.
 */
#include <stdlib.h>

#include "gathering.h"

struct step {
	uint32_t lost;
	uint64_t offset;   /* in it, where to go on looking for pointers */
};

struct arranging {
	struct leaks_state *state;
	struct mo_reader *reader;
	struct step *steps; /* as many as there are lost objects: each is entered once */
	uint8_t *seen;
	bool *leads_on;     /* it points at a lost object: most do not, and are not looked through again */
};

static void find_pointed(struct arranging *arranging)
{
	for (uint32_t i = 0; i < arranging->state->model.n_lost; i++) {
		uint64_t offset = 0;
		uint32_t to;

		while (next_pointed(arranging->state, arranging->reader, i, &offset, &to)) {
			arranging->seen[to] = true;
			arranging->leads_on[i] = true;
		}
	}
}

static bool next_step(const struct arranging *arranging, struct step *step, uint32_t *ret)
{
	return arranging->leads_on[step->lost] &&
	       next_pointed(arranging->state, arranging->reader, step->lost, &step->offset, ret);
}

/* Everything that `head` leads to and that hangs on nothing yet. */
static void claim_from(struct arranging *arranging, uint32_t head)
{
	struct mo_lost_object *lost = arranging->state->lost;
	size_t n_steps = 1;

	lost[head].head = head;
	arranging->steps[0] = (struct step){ .lost = head };
	while (n_steps) {
		struct step *step = &arranging->steps[n_steps - 1];
		uint32_t to;

		if (!next_step(arranging, step, &to)) {
			n_steps--;
			continue;
		}
		lost[head].is_in_cycle |= to == head;
		if (lost[to].head != UINT32_MAX)
			continue;
		lost[to].head = head;
		lost[head].held_objects++;
		lost[head].held_bytes += lost[to].bytes;
		lost[to].confidence = lost[to].confidence > lost[head].confidence ? lost[to].confidence : lost[head].confidence;
		arranging->steps[n_steps++] = (struct step){ .lost = to };
	}
}

/*
 * The objects left over, in the order in which a walk along their pointers is done with them: the last one lies in a
 * cycle that no other of them leads into.
 */
static size_t order_cycles(struct arranging *arranging, uint32_t *order)
{
	const struct mo_lost_object *lost = arranging->state->lost;
	size_t n_order = 0;

	memset(arranging->seen, 0, arranging->state->model.n_lost);
	for (uint32_t i = 0; i < arranging->state->model.n_lost; i++) {
		size_t n_steps = 0;

		if (lost[i].head != UINT32_MAX || arranging->seen[i])
			continue;
		arranging->seen[i] = true;
		arranging->steps[n_steps++] = (struct step){ .lost = i };
		while (n_steps) {
			struct step *step = &arranging->steps[n_steps - 1];
			uint32_t to;

			if (!next_step(arranging, step, &to)) {
				order[n_order++] = step->lost;
				n_steps--;
			} else if (lost[to].head == UINT32_MAX && !arranging->seen[to]) {
				arranging->seen[to] = true;
				arranging->steps[n_steps++] = (struct step){ .lost = to };
			}
		}
	}
	return n_order;
}

struct mo_error *arrange_lost(struct leaks_state *state)
{
	size_t n_lost = state->model.n_lost;
	struct arranging arranging = { .state = state, .reader = mo_run_reader(state->run) };
	uint32_t *order = calloc(n_lost + 1, sizeof(*order));
	size_t n_order;

	arranging.steps = calloc(n_lost + 1, sizeof(*arranging.steps));
	arranging.seen = calloc(n_lost + 1, 1);
	arranging.leads_on = calloc(n_lost + 1, sizeof(*arranging.leads_on));
	if (!order || !arranging.steps || !arranging.seen || !arranging.leads_on) {
		free(order);
		free(arranging.steps);
		free(arranging.seen);
		free(arranging.leads_on);
		return mo_error_no_memory();
	}
	find_pointed(&arranging);
	for (uint32_t i = 0; i < n_lost; i++)
		if (!arranging.seen[i])
			claim_from(&arranging, i);
	n_order = order_cycles(&arranging, order);
	while (n_order--)
		if (state->lost[order[n_order]].head == UINT32_MAX)
			claim_from(&arranging, order[n_order]);
	free(order);
	free(arranging.steps);
	free(arranging.seen);
	free(arranging.leads_on);
	return NULL;
}
