/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dentry_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOST_STEPS 4096
#define MOST_DENTRY_BYTES 255 /* NAME_MAX */

/* A path is written from its end. */
struct path_buffer {
	char bytes[MOST_PATH_BYTES];
	char *at;
	bool escapes_newlines;
};

static struct mo_error *prepend(struct path_buffer *path, const char *bytes, size_t n_bytes)
{
	for (size_t i = n_bytes; i > 0; i--) {
		size_t n = path->escapes_newlines && bytes[i - 1] == '\n' ? 4 : 1;

		if ((size_t)(path->at - path->bytes) < n)
			return mo_error_create(MO_E_LIMIT, "the path is longer than %d bytes", MOST_PATH_BYTES);
		path->at -= n;
		memcpy(path->at, n == 4 ? "\\012" : &bytes[i - 1], n);
	}
	return NULL;
}

static struct mo_error *prepend_text(struct path_buffer *path, const char *text)
{
	return prepend(path, text, strlen(text));
}

static struct mo_error *prepend_dentry_name(const struct path_reading *reading, uint64_t dentry_kva, struct path_buffer *path)
{
	const struct dentry_layout *layout = reading->layout;
	char name[MOST_DENTRY_BYTES];
	uint64_t n_bytes = 0;
	uint64_t name_kva = 0;
	struct mo_error *error = mo_read_field(reading->reader, &layout->d_name_len, dentry_kva, &n_bytes);

	if (!error)
		error = mo_read_field(reading->reader, &layout->d_name, dentry_kva, &name_kva);
	if (!error && n_bytes > sizeof(name))
		error = mo_error_create(MO_E_CORRUPT, "the dentry at 0x%" PRIx64 " has a name of %" PRIu64 " bytes", dentry_kva,
					n_bytes);
	if (!error)
		error = mo_read(reading->reader, name_kva, name, (size_t)n_bytes);
	return error ? error : prepend(path, name, (size_t)n_bytes);
}

/* From the root of a mount to where it is mounted; false: it is mounted nowhere. */
static struct mo_error *leave_mount(const struct path_reading *reading, struct path_place *at, bool *left)
{
	const struct dentry_layout *layout = reading->layout;
	uint64_t mount_kva = at->mnt_kva - layout->mnt.offset_bytes;
	uint64_t parent_kva = 0;
	struct mo_error *error = mo_read_field(reading->reader, &layout->mnt_parent, mount_kva, &parent_kva);

	*left = false;
	if (error || parent_kva == mount_kva)
		return error;
	error = mo_read_field(reading->reader, &layout->mnt_mountpoint, mount_kva, &at->dentry_kva);
	at->mnt_kva = mo_field_kva(&layout->mnt, parent_kva);
	*left = true;
	return error;
}

/* prepend_path() */
static struct mo_error *prepend_path(const struct path_reading *reading, struct path_place at, struct path_buffer *path)
{
	const struct dentry_layout *layout = reading->layout;
	struct path_place root = reading->root;
	const char *end = path->at;
	struct mo_error *error = NULL;

	for (unsigned step = 0; !error && (at.dentry_kva != root.dentry_kva || at.mnt_kva != root.mnt_kva); step++) {
		uint64_t mnt_root_kva = 0;
		uint64_t parent_kva = 0;
		bool left = false;

		if (step >= MOST_STEPS)
			return mo_error_create(MO_E_CYCLE, "the path has no end");
		error = mo_read_field(reading->reader, &layout->mnt_root, at.mnt_kva, &mnt_root_kva);
		if (!error && at.dentry_kva == mnt_root_kva) {
			error = leave_mount(reading, &at, &left);
			if (!left)
				break;
			continue;
		}
		if (!error)
			error = mo_read_field(reading->reader, &layout->d_parent, at.dentry_kva, &parent_kva);
		if (error || parent_kva == at.dentry_kva)
			break;
		error = prepend_dentry_name(reading, at.dentry_kva, path);
		if (!error)
			error = prepend_text(path, "/");
		at.dentry_kva = parent_kva;
	}
	return error || path->at != end ? error : prepend_text(path, "/");
}

/* The name that a file system makes up for files that are in no directory: d_dname(). */
static struct mo_error *prepend_made_up(const struct path_reading *reading, uint64_t function_kva, struct path_place at,
					struct path_buffer *path)
{
	const struct dentry_layout *layout = reading->layout;
	uint64_t inode_kva = 0;
	uint64_t ino = 0;
	char text[48];
	bool is_socket = mo_has(&layout->sockfs_dname) && function_kva == layout->sockfs_dname.kva;
	struct mo_error *error;

