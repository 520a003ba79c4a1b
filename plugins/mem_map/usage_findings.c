/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the balance sheet means for a reader who has one minute. */
#include "gathering.h"

#include <stdio.h>

static struct mo_count meminfo_pages(const struct mem_map_state *state, const struct mo_kernel_facts *facts,
				     const char *label)
{
	const struct mo_meminfo_line *line = state->zones ? mo_meminfo_find(state->zones, label) : NULL;
	struct mo_count pages = mo_exact(0);

	if (line && line->value.certainty != MO_UNKNOWN) {
		pages = line->value;
		pages.value /= facts->page_bytes / 1024;
	}
	return pages;
}

/*
 * Pages of direct users that some counter of the kernel explains: vmalloc (stacks in vmalloc among it), per-CPU chunks,
 * and large kmalloc, which kernels before 6.15 do not mark and count as slab.
 */
static uint64_t explained_pages(const struct mem_map_state *state, const struct mo_kernel_facts *facts)
{
	uint64_t slab = meminfo_pages(state, facts, "Slab").value;
	uint64_t found_slab = state->model.pages[MO_PAGE_SLAB] + state->model.pages[MO_PAGE_LARGE_KMALLOC];
	uint64_t sum = 0;

	if (!state->vmap)
		sum += meminfo_pages(state, facts, "VmallocUsed").value;
	if (!state->vmap)
		sum += meminfo_pages(state, facts, "Percpu").value;
	if (slab > found_slab)
		sum += slab - found_slab;
	return sum;
}

static void judge_direct(struct mo_run *run, const struct mem_map_state *state, const struct mo_kernel_facts *facts)
{
	uint64_t direct = state->model.pages[MO_PAGE_DIRECT];
	uint64_t explained = explained_pages(state, facts);
	uint64_t rest = direct > explained ? direct - explained : 0;
	uint64_t per_mille = state->model.n_pages ? rest * 1000 / state->model.n_pages : 0;
	char verdict[200];
	struct mo_evidence evidence[] = {
		{ .label = "direct users",
		  .kind = MO_CELL_BYTES,
		  .cell = mo_cell_number(mo_exact(direct * facts->page_bytes)) },
		{ .label = "of these, vmalloc, per-CPU or large kmalloc by the counters",
		  .kind = MO_CELL_BYTES,
		  .cell = mo_cell_number(mo_exact(explained * facts->page_bytes)) },
		{ .label = "not covered by any counter",
		  .kind = MO_CELL_BYTES,
		  .cell = mo_cell_number(mo_exact(rest * facts->page_bytes)) },
	};
	struct mo_finding finding = {
		.id = "usage-direct-users",
		.severity = per_mille >= 100 ? MO_WARNING : MO_NOTICE,
		.basis = MO_BASIS_INFERENCE,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "No kernel counter covers this memory: drivers, unmarked balloons, or a page leak. "
			  "`memopsy pages --class direct` lists it.",
	};

	if (per_mille < 50 || rest * facts->page_bytes < 16u << 20)
		return;
	snprintf(verdict, sizeof(verdict),
		 "%llu.%llu %% of memory was allocated directly from the buddy allocator and is not covered by any "
		 "kernel counter.",
		 (unsigned long long)(per_mille / 10), (unsigned long long)(per_mille % 10));
	mo_run_judge(run, "usage", &finding);
}

static void judge_hwpoison(struct mo_run *run, const struct mem_map_state *state)
{
	struct mo_evidence evidence = { .label = "pages", .kind = MO_CELL_COUNT,
					.cell = mo_cell_number(mo_exact(state->model.pages[MO_PAGE_HWPOISON])) };
	struct mo_finding finding = {
		.id = "usage-hwpoison",
		.severity = MO_WARNING,
		.verdict = "Pages were hwpoisoned after memory errors.",
		.evidence = &evidence,
		.n_evidence = 1,
		.advice = "`memopsy pages --class hwpoison` lists them; look for machine checks in `memopsy dmesg`.",
	};

	if (state->model.pages[MO_PAGE_HWPOISON])
		mo_run_judge(run, "usage", &finding);
}

struct mo_error *judge_usage(struct mo_run *run)
{
	const struct mem_map_state *state = mo_run_model(run);
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(run));

	judge_direct(run, state, facts);
	judge_hwpoison(run, state);
	return NULL;
}
