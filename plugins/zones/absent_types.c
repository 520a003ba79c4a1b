/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names what this kernel's types lack of what the views show, so that each "?" is explained. */
#include "gathering.h"

#define N_WANTED 12

static void judge_absent_types(struct mo_run *run, const char *view)
{
	const struct zones_layout *layout = mo_run_layout(run);
	/* A kernel for one CPU has none of the last three. */
	bool is_smp = mo_has(&layout->per_cpu_offset);
	const struct {
		bool is_fine;
		const char *name;
	} wanted[N_WANTED] = {
		{ mo_has(&layout->zone.lowmem_reserve), "struct zone.lowmem_reserve" },
		{ mo_has(&layout->pgdat.vm_stat), "struct pglist_data.vm_stat" },
		{ mo_has(&layout->pgdat.kswapd_failures), "struct pglist_data.kswapd_failures" },
		{ mo_has(&layout->zone.pagesets), "struct zone.per_cpu_pageset" },
		{ mo_has(&layout->pageset.count), "struct per_cpu_pages.count" },
		{ mo_has(&layout->pageset.high), "struct per_cpu_pages.high" },
		{ mo_has(&layout->pageset.batch), "struct per_cpu_pages.batch" },
		{ mo_has(&layout->vmstat_text), "vmstat_text" },
		{ mo_has(&layout->n_system_items), "enum vm_stat_item" },
		{ !is_smp || mo_has(&layout->zone.zonestats), "struct zone.per_cpu_zonestats" },
		{ !is_smp || mo_has(&layout->zonestat.stat_diff), "struct per_cpu_zonestat.vm_stat_diff" },
		{ !is_smp || mo_has(&layout->nodestat.stat_diff), "struct per_cpu_nodestat.vm_node_stat_diff" },
	};
	struct mo_evidence evidence[N_WANTED];
	struct mo_finding finding = {
		.id = "zones-unbound",
		.severity = MO_WARNING,
		.verdict = "The kernel's type information lacks members of zones and counters; parts of them are unknown.",
		.evidence = evidence,
		.is_about_reading = true,
	};

	for (size_t i = 0; i < N_WANTED; i++)
		if (!wanted[i].is_fine)
			evidence[finding.n_evidence++] = (struct mo_evidence){
				.label = "absent", .kind = MO_CELL_TEXT, .cell = mo_cell_text(wanted[i].name) };
	if (finding.n_evidence)
		mo_run_judge(run, view, &finding);
}

struct mo_error *judge_zones(struct mo_run *run)
{
	judge_absent_types(run, "numa");
	judge_absent_types(run, "zoneinfo");
	judge_absent_types(run, "vmstat");
	return NULL;
}