	if (mo_has(&layout->simple_dname) && function_kva == layout->simple_dname.kva) {
		error = prepend_text(path, " (deleted)");
		if (!error)
			error = prepend_dentry_name(reading, at.dentry_kva, path);
		return error ? error : prepend_text(path, "/");
	}
	if (mo_has(&layout->anon_inodefs_dname) && function_kva == layout->anon_inodefs_dname.kva) {
		error = prepend_dentry_name(reading, at.dentry_kva, path);
		return error ? error : prepend_text(path, "anon_inode:");
	}
	if (!is_socket && !(mo_has(&layout->pipefs_dname) && function_kva == layout->pipefs_dname.kva))
		return mo_error_create(MO_E_UNSUPPORTED, "the dentry at 0x%" PRIx64 " is named by a function (0x%" PRIx64
				       ") that is not known", at.dentry_kva, function_kva);
	error = mo_read_field(reading->reader, &layout->d_inode, at.dentry_kva, &inode_kva);
	if (!error)
		error = mo_read_field(reading->reader, &layout->i_ino, inode_kva, &ino);
	snprintf(text, sizeof(text), "%s:[%" PRIu64 "]", is_socket ? "socket" : "pipe", ino);
	return error ? error : prepend_text(path, text);
}

/* d_path() */
static struct mo_error *prepend_place(const struct path_reading *reading, struct path_place at, struct path_buffer *path)
{
	const struct dentry_layout *layout = reading->layout;
	uint64_t ops_kva = 0;
	uint64_t function_kva = 0;
	uint64_t parent_kva = 0;
	uint64_t mnt_root_kva = 0;
	uint64_t pprev = 0;
	struct mo_error *error = mo_read_field(reading->reader, &layout->d_op, at.dentry_kva, &ops_kva);

	if (!error && ops_kva)
		error = mo_read_field(reading->reader, &layout->d_dname, ops_kva, &function_kva);
	if (!error)
		error = mo_read_field(reading->reader, &layout->d_parent, at.dentry_kva, &parent_kva);
	if (!error)
		error = mo_read_field(reading->reader, &layout->mnt_root, at.mnt_kva, &mnt_root_kva);
	if (error)
		return error;
	if (function_kva && (parent_kva != at.dentry_kva || at.dentry_kva != mnt_root_kva))
		return prepend_made_up(reading, function_kva, at, path);
	error = mo_read_field(reading->reader, &layout->d_hash_pprev, at.dentry_kva, &pprev);
	if (!error && !pprev && parent_kva != at.dentry_kva)
		error = prepend_text(path, " (deleted)");
	return error ? error : prepend_path(reading, at, path);
}

struct mo_error *read_path_place(const struct path_reading *reading, uint64_t path_kva, struct path_place *ret)
{
	struct path_place place;
	struct mo_error *error = mo_read_field(reading->reader, &reading->layout->path_mnt, path_kva, &place.mnt_kva);

	if (!error)
		error = mo_read_field(reading->reader, &reading->layout->path_dentry, path_kva, &place.dentry_kva);
	if (!error)
		*ret = place;
	return error;
}

void begin_path_reading(struct path_reading *reading, struct mo_reader *reader, const struct dentry_layout *layout,
			uint64_t first_task_kva)
{
	uint64_t fs_kva = 0;
	struct mo_error *error;

	*reading = (struct path_reading){ .reader = reader, .layout = layout };
	if (!first_task_kva || !mo_has(&layout->fs) || !mo_has(&layout->root))
		return;
	error = mo_read_field(reader, &layout->fs, first_task_kva, &fs_kva);
	if (!error && fs_kva)
		error = read_path_place(reading, mo_field_kva(&layout->root, fs_kva), &reading->root);
	mo_error_destroy(error);
}

struct mo_error *print_path(const struct path_reading *reading, struct path_place at, char bytes[MOST_PATH_BYTES],
			    size_t *n_bytes)
{
	struct path_buffer path = { .at = path.bytes + sizeof(path.bytes), .escapes_newlines = reading->escapes_newlines };
	struct mo_error *error = prepend_place(reading, at, &path);

	if (error)
		return error;
	*n_bytes = (size_t)(path.bytes + sizeof(path.bytes) - path.at);
	memcpy(bytes, path.at, *n_bytes);
	return NULL;
}
