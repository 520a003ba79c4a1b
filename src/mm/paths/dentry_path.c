/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths of files out of dentries and mounts: d_path() and dentry_path_raw() of fs/d_path.c. */
#include <memopsy/dentry_path.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 255 /* NAME_MAX */

/* A path is written from its end. */
struct path_buffer {
	char bytes[MO_PATH_BYTES_MAX];
	char *at;
	bool escapes_newlines;
};

static struct mo_error *prepend(struct path_buffer *path, const char *bytes, size_t n_bytes)
{
	for (size_t i = n_bytes; i > 0; i--) {
		size_t n = path->escapes_newlines && bytes[i - 1] == '\n' ? 4 : 1;

		if ((size_t)(path->at - path->bytes) < n)
			return mo_error_create(MO_E_LIMIT, "the path is longer than %d bytes", MO_PATH_BYTES_MAX);
		path->at -= n;
		memcpy(path->at, n == 4 ? "\\012" : &bytes[i - 1], n);
	}
	return NULL;
}

static struct mo_error *prepend_text(struct path_buffer *path, const char *text)
{
	return prepend(path, text, strlen(text));
}

static struct mo_error *prepend_dentry_name(struct mo_reader *reader, const struct mo_dentry_names *names, uint64_t dentry_kva,
					    struct path_buffer *path)
{
	char name[NAME_BYTES_MAX];
	uint64_t n_bytes = 0;
	uint64_t name_kva = 0;
	struct mo_error *error = mo_read_field(reader, &names->name_bytes, dentry_kva, &n_bytes);

	if (!error)
		error = mo_read_field(reader, &names->name, dentry_kva, &name_kva);
	if (!error && n_bytes > sizeof(name))
		error = mo_error_create(MO_E_CORRUPT, "the dentry at 0x%" PRIx64 " has a name of %" PRIu64 " bytes", dentry_kva,
					n_bytes);
	if (!error)
		error = mo_read(reader, name_kva, name, (size_t)n_bytes);
	return error ? error : prepend(path, name, (size_t)n_bytes);
}

/* From the root of a mount to where it is mounted; false: it is mounted nowhere. */
static struct mo_error *leave_mount(const struct mo_path_reading *reading, struct mo_path *at, bool *left)
{
	const struct mo_dentry_layout *layout = reading->layout;
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
static struct mo_error *prepend_path(const struct mo_path_reading *reading, struct mo_path at, struct path_buffer *path)
{
	const struct mo_dentry_layout *layout = reading->layout;
	struct mo_path root = reading->root;
	const char *end = path->at;
	struct mo_error *error = NULL;

	for (unsigned step = 0; !error && (at.dentry_kva != root.dentry_kva || at.mnt_kva != root.mnt_kva); step++) {
		uint64_t mnt_root_kva = 0;
		uint64_t parent_kva = 0;
		bool left = false;

		if (step >= MO_PATH_BYTES_MAX)
			return mo_error_create(MO_E_CYCLE, "the path has no end");
		error = mo_read_field(reading->reader, &layout->mnt_root, at.mnt_kva, &mnt_root_kva);
		if (!error && at.dentry_kva == mnt_root_kva) {
			error = leave_mount(reading, &at, &left);
			if (!left)
				break;
			continue;
		}
		if (!error)
			error = mo_read_field(reading->reader, &layout->names.parent, at.dentry_kva, &parent_kva);
		if (error || parent_kva == at.dentry_kva)
			break;
		error = prepend_dentry_name(reading->reader, &layout->names, at.dentry_kva, path);
		if (!error)
			error = prepend_text(path, "/");
		at.dentry_kva = parent_kva;
	}
	return error || path->at != end ? error : prepend_text(path, "/");
}

/* The name that a file system makes up for files that are in no directory: d_dname(). */
static struct mo_error *prepend_made_up(const struct mo_path_reading *reading, uint64_t function_kva, struct mo_path at,
					struct path_buffer *path)
{
	const struct mo_dentry_layout *layout = reading->layout;
	uint64_t inode_kva = 0;
	uint64_t ino = 0;
	char text[48];
	bool is_socket = mo_has(&layout->sockfs_dname) && function_kva == layout->sockfs_dname.kva;
	struct mo_error *error;

