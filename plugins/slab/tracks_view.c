/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy slab --tracks`: objects of a cache by the stack that allocated (or last freed) them. */
#include <inttypes.h>
#include <stdio.h>

#include "tracks.h"

enum { COLUMN_OBJECTS, COLUMN_BYTES, COLUMN_CALLER, COLUMN_MIN_AGE, COLUMN_MEAN_AGE, COLUMN_MAX_AGE, COLUMN_MIN_PID,
       COLUMN_MAX_PID, COLUMN_STACK, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT, .help = "with this caller and stack" },
	[COLUMN_BYTES] = { .key = "bytes", .heading = "MEMORY", .kind = MO_CELL_BYTES, .help = "that these take (size)" },
	[COLUMN_CALLER] = { .key = "caller", .heading = "CALLER", .kind = MO_CELL_TEXT, .help = "who called the allocator" },
	[COLUMN_MIN_AGE] = { .key = "min_age_jiffies", .heading = "MIN AGE", .kind = MO_CELL_COUNT, .help = "in jiffies" },
	[COLUMN_MEAN_AGE] = { .key = "mean_age_jiffies", .heading = "MEAN", .kind = MO_CELL_COUNT, .help = "in jiffies" },
	[COLUMN_MAX_AGE] = { .key = "max_age_jiffies", .heading = "MAX", .kind = MO_CELL_COUNT, .help = "in jiffies" },
	[COLUMN_MIN_PID] = { .key = "min_pid", .heading = "PIDS FROM", .kind = MO_CELL_SIGNED, .help = "lowest process id" },
	[COLUMN_MAX_PID] = { .key = "max_pid", .heading = "TO", .kind = MO_CELL_SIGNED, .help = "highest process id" },
	[COLUMN_STACK] = { .key = "stack", .heading = "STACK", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			   .help = "innermost frame first, with \" < \" between" },
};

const struct mo_table_spec slab_tracks_table = {
	.name = "tracks",
	.title = "Objects by who allocated them",
	.help = "Allocated objects by stack (with --tracks; with --free-tracks by who freed them before they were allocated).",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static size_t describe_address(struct mo_run *run, uint64_t kva, char *text, size_t n_bytes)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(run)), kva, &symbol);
	int n;

	if (error)
		n = snprintf(text, n_bytes, "0x%" PRIx64, kva);
	else
		n = snprintf(text, n_bytes, "%s+0x%" PRIx64 "%s%s%s", symbol.name, kva - symbol.value_kva,
			     symbol.module ? " [" : "", symbol.module ? symbol.module : "", symbol.module ? "]" : "");
	mo_error_destroy(error);
	return n < 0 ? 0 : (size_t)n < n_bytes ? (size_t)n : n_bytes - 1;
}

static void describe_stack(struct mo_run *run, const struct slab_state *state, const struct track_group *group, char *text,
			   size_t n_bytes)
{
	uint64_t frames[MAX_FRAMES];
	size_t n_frames = 0;
	size_t used = 0;
	struct mo_error *error = read_track_stack(state, group, frames, &n_frames);

	if (error) {
		snprintf(text, n_bytes, "(%s)", mo_error_text(error));
		mo_error_destroy(error);
		return;
	}
	*text = '\0';
	for (size_t i = 0; i < n_frames && used + 64 < n_bytes; i++) {
		if (i)
			used += (size_t)snprintf(text + used, n_bytes - used, " < ");
		used += describe_address(run, frames[i], text + used, n_bytes - used);
	}
}

static void put_group(struct mo_run *run, struct mo_report *report, const struct slab_state *state,
		      const struct mo_slab_cache *cache, const struct track_group *group)
{
	char caller[256];
	char stack[4096];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(group->n_objects)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(group->n_objects * cache->size_bytes)),
		[COLUMN_MIN_AGE] = mo_cell_number(mo_exact(group->min_age)),
		[COLUMN_MEAN_AGE] = mo_cell_number(mo_exact(group->sum_age / group->n_objects)),
		[COLUMN_MAX_AGE] = mo_cell_number(mo_exact(group->max_age)),
		[COLUMN_MIN_PID] = mo_cell_signed(group->min_pid),
		[COLUMN_MAX_PID] = mo_cell_signed(group->max_pid),
	};

	describe_address(run, group->caller, caller, sizeof(caller));
	describe_stack(run, state, group, stack, sizeof(stack));
	cells[COLUMN_CALLER] = group->caller ? mo_cell_text(caller) : mo_cell_unknown();
	cells[COLUMN_STACK] = mo_cell_text(stack);
	if (!group->caller) /* nobody noted anything */
		cells[COLUMN_MIN_PID] = cells[COLUMN_MAX_PID] = cells[COLUMN_STACK] = mo_cell_unknown();
	if (!group->caller || !mo_has(&state->layout->jiffies))
		cells[COLUMN_MIN_AGE] = cells[COLUMN_MEAN_AGE] = cells[COLUMN_MAX_AGE] = mo_cell_unknown();
	mo_report_row(report, cells);
}

struct mo_error *put_tracks(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache,
			    enum track_item item)
{
	struct slab_state state = *(const struct slab_state *)mo_run_model(run);
	struct track_groups groups;
	struct mo_error *error;

	state.reader = mo_run_reader(run);
	state.layout = mo_run_layout(run);
	error = gather_tracks(&state, cache, item, &groups);
	if (error)
		return error;
	/* Without modules' symbols their addresses are shown as numbers. */
	mo_error_destroy(mo_kernel_load_modules(mo_run_kernel(run)));
	mo_report_table_begin(report, &slab_tracks_table);
	for (size_t i = 0; i < groups.n && !mo_report_failed(report); i++)
		put_group(run, report, &state, cache, &groups.groups[i]);
	mo_report_table_end(report);
	if (groups.unreadable)
		mo_report_note(report, "The tracks of %" PRIu64 " object%s could not be read.", groups.unreadable,
			       groups.unreadable == 1 ? "" : "s");
	track_groups_deinit(&groups);
	return NULL;
}
