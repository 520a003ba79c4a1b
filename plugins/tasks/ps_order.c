/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which order ps shows tasks: by pid, or children under their parents. */
#include "gathering.h"

#include <stdlib.h>

#include <memopsy/containers.h>

struct key {
	int32_t pid;
	uint32_t row;
};

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left;
	const struct key *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_pids(const void *left, const void *right)
{
	int32_t a = ((const struct key *)left)->pid;
	int32_t b = ((const struct key *)right)->pid;

	return a < b ? -1 : a > b;
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct mo_task *tasks = context;
	const struct mo_task *a = &tasks[((const struct ps_row *)left)->task];
	const struct mo_task *b = &tasks[((const struct ps_row *)right)->task];

	/* Threads stay with their process. */
	if (a->tgid != b->tgid)
		return a->tgid < b->tgid ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a < b ? -1 : a > b;
}

void order_by_pid(const struct mo_tasks_model *model, struct ps_row *rows, size_t n_rows)
{
	qsort_r(rows, n_rows, sizeof(*rows), compare_rows, (void *)(uintptr_t)model->tasks);
}

/*
 * The tree while it is being written: rows ordered by pid, and keys of the rows ordered by the parent's pid, so that the
 * children of one parent stand together.
 */
struct tree {
	const struct mo_tasks_model *model;
	const struct ps_row *rows;
	struct key *by_parent;
	struct key *by_pid;
	size_t n_rows;
	struct ps_row *written;
	size_t n_written;
	struct ps_row *stack;        /* rows whose turn comes, the next one last; each row is pushed once */
	bool *is_pushed;
	size_t n_stack;
};

static size_t first_child(const struct tree *tree, int32_t pid)
{
	return mo_lower_bound(tree->n_rows, at, tree->by_parent[at].pid < pid);
}

static void push(struct tree *tree, uint32_t row, uint32_t depth)
{
	if (tree->is_pushed[row])
		return;
	tree->is_pushed[row] = true;
	tree->stack[tree->n_stack++] = (struct ps_row){ .task = row, .depth = depth };
}

/* Writes what is on the stack with all descendants. Rows that were seen are left out, so that a circle ends. */
static void write_branch(struct tree *tree)
{
	while (tree->n_stack) {
		struct ps_row next = tree->stack[--tree->n_stack];
		const struct mo_task *task = &tree->model->tasks[tree->rows[next.task].task];
		size_t begin = first_child(tree, task->pid);
		size_t end = begin;

		tree->written[tree->n_written++] = (struct ps_row){ tree->rows[next.task].task, next.depth };
		while (end < tree->n_rows && tree->by_parent[end].pid == task->pid)
			end++;
		while (end > begin)
			push(tree, tree->by_parent[--end].row, next.depth + 1);
	}
}

/* Whose child a row is in the tree: a process of its parent, another thread of its leader. */
static int32_t parent_of(const struct mo_task *task)
{
	return task->pid == task->tgid ? task->ppid : task->tgid;
}

static bool prepare(struct tree *tree)
{
	tree->by_parent = calloc(tree->n_rows + 1, sizeof(*tree->by_parent));
	tree->by_pid = calloc(tree->n_rows + 1, sizeof(*tree->by_pid));
	tree->is_pushed = calloc(tree->n_rows + 1, sizeof(*tree->is_pushed));
	tree->written = calloc(tree->n_rows + 1, sizeof(*tree->written));
	tree->stack = calloc(tree->n_rows + 1, sizeof(*tree->stack));
	if (!tree->by_parent || !tree->by_pid || !tree->is_pushed || !tree->written || !tree->stack)
		return false;
	for (uint32_t i = 0; i < tree->n_rows; i++) {
		const struct mo_task *task = &tree->model->tasks[tree->rows[i].task];

		tree->by_parent[i] = (struct key){ parent_of(task), i };
		tree->by_pid[i] = (struct key){ task->pid, i };
	}
	qsort(tree->by_pid, tree->n_rows, sizeof(*tree->by_pid), compare_keys);
	qsort(tree->by_parent, tree->n_rows, sizeof(*tree->by_parent), compare_keys);
	return true;
}

static bool has_row_of(const struct tree *tree, int32_t pid)
{
	struct key wanted = { .pid = pid };

	return bsearch(&wanted, tree->by_pid, tree->n_rows, sizeof(*tree->by_pid), compare_pids);
}

struct mo_error *order_as_tree(const struct mo_tasks_model *model, struct ps_row *rows, size_t n_rows)
{
	struct tree tree = { .model = model, .rows = rows, .n_rows = n_rows };
	struct mo_error *error = NULL;

	order_by_pid(model, rows, n_rows);
	if (!prepare(&tree))
		error = mo_error_no_memory();
	/* First those without a parent among the rows; each group of siblings is looked up once. */
	for (size_t i = 0, end; !error && i < n_rows; i = end) {
		bool is_root = !has_row_of(&tree, tree.by_parent[i].pid);

		for (end = i; end < n_rows && tree.by_parent[end].pid == tree.by_parent[i].pid; end++)
			if (is_root) {
				push(&tree, tree.by_parent[end].row, 0);
				write_branch(&tree);
			}
	}
	/* Then what parents in a circle keep apart. */
	for (uint32_t i = 0; !error && i < n_rows; i++) {
		push(&tree, i, 0);
		write_branch(&tree);
	}
	for (size_t i = 0; !error && i < n_rows; i++)
		rows[i] = tree.written[i];
	free(tree.by_parent);
	free(tree.by_pid);
	free(tree.is_pushed);
	free(tree.written);
	free(tree.stack);
	return error;
}
