/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directories with the most negative dentries. */
#include "negative_dirs.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMN_NEGATIVE, COLUMN_CHILDREN, COLUMN_TYPE, COLUMN_DIRECTORY, COLUMN_DENTRY, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NEGATIVE] = { .key = "negative", .heading = "NEGATIVE", .kind = MO_CELL_COUNT,
			      .help = "negative dentries in it" },
	[COLUMN_CHILDREN] = { .key = "children", .heading = "CHILDREN", .kind = MO_CELL_COUNT, .help = "all dentries in it" },
	[COLUMN_TYPE] = { .key = "type", .heading = "TYPE", .kind = MO_CELL_TEXT, .help = "of its file system" },
	[COLUMN_DIRECTORY] = { .key = "directory", .heading = "DIRECTORY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			       .help = "as the first process sees it" },
	[COLUMN_DENTRY] = { .key = "dentry", .heading = "STRUCT DENTRY", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			    .help = "where it is" },
};

const struct mo_table_spec negative_dirs_table = {
	.name = "negative_dirs",
	.title = "Directories by negative dentries",
	.help = "Where programs looked up most names that do not exist.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

void note_negative_dir(struct negative_dirs *all, const struct negative_dir *dir)
{
	size_t at;

	if (!dir->negative)
		return;
	all->n_all++;
	for (at = all->n; at > 0 && all->dirs[at - 1].negative < dir->negative; at--)
		if (at < MAX_NEGATIVE_DIRS)
			all->dirs[at] = all->dirs[at - 1];
	if (at == MAX_NEGATIVE_DIRS)
		return;
	all->dirs[at] = *dir;
	if (all->n < MAX_NEGATIVE_DIRS)
		all->n++;
}

void put_negative_dirs(struct files_state *state, const struct negative_dirs *all, struct mo_report *report)
{
	if (!all->n)
		return;
	mo_report_table_begin(report, &negative_dirs_table);
	for (size_t i = 0; i < all->n; i++) {
		const struct negative_dir *dir = &all->dirs[i];
		const struct superblock *sb = &state->superblocks[dir->mount];
		struct mo_path at = { .mnt_kva = sb->mnt_kva, .dentry_kva = dir->dentry_kva };
		char path[MO_PATH_BYTES_MAX];
		size_t n_bytes = 0;
		struct mo_error *error = sb->mnt_kva ? mo_path_print(&state->paths, at, path, &n_bytes) : NULL;
		const struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_NEGATIVE] = mo_cell_number(mo_exact(dir->negative)),
			[COLUMN_CHILDREN] = mo_cell_number(mo_exact(dir->children)),
			[COLUMN_TYPE] = mo_cell_text(state->model.mounts[dir->mount].type),
			[COLUMN_DIRECTORY] = error || !sb->mnt_kva ? mo_cell_unknown() : mo_cell_bytes_of_text(path, n_bytes),
			[COLUMN_DENTRY] = mo_cell_number(mo_exact(dir->dentry_kva)),
		};

		mo_trouble_note(&state->bad_paths, mo_error_prepend(error, "path of the dentry at 0x%" PRIx64, dir->dentry_kva));
		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
	if (all->n_all > all->n)
		mo_report_note(report, "The first %zu of %" PRIu64 " directories with negative dentries.", all->n, all->n_all);
}
