/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the page cache means for a reader who has one minute. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

#define LARGE_BYTES (64ull << 20)
#define MANY_NEGATIVE_DENTRIES 1000000u

static void judge_deleted(const struct files_state *state, struct mo_run *run)
{
	uint64_t n_files = 0;
	uint64_t n_pages = 0;
	const struct mo_file *first = NULL;
	struct mo_evidence evidence[] = {
		{ .label = "files", .kind = MO_CELL_COUNT },
		{ .label = "memory and swap", .kind = MO_CELL_BYTES },
		{ .label = "largest", .kind = MO_CELL_TEXT },
	};
	struct mo_finding finding = {
		.id = "deleted-files-hold-memory",
		.severity = MO_NOTICE,
		.verdict = "Deleted tmpfs files still hold memory.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "`memopsy files --deleted` lists them and the processes that have them open or mapped. The "
			  "memory is freed when these close the file or exit.",
	};

	for (size_t i = 0; i < state->model.n_files; i++) {
		const struct mo_file *file = &state->model.files[i];

		if (file->kind != MO_FILE_SHMEM || !file->is_deleted)
			continue;
		n_files++;
		n_pages += file->pages + file->swapped_pages.value;
		if (!first)
			first = file;
	}
	if (!first || n_pages * state->page_bytes < LARGE_BYTES)
		return;
	evidence[0].cell = mo_cell_number(mo_exact(n_files));
	evidence[1].cell = mo_cell_number(mo_exact(n_pages * state->page_bytes));
	evidence[2].cell = mo_cell_text(first->path);
	mo_run_judge(run, "files", &finding);
}

static void judge_full(struct mo_run *run, const struct mo_mount *mount)
{
	const struct mo_evidence evidence[] = {
		{ .label = "mounted at", .kind = MO_CELL_TEXT, .cell = mo_cell_text(mount->path) },
		{ .label = "used", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mount->used_blocks_bytes) },
		{ .label = "limit", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mount->limit_bytes) },
	};
	const struct mo_finding finding = {
		.id = "tmpfs-full",
		.severity = MO_NOTICE,
		.verdict = "A tmpfs is full: writes fail with ENOSPC.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
	};

	if (mount->limit_bytes.certainty == MO_EXACT && mount->used_blocks_bytes.certainty == MO_EXACT &&
	    mount->used_blocks_bytes.value >= mount->limit_bytes.value - mount->limit_bytes.value / 50)
		mo_run_judge(run, "files", &finding);
}

static void judge_negative(const struct files_state *state, struct mo_run *run)
{
	const struct mo_evidence evidence[] = {
		{ .label = "negative dentries", .kind = MO_CELL_COUNT, .cell = mo_cell_number(state->model.negative_dentries) },
		{ .label = "all dentries", .kind = MO_CELL_COUNT, .cell = mo_cell_number(state->model.dentries) },
	};
	const struct mo_finding finding = {
		.id = "negative-dentries",
		.severity = MO_NOTICE,
		.verdict = "Many dentries are negative (names that do not exist).",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "They are reclaimed under memory pressure, but a program that keeps looking up new names "
			  "fills the dentry cache with them; `memopsy files --dentries` shows in which directories.",
	};

	if (state->model.negative_dentries.certainty == MO_EXACT &&
	    state->model.negative_dentries.value >= MANY_NEGATIVE_DENTRIES)
		mo_run_judge(run, "files", &finding);
}

struct mo_error *judge_files(struct mo_run *run)
{
	const struct files_state *state = mo_run_model(run);

	judge_deleted(state, run);
	for (size_t i = 0; i < state->model.n_mounts; i++)
		judge_full(run, &state->model.mounts[i]);
	judge_negative(state, run);
	return NULL;
}
