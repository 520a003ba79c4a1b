/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the first words of a block point at: code or data of a module, of the kernel, or an object of a slab cache. */
#include <stdio.h>

#include "gathering.h"

#define MAX_WORDS 512u
#define MAX_LOOK_UPS 24u

/* The better a guess, the lower. */
enum guess_rank { GUESS_MODULE, GUESS_KERNEL, GUESS_OBJECT, N_GUESS_RANKS };

static enum guess_rank rank_of(const struct mo_place *place)
{
	switch (place->kind) {
	case MO_PLACE_SYMBOL:
	case MO_PLACE_MODULE:
		return place->module ? GUESS_MODULE : GUESS_KERNEL;
	case MO_PLACE_SLAB_OBJECT:
		return place->is_allocated && !place->is_padding ? GUESS_OBJECT : N_GUESS_RANKS;
	default:
		return N_GUESS_RANKS;
	}
}

static struct mo_error *fill_guess(struct owners_state *state, const struct mo_place *place, enum guess_rank rank,
				   struct mo_holder *holder)
{
	static const char *const details[N_GUESS_RANKS] = {
		[GUESS_MODULE] = "its words point into that module", [GUESS_KERNEL] = "its words point there",
		[GUESS_OBJECT] = "its words point at objects of that cache",
	};
	struct mo_error *error = keep_name(&state->names, place->name, &holder->name);

	if (!error)
		error = keep_name(&state->names, place->module, &holder->module);
	holder->detail = details[rank];
	holder->evidence = MO_HOLDER_BY_GUESS;
	return error;
}

struct mo_error *guess_block(struct owners_state *state, const struct block *block, struct mo_holder *holder, bool *ret)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t words[MAX_WORDS];
	struct mo_place best = { .kind = MO_PLACE_NONE };
	enum guess_rank best_rank = N_GUESS_RANKS;
	unsigned n_looked_up = 0;
	size_t n_words = state->page_bytes / 8 < MAX_WORDS ? state->page_bytes / 8 : MAX_WORDS;
	struct mo_error *error = mo_read_pa(reader, block->pfn << state->page_shift, words, n_words * 8);

	*ret = false;
	if (error) {
		bool is_fatal = mo_error_ends_run(error);

		if (is_fatal)
			return error;
		mo_error_destroy(error);
		return NULL;
	}
	for (size_t i = 0; state->places && i < n_words && n_looked_up < MAX_LOOK_UPS && best_rank != GUESS_MODULE; i++) {
		struct mo_place place;

		if (words[i] < state->page_shape->kernel_half_kva || words[i] > UINT64_MAX - 4096)
			continue;
		n_looked_up++;
		error = state->places->find(state->places, reader, words[i], &place);
		if (error)
			return error;
		if (rank_of(&place) < best_rank) {
			best_rank = rank_of(&place);
			best = place;
		}
	}
	if (best_rank == N_GUESS_RANKS)
		return NULL;
	*ret = true;
	return fill_guess(state, &best, best_rank, holder);
}
