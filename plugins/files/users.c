/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has files open, from the tables of open files of all processes (struct files_struct), and who maps them, from the
 * tree of VMAs that each address_space keeps.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

#include <memopsy/containers.h>

#define MAX_FDS (1u << 20)
#define MAX_VMAS_OF_FILE (1u << 20)
#define MAX_STEPS (1u << 25) /* file descriptors and VMAs of all, should their tables and trees be one and the same */

struct use {
	uint32_t file;
	struct mo_file_user user;
};

struct uses {
	struct use *uses;
	size_t n, n_allocated;
	uint64_t n_steps;
};

static struct mo_error *add_use(struct uses *uses, uint32_t file, uint32_t task, bool is_open)
{
	struct use *last = uses->n ? &uses->uses[uses->n - 1] : NULL;

	if (last && last->file == file && last->user.task == task && last->user.has_open == is_open)
		return NULL;
	if (uses->n == uses->n_allocated) {
		size_t n = uses->n_allocated ? uses->n_allocated * 2 : 1024;
		struct use *larger = realloc(uses->uses, n * sizeof(*larger));

		if (!larger)
			return mo_error_no_memory();
		uses->uses = larger;
		uses->n_allocated = n;
	}
	uses->uses[uses->n++] = (struct use){ file, { .task = task, .has_open = is_open, .has_mapped = !is_open } };
	return NULL;
}

static struct mo_error *too_many(void)
{
	return mo_error_create(MO_E_LIMIT, "more than %u file descriptors and mappings", MAX_STEPS);
}

static uint32_t file_of(const struct files_state *state, uint64_t mapping_kva)
{
	const struct mapping_counts *counts = mapping_table_find(&state->mappings, mapping_kva);

	return counts ? counts->file : UINT32_MAX;
}

static struct mo_error *read_fd_table(struct files_state *state, uint64_t files_kva, uint32_t task, struct uses *uses)
{
	const struct files_layout *layout = state->layout;
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t fdt_kva = 0;
	uint64_t fds_kva = 0;
	uint64_t n_fds = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->open.fdt, files_kva, &fdt_kva);

	if (!error)
		error = mo_read_field(state->reader, &layout->open.max_fds, fdt_kva, &n_fds);
	if (!error)
		error = mo_read_field(state->reader, &layout->open.fds, fdt_kva, &fds_kva);
	if (!error && n_fds > MAX_FDS)
		error = mo_error_create(MO_E_CORRUPT, "it has %" PRIu64 " file descriptors", n_fds);
	for (uint64_t fd = 0; fd < n_fds && !error; fd++) {
		uint64_t file_kva = 0;
		uint64_t mapping_kva = 0;
		uint32_t file;

		error = uses->n_steps++ < MAX_STEPS ? mo_read_pointer(state->reader, fds_kva + fd * pointer_bytes, &file_kva) :
						       too_many();
		if (error || !file_kva)
			continue;
		error = mo_read_field(state->reader, &layout->open.f_mapping, file_kva, &mapping_kva);
		file = error ? UINT32_MAX : file_of(state, mapping_kva);
		if (file != UINT32_MAX)
			error = add_use(uses, file, task, true);
	}
	return error;
}

/* Threads share the table of their leader, or have one of their own. */
static struct mo_error *gather_open(struct files_state *state, struct uses *uses)
{
	const struct files_layout *layout = state->layout;
	uint64_t leaders_kva = 0;

	if (!mo_has(&layout->open.files) || !mo_has(&layout->open.fdt) || !mo_has(&layout->open.max_fds) ||
	    !mo_has(&layout->open.fds) || !mo_has(&layout->open.f_mapping))
		return NULL;
	for (size_t i = 0; i < state->tasks->n_tasks; i++) {
		const struct mo_task *task = &state->tasks->tasks[i];
		uint64_t files_kva = 0;
		struct mo_error *error = mo_read_field(state->reader, &layout->open.files, task->kva, &files_kva);

		if (!error && files_kva && (task->leader == i || files_kva != leaders_kva))
			error = read_fd_table(state, files_kva, task->leader, uses);
		if (task->leader == i)
			leaders_kva = files_kva;
		if (mo_error_ends_run(error))
			return error;
		mo_trouble_note(&state->bad_users, mo_error_prepend(error, "open files of pid %d", task->pid));
	}
	return NULL;
}

