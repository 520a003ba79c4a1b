/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_GATHERING_H
#define TASKS_GATHERING_H

/*
 * The model while it is being built, in this order: all tasks of the kernel's lists (task_list.c), what each task's
 * structs say (task_read.c), each mm once (mms.c), the cgroups' paths (cgroups.c), the OOM scores (oom_score.c).
 *
 * What cannot be read is counted, and told in one finding a kind; it never ends the gathering.
 */

#include <memopsy/plugin.h>
#include <memopsy/tasks.h>
#include <memopsy/trouble.h>
#include <memopsy/walk.h>

#include "tasks_layout.h"

#define MAX_TASKS (4u * 1024 * 1024) /* PID_MAX_LIMIT (include/linux/threads.h) */
#define PF_KTHREAD 0x00200000u        /* include/linux/sched.h */
#define MMF_OOM_SKIP 21u              /* include/linux/mm_types.h, before linux/sched/coredump.h */
#define OOM_SCORE_ADJ_MIN (-1000)     /* include/uapi/linux/oom.h */

struct css_path {
	uint64_t css_set_kva;
	char *path;                  /* NULL: could not be read */
};

struct tasks_state {
	struct mo_tasks_model model; /* first: the published model is this state */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct tasks_layout *layout;
	struct mo_task *tasks;
	size_t n_tasks, n_allocated;
	uint64_t *css_sets;          /* one per task while gathering */
	int64_t (*pending)[MO_N_MM_COUNTERS]; /* one per task while gathering: what the thread keeps to itself */
	struct mo_mm *mms;
	struct css_path *paths;
	size_t n_paths;
	bool status_sums;            /* /proc/PID/status adds the CPUs' parts; only where counters are per CPU */
	bool oom_sums;               /* oom_badness() does */
	struct mo_trouble unreadable_tasks, unreadable_mms, unreadable_cgroups, broken_lists, broken_vmas;
};

void report_trouble(struct tasks_state *state);

/* An error means that no task could be had, or no memory. */
struct mo_error *gather_task_list(struct tasks_state *state) MO_MUST_USE;
struct mo_error *gather_mms(struct tasks_state *state) MO_MUST_USE;
struct mo_error *gather_cgroups(struct tasks_state *state) MO_MUST_USE;
void gather_oom_scores(struct tasks_state *state);

/* Fills one task from its struct; what cannot be read stays unknown and counts as trouble. */
void read_task(struct tasks_state *state, uint64_t task_kva, size_t index);
char task_state_letter(uint64_t state, uint64_t exit_state);

/* A state for a view: it reads the model, and has troubles of its own. */
void view_state(struct mo_run *run, struct tasks_state *ret);

/* Whether the machine code of a function calls another: -1 if it cannot be told. */
int function_calls(struct mo_reader *reader, const struct mo_address *function, const struct mo_address *callee);

/* The views. */
extern const struct mo_table_spec ps_table, oom_score_table, maps_table, smaps_table, smaps_rollup_table, procrank_table,
	rmap_table, rmap_pages_table;
#define N_RMAP_OPTIONS 1
extern const struct mo_option rmap_options[N_RMAP_OPTIONS];
#define N_PS_OPTIONS 6
extern const struct mo_option ps_options[N_PS_OPTIONS];
struct mo_error *show_ps(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_oom_score(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_maps(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_smaps(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_smaps_rollup(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_procrank(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

struct mo_error *show_rmap(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#define MAX_COMMAND_LINE_BYTES 4096
/* User memory: an error says that the dump does not have it. */
struct mo_error *read_command_line(const struct tasks_state *state, const struct mo_mm *mm,
				   char bytes[MAX_COMMAND_LINE_BYTES], size_t *n_bytes) MO_MUST_USE;

#define MAX_ENVIRONMENT_BYTES 16384
struct mo_error *read_environment(const struct tasks_state *state, const struct mo_mm *mm, char bytes[MAX_ENVIRONMENT_BYTES],
				  size_t *n_bytes) MO_MUST_USE;

/* The namespaces of a task, by the inode numbers that /proc/PID/ns shows; 0: not known (a zombie has given most back). */
enum task_namespace { NS_PID, NS_MNT, NS_NET, NS_USER, NS_CGROUP, NS_IPC, NS_UTS, N_NAMESPACES };
struct namespaces {
	uint64_t nsproxy_kva;        /* whose namespaces the middle ones are: those of the task before, mostly */
	uint64_t inodes[N_NAMESPACES];
	int32_t inner_pid;           /* what the task's own pid namespace calls it; -1: not known */
};
void read_namespaces(const struct tasks_state *state, const struct mo_task *task, struct namespaces *namespaces);

/* Rows of ps: indexes of tasks in the order in which they are shown, and how deep each stands in the tree. */
struct ps_row {
	uint32_t task;
	uint32_t depth;
};
/* rows has room for n_tasks; returns how many were written. */
struct mo_error *order_as_tree(const struct mo_tasks_model *model, struct ps_row *rows, size_t n_rows) MO_MUST_USE;
void order_by_pid(const struct mo_tasks_model *model, struct ps_row *rows, size_t n_rows);

/* Reads "PID" arguments: the leader with this pid (or thread); an error names what is wrong with the word. */
struct mo_error *find_task(const struct mo_tasks_model *model, const char *word, const struct mo_task **ret) MO_MUST_USE;

#endif
