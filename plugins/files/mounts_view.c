/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy files --mounts`: what each file system has cached. */
#include "gathering.h"

enum { COLUMN_TYPE, COLUMN_FILES, COLUMN_CACHED, COLUMN_DIRTY, COLUMN_SWAPPED, COLUMN_USED, COLUMN_LIMIT, COLUMN_PATH,
       COLUMN_DEVICE, COLUMN_DENTRIES, COLUMN_INODES, COLUMN_DEV, COLUMN_SB, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_TYPE] = { .key = "type", .heading = "TYPE", .kind = MO_CELL_TEXT, .help = "of the file system" },
	[COLUMN_FILES] = { .key = "files", .heading = "FILES", .kind = MO_CELL_COUNT, .help = "with pages in memory or swap" },
	[COLUMN_CACHED] = { .key = "cached_bytes", .heading = "CACHED", .kind = MO_CELL_BYTES,
			    .help = "their pages in the page cache" },
	[COLUMN_DIRTY] = { .key = "dirty_bytes", .heading = "DIRTY", .kind = MO_CELL_BYTES, .help = "of these, dirty" },
	[COLUMN_SWAPPED] = { .key = "swapped_bytes", .heading = "SWAPPED", .kind = MO_CELL_BYTES, .help = "of shared memory" },
	[COLUMN_USED] = { .key = "used_bytes", .heading = "USED", .kind = MO_CELL_BYTES,
			  .help = "of a tmpfs: used of its limit (used_blocks)" },
	[COLUMN_LIMIT] = { .key = "limit_bytes", .heading = "LIMIT", .kind = MO_CELL_BYTES,
			   .help = "of a tmpfs: size= (max_blocks)" },
	[COLUMN_PATH] = { .key = "mounted_at", .heading = "MOUNTED AT", .kind = MO_CELL_TEXT,
			  .help = "where it is mounted; empty: not mounted (internal to the kernel)" },
	[COLUMN_DEVICE] = { .key = "device", .heading = "DEVICE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			    .help = "the mounted device (mnt_devname), or s_id" },
	[COLUMN_DENTRIES] = { .key = "unused_dentries", .heading = "UNUSED DENTRIES", .kind = MO_CELL_COUNT,
			      .flags = MO_COLUMN_HIDDEN, .help = "on s_dentry_lru" },
	[COLUMN_INODES] = { .key = "unused_inodes", .heading = "UNUSED INODES", .kind = MO_CELL_COUNT,
			    .flags = MO_COLUMN_HIDDEN, .help = "on s_inode_lru" },
	[COLUMN_DEV] = { .key = "dev", .heading = "DEV", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			 .help = "s_dev: major << 20 | minor" },
	[COLUMN_SB] = { .key = "super_block", .heading = "STRUCT SUPER_BLOCK", .kind = MO_CELL_ADDRESS,
			.flags = MO_COLUMN_HIDDEN, .help = "where it is" },
};

const struct mo_table_spec mounts_table = {
	.name = "mounts",
	.title = "File systems",
	.help = "Superblocks, most cached pages first.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static struct mo_cell bytes_cell(const struct files_state *state, struct mo_count pages)
{
	if (pages.value > UINT64_MAX / state->page_bytes)
		return mo_cell_unknown();
	pages.value *= state->page_bytes;
	return mo_cell_number(pages);
}

static void put_mount(const struct files_state *state, struct mo_report *report, const struct mo_mount *mount)
{
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_TYPE] = mo_cell_text(mount->type),
		[COLUMN_FILES] = mo_cell_number(mo_exact(mount->files)),
		[COLUMN_CACHED] = bytes_cell(state, mo_exact(mount->pages)),
		[COLUMN_DIRTY] = bytes_cell(state, mo_exact(mount->dirty_pages)),
		[COLUMN_SWAPPED] = bytes_cell(state, mount->swapped_pages),
		[COLUMN_USED] = mo_cell_number(mount->used_blocks_bytes),
		[COLUMN_LIMIT] = mo_cell_number(mount->limit_bytes),
		[COLUMN_PATH] = mo_cell_text(mount->is_mounted ? mount->path : ""),
		[COLUMN_DEVICE] = mo_cell_text(mount->device),
		[COLUMN_DENTRIES] = mo_cell_number(mount->dentries),
		[COLUMN_INODES] = mo_cell_number(mount->inodes),
		[COLUMN_DEV] = mo_cell_number(mo_exact(mount->dev)),
		[COLUMN_SB] = mo_cell_number(mo_exact(mount->sb_kva)),
	};

	mo_report_row(report, cells);
}

void put_mounts(struct files_state *state, struct mo_report *report, bool all)
{
	mo_report_table_begin(report, &mounts_table);
	for (size_t i = 0; i < state->model.n_mounts; i++) {
		const struct mo_mount *mount = &state->model.mounts[i];

		if (all || mount->pages || mount->swapped_pages.value || mount->used_blocks_bytes.value)
			put_mount(state, report, mount);
	}
	mo_report_table_end(report);
}
