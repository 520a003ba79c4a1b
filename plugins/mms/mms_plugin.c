/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mms plugin: address spaces that no task has any more. */
#include "gathering.h"

#define L struct mms_layout
#define M "struct mm_struct"
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_FIELD(L, users, M, "mm_users"),
	MO_FIELD(L, count, M, "mm_count"),
	MO_FIELD(L, pgtables_bytes, M, "pgtables_bytes", OPTIONAL),
	MO_FIELD(L, total_vm, M, "total_vm", OPTIONAL),
	MO_FIELD(L, counters, M, "rss_stat", OPTIONAL),
	MO_FIELD(L, counts, "struct mm_rss_stat", "count", OPTIONAL,
		 .why = "include/linux/mm_types_task.h: until 6.1; later each is a struct percpu_counter"),
	MO_CONSTANT(L, file_pages, NULL, "MM_FILEPAGES", OPTIONAL),
	MO_CONSTANT(L, anon_pages, NULL, "MM_ANONPAGES", OPTIONAL),
	MO_CONSTANT(L, shmem_pages, NULL, "MM_SHMEMPAGES", OPTIONAL),
	MO_FIELD(L, active_mm, "struct task_struct", "active_mm", OPTIONAL),
	MO_FIELD(L, private_data, "struct file", "private_data", OPTIONAL),
	MO_FIELD(L, vm_mm, "struct vm_area_struct", "vm_mm", OPTIONAL),
	MO_ADDRESS(L, poking_mm, "text_poke_mm", .or_names = { "poking_mm" }, OPTIONAL,
		   .why = "arch/x86/kernel/alternative.c: an mm without a task, for changing code; poking_mm in 6.12"),
	MO_ADDRESS(L, cpu_tlbstate, "cpu_tlbstate", OPTIONAL, .why = "arch/x86/mm/tlb.c"),
	MO_FIELD(L, loaded_mm, "struct tlb_state", "loaded_mm", OPTIONAL),
};

const struct mo_need_table mms_needs = { rows, sizeof(rows) / sizeof(rows[0]) };

static const struct mo_table_spec *const tables[] = { &mms_table };

static const struct mo_view views[] = {
	{ .name = "mms", .title = "Address spaces without tasks",
	  .summary = "mm_structs without a task, and what holds them", .tables = tables, .n_tables = 1,
	  .report_order = 470,
	  .topic = MO_TOPIC_HOLDER, .show = show_mms },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION },
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "mms",
	.version = MEMOPSY_VERSION,
	.summary = "address spaces without a task; mms",
	.needs = &mms_needs,
	.layout_bytes = sizeof(struct mms_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.gather = gather_mms,
	.judge = judge_mms,
	.release = release_mms,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
