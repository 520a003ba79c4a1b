/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FILES_GATHERING_H
#define FILES_GATHERING_H

/*
 * The model while it is being built, in this order: pages by address_space (page_counts.c), the inodes of these and of
 * shared memory that is in swap alone (inodes.c), superblocks and where they are mounted (superblocks.c), what tmpfs and
 * the caches of dentries count (fs_counts.c), who uses the files (users.c), and the paths (paths.c).
 *
 * What cannot be read is counted, and told in one finding a kind; it never ends the gathering.
 */

#include <memopsy/files.h>
#include <memopsy/mem_map.h>
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>
#include <memopsy/tasks.h>
#include <memopsy/trouble.h>
#include <memopsy/walk.h>

#include "files_layout.h"
#include "mapping_table.h"

#define MAX_SUPERBLOCKS (1u << 20)
#define FILES_TYPE_BYTES 32

/* Which mount of a superblock stands for it. */
struct superblock {
	uint64_t kva;
	uint64_t mnt_kva;            /* struct vfsmount; 0: mounted nowhere */
	uint64_t root_kva;           /* s_root */
	bool is_mounted;             /* in a namespace */
	bool is_tmpfs;
	uint32_t dev;
	bool writes_back;            /* its dirty pages count as such */
	char type[FILES_TYPE_BYTES];
};

struct files_state {
	struct mo_files_model model; /* first: the published model is this state */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct files_layout *layout;
	const struct mo_mem_map_model *mem_map;
	const struct mo_tasks_model *tasks;  /* NULL: could not be had */
	const struct mo_memmap *memmap;
	uint64_t page_bytes;
	struct mapping_table mappings;       /* until the users are known */
	struct mo_file *files;
	size_t n_files;
	struct mo_mount *mounts;
	struct superblock *superblocks; /* one for each of mounts, in the same order */
	size_t n_superblocks;
	uint64_t n_mounts_met;       /* of all superblocks, should their chains be one and the same */
	struct mo_file_user *users;
	struct mo_path_reading paths;
	struct mo_trouble unreadable_pages, bad_mappings, bad_superblocks, bad_paths, bad_users, unreadable_counts;
};

void report_trouble(struct files_state *state);
/* A state for a view: it reads the model, and has troubles of its own. */
void view_state(struct mo_run *run, struct files_state *ret);

/* An error means that memory was short, or that struct page is not understood. */
struct mo_error *count_pages(struct files_state *state) MO_MUST_USE;
struct mo_error *gather_inodes(struct files_state *state) MO_MUST_USE;
struct mo_error *gather_superblocks(struct files_state *state) MO_MUST_USE;
struct mo_error *sum_up_mounts(struct files_state *state) MO_MUST_USE;
void gather_counts(struct files_state *state);
/* Which files get paths. */
void choose_named(struct files_state *state);
struct mo_error *gather_users(struct files_state *state) MO_MUST_USE;
struct mo_error *gather_paths(struct files_state *state) MO_MUST_USE;

/* The index of a superblock; MO_FILES_NO_MOUNT: it is none. */
uint32_t find_superblock(const struct files_state *state, uint64_t sb_kva);

/* The path of a file; false: it has none, or it could not be read (which is trouble). */
bool read_path_of(struct files_state *state, const struct mo_file *file, char bytes[MO_PATH_BYTES_MAX], size_t *n_bytes);

/* The views. */
extern const struct mo_table_spec files_table, mounts_table, dentries_table, dentry_state_table, negative_dirs_table;
#define N_FILES_OPTIONS 4
extern const struct mo_option files_options[N_FILES_OPTIONS];
struct mo_error *show_files(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
void put_mounts(struct files_state *state, struct mo_report *report, bool all);
void put_dentries(struct files_state *state, struct mo_report *report);
struct mo_error *judge_files(struct mo_run *run) MO_MUST_USE;

#endif
