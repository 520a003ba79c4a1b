/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The oom plugin: why there was no memory, why this process died, what to change. */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

static void release(void *model)
{
	struct oom_state *state = model;

	if (!state)
		return;
	log_scan_free(&state->scan);
	mo_error_destroy(state->late ? state->late->error : NULL);
	free(state->late);
	free(state->events);
	free(state);
}

/* Panics first, then the latest that has a report, then the latest; then what others killed. */
static int weight_of(const struct mo_oom_event *event)
{
	switch (event->kind) {
	case MO_OOM_PANIC: return 6;
	case MO_OOM_KILL:
	case MO_OOM_NO_VICTIM: return event->has_request ? 5 : 4;
	case MO_OOM_UNKNOWN: return 4;
	case MO_OOM_USERSPACE_KILL:
	case MO_OOM_CONTAINER_OOM:
	case MO_OOM_EVICTION: return 3;
	case MO_OOM_ALLOCATION_FAILURE:
	case MO_OOM_SLAB_FAILURE:
	case MO_OOM_STALL:
	case MO_OOM_RECLAIM_LOCKUP:
	case MO_OOM_RECLAIM_HANG:
	case MO_OOM_VMALLOC_FAILURE: return 2;
	default: return 1;
	}
}

static struct mo_error *publish(struct oom_state *state)
{
	size_t n = state->scan.n_drafts;
	int most = 0;

	state->events = calloc(n + 1, sizeof(*state->events));
	if (!state->events)
		return mo_error_no_memory();
	state->model.worst = MO_OOM_NONE;
	for (size_t i = 0; i < n; i++) {
		const struct draft *draft = state->scan.drafts[i];

		state->model.kills_logged += draft->n_kill_lines;
		if (weight_of(&draft->event) < most)
			continue;
		most = weight_of(&draft->event);
		state->model.worst = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++)
		state->events[i] = state->scan.drafts[i]->event;
	state->model.events = state->events;
	state->model.n_events = n;
	return NULL;
}

static struct mo_error *gather_events(struct oom_state *state)
{
	struct mo_error *error = read_log(state);

	if (error)
		return error;
	if (state->has_memory) {
		gather_dump_state(state);
		gather_limits(state);
		error = gather_running_oom(state);
		if (!error)
			error = late_error_of(state);
	} else {
		state->panic_on_oom = -1;
		state->own_layout = *state->layout;
		find_zone_order(state, &state->own_layout);
		state->layout = &state->own_layout;
	}
	for (size_t i = 0; i < state->scan.n_drafts && !error; i++)
		error = explain_event(state, i);
	return error ? error : publish(state);
}

/* What a log has of them. */
static const struct mo_zones_model no_zones = { .n_zones = 0 };
static const struct mo_tasks_model no_tasks = { .n_tasks = 0 };

static void take_facts(struct oom_state *state, const struct mo_kernel_facts *facts)
{
	state->is_text = facts->is_log;
	state->release = facts->release;
	state->has_memory = !facts->lacks_types;
	/* Numbers in kB stay what they are; what the log has in pages is said to rest on this. */
	state->is_page_size_assumed = !facts->page_bytes;
	state->page_bytes = facts->page_bytes ? facts->page_bytes : 4096;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct oom_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->late = calloc(1, sizeof(*state->late));
	if (!state->late) {
		release(state);
		return mo_error_no_memory();
	}
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	take_facts(state, mo_kernel_facts(mo_run_kernel(run)));
	state->zones = mo_run_model_of(run, MO_ZONES_MODEL);
	state->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	if (!state->zones)
		state->zones = &no_zones;
	if (!state->tasks)
		state->tasks = &no_tasks;
	error = gather_events(state);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const tables[] = { &oom_verdict_table, &oom_events_table, &oom_zones_table,
						      &oom_causes_table,  &oom_memcg_table,  &oom_candidates_table,
						      &oom_marked_table,  &oom_now_table,    &oom_limits_table,
						      &oom_many_table };

static const struct mo_view views[] = {
	{ .name = "oom", .title = "Out of memory", .summary = "why there was no memory, who died of it, what to change",
	  .options = oom_options, .n_options = N_OOM_OPTIONS, .tables = tables, .n_tables = sizeof(tables) / sizeof(tables[0]),
	  .report_order = 90, .topic = MO_TOPIC_CAUSE, .show = show_oom, .each_table = &oom_many_table, .show_each = show_many },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_CGROUPS_MODEL, .version = MO_CGROUPS_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_FILES_MODEL, .version = MO_FILES_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_OWNERS_MODEL, .version = MO_OWNERS_MODEL_VERSION, .is_optional = true, .is_late = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "oom",
	.version = MEMOPSY_VERSION,
	.summary = "why there was no memory, who died of it, what to change",
	.needs = &oom_needs,
	.layout_bytes = sizeof(struct oom_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.gather = gather,
	.judge = judge_oom,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
	.reads_logs = true,
};

MO_REGISTER_PLUGIN(plugin)
