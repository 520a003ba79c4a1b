/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_WALK_STATE_H
#define MO_WALK_STATE_H

/* What all bounded walks do alike: count, keep the first error, find cycles. */

#include <memopsy/walk.h>

static inline void mo_walk_init(struct mo_walk_state *state, struct mo_reader *reader, uint64_t container_kva,
				uint64_t limit)
{
	*state = (struct mo_walk_state){
		.reader = reader, .container_kva = container_kva, .limit = limit, .next_power = 1,
	};
}

/* Keeps the first error; NULL is fine. */
static inline void mo_walk_note(struct mo_walk_state *state, struct mo_error *error)
{
	if (!error)
		return;
	state->n_errors++;
	if (state->error)
		mo_error_destroy(error);
	else
		state->error = error;
}

/* An error that ends the walk. Always false, for `return`. */
static inline bool mo_walk_stop(struct mo_walk_state *state, struct mo_error *error)
{
	mo_walk_note(state, error);
	state->is_done = true;
	return false;
}

/* Whether one more item may be handed out; counts it. what: "struct list_head" */
static inline bool mo_walk_count(struct mo_walk_state *state, const char *what)
{
	if (state->n_seen < state->limit) {
		state->n_seen++;
		return true;
	}
	return mo_walk_stop(state, mo_error_create(MO_E_LIMIT, "%s at 0x%llx holds more than %llu items", what,
						   (unsigned long long)state->container_kva,
						   (unsigned long long)state->limit));
}

/*
 * Brent's cycle search, for chains, whose nodes do not know who points at them: whether the walk has been at node_kva
 * before, as far as the tortoise remembers. Finds every cycle within three times its length and lead. Call after
 * mo_walk_count().
 */
static inline bool mo_walk_was_at(struct mo_walk_state *state, uint64_t node_kva)
{
	if (node_kva == state->tortoise_kva)
		return true;
	if (state->n_seen == state->next_power) {
		state->tortoise_kva = node_kva;
		state->next_power *= 2;
	}
	return false;
}

/*
 * Counts a node that was read. Nodes without items below them are as good as none in a healthy tree, so nodes are
 * bounded by the items that were allowed and the tree's depth. What cannot be read is not counted: there are no more
 * of those than children of the others.
 */
static inline bool mo_walk_count_node(struct mo_walk_state *state, const char *what, unsigned max_depth)
{
	uint64_t room = state->limit < UINT64_MAX / 256 ? (state->limit + 1) * max_depth : UINT64_MAX;

	if (state->n_nodes < room) {
		state->n_nodes++;
		return true;
	}
	return mo_walk_stop(state, mo_error_create(MO_E_LIMIT, "%s at 0x%llx has more than %llu nodes", what,
						   (unsigned long long)state->container_kva, (unsigned long long)room));
}

static inline struct mo_error *mo_walk_finish(struct mo_walk_state *state)
{
	struct mo_error *error = state->error;

	state->error = NULL;
	state->is_done = true;
	if (error && state->n_errors > 1)
		error = mo_error_prepend(error, "%llu errors, the first",
					 (unsigned long long)state->n_errors);
	return error;
}

#endif