static const struct mo_mm *find_mm(const struct mo_tasks_model *tasks, uint64_t mm_kva)
{
	size_t i = mo_lower_bound(tasks->n_mms, at, tasks->mms[at].kva < mm_kva);

	return i < tasks->n_mms && tasks->mms[i].kva == mm_kva ? &tasks->mms[i] : NULL;
}

static struct mo_error *gather_mapped_of(struct files_state *state, uint32_t index, struct uses *uses)
{
	const struct files_layout *layout = state->layout;
	struct mo_rbtree_walk walk;
	uint64_t node_kva;
	struct mo_error *error = NULL;
	struct mo_error *broken;

	mo_rbtree_begin(&walk, state->reader, mo_field_kva(&layout->mapping.i_mmap, state->files[index].mapping_kva),
			MAX_VMAS_OF_FILE);
	while (!error && mo_rbtree_next(&walk, &node_kva)) {
		uint64_t mm_kva = 0;
		const struct mo_mm *mm;

		if (uses->n_steps++ >= MAX_STEPS) {
			error = too_many();
			break;
		}
		error = mo_read_field(state->reader, &layout->mapping.vm_mm,
				      node_kva - layout->mapping.vma_rb.offset_bytes, &mm_kva);
		mm = error ? NULL : find_mm(state->tasks, mm_kva);
		if (mm)
			error = add_use(uses, index, state->tasks->tasks[mm->first_task].leader, false);
	}
	broken = mo_rbtree_end(&walk);
	if (mo_error_ends_run(error)) {
		mo_error_destroy(broken);
		return error;
	}
	mo_trouble_note(&state->bad_users, mo_error_prepend(error, "mappings of 0x%" PRIx64, state->files[index].mapping_kva));
	mo_trouble_note(&state->bad_users, mo_error_prepend(broken, "mappings of 0x%" PRIx64, state->files[index].mapping_kva));
	return NULL;
}

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left;
	const struct use *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->user.task < b->user.task ? -1 : a->user.task > b->user.task;
}

/* One row a file and process; the files get theirs. */
static struct mo_error *keep_uses(struct files_state *state, struct uses *uses)
{
	size_t n = 0;

	state->users = calloc(uses->n + 1, sizeof(*state->users));
	if (!state->users)
		return mo_error_no_memory();
	if (uses->n)
		qsort(uses->uses, uses->n, sizeof(*uses->uses), compare_uses);
	for (size_t i = 0; i < uses->n; i++) {
		struct mo_file *file = &state->files[uses->uses[i].file];
		const struct mo_file_user *user = &uses->uses[i].user;

		if (!file->n_users)
			file->users = &state->users[n];
		if (file->n_users && state->users[n - 1].task == user->task) {
			state->users[n - 1].has_open |= user->has_open;
			state->users[n - 1].has_mapped |= user->has_mapped;
			continue;
		}
		state->users[n++] = *user;
		file->n_users++;
	}
	return NULL;
}

struct mo_error *gather_users(struct files_state *state)
{
	const struct files_layout *layout = state->layout;
	struct uses uses = { 0 };
	struct mo_error *error;

	if (!state->tasks)
		return NULL;
	error = gather_open(state, &uses);
	if (mo_has(&layout->mapping.i_mmap) && mo_has(&layout->mapping.vma_rb) && mo_has(&layout->mapping.vm_mm))
		for (size_t i = 0; i < state->mappings.n_used && !error; i++)
			if (state->mappings.rows[i].has_vmas)
				error = gather_mapped_of(state, state->mappings.rows[i].file, &uses);
	if (!error)
		error = keep_uses(state, &uses);
	free(uses.uses);
	return error;
}
