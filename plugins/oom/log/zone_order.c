/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * enum zone_type without its type (include/linux/mmzone.h): DMA, DMA32, Normal, HighMem, Movable, in this order, as far
 * as a kernel has them. What a log shows, and what an architecture always has, is counted; lowmem_reserve[] has an
 * element for each zone, so that a count that exceeds it is known to be wrong, and then nothing is said.
 */
#include "gathering.h"

#include <string.h>

static bool shows_zone(const struct oom_state *state, const char *name)
{
	for (size_t i = 0; i < state->scan.n_drafts; i++)
		for (size_t k = 0; k < state->scan.drafts[i]->n_zones; k++)
			if (!strcmp(state->scan.drafts[i]->zones[k].name, name))
				return true;
	return false;
}

/* The fewest elements that a zone's lowmem_reserve[] has; 0: none is in the log. */
static uint32_t count_zone_types(const struct oom_state *state)
{
	uint32_t n = 0;

	for (size_t i = 0; i < state->scan.n_drafts; i++) {
		for (size_t k = 0; k < state->scan.drafts[i]->n_zones; k++) {
			uint32_t n_here = state->scan.drafts[i]->zones[k].n_lowmem_reserve;

			if (n_here && (!n || n_here < n))
				n = n_here;
		}
	}
	return n;
}

static bool is_arch(const struct oom_state *state, const char *arch)
{
	const char *said = mo_kernel_facts(mo_reader_kernel(state->reader))->arch;

	return said && !strcmp(said, arch);
}

void find_zone_order(const struct oom_state *state, struct oom_layout *layout)
{
	bool is_x86_64 = is_arch(state, "x86_64");
	const bool has_kind[N_ZONE_KINDS] = {
		[ZONE_KIND_DMA] = shows_zone(state, "DMA") || is_x86_64 || is_arch(state, "i686"),
		[ZONE_KIND_DMA32] = shows_zone(state, "DMA32") || is_x86_64 || is_arch(state, "riscv64"),
		[ZONE_KIND_NORMAL] = true,
		[ZONE_KIND_HIGHMEM] = shows_zone(state, "HighMem") || is_arch(state, "i686"),
		[ZONE_KIND_MOVABLE] = true,
	};
	uint32_t n_types = count_zone_types(state);
	uint32_t n = 0;

	for (size_t kind = 0; kind < N_ZONE_KINDS; kind++)
		n += has_kind[kind];
	if (!n_types || n > n_types)
		return;
	n = 0;
	for (size_t kind = 0; kind < N_ZONE_KINDS; kind++)
		if (has_kind[kind])
			layout->zones[kind] = (struct mo_constant){ .name = "of the log", .value = n++, .is_bound = true };
}
