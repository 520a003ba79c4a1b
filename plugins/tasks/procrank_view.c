/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy procrank`: every process's share of memory, from one walk over its page tables; on all cores. */
#include "smaps.h"

#include <stdlib.h>

#include <memopsy/parallel.h>

enum { COLUMN_PID, COLUMN_VSS, COLUMN_RSS, COLUMN_PSS, COLUMN_USS, COLUMN_SWAP, COLUMN_SWAP_PSS, COLUMN_COMM, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "process id" },
	[COLUMN_VSS] = { .key = "vss_bytes", .heading = "VSS", .kind = MO_CELL_BYTES, .help = "address space (total_vm)" },
	[COLUMN_RSS] = { .key = "rss_bytes", .heading = "RSS", .kind = MO_CELL_BYTES, .help = "pages that it maps" },
	[COLUMN_PSS] = { .key = "pss_bytes", .heading = "PSS", .kind = MO_CELL_BYTES,
			 .help = "the same, each divided by its map count" },
	[COLUMN_USS] = { .key = "uss_bytes", .heading = "USS", .kind = MO_CELL_BYTES,
			 .help = "pages that no other process maps" },
	[COLUMN_SWAP] = { .key = "swap_bytes", .heading = "SWAP", .kind = MO_CELL_BYTES, .help = "swapped-out pages" },
	[COLUMN_SWAP_PSS] = { .key = "swap_pss_bytes", .heading = "SWAPPSS", .kind = MO_CELL_BYTES,
			      .help = "the same, each divided by its swap count" },
	[COLUMN_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "the task's name (comm)" },
};

const struct mo_table_spec procrank_table = {
	.name = "procrank",
	.title = "Proportional set sizes",
	.help = "Processes by PSS; the sum of PSS is all the memory that processes map. "
		"Processes that share an mm have one row.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

struct ranking {
	const struct tasks_state *state;
	struct tasks_state *thread_states; /* one a thread: each notes its own trouble */
	struct mem_size_stats *stats;      /* one an mm */
};

static struct mo_error *rank_mms(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				 uint64_t n_items)
{
	struct ranking *ranking = context;
	struct tasks_state *state = &ranking->thread_states[thread_index];
	struct page_reading reading;
	struct mo_error *error;

	state->reader = reader;
	error = begin_page_reading(state, &reading);
	for (uint64_t i = first; !error && i < first + n_items; i++) {
		uint64_t start, end;

		ranking->stats[i] = (struct mem_size_stats){ .has_swap_pss = true };
		add_mm_stats(&reading, &state->model.mms[i], &start, &end, &ranking->stats[i]);
	}
	return error;
}

struct order {
	uint64_t pss;
	uint32_t mm;
};

static int compare_orders(const void *left, const void *right)
{
	const struct order *a = left;
	const struct order *b = right;

	if (a->pss != b->pss)
		return a->pss > b->pss ? -1 : 1;
	return a->mm < b->mm ? -1 : a->mm > b->mm;
}

static struct mo_cell bytes_cell(const struct mem_size_stats *stats, uint64_t bytes)
{
	return mo_cell_number(stats->is_partial ? mo_at_least(bytes) : mo_exact(bytes));
}

static void write_rank(const struct ranking *ranking, uint32_t index, struct mo_report *report)
{
	const struct mo_tasks_model *model = &ranking->state->model;
	const struct mo_mm *mm = &model->mms[index];
	const struct mo_task *task = &model->tasks[model->tasks[mm->first_task].leader];
	const struct mem_size_stats *stats = &ranking->stats[index];
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(ranking->state->run))->page_shift;
	struct mo_count vss = mm->total_vm_pages;
	struct mo_cell cells[N_COLUMNS];

	if (vss.value > UINT64_MAX >> page_shift)
		vss = mo_unknown();
	vss.value <<= page_shift;
	cells[COLUMN_PID] = mo_cell_signed(task->pid);
	cells[COLUMN_VSS] = mo_cell_number(vss);
	cells[COLUMN_RSS] = bytes_cell(stats, stats->resident);
	cells[COLUMN_PSS] = bytes_cell(stats, stats->pss >> PSS_SHIFT);
	cells[COLUMN_USS] = bytes_cell(stats, stats->private_clean + stats->private_dirty);
	cells[COLUMN_SWAP] = bytes_cell(stats, stats->swap);
	cells[COLUMN_SWAP_PSS] = stats->has_swap_pss ? bytes_cell(stats, stats->swap_pss >> PSS_SHIFT) : mo_cell_unknown();
	cells[COLUMN_COMM] = mo_cell_text(task->comm);
	mo_report_row(report, cells);
}

static void write_table(const struct ranking *ranking, struct order *orders, struct mo_report *report)
{
	size_t n_mms = ranking->state->model.n_mms;

	for (uint32_t i = 0; i < n_mms; i++)
		orders[i] = (struct order){ ranking->stats[i].pss, i };
	qsort(orders, n_mms, sizeof(*orders), compare_orders);
	mo_report_table_begin(report, &procrank_table);
	for (size_t i = 0; i < n_mms; i++)
		write_rank(ranking, orders[i].mm, report);
	mo_report_table_end(report);
}

/* What the threads noted, as one. */
static void merge_trouble(struct tasks_state *into, struct tasks_state *from)
{
	uint64_t n = from->broken_vmas.n;

	if (!n)
		return;
	mo_trouble_note(&into->broken_vmas, from->broken_vmas.first);
	into->broken_vmas.n += n - 1;
}

struct mo_error *show_procrank(struct mo_run *run, struct mo_report *report)
{
	struct tasks_state state;
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(run));
	struct ranking ranking = { .state = &state };
	struct order *orders;
	struct mo_error *error = NULL;

	view_state(run, &state);
	ranking.thread_states = calloc(n_threads + 1, sizeof(*ranking.thread_states));
	ranking.stats = calloc(state.model.n_mms + 1, sizeof(*ranking.stats));
	orders = calloc(state.model.n_mms + 1, sizeof(*orders));
	if (!ranking.thread_states || !ranking.stats || !orders)
		error = mo_error_no_memory();
	for (unsigned i = 0; !error && i < n_threads; i++)
		ranking.thread_states[i] = state;
	if (!error)
		error = mo_parallel_scan(mo_run_kernel(run), mo_run_progress(run), "processes", 0, state.model.n_mms, 1,
					 rank_mms, &ranking);
	for (unsigned i = 0; ranking.thread_states && i < n_threads; i++)
		merge_trouble(&state, &ranking.thread_states[i]);
	if (!error)
		write_table(&ranking, orders, report);
	report_trouble(&state);
	free(ranking.thread_states);
	free(ranking.stats);
	free(orders);
	return error;
}
