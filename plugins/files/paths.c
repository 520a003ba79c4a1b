/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From an inode to a path: by its first dentry (i_dentry), in the mount that stands for its superblock. Caches of block
 * devices have no dentry; they are named after the device.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DISK_NAME_BYTES 64u

static struct mo_error *name_block_device(const struct files_state *state, uint64_t inode_kva, char *bytes, size_t size,
					  size_t *n_bytes)
{
	const struct files_layout *layout = state->layout;
	const struct mo_field *partno_field = mo_has(&layout->bdev.partno) ? &layout->bdev.partno : &layout->bdev.flags;
	char name[MAX_DISK_NAME_BYTES] = "";
	uint64_t bdev_kva, disk_kva = 0, partno = 0;
	size_t length;
	struct mo_error *error;

	if (!mo_has(&layout->bdev.inode) || !mo_has(&layout->bdev.bdev) || !mo_has(&layout->bdev.disk) ||
	    !mo_has(&layout->bdev.disk_name) || !mo_has(partno_field) || !partno_field->width_bytes)
		return mo_error_create(MO_E_ABSENT, "struct block_device is not known");
	bdev_kva = mo_field_kva(&layout->bdev.bdev, inode_kva - layout->bdev.inode.offset_bytes);
	error = mo_read_field(state->reader, &layout->bdev.disk, bdev_kva, &disk_kva);
	if (!error && !disk_kva)
		error = mo_error_create(MO_E_CORRUPT, "the block device has no disk");
	if (!error)
		error = mo_read_field(state->reader, partno_field, bdev_kva, &partno);
	if (!error)
		error = mo_read_field_string(state->reader, &layout->bdev.disk_name, disk_kva, name, sizeof(name));
	if (error)
		return error;
	partno &= 0xff;
	length = strlen(name);
	/* disk_name() of block/: nvme0n1p2, but sda2 */
	if (partno)
		*n_bytes = (size_t)snprintf(bytes, size, "/dev/%s%s%" PRIu64, name,
					    length && name[length - 1] >= '0' && name[length - 1] <= '9' ? "p" : "", partno);
	else
		*n_bytes = (size_t)snprintf(bytes, size, "/dev/%s", name);
	return NULL;
}

bool read_path_of(struct files_state *state, const struct mo_file *file, char bytes[MO_PATH_BYTES_MAX], size_t *n_bytes)
{
	struct mo_path at = { 0, 0 };
	struct mo_error *error;

	if (!file->inode_kva || file->mount == MO_FILES_NO_MOUNT)
		return false;
	if (file->kind == MO_FILE_BLOCK_DEVICE) {
		error = name_block_device(state, file->inode_kva, bytes, MO_PATH_BYTES_MAX, n_bytes);
	} else {
		at.mnt_kva = state->superblocks[file->mount].mnt_kva;
		error = mo_inode_dentry(state->reader, &state->layout->inode.dentries, file->inode_kva, &at.dentry_kva);
		if (!error && (!at.dentry_kva || !at.mnt_kva))
			return false;
		if (!error)
			error = mo_path_print(&state->paths, at, bytes, n_bytes);
	}
	mo_trouble_note(&state->bad_paths, mo_error_prepend(error, "path of the inode at 0x%" PRIx64, file->inode_kva));
	return !error;
}

static bool begins_with(const char *bytes, size_t n_bytes, const char *prefix)
{
	return n_bytes >= strlen(prefix) && !memcmp(bytes, prefix, strlen(prefix));
}

/* The first files, and as many of the deleted ones behind them. */
void choose_named(struct files_state *state)
{
	size_t n_deleted = 0;

	for (size_t i = 0; i < state->n_files; i++) {
		struct mo_file *file = &state->files[i];

		if (i < MO_FILES_NAMED || (file->is_deleted && n_deleted++ < MO_FILES_NAMED))
			file->has_path = true;
	}
}

struct mo_error *gather_paths(struct files_state *state)
{
	for (size_t i = 0; i < state->n_files; i++) {
		struct mo_file *file = &state->files[i];
		char bytes[MO_PATH_BYTES_MAX];
		size_t n_bytes = 0;
		char *path;

		if (!file->has_path || !read_path_of(state, file, bytes, &n_bytes))
			continue;
		path = malloc(n_bytes + 1);
		if (!path)
			return mo_error_no_memory();
		memcpy(path, bytes, n_bytes);
		path[n_bytes] = '\0';
		file->path = path;
		file->is_memfd = file->kind == MO_FILE_SHMEM_INTERNAL && begins_with(bytes, n_bytes, "/memfd:");
	}
	return NULL;
}
