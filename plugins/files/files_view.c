/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy files`: the files that hold most memory, and who keeps them. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <memopsy/numbers.h>

#define USUAL_ROWS 50u
#define REPORT_ROWS 10u
#define MAX_LISTED_USERS 32u
#define USERS_BYTES (MAX_LISTED_USERS * (MO_TASK_COMM_BYTES + 16))

enum {
	COLUMN_CACHED, COLUMN_DIRTY, COLUMN_MAPPED, COLUMN_SWAPPED, COLUMN_TYPE, COLUMN_USED_BY, COLUMN_PATH,
	COLUMN_KIND, COLUMN_DELETED, COLUMN_WRITEBACK, COLUMN_UNEVICTABLE, COLUMN_SIZE, COLUMN_NRPAGES,
	COLUMN_INODE_NUMBER, COLUMN_MOUNT, COLUMN_DEV, COLUMN_OPENERS, COLUMN_MAPPERS, COLUMN_INODE, COLUMN_MAPPING,
	N_COLUMNS
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_CACHED] = { .key = "cached_bytes", .heading = "CACHED", .kind = MO_CELL_BYTES,
			    .help = "pages in the page cache, counted from struct pages" },
	[COLUMN_DIRTY] = { .key = "dirty_bytes", .heading = "DIRTY", .kind = MO_CELL_BYTES,
			   .help = "dirty pages to be written back (PG_dirty); 0 for file systems without writeback" },
	[COLUMN_MAPPED] = { .key = "mapped_bytes", .heading = "MAPPED", .kind = MO_CELL_BYTES, .help = "mapped by page tables" },
	[COLUMN_SWAPPED] = { .key = "swapped_bytes", .heading = "SWAPPED", .kind = MO_CELL_BYTES,
			     .help = "swapped-out shared memory (shmem_inode_info.swapped)" },
	[COLUMN_TYPE] = { .key = "type", .heading = "TYPE", .kind = MO_CELL_TEXT, .help = "of its file system" },
	[COLUMN_USED_BY] = { .key = "used_by", .heading = "USED BY", .kind = MO_CELL_TEXT,
			     .help = "a process that has it open or mapped, and the number of others" },
	[COLUMN_PATH] = { .key = "path", .heading = "PATH", .kind = MO_CELL_TEXT,
			  .help = "as the first process sees it" },
	[COLUMN_KIND] = { .key = "kind", .heading = "KIND", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			  .help = "regular, shmem, shmem-internal, block-device, hugetlb, swap-cache, unknown" },
	[COLUMN_DELETED] = { .key = "deleted", .heading = "DELETED", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			     .help = "unlinked (i_nlink 0)" },
	[COLUMN_WRITEBACK] = { .key = "writeback_bytes", .heading = "WRITEBACK", .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN,
			       .help = "under writeback (PG_writeback)" },
	[COLUMN_UNEVICTABLE] = { .key = "unevictable_bytes", .heading = "UNEVICTABLE", .kind = MO_CELL_BYTES,
				 .flags = MO_COLUMN_HIDDEN, .help = "PG_unevictable" },
	[COLUMN_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN,
			  .help = "i_size" },
	[COLUMN_NRPAGES] = { .key = "nrpages", .heading = "NRPAGES", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			     .help = "pages by address_space.nrpages" },
	[COLUMN_INODE_NUMBER] = { .key = "inode_number", .heading = "INODE", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
				  .help = "i_ino" },
	[COLUMN_MOUNT] = { .key = "mounted_at", .heading = "MOUNTED AT", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "where its file system is mounted" },
	[COLUMN_DEV] = { .key = "dev", .heading = "DEV", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			 .help = "s_dev of its file system: major << 20 | minor" },
	[COLUMN_OPENERS] = { .key = "open_by", .heading = "OPEN BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			     .help = "processes that have it open" },
	[COLUMN_MAPPERS] = { .key = "mapped_by", .heading = "MAPPED BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			     .help = "processes that map it" },
	[COLUMN_INODE] = { .key = "inode", .heading = "STRUCT INODE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			   .help = "where it is" },
	[COLUMN_MAPPING] = { .key = "mapping", .heading = "STRUCT ADDRESS_SPACE", .kind = MO_CELL_ADDRESS,
			     .flags = MO_COLUMN_HIDDEN, .help = "where it is: page->mapping" },
};

const struct mo_table_spec files_table = {
	.name = "files",
	.title = "Files in memory",
	.help = "Most cached pages first.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

const struct mo_option files_options[N_FILES_OPTIONS] = {
	{ .name = "all", .help = "every file that has pages, not only the first 50; with --mounts every superblock" },
	{ .name = "deleted", .help = "only files that were deleted but still hold memory" },
	{ .name = "mounts", .help = "file systems instead of files: cached memory, tmpfs limits, unused dentries" },
	{ .name = "dentries",
	  .help = "the dentry cache instead of files: positive, negative and unused dentries; directories with most "
				       "negative ones" },
};

static const char *kind_name(enum mo_file_kind kind)
{
	switch (kind) {
	case MO_FILE_REGULAR:
		return "regular";
	case MO_FILE_SHMEM:
		return "shmem";
	case MO_FILE_SHMEM_INTERNAL:
		return "shmem-internal";
	case MO_FILE_BLOCK_DEVICE:
		return "block-device";
	case MO_FILE_HUGETLB:
		return "hugetlb";
	case MO_FILE_SWAP:
		return "swap-cache";
	case MO_FILE_ANOTHER:
		break;
	}
	return "unknown";
}

/* The type as people call it: of what has no file system of its own, what it is. */
static const char *type_name(const struct files_state *state, const struct mo_file *file)
{
	if (file->kind == MO_FILE_SWAP)
		return "swap cache";
	if (file->kind == MO_FILE_BLOCK_DEVICE)
		return "device";
	if (file->kind == MO_FILE_SHMEM_INTERNAL)
		return file->is_memfd ? "memfd" : "shm";
	return file->mount == MO_FILES_NO_MOUNT ? NULL : state->model.mounts[file->mount].type;
}

struct text {
	char bytes[USERS_BYTES];
	size_t used;
};

static void add_user(const struct files_state *state, struct text *text, const struct mo_file_user *user)
{
	const struct mo_task *task = &state->tasks->tasks[user->task];
	int n = snprintf(text->bytes + text->used, sizeof(text->bytes) - text->used, "%s%.*s(%d)", text->used ? ", " : "",
			 MO_TASK_COMM_BYTES, task->comm, task->pid);

	if (n > 0 && (size_t)n < sizeof(text->bytes) - text->used)
		text->used += (size_t)n;
	text->bytes[text->used] = '\0';
}

static void list_users(const struct files_state *state, const struct mo_file *file, bool is_open, struct text *text)
{
	unsigned n_listed = 0;

	text->used = 0;
	text->bytes[0] = '\0';
	for (uint32_t i = 0; i < file->n_users && n_listed < MAX_LISTED_USERS; i++)
		if (is_open ? file->users[i].has_open : file->users[i].has_mapped) {
			add_user(state, text, &file->users[i]);
			n_listed++;
		}
}

static void summarise_users(const struct files_state *state, const struct mo_file *file, struct text *text)
{
	int n;

	text->used = 0;
	text->bytes[0] = '\0';
	if (!file->n_users)
		return;
	add_user(state, text, &file->users[0]);
	if (file->n_users == 1)
		return;
	n = snprintf(text->bytes + text->used, sizeof(text->bytes) - text->used, " +%" PRIu32, file->n_users - 1);
	if (n < 0 || (size_t)n >= sizeof(text->bytes) - text->used)
		text->bytes[text->used] = '\0';
}

static struct mo_cell bytes_cell(const struct files_state *state, struct mo_count pages)
{
	if (pages.value > UINT64_MAX / state->page_bytes)
		return mo_cell_unknown();
	pages.value *= state->page_bytes;
	return mo_cell_number(pages);
}

/* The path that was found while gathering, or, where none was looked for, is now. */
static struct mo_cell path_cell(struct files_state *state, const struct mo_file *file, char bytes[MO_PATH_BYTES_MAX])
{
	size_t n_bytes = 0;

	if (file->has_path)
		return mo_cell_text(file->path);
	return read_path_of(state, file, bytes, &n_bytes) ? mo_cell_bytes_of_text(bytes, n_bytes) : mo_cell_unknown();
}

static void put_file(struct files_state *state, struct mo_report *report, const struct mo_file *file)
{
	char path[MO_PATH_BYTES_MAX];
	struct text used_by, openers, mappers;
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_CACHED] = bytes_cell(state, mo_exact(file->pages)),
		[COLUMN_DIRTY] = bytes_cell(state, mo_exact(file->dirty_pages)),
		[COLUMN_MAPPED] = bytes_cell(state, mo_exact(file->mapped_pages)),
		[COLUMN_SWAPPED] = bytes_cell(state, file->swapped_pages),
		[COLUMN_TYPE] = mo_cell_text(type_name(state, file)),
		[COLUMN_PATH] = path_cell(state, file, path),
		[COLUMN_KIND] = mo_cell_text(kind_name(file->kind)),
		[COLUMN_WRITEBACK] = bytes_cell(state, mo_exact(file->writeback_pages)),
		[COLUMN_UNEVICTABLE] = bytes_cell(state, mo_exact(file->unevictable_pages)),
		[COLUMN_NRPAGES] = mo_cell_number(file->nrpages),
		[COLUMN_MAPPING] = file->mapping_kva ? mo_cell_number(mo_exact(file->mapping_kva)) : mo_cell_unknown(),
	};

	if (file->kind == MO_FILE_SWAP)
		cells[COLUMN_MAPPED] = cells[COLUMN_DIRTY] = cells[COLUMN_WRITEBACK] = cells[COLUMN_UNEVICTABLE] =
			mo_cell_unknown();
	if (state->tasks) {
		summarise_users(state, file, &used_by);
		list_users(state, file, true, &openers);
		list_users(state, file, false, &mappers);
		cells[COLUMN_USED_BY] = mo_cell_text(used_by.bytes);
		cells[COLUMN_OPENERS] = mo_cell_text(openers.bytes);
		cells[COLUMN_MAPPERS] = mo_cell_text(mappers.bytes);
	}
	if (file->mount != MO_FILES_NO_MOUNT) {
		cells[COLUMN_MOUNT] = mo_cell_text(state->model.mounts[file->mount].path);
		cells[COLUMN_DEV] = mo_cell_number(mo_exact(state->model.mounts[file->mount].dev));
	}
	if (file->inode_kva) {
		cells[COLUMN_DELETED] = mo_cell_number(mo_exact(file->is_deleted));
		cells[COLUMN_SIZE] = mo_cell_number(file->size_bytes);
		cells[COLUMN_INODE_NUMBER] = mo_cell_number(mo_exact(file->inode_number));
		cells[COLUMN_INODE] = mo_cell_number(mo_exact(file->inode_kva));
	}
	mo_report_row(report, cells);
}

static void put_files(struct files_state *state, struct mo_report *report, bool only_deleted, uint64_t most)
{
	uint64_t n = 0;
	uint64_t n_left = 0;
	uint64_t pages_left = 0;
	char size[MO_SIZE_TEXT_BYTES];

	mo_report_table_begin(report, &files_table);
	for (size_t i = 0; i < state->model.n_files && !mo_report_failed(report); i++) {
		const struct mo_file *file = &state->model.files[i];

		if ((only_deleted && !file->is_deleted) || (!file->pages && !file->swapped_pages.value))
			continue;
		if (n < most) {
			put_file(state, report, file);
			n++;
		} else {
			n_left++;
			pages_left += file->pages;
		}
	}
	mo_report_table_end(report);
	if (n_left) {
		mo_format_bytes(size, sizeof(size), pages_left * state->page_bytes, false);
		mo_report_note(report, "%" PRIu64 " more files have %s (--all).", n_left, size);
	}
}

struct mo_error *show_files(struct mo_run *run, struct mo_report *report)
{
	struct files_state state;
	bool all = mo_run_flag(run, "all");

	view_state(run, &state);
	if (mo_run_is_report(run)) {
		put_files(&state, report, false, mo_run_report_rows(run, REPORT_ROWS));
		put_mounts(&state, report, false);
		mo_run_show_findings(run, report);
	} else if (mo_run_flag(run, "mounts")) {
		put_mounts(&state, report, all);
	} else if (mo_run_flag(run, "dentries")) {
		put_dentries(&state, report);
	} else {
		put_files(&state, report, mo_run_flag(run, "deleted"), all ? UINT64_MAX : USUAL_ROWS);
	}
	report_trouble(&state);
	return NULL;
}
