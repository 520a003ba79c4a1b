/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a number that equals a block's page frame or physical address refers to it. Most such numbers are sizes, counts
 * and offsets: how often one equals a given page frame by chance is measured on frames that nobody refers to by number, free
 * ones and those of user pages and the page cache. Round frames are met far more often than others, and small ones more than
 * large ones: so each binary order of magnitude and each alignment has a rate of its own.
 *
 * Of lost blocks as many are met by chance as these rates say. Only if more are met, all that were met are suspect: some of
 * them are held by a number, and which ones nobody can tell.
 */
#include "gathering.h"

#define OCTAVES 64
#define ALIGNMENTS 12         /* frames that 2^11 divides are one kind */
#define FRAMES_MIN 16         /* fewer say nothing of a rate */
#define SQUARED_DEVIATIONS 9  /* more than three standard deviations are no chance */

enum { SINGLE_PAGES, SMALL_BLOCKS, LARGE_BLOCKS, N_SIZES };
#define SMALL_BLOCK_PAGES 8

struct chances {
	uint64_t frames[OCTAVES][ALIGNMENTS];
	uint64_t met[OCTAVES][ALIGNMENTS];
};

static unsigned octave_of(uint64_t pfn)
{
	return pfn ? 63u - (unsigned)__builtin_clzll(pfn) : 0;
}

static unsigned alignment_of(uint64_t pfn)
{
	unsigned alignment = pfn ? (unsigned)__builtin_ctzll(pfn) : ALIGNMENTS;

	return alignment < ALIGNMENTS ? alignment : ALIGNMENTS - 1;
}

static bool is_met(const struct leaks_state *state, uint64_t pfn)
{
	return pfn < state->index.n_pages && (state->seen_pfns[pfn / 64] | state->seen_addresses[pfn / 64]) >> pfn % 64 & 1;
}

/* Pages that nobody refers to by a number; page tables are not scanned for numbers. */
static bool is_control(uint8_t class)
{
	return mo_class_is_free(class) || mo_class_is_user(class);
}

static void measure(const struct leaks_state *state, struct chances *chances)
{
	for (size_t i = 0; i < state->mem_map->n_runs; i++) {
		const struct mo_page_run *run = &state->mem_map->runs[i];

		for (uint64_t k = 0; k < run->n_pages; k++) {
			uint64_t pfn = run->first_pfn + k;

			if (!is_control(run->classes[k]))
				continue;
			chances->frames[octave_of(pfn)][alignment_of(pfn)]++;
			chances->met[octave_of(pfn)][alignment_of(pfn)] += is_met(state, pfn);
		}
	}
}

/* How likely a frame's number is met by chance; 0: nothing is known of it. Octaves around help where there are too few. */
static double chance_of(const struct chances *chances, uint64_t pfn)
{
	unsigned octave = octave_of(pfn);
	unsigned alignment = alignment_of(pfn);
	uint64_t n_frames = chances->frames[octave][alignment];
	uint64_t n_met = chances->met[octave][alignment];

	for (unsigned far = 1; far < OCTAVES && n_frames < FRAMES_MIN; far++) {
		if (octave >= far) {
			n_frames += chances->frames[octave - far][alignment];
			n_met += chances->met[octave - far][alignment];
		}
		if (octave + far < OCTAVES) {
			n_frames += chances->frames[octave + far][alignment];
			n_met += chances->met[octave + far][alignment];
		}
	}
	return n_frames < FRAMES_MIN ? 0 : (double)n_met / (double)n_frames;
}

/* The next lost block from *at on, which becomes where to go on; what may be the tail of a reached one is suspect anyway. */
static bool next_block(const struct leaks_state *state, uint32_t *at, struct mo_object_ref *ret, uint64_t *pfn_ret)
{
	const struct mo_object_index *index = &state->index;

	for (; *at < index->n_blocks; ++*at) {
		struct mo_object_ref ref = { .slab = index->n_slabs + *at };
		uint64_t pfn = mo_index_pa(index, index->indexed[ref.slab].first_kva) >> index->page_shift;

		if (!index->indexed[ref.slab].objects || !is_lost(state, ref) || follows_reached(state, pfn))
			continue;
		++*at;
		*ret = ref;
		*pfn_ret = pfn;
		return true;
	}
	return false;
}

static unsigned size_of(const struct leaks_state *state, struct mo_object_ref ref)
{
	uint64_t n_pages = state->index.indexed[ref.slab].size_bytes >> state->index.page_shift;

	return n_pages <= 1 ? SINGLE_PAGES : n_pages <= SMALL_BLOCK_PAGES ? SMALL_BLOCKS : LARGE_BLOCKS;
}

void weigh_numbers(struct leaks_state *state)
{
	struct chances chances = { .frames = { { 0 } } };
	double expected[N_SIZES] = { 0 };
	double met[N_SIZES] = { 0 };
	struct mo_object_ref ref;
	uint32_t at = 0;
	uint64_t pfn;

	if (!state->seen_pfns)
		return;
	measure(state, &chances);
	while (next_block(state, &at, &ref, &pfn)) {
		expected[size_of(state, ref)] += chance_of(&chances, pfn);
		met[size_of(state, ref)] += is_met(state, pfn);
	}
	at = 0;
	while (next_block(state, &at, &ref, &pfn)) {
		unsigned size = size_of(state, ref);
		double excess = met[size] - expected[size];

		if (is_met(state, pfn) && excess > 0 && excess * excess > SQUARED_DEVIATIONS * expected[size])
			state->weak[state->index.indexed[ref.slab].first_object / 64] |=
				1ull << state->index.indexed[ref.slab].first_object % 64;
	}
}
