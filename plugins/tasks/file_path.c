/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file's path as d_path() (fs/d_path.c) makes it: up the dentries, over the mounts, to the root of the first process.
 * Names are bytes; newlines are written as \012, as seq_path() does for maps.
 */
#include "vmas.h"

#include <inttypes.h>
#include <string.h>

#define MOST_STEPS 4096
#define MOST_DENTRY_BYTES 255 /* NAME_MAX */
/* include/linux/fs.h; see the layout's row of f_owner. */
#define FMODE_BACKING_BIT 24u
#define OLD_FMODE_BACKING_BIT 25u

/* A path is written from its end. */
struct path_buffer {
	char bytes[MOST_NAME_BYTES];
	char *at;
};

/* A struct path in the kernel. */
struct place {
	uint64_t mnt_kva; /* struct vfsmount */
	uint64_t dentry_kva;
};

static struct mo_error *prepend(struct path_buffer *path, const char *bytes, size_t n_bytes)
{
	for (size_t i = n_bytes; i > 0; i--) {
		size_t n = bytes[i - 1] == '\n' ? 4 : 1;

		if ((size_t)(path->at - path->bytes) < n)
			return mo_error_create(MO_E_LIMIT, "the path is longer than %d bytes", MOST_NAME_BYTES);
		path->at -= n;
		memcpy(path->at, n == 4 ? "\\012" : &bytes[i - 1], n);
	}
	return NULL;
}

static struct mo_error *prepend_text(struct path_buffer *path, const char *text)
{
	return prepend(path, text, strlen(text));
}

static struct mo_error *prepend_dentry_name(const struct tasks_state *state, uint64_t dentry_kva, struct path_buffer *path)
{
	const struct tasks_layout *layout = state->layout;
	char name[MOST_DENTRY_BYTES];
	uint64_t n_bytes = 0;
	uint64_t name_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->file.d_name_len, dentry_kva, &n_bytes);

	if (!error)
		error = mo_read_field(state->reader, &layout->file.d_name, dentry_kva, &name_kva);
	if (!error && n_bytes > sizeof(name))
		error = mo_error_create(MO_E_CORRUPT, "the dentry at 0x%" PRIx64 " has a name of %" PRIu64 " bytes", dentry_kva,
					n_bytes);
	if (!error)
		error = mo_read(state->reader, name_kva, name, (size_t)n_bytes);
	return error ? error : prepend(path, name, (size_t)n_bytes);
}

static struct mo_error *read_place(const struct tasks_state *state, uint64_t path_kva, struct place *ret)
{
	struct mo_error *error = mo_read_field(state->reader, &state->layout->file.path_mnt, path_kva, &ret->mnt_kva);

	return error ? error : mo_read_field(state->reader, &state->layout->file.path_dentry, path_kva, &ret->dentry_kva);
}

/* Where the first process has its root; all 0 if that cannot be read: paths then go up to the root of all mounts. */
static struct place first_root(const struct tasks_state *state)
{
	const struct tasks_layout *layout = state->layout;
	struct place root = { 0, 0 };
	uint64_t fs_kva = 0;
	struct mo_error *error;

	if (!state->model.n_tasks || !mo_has(&layout->file.fs) || !mo_has(&layout->file.root))
		return root;
	error = mo_read_field(state->reader, &layout->file.fs, state->model.tasks[0].kva, &fs_kva);
	if (!error && fs_kva)
		error = read_place(state, mo_field_kva(&layout->file.root, fs_kva), &root);
	mo_error_destroy(error);
	return error ? (struct place){ 0, 0 } : root;
}

/* From the root of a mount to where it is mounted; false: it is mounted nowhere. */
static struct mo_error *leave_mount(const struct tasks_state *state, struct place *at, bool *left)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t mount_kva = at->mnt_kva - layout->file.mnt.offset_bytes;
	uint64_t parent_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->file.mnt_parent, mount_kva, &parent_kva);

	*left = false;
	if (error || parent_kva == mount_kva)
		return error;
	error = mo_read_field(state->reader, &layout->file.mnt_mountpoint, mount_kva, &at->dentry_kva);
	at->mnt_kva = mo_field_kva(&layout->file.mnt, parent_kva);
	*left = true;
	return error;
}

/* prepend_path() */
static struct mo_error *prepend_path(const struct tasks_state *state, struct place at, struct path_buffer *path)
{
	const struct tasks_layout *layout = state->layout;
	struct place root = first_root(state);
	const char *end = path->at;
	struct mo_error *error = NULL;

	for (unsigned step = 0; !error && (at.dentry_kva != root.dentry_kva || at.mnt_kva != root.mnt_kva); step++) {
		uint64_t mnt_root_kva = 0;
		uint64_t parent_kva = 0;
		bool left = false;

		if (step >= MOST_STEPS)
			return mo_error_create(MO_E_CYCLE, "the path has no end");
		error = mo_read_field(state->reader, &layout->file.mnt_root, at.mnt_kva, &mnt_root_kva);
		if (!error && at.dentry_kva == mnt_root_kva) {
			error = leave_mount(state, &at, &left);
			if (!left)
				break;
			continue;
		}
		if (!error)
			error = mo_read_field(state->reader, &layout->file.d_parent, at.dentry_kva, &parent_kva);
		if (error || parent_kva == at.dentry_kva)
			break;
		error = prepend_dentry_name(state, at.dentry_kva, path);
		if (!error)
			error = prepend_text(path, "/");
		at.dentry_kva = parent_kva;
	}
	return error || path->at != end ? error : prepend_text(path, "/");
}

