/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy ps`, and the section of the report: who uses memory. */
#include "gathering.h"

#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_PID, COLUMN_TGID, COLUMN_PPID, COLUMN_UID, COLUMN_STATE, COLUMN_VSS, COLUMN_RSS, COLUMN_ANON, COLUMN_FILE,
       COLUMN_SHMEM, COLUMN_SWAP, COLUMN_PGTABLES, COLUMN_LOCKED, COLUMN_PINNED, COLUMN_OOM_ADJ, COLUMN_OOM_SCORE,
       COLUMN_THREADS, COLUMN_START, COLUMN_CGROUP, COLUMN_TASK, COLUMN_MM, COLUMN_MM_TASKS, COLUMN_INNER_PID,
       COLUMN_NAMESPACES, COLUMN_COMM = COLUMN_NAMESPACES + N_NAMESPACES, COLUMN_CMDLINE, COLUMN_ENVIRON, N_COLUMNS };

#define HIDDEN .flags = MO_COLUMN_HIDDEN

#define NAMESPACE(which, name, shown, file) \
	[COLUMN_NAMESPACES + which] = { .key = name, .heading = shown, .kind = MO_CELL_COUNT, HIDDEN, \
					.help = "inode number of its namespace, as /proc/PID/ns/" file " shows it" }

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "process id; of a thread, its own" },
	[COLUMN_TGID] = { .key = "tgid", .heading = "TGID", .kind = MO_CELL_SIGNED, HIDDEN, .help = "id of the thread group" },
	[COLUMN_PPID] = { .key = "ppid", .heading = "PPID", .kind = MO_CELL_SIGNED, .help = "process id of the parent" },
	[COLUMN_UID] = { .key = "uid", .heading = "UID", .kind = MO_CELL_COUNT, .help = "effective user id" },
	[COLUMN_STATE] = { .key = "state", .heading = "S", .kind = MO_CELL_TEXT, .help = "state letter, as in ps" },
	[COLUMN_VSS] = { .key = "vss_bytes", .heading = "VSS", .kind = MO_CELL_BYTES, .help = "address space (total_vm, VmSize)" },
	[COLUMN_RSS] = { .key = "rss_bytes", .heading = "RSS", .kind = MO_CELL_BYTES, .help = "resident pages (VmRSS)" },
	[COLUMN_ANON] = { .key = "anon_bytes", .heading = "ANON", .kind = MO_CELL_BYTES, .help = "of these anonymous (MM_ANONPAGES)" },
	[COLUMN_FILE] = { .key = "file_bytes", .heading = "FILE", .kind = MO_CELL_BYTES, .help = "of files (MM_FILEPAGES)" },
	[COLUMN_SHMEM] = { .key = "shmem_bytes", .heading = "SHMEM", .kind = MO_CELL_BYTES,
			   .help = "of shared memory and tmpfs (MM_SHMEMPAGES)" },
	[COLUMN_SWAP] = { .key = "swap_bytes", .heading = "SWAP", .kind = MO_CELL_BYTES,
			  .help = "anonymous pages that are swapped out (MM_SWAPENTS)" },
	[COLUMN_PGTABLES] = { .key = "pgtables_bytes", .heading = "PGTABLES", .kind = MO_CELL_BYTES,
			      .help = "page tables (mm->pgtables_bytes)" },
	[COLUMN_LOCKED] = { .key = "locked_bytes", .heading = "LOCKED", .kind = MO_CELL_BYTES, HIDDEN, .help = "mlocked (VmLck)" },
	[COLUMN_PINNED] = { .key = "pinned_bytes", .heading = "PINNED", .kind = MO_CELL_BYTES, HIDDEN,
			    .help = "pinned for devices (VmPin)" },
	[COLUMN_OOM_ADJ] = { .key = "oom_adj", .heading = "ADJ", .kind = MO_CELL_SIGNED, .help = "oom_score_adj" },
	[COLUMN_OOM_SCORE] = { .key = "oom_score", .heading = "SCORE", .kind = MO_CELL_COUNT,
			       .help = "oom_score, as in /proc" },
	[COLUMN_THREADS] = { .key = "threads", .heading = "THREADS", .kind = MO_CELL_COUNT, HIDDEN,
			     .help = "threads of the process" },
	[COLUMN_START] = { .key = "start_seconds", .heading = "START", .kind = MO_CELL_SECONDS, HIDDEN,
			   .help = "start time, since boot" },
	[COLUMN_CGROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT, HIDDEN,
			    .help = "its cgroup in the unified hierarchy" },
	[COLUMN_TASK] = { .key = "task", .heading = "TASK", .kind = MO_CELL_ADDRESS, HIDDEN, .help = "its struct task_struct" },
	[COLUMN_MM] = { .key = "mm", .heading = "MM", .kind = MO_CELL_ADDRESS, HIDDEN, .help = "its struct mm_struct" },
	[COLUMN_MM_TASKS] = { .key = "mm_tasks", .heading = "SHARING", .kind = MO_CELL_COUNT, HIDDEN,
			      .help = "tasks and threads that use this mm, in any process" },
	[COLUMN_INNER_PID] = { .key = "inner_pid", .heading = "NSPID", .kind = MO_CELL_SIGNED, HIDDEN,
			       .help = "process id in its own pid namespace (last number of NSpid)" },
	NAMESPACE(NS_PID, "pid_ns", "PIDNS", "pid"),
	NAMESPACE(NS_MNT, "mnt_ns", "MNTNS", "mnt"),
	NAMESPACE(NS_NET, "net_ns", "NETNS", "net"),
	NAMESPACE(NS_USER, "user_ns", "USERNS", "user"),
	NAMESPACE(NS_CGROUP, "cgroup_ns", "CGROUPNS", "cgroup"),
	NAMESPACE(NS_IPC, "ipc_ns", "IPCNS", "ipc"),
	NAMESPACE(NS_UTS, "uts_ns", "UTSNS", "uts"),
	[COLUMN_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "the task's name (comm)" },
	[COLUMN_CMDLINE] = { .key = "cmdline", .heading = "CMDLINE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			     .help = "its command line, with --cmdline" },
	[COLUMN_ENVIRON] = { .key = "environ", .heading = "ENVIRON", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			     .help = "its environment, with --environ" },
};

const struct mo_table_spec ps_table = {
	.name = "ps",
	.title = "Processes",
	.help = "Memory use of each process; threads share that of their process.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

const struct mo_option ps_options[N_PS_OPTIONS] = {
	{ .name = "all", .help = "include kernel threads" },
	{ .name = "threads", .help = "one row per thread, not per process" },
	{ .name = "tree", .help = "children below their parents" },
	{ .name = "cmdline", .help = "with command lines, where the dump has user memory" },
	{ .name = "environ", .help = "command lines and environments, which may hold secrets" },
	{ .name = "exact", .help = "add the per-thread and per-CPU deltas not yet folded in; /proc prints without them "
				   "before 6.16" },
};

#define REPORT_ROWS 10
#define MAX_DEPTH 40

struct listing {
	struct mo_report *report;
	const struct mo_tasks_model *model;
	uint64_t page_bytes;
	bool exact;
	const struct tasks_state *state;
	bool has_command_lines;      /* somebody asked for user memory */
	size_t *n_missing;           /* processes whose memory is not in the dump */
	char *environment;           /* room for one; NULL: nobody asked */
	struct namespaces *namespaces;
};

static struct mo_cell pages_cell(const struct listing *listing, struct mo_count pages)
{
	if (pages.value > UINT64_MAX / listing->page_bytes)
		return mo_cell_unknown();
	pages.value *= listing->page_bytes;
	return mo_cell_number(pages);
}

static void set_mm_cells(const struct listing *listing, const struct mo_mm *mm, struct mo_cell *cells)
{
	const struct mo_count *pages = listing->exact ? mm->exact_pages : mm->printed_pages;

	cells[COLUMN_VSS] = pages_cell(listing, mm->total_vm_pages);
	cells[COLUMN_RSS] = pages_cell(listing, mo_mm_rss_pages(pages));
	cells[COLUMN_ANON] = pages_cell(listing, pages[MO_MM_ANON]);
	cells[COLUMN_FILE] = pages_cell(listing, pages[MO_MM_FILE]);
	cells[COLUMN_SHMEM] = pages_cell(listing, pages[MO_MM_SHMEM]);
	cells[COLUMN_SWAP] = pages_cell(listing, pages[MO_MM_SWAP]);
	cells[COLUMN_LOCKED] = pages_cell(listing, mm->locked_pages);
	cells[COLUMN_PINNED] = pages_cell(listing, mm->pinned_pages);
	cells[COLUMN_PGTABLES] = mo_cell_number(mm->pgtables_bytes);
	cells[COLUMN_MM] = mo_cell_number(mo_exact(mm->kva));
}

/* The mm of a process is that of any of its threads: a leader may have ended before the others. */
static const struct mo_mm *mm_of_process(const struct mo_tasks_model *model, const struct mo_task *task)
{
	size_t first = (size_t)(task - model->tasks);

	for (size_t i = first; i < model->n_tasks && model->tasks[i].leader == first; i++)
		if (model->tasks[i].mm != MO_TASK_NONE)
			return &model->mms[model->tasks[i].mm];
	return mo_task_mm(model, task);
}

static void set_command_line(const struct listing *listing, const struct mo_mm *mm, char *bytes, struct mo_cell *cell)
{
	size_t n_bytes = 0;
	struct mo_error *error;

	if (!listing->has_command_lines || !mm)
		return;
	error = read_command_line(listing->state, mm, bytes, &n_bytes);
	if (!error)
		*cell = mo_cell_bytes_of_text(bytes, n_bytes);
	else
		++*listing->n_missing;
	mo_error_destroy(error);
}

static void set_environment(const struct listing *listing, const struct mo_mm *mm, struct mo_cell *cell)
{
	size_t n_bytes = 0;
	struct mo_error *error;

	if (!listing->environment || !mm)
		return;
	error = read_environment(listing->state, mm, listing->environment, &n_bytes);
	if (!error)
		*cell = mo_cell_bytes_of_text(listing->environment, n_bytes);
	mo_error_destroy(error);
}

static void set_namespaces(const struct listing *listing, const struct mo_task *task, struct mo_cell *cells)
{
	struct namespaces *namespaces = listing->namespaces;

	read_namespaces(listing->state, task, namespaces);
	for (unsigned i = 0; i < N_NAMESPACES; i++)
		if (namespaces->inodes[i])
			cells[COLUMN_NAMESPACES + i] = mo_cell_number(mo_exact(namespaces->inodes[i]));
	if (namespaces->inner_pid >= 0)
		cells[COLUMN_INNER_PID] = mo_cell_signed(namespaces->inner_pid);
}

static void write_row(const struct listing *listing, const struct ps_row *row)
{
	const struct mo_task *task = &listing->model->tasks[row->task];
	const struct mo_mm *mm = mm_of_process(listing->model, task);
	char state[2] = { task->state, '\0' };
	char comm[MO_TASK_COMM_BYTES + 2 * MAX_DEPTH + 1];
	char command_line[MAX_COMMAND_LINE_BYTES];
	struct mo_cell cells[N_COLUMNS];

	for (unsigned i = 0; i < N_COLUMNS; i++) /* without an mm there is nothing to use */
		cells[i] = columns[i].kind == MO_CELL_BYTES && !task->mm_kva ? mo_cell_number(mo_exact(0)) : mo_cell_unknown();
	snprintf(comm, sizeof(comm), "%*s%s", 2 * (int)(row->depth < MAX_DEPTH ? row->depth : MAX_DEPTH), "", task->comm);
	cells[COLUMN_PID] = mo_cell_signed(task->pid);
	cells[COLUMN_TGID] = mo_cell_signed(task->tgid);
	cells[COLUMN_PPID] = mo_cell_signed(task->ppid);
	cells[COLUMN_UID] = mo_cell_number(task->has_uid ? mo_exact(task->uid) : mo_unknown());
	cells[COLUMN_STATE] = task->state == '?' ? mo_cell_unknown() : mo_cell_text(state);
	if (mm)
		set_mm_cells(listing, mm, cells);
	if (task->has_oom_score_adj)
		cells[COLUMN_OOM_ADJ] = mo_cell_signed(task->oom_score_adj);
	cells[COLUMN_OOM_SCORE] = mo_cell_number(task->oom_score);
	cells[COLUMN_THREADS] = mo_cell_number(mo_exact(listing->model->tasks[task->leader].n_threads));
	if (task->start_ns)
		cells[COLUMN_START] = mo_cell_number(mo_exact(task->start_ns));
	cells[COLUMN_CGROUP] = mo_cell_text(task->cgroup);
	cells[COLUMN_TASK] = mo_cell_number(mo_exact(task->kva));
	cells[COLUMN_COMM] = mo_cell_text(comm);
	if (mm)
		cells[COLUMN_MM_TASKS] = mo_cell_number(mo_exact(mm->n_tasks));
	set_namespaces(listing, task, cells);
	set_command_line(listing, mm, command_line, &cells[COLUMN_CMDLINE]);
	set_environment(listing, mm, &cells[COLUMN_ENVIRON]);
	mo_report_row(listing->report, cells);
}

static uint64_t rss_of(const struct mo_tasks_model *model, const struct ps_row *row)
{
	const struct mo_mm *mm = mm_of_process(model, &model->tasks[row->task]);

	return mm ? mo_mm_rss_pages(mm->exact_pages).value : 0;
}

/* Puts the largest rows first, `most` of them at most, and returns how many these are. */
static size_t keep_largest(const struct mo_tasks_model *model, struct ps_row *rows, size_t n_rows, size_t most)
{
	size_t n_kept = 0;

	while (n_kept < most && n_kept < n_rows) {
		size_t largest = n_kept;
		struct ps_row row;

		for (size_t i = n_kept + 1; i < n_rows; i++)
			if (rss_of(model, &rows[i]) > rss_of(model, &rows[largest]))
				largest = i;
		row = rows[largest];
		if (!rss_of(model, &row))
			break;
		/* Those between move by one, so that equal ones keep their order. */
		for (size_t i = largest; i > n_kept; i--)
			rows[i] = rows[i - 1];
		rows[n_kept++] = row;
	}
	return n_kept;
}

static size_t choose_rows(struct mo_run *run, const struct mo_tasks_model *model, struct ps_row *rows)
{
	bool all = mo_run_flag(run, "all");
	bool threads = mo_run_flag(run, "threads");
	size_t n = 0;

	for (uint32_t i = 0; i < model->n_tasks; i++)
		if ((threads || model->tasks[i].leader == i) && (all || !model->tasks[i].is_kernel_thread))
			rows[n++] = (struct ps_row){ .task = i };
	return n;
}

struct mo_error *show_ps(struct mo_run *run, struct mo_report *report)
{
	const struct mo_tasks_model *model = mo_run_model(run);
	struct listing listing = {
		.report = report,
		.model = model,
		.page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes,
		.exact = mo_run_flag(run, "exact"),
	};
	struct mo_table_spec table = ps_table;
	struct tasks_state state;
	struct namespaces namespaces = { .nsproxy_kva = UINT64_MAX };
	struct ps_row *rows = calloc(model->n_tasks + 1, sizeof(*rows));
	struct mo_error *error = NULL;
	size_t n_missing = 0;
	size_t n_rows;

	if (!rows)
		return mo_error_no_memory();
	view_state(run, &state);
	listing.state = &state;
	listing.namespaces = &namespaces;
	listing.n_missing = &n_missing;
	listing.has_command_lines = mo_run_flag(run, "cmdline") || mo_run_flag(run, "environ");
	if (mo_run_flag(run, "environ")) {
		listing.environment = malloc(MAX_ENVIRONMENT_BYTES);
		if (!listing.environment)
			error = mo_error_no_memory();
	} else {
		table.n_columns = listing.has_command_lines ? COLUMN_ENVIRON : COLUMN_CMDLINE;
	}
	n_rows = choose_rows(run, model, rows);
	if (!error && mo_run_flag(run, "tree"))
		error = order_as_tree(model, rows, n_rows);
	else
		order_by_pid(model, rows, n_rows);
	if (!error) {
		if (mo_run_is_report(run))
			n_rows = keep_largest(model, rows, n_rows, mo_run_report_rows(run, REPORT_ROWS));
		mo_report_table_begin(report, &table);
		for (size_t i = 0; i < n_rows; i++)
			write_row(&listing, &rows[i]);
		mo_report_table_end(report);
		if (n_missing)
			mo_report_note(report, "The command lines of %zu processes are unknown: the dump does not "
					       "have their user memory, "
				       "which the usual dump level 31 excludes. Mappings, page tables and all counters are "
				       "exact nevertheless.", n_missing);
		if (mo_run_is_report(run))
			mo_report_note(report, "The %zu processes with the largest resident sets of %zu; %zu tasks in all.", n_rows,
				       model->n_processes, model->n_tasks);
	}
	free(listing.environment);
	free(rows);
	return error;
}
