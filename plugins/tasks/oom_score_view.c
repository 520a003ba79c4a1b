/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy oom_score`: what /proc/PID/oom_score printed, and what it is made of. */
#include "gathering.h"

enum { COLUMN_PID, COLUMN_SCORE, COLUMN_ADJ, COLUMN_CHARGED, COLUMN_COMM, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "process id" },
	[COLUMN_SCORE] = { .key = "oom_score", .heading = "SCORE", .kind = MO_CELL_COUNT,
			   .help = "oom_score; 0: not killable" },
	[COLUMN_ADJ] = { .key = "oom_adj", .heading = "ADJ", .kind = MO_CELL_SIGNED, .help = "oom_score_adj" },
	[COLUMN_CHARGED] = { .key = "charged_pages", .heading = "PAGES", .kind = MO_CELL_COUNT,
			     .help = "resident, swapped and page-table pages, as in oom_badness()" },
	[COLUMN_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "the task's name (comm)" },
};

const struct mo_table_spec oom_score_table = {
	.name = "oom_score",
	.title = "OOM scores",
	.help = "The OOM killer picks the process with the most pages plus oom_score_adj thousandths of all memory and swap.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

static void write_row(const struct mo_tasks_model *model, const struct mo_task *task, struct mo_report *report)
{
	const struct mo_mm *mm = mo_task_mm(model, task);
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_PID] = mo_cell_signed(task->pid),
		[COLUMN_SCORE] = mo_cell_number(task->oom_score),
		[COLUMN_ADJ] = task->has_oom_score_adj ? mo_cell_signed(task->oom_score_adj) : mo_cell_unknown(),
		[COLUMN_CHARGED] = mo_cell_number(mm ? mm->oom_pages : mo_exact(0)),
		[COLUMN_COMM] = mo_cell_text(task->comm),
	};

	mo_report_row(report, cells);
}

struct mo_error *show_oom_score(struct mo_run *run, struct mo_report *report)
{
	const struct mo_tasks_model *model = mo_run_model(run);
	size_t n_arguments = mo_run_argument_count(run);
	struct mo_error *error = NULL;

	mo_report_table_begin(report, &oom_score_table);
	for (size_t i = 0; !n_arguments && i < model->n_tasks; i++)
		if (model->tasks[i].leader == i && !model->tasks[i].is_kernel_thread)
			write_row(model, &model->tasks[i], report);
	for (size_t i = 0; i < n_arguments && !error; i++) {
		const struct mo_task *task = NULL;

		error = find_task(model, mo_run_argument(run, i), &task);
		if (!error)
			write_row(model, task, report);
	}
	mo_report_table_end(report);
	return error;
}