/* The name that a file system makes up for files that are in no directory: d_dname(). */
static struct mo_error *prepend_made_up(const struct tasks_state *state, uint64_t function_kva, struct place at,
					struct path_buffer *path)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t inode_kva = 0;
	uint64_t ino = 0;
	char text[48];
	bool is_socket = mo_has(&layout->file.sockfs_dname) && function_kva == layout->file.sockfs_dname.kva;
	struct mo_error *error;

	if (mo_has(&layout->file.simple_dname) && function_kva == layout->file.simple_dname.kva) {
		error = prepend_text(path, " (deleted)");
		if (!error)
			error = prepend_dentry_name(state, at.dentry_kva, path);
		return error ? error : prepend_text(path, "/");
	}
	if (mo_has(&layout->file.anon_inodefs_dname) && function_kva == layout->file.anon_inodefs_dname.kva) {
		error = prepend_dentry_name(state, at.dentry_kva, path);
		return error ? error : prepend_text(path, "anon_inode:");
	}
	if (!is_socket && !(mo_has(&layout->file.pipefs_dname) && function_kva == layout->file.pipefs_dname.kva))
		return mo_error_create(MO_E_UNSUPPORTED, "the dentry at 0x%" PRIx64 " is named by a function (0x%" PRIx64
				       ") that is not known", at.dentry_kva, function_kva);
	error = mo_read_field(state->reader, &layout->file.d_inode, at.dentry_kva, &inode_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.i_ino, inode_kva, &ino);
	snprintf(text, sizeof(text), "%s:[%" PRIu64 "]", is_socket ? "socket" : "pipe", ino);
	return error ? error : prepend_text(path, text);
}

/* d_path() */
static struct mo_error *prepend_place(const struct tasks_state *state, struct place at, struct path_buffer *path)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t ops_kva = 0;
	uint64_t function_kva = 0;
	uint64_t parent_kva = 0;
	uint64_t mnt_root_kva = 0;
	uint64_t pprev = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->file.d_op, at.dentry_kva, &ops_kva);

	if (!error && ops_kva)
		error = mo_read_field(state->reader, &layout->file.d_dname, ops_kva, &function_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.d_parent, at.dentry_kva, &parent_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.mnt_root, at.mnt_kva, &mnt_root_kva);
	if (error)
		return error;
	if (function_kva && (parent_kva != at.dentry_kva || at.dentry_kva != mnt_root_kva))
		return prepend_made_up(state, function_kva, at, path);
	error = mo_read_field(state->reader, &layout->file.d_hash_pprev, at.dentry_kva, &pprev);
	if (!error && !pprev && parent_kva != at.dentry_kva)
		error = prepend_text(path, " (deleted)");
	return error ? error : prepend_path(state, at, path);
}

/* file_user_path(): a file of an overlay is shown by the path that its user knows. */
static struct mo_error *user_path_kva(const struct tasks_state *state, uint64_t file_kva, uint64_t *ret, bool *is_backing)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t mode = 0;
	unsigned bit = mo_has(&layout->file.f_owner) && layout->file.f_owner.size_bytes > 8 ? OLD_FMODE_BACKING_BIT :
											      FMODE_BACKING_BIT;
	struct mo_error *error = NULL;

	if (mo_has(&layout->file.user_path) && mo_has(&layout->file.f_mode))
		error = mo_read_field(state->reader, &layout->file.f_mode, file_kva, &mode);
	if (error)
		return error;
	*is_backing = mode >> bit & 1;
	*ret = mo_field_kva(*is_backing ? &layout->file.user_path : &layout->file.f_path, file_kva);
	return NULL;
}

struct mo_error *read_file_path(const struct tasks_state *state, uint64_t file_kva, struct vma_name *ret)
{
	struct path_buffer path = { .at = path.bytes + sizeof(path.bytes) };
	struct place at = { 0, 0 };
	uint64_t path_kva = 0;
	bool is_backing = false;
	struct mo_error *error = user_path_kva(state, file_kva, &path_kva, &is_backing);

	if (!error)
		error = read_place(state, path_kva, &at);
	if (!error)
		error = prepend_place(state, at, &path);
	if (error)
		return mo_error_prepend(error, "path of the file at 0x%" PRIx64, file_kva);
	ret->n_bytes = (size_t)(path.bytes + sizeof(path.bytes) - path.at);
	memcpy(ret->bytes, path.at, ret->n_bytes);
	ret->is_known = true;
	return NULL;
}

struct mo_error *read_file_inode(const struct tasks_state *state, uint64_t file_kva, uint32_t *dev, uint64_t *ino)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t inode_kva = 0;
	uint64_t super_kva = 0;
	uint64_t at_kva = 0;
	uint64_t number = 0;
	bool is_backing = false;
	struct mo_error *error = user_path_kva(state, file_kva, &at_kva, &is_backing);

	if (!error && is_backing)
		error = mo_read_field(state->reader, &layout->file.path_dentry, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, is_backing ? &layout->file.d_inode : &layout->file.f_inode,
				      is_backing ? at_kva : file_kva, &inode_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.i_sb, inode_kva, &super_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.s_dev, super_kva, &number);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.i_ino, inode_kva, ino);
	*dev = (uint32_t)number;
	return mo_error_prepend(error, "inode of the file at 0x%" PRIx64, file_kva);
}
