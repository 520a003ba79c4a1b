/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stacks plugin: kernel stacks of tasks and CPUs, and who waits for whom. */
#include "gathering.h"

static const struct mo_table_spec *const bt_tables[] = { &stacks_table, &stack_waits_table };
static const struct mo_table_spec *const waits_tables[] = { &stack_waits_table };

static const struct mo_view views[] = {
	{ .name = "bt", .title = "Kernel stacks", .summary = "kernel stacks of CPUs and tasks, and the locks that they wait for",
	  .arguments = "[PID]...", .options = bt_options, .n_options = N_BT_OPTIONS, .tables = bt_tables, .n_tables = 2,
	  .topic = MO_TOPIC_CAUSE, .show = show_bt },
	{ .name = "waits", .title = "Panic, reclaim and locks", .summary = "who panicked, and who waits for memory or a lock",
	  .tables = waits_tables, .n_tables = 1, .report_order = 30, .is_hidden = true, .show = show_waits },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "stacks",
	.version = MEMOPSY_VERSION,
	.summary = "kernel stacks, waits in reclaim and for locks; bt",
	.needs = &stacks_needs,
	.layout_bytes = sizeof(struct stacks_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_STACKS_MODEL, .version = MO_STACKS_MODEL_VERSION },
	.gather = gather_stacks,
	.judge = judge_stacks,
	.release = release_stacks,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
