/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page frames whose struct pages could not be read, or make no sense: ranges of them, and a finding. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

void trouble_add(struct trouble *trouble, uint64_t first_pfn, uint64_t n_pages)
{
	struct trouble_range *last = trouble->n_ranges ? &trouble->ranges[trouble->n_ranges - 1] : NULL;

	trouble->n_pages += n_pages;
	if (last && last->first_pfn + last->n_pages == first_pfn)
		last->n_pages += n_pages;
	else if (trouble->n_ranges < TROUBLE_RANGES)
		trouble->ranges[trouble->n_ranges++] = (struct trouble_range){ first_pfn, n_pages };
}

/* Keeps the lowest ranges, whichever thread met them first. */
static void insert_range(struct trouble *into, struct trouble_range range)
{
	unsigned at = into->n_ranges;

	while (at > 0 && into->ranges[at - 1].first_pfn > range.first_pfn)
		at--;
	if (at == TROUBLE_RANGES)
		return;
	if (into->n_ranges < TROUBLE_RANGES)
		into->n_ranges++;
	for (unsigned i = into->n_ranges - 1; i > at; i--)
		into->ranges[i] = into->ranges[i - 1];
	into->ranges[at] = range;
}

void trouble_merge(struct trouble *into, const struct trouble *from)
{
	into->n_pages += from->n_pages;
	for (unsigned i = 0; i < from->n_ranges; i++)
		insert_range(into, from->ranges[i]);
}

static void describe_ranges(const struct trouble *trouble, char *text, size_t n_bytes)
{
	uint64_t shown = 0;
	size_t used = 0;

	*text = '\0';
	for (unsigned i = 0; i < trouble->n_ranges && used + 64 < n_bytes; i++) {
		const struct trouble_range *range = &trouble->ranges[i];

		used += (size_t)snprintf(text + used, n_bytes - used, "%s0x%" PRIx64 "-0x%" PRIx64, i ? ", " : "",
					 range->first_pfn, range->first_pfn + range->n_pages - 1);
		shown += range->n_pages;
	}
	if (shown < trouble->n_pages)
		snprintf(text + used, n_bytes - used, " and %" PRIu64 " more", trouble->n_pages - shown);
}

static void report(struct mem_map_state *state, const struct trouble *trouble, struct mo_finding *finding)
{
	char ranges[TROUBLE_RANGES * 48 + 64];
	struct mo_evidence evidence[] = {
		{ .label = "page frames", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(trouble->n_pages)) },
		{ .label = "which", .kind = MO_CELL_TEXT },
	};

	if (!trouble->n_pages)
		return;
	describe_ranges(trouble, ranges, sizeof(ranges));
	evidence[1].cell = mo_cell_text(ranges);
	finding->evidence = evidence;
	finding->n_evidence = sizeof(evidence) / sizeof(evidence[0]);
	mo_run_finding(state->run, finding);
}

void report_trouble(struct mem_map_state *state)
{
	struct mo_finding unreadable = {
		.id = "mem-map-unreadable",
		.severity = MO_WARNING,
		.verdict = "Some struct pages could not be read; the use of their page frames is unknown.",
		.advice = "Sums by class are lower bounds, short by up to as many pages.",
		.is_about_reading = true,
	};
	struct mo_finding contradicting = {
		.id = "mem-map-contradiction",
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.basis = MO_BASIS_INFERENCE,
		.verdict = "Some struct pages are inconsistent, alone or with their neighbours: a tail page without its head, "
			   "a free block with a page in use, an impossible order.",
		.advice = "Inspect them with `memopsy page PFN`: either memory was overwritten, or the dump caught the "
			  "kernel in the middle of a change.",
	};

	report(state, &state->unreadable, &unreadable);
	report(state, &state->contradicting, &contradicting);
}
