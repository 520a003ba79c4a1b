/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy maps PID`: show_map_vma() (fs/proc/task_mmu.c), byte for byte. */
#include "maps_row.h"

#include <inttypes.h>

static const struct mo_column columns[N_MAPS_COLUMNS] = { MAPS_COLUMNS };

static void maps_line(const struct mo_cell *cells, struct mo_line *line)
{
	write_map_line(cells, line);
}

const struct mo_table_spec maps_table = {
	.name = "maps",
	.title = "Mappings, as /proc/PID/maps printed them",
	.help = "The VMAs of a process.",
	.columns = columns,
	.n_columns = N_MAPS_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = maps_line,
};

struct mo_error *show_maps(struct mo_run *run, struct mo_report *report)
{
	struct tasks_state state;
	const struct mo_task *task = NULL;
	const struct mo_mm *mm;
	struct vma_walk walk;
	struct vma vma;
	struct map_texts texts;
	struct mo_error *error;

	view_state(run, &state);
	error = find_task(&state.model, mo_run_argument(run, 0), &task);
	if (error)
		return error;
	mm = mo_task_mm(&state.model, task);
	mo_report_table_begin(report, &maps_table);
	if (mm) { /* a kernel thread has none, and its maps are empty */
		vmas_begin(&walk, &state, mm);
		while (vmas_next(&walk, &vma)) {
			struct mo_cell cells[N_MAPS_COLUMNS];

			set_map_cells(&state, mm, &vma, &texts, cells);
			mo_report_row(report, cells);
		}
		vmas_end(&walk);
	}
	mo_report_table_end(report);
	report_trouble(&state);
	return NULL;
}