	if (mo_has(&layout->simple_dname) && function_kva == layout->simple_dname.kva) {
		error = prepend_text(path, " (deleted)");
		if (!error)
			error = prepend_dentry_name(reading->reader, &layout->names, at.dentry_kva, path);
		return error ? error : prepend_text(path, "/");
	}
	if (mo_has(&layout->anon_inodefs_dname) && function_kva == layout->anon_inodefs_dname.kva) {
		error = prepend_dentry_name(reading->reader, &layout->names, at.dentry_kva, path);
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
static struct mo_error *prepend_place(const struct mo_path_reading *reading, struct mo_path at, struct path_buffer *path)
{
	const struct mo_dentry_layout *layout = reading->layout;
	uint64_t ops_kva = 0;
	uint64_t function_kva = 0;
	uint64_t parent_kva = 0;
	uint64_t mnt_root_kva = 0;
	uint64_t pprev = 0;
	struct mo_error *error = mo_read_field(reading->reader, &layout->d_op, at.dentry_kva, &ops_kva);

	if (!error && ops_kva)
		error = mo_read_field(reading->reader, &layout->d_dname, ops_kva, &function_kva);
	if (!error)
		error = mo_read_field(reading->reader, &layout->names.parent, at.dentry_kva, &parent_kva);
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

struct mo_error *mo_path_read(const struct mo_path_reading *reading, uint64_t path_kva, struct mo_path *ret)
{
	struct mo_path place;
	struct mo_error *error = mo_read_field(reading->reader, &reading->layout->path_mnt, path_kva, &place.mnt_kva);

	if (!error)
		error = mo_read_field(reading->reader, &reading->layout->path_dentry, path_kva, &place.dentry_kva);
	if (!error)
		*ret = place;
	return error;
}

void mo_path_reading_begin(struct mo_path_reading *reading, struct mo_reader *reader, const struct mo_dentry_layout *layout,
			   uint64_t first_task_kva)
{
	uint64_t fs_kva = 0;
	struct mo_error *error;

	*reading = (struct mo_path_reading){ .reader = reader, .layout = layout };
	if (!first_task_kva || !mo_has(&layout->fs) || !mo_has(&layout->root))
		return;
	error = mo_read_field(reader, &layout->fs, first_task_kva, &fs_kva);
	if (!error && fs_kva)
		error = mo_path_read(reading, mo_field_kva(&layout->root, fs_kva), &reading->root);
	mo_error_destroy(error);
}

static size_t take_bytes(const struct path_buffer *path, char bytes[MO_PATH_BYTES_MAX])
{
	size_t n_bytes = (size_t)(path->bytes + sizeof(path->bytes) - path->at);

	memcpy(bytes, path->at, n_bytes);
	return n_bytes;
}

struct mo_error *mo_path_print(const struct mo_path_reading *reading, struct mo_path at, char bytes[MO_PATH_BYTES_MAX],
			       size_t *n_bytes_ret)
{
	struct path_buffer path = { .at = path.bytes + sizeof(path.bytes), .escapes_newlines = reading->escapes_newlines };
	struct mo_error *error = prepend_place(reading, at, &path);

	if (!error)
		*n_bytes_ret = take_bytes(&path, bytes);
	return error;
}

struct mo_error *mo_inode_dentry(struct mo_reader *reader, const struct mo_inode_dentries *layout, uint64_t inode_kva,
				 uint64_t *dentry_kva_ret)
{
	uint64_t alias_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->first) || !mo_has(&layout->alias))
		return mo_error_create(MO_E_ABSENT, "the list of an inode's dentries is not known");
	error = mo_read_field(reader, &layout->first, inode_kva, &alias_kva);
	if (!error)
		*dentry_kva_ret = alias_kva ? alias_kva - layout->alias.offset_bytes : 0;
	return error;
}

struct mo_error *mo_dentry_path(struct mo_reader *reader, const struct mo_dentry_names *names, uint64_t dentry_kva,
				char bytes[MO_PATH_BYTES_MAX], size_t *n_bytes_ret)
{
	struct path_buffer path = { .at = path.bytes + sizeof(path.bytes) };
	uint64_t at_kva = dentry_kva;
	struct mo_error *error = NULL;

	if (!mo_has(&names->parent) || !mo_has(&names->name) || !mo_has(&names->name_bytes))
		return mo_error_create(MO_E_ABSENT, "the members of struct dentry are not known");
	for (unsigned step = 0; !error; step++) {
		uint64_t parent_kva = 0;

		error = mo_read_field(reader, &names->parent, at_kva, &parent_kva);
		if (!error && parent_kva == at_kva)
			break;
		if (!error && (!parent_kva || step >= MO_PATH_BYTES_MAX))
			error = mo_error_create(MO_E_CYCLE, "the path has no end");
		if (!error)
			error = prepend_dentry_name(reader, names, at_kva, &path);
		if (!error)
			error = prepend_text(&path, "/");
		at_kva = parent_kva;
	}
	if (!error && path.at == path.bytes + sizeof(path.bytes))
		error = prepend_text(&path, "/");
	if (error)
		return mo_error_prepend(error, "path of the dentry at 0x%" PRIx64, dentry_kva);
	*n_bytes_ret = take_bytes(&path, bytes);
	return NULL;
}
