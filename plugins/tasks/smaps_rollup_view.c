/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy smaps_rollup PID`: show_smaps_rollup() (fs/proc/task_mmu.c), byte for byte. */
#include "smaps_lines.h"

#include <inttypes.h>
#include <stdio.h>

enum { COLUMN_START, COLUMN_END, COLUMN_SHAPE, COLUMN_NUMBERS, N_COLUMNS = COLUMN_NUMBERS + N_SMAPS_NUMBERS };

#define AS_COLUMN(name, key, label, member, is_pss) SMAPS_NUMBER_COLUMN(COLUMN_NUMBERS + NUMBER_##name, name, key),

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_START] = { .key = "start", .heading = "START", .kind = MO_CELL_ADDRESS, .help = "of the first mapping" },
	[COLUMN_END] = { .key = "end", .heading = "END", .kind = MO_CELL_ADDRESS, .help = "of the last mapping" },
	[COLUMN_SHAPE] = { .key = "lines", .heading = "LINES", .kind = MO_CELL_FLAGS, .flags = MO_COLUMN_HIDDEN,
			   .help = "which lines this kernel prints" },
	SMAPS_NUMBERS(AS_COLUMN)
};

static void rollup_line(const struct mo_cell *cells, struct mo_line *line)
{
	char head[96];
	int n_bytes = snprintf(head, sizeof(head), "%08" PRIx64 "-%08" PRIx64 " ---p 00000000 00:00 0 ",
			       cells[COLUMN_START].as.number.value, cells[COLUMN_END].as.number.value);

	mo_line_printf(line, "%s%*s[rollup]\n", head, n_bytes < MAPS_PATH_COLUMN ? MAPS_PATH_COLUMN - n_bytes : 1, "");
	for (unsigned i = 0; i < N_SMAPS_NUMBERS; i++)
		if (cells[COLUMN_SHAPE].as.number.value >> i & 1)
			write_smaps_line(i, &cells[COLUMN_NUMBERS + i], line);
}

const struct mo_table_spec smaps_rollup_table = {
	.name = "smaps_rollup",
	.title = "Pages of a process, as /proc/PID/smaps_rollup printed them",
	.help = "The sums of smaps.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = rollup_line,
};

void add_mm_stats(const struct page_reading *reading, const struct mo_mm *mm, uint64_t *start, uint64_t *end,
		  struct mem_size_stats *stats)
{
	struct vma_walk walk;
	struct vma vma;
	uint64_t n_before = reading->state->broken_vmas.n;
	bool is_first = true;

	vmas_begin(&walk, reading->state, mm);
	while (vmas_next(&walk, &vma)) {
		if (vma.is_gate)
			continue;
		if (is_first)
			*start = vma.start;
		*end = vma.end;
		is_first = false;
		add_vma_stats(reading, mm, &vma, stats);
	}
	vmas_end(&walk);
	if (reading->state->broken_vmas.n != n_before)
		stats->is_partial = true;
}

struct mo_error *show_smaps_rollup(struct mo_run *run, struct mo_report *report)
{
	struct tasks_state state;
	struct page_reading reading;
	const struct mo_task *task = NULL;
	const struct mo_mm *mm;
	struct mem_size_stats stats = { .has_swap_pss = true };
	struct mo_cell cells[N_COLUMNS];
	uint64_t start = 0;
	uint64_t end = 0;
	uint64_t shape = 0;
	struct mo_error *error;

	view_state(run, &state);
	error = find_task(&state.model, mo_run_argument(run, 0), &task);
	if (!error)
		error = begin_page_reading(&state, &reading);
	if (error)
		return error;
	mm = mo_task_mm(&state.model, task);
	mo_report_table_begin(report, &smaps_rollup_table);
	if (mm) {
		add_mm_stats(&reading, mm, &start, &end, &stats);
		for (unsigned i = 0; i < N_SMAPS_NUMBERS; i++)
			shape |= (uint64_t)has_smaps_line(&state, i, true) << i;
		set_smaps_cells(&stats, cells + COLUMN_NUMBERS);
		cells[COLUMN_START] = mo_cell_number(mo_exact(start));
		cells[COLUMN_END] = mo_cell_number(mo_exact(end));
		cells[COLUMN_SHAPE] = mo_cell_number(mo_exact(shape));
		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
	report_trouble(&state);
	return NULL;
}
