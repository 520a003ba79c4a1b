/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An event that was happening when the dump was taken and has printed no report: its numbers are those of the dump, zone by
 * zone, counter by counter, process by process.
 */
#include "gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const counter_items[N_COUNTERS] = {
	[C_ACTIVE_ANON] = "nr_active_anon", [C_INACTIVE_ANON] = "nr_inactive_anon", [C_ISOLATED_ANON] = "nr_isolated_anon",
	[C_ACTIVE_FILE] = "nr_active_file", [C_INACTIVE_FILE] = "nr_inactive_file", [C_ISOLATED_FILE] = "nr_isolated_file",
	[C_UNEVICTABLE] = "nr_unevictable", [C_DIRTY] = "nr_dirty", [C_WRITEBACK] = "nr_writeback",
	[C_SLAB_RECLAIMABLE] = "nr_slab_reclaimable", [C_SLAB_UNRECLAIMABLE] = "nr_slab_unreclaimable", [C_SHMEM] = "nr_shmem",
	[C_PAGE_TABLES] = "nr_page_table_pages", [C_SEC_PAGE_TABLES] = "nr_sec_page_table_pages", [C_FREE] = "nr_free_pages",
};

static void copy_zone(struct log_scan *scan, const struct oom_state *state, struct draft *draft, const struct mo_zone *from)
{
	struct mo_count boost = from->watermark_boost_pages.certainty == MO_EXACT ? from->watermark_boost_pages : mo_exact(0);
	struct mo_oom_zone *zones = grow(scan, draft->zones, draft->n_zones, &draft->zones_room, sizeof(*zones));
	struct mo_oom_zone *zone;

	if (!zones)
		return;
	draft->zones = zones;
	zone = &zones[draft->n_zones++];
	*zone = (struct mo_oom_zone){
		.node_id = from->node_id,
		.free_pages = from->free_pages,
		.boost_pages = boost,
		.min_pages = mo_count_add(from->watermark_pages[MO_WMARK_MIN], boost),
		.low_pages = mo_count_add(from->watermark_pages[MO_WMARK_LOW], boost),
		.high_pages = mo_count_add(from->watermark_pages[MO_WMARK_HIGH], boost),
		.reserved_highatomic_pages = from->reserved_highatomic_pages,
		.free_highatomic_pages = from->free_highatomic_pages,
		.present_pages = from->present_pages,
		.managed_pages = from->managed_pages,
	};
	snprintf(zone->name, sizeof(zone->name), "%s", from->name ? from->name : "?");
	for (size_t i = 0; i < from->n_lowmem_reserve && i < MO_OOM_RESERVES; i++)
		zone->lowmem_reserve_pages[zone->n_lowmem_reserve++] = from->lowmem_reserve_pages[i].value;
	for (unsigned i = 0; i < state->zones->n_orders && i < MO_OOM_ORDERS; i++) {
		zone->free_blocks[zone->n_orders] = from->free_blocks[i].value;
		zone->has_usable[zone->n_orders++] = from->free_blocks[i].value != 0;
	}
}

static void take_candidate(struct log_scan *scan, struct draft *draft, const struct mo_task *task, const struct mo_mm *mm)
{
	struct mo_oom_candidate *all =
		grow(scan, draft->candidates, draft->n_candidates, &draft->candidates_room, sizeof(*all));

	if (!all)
		return;
	draft->candidates = all;
	all[draft->n_candidates++] = (struct mo_oom_candidate){
		.pid = task->pid, .tgid = task->tgid, .uid = task->uid, .oom_score_adj = task->oom_score_adj,
		.total_vm_pages = mm->total_vm_pages, .rss_pages = mo_mm_rss_pages(mm->exact_pages),
		.anon_pages = mm->exact_pages[MO_MM_ANON], .file_pages = mm->exact_pages[MO_MM_FILE],
		.shmem_pages = mm->exact_pages[MO_MM_SHMEM], .swap_pages = mm->exact_pages[MO_MM_SWAP],
		.pgtables_bytes = mm->pgtables_bytes,
	};
	snprintf(all[draft->n_candidates - 1].comm, sizeof(all->comm), "%s", task->comm);
}

void take_numbers_of_dump(struct oom_state *state, struct draft *draft)
{
	bool has_zones = draft->n_zones != 0;

	for (size_t i = 0; i < state->zones->n_zones && !has_zones; i++)
		if (state->zones->zones[i].managed_pages.value)
			copy_zone(&state->scan, state, draft, &state->zones->zones[i]);
	for (unsigned i = 0; i < N_COUNTERS; i++) {
		const struct mo_vm_counter *counter = counter_items[i] ? mo_vm_counter_find(state->zones, counter_items[i]) :
									 NULL;

		if (counter && !(draft->parts & PART_MEMINFO))
			draft->counters[i] = counter->printed;
	}
	for (size_t i = 0; i < state->tasks->n_tasks && !(draft->parts & PART_TASKS); i++) {
		const struct mo_task *task = &state->tasks->tasks[i];
		const struct mo_mm *mm = mo_task_mm(state->tasks, task);

		/* Neither init nor kernel threads can be chosen. */
		if (task->leader == i && !task->is_kernel_thread && task->tgid != 1 && mm && task->has_oom_score_adj)
			take_candidate(&state->scan, draft, task, mm);
	}
	draft->event.swap_total_bytes = state->swap_total_bytes;
	draft->event.swap_free_bytes = state->swap_free_bytes;
	draft->is_of_dump = !(draft->parts & PART_MEMINFO);
	draft->parts |= PART_MEMINFO | PART_ZONES;
}
