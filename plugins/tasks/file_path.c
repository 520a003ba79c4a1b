/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The path, the device and the inode number of an open file, as maps shows them. */
#include "vmas.h"

#include <inttypes.h>

/* include/linux/fs.h; see the layout's row of f_owner. */
#define FMODE_BACKING_BIT 24u
#define OLD_FMODE_BACKING_BIT 25u

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
	struct mo_path_reading reading;
	struct mo_path at = { 0, 0 };
	uint64_t path_kva = 0;
	bool is_backing = false;
	struct mo_error *error = user_path_kva(state, file_kva, &path_kva, &is_backing);

	mo_path_reading_begin(&reading, state->reader, &state->layout->dentry,
			   state->model.n_tasks ? state->model.tasks[0].kva : 0);
	reading.escapes_newlines = true;
	if (!error)
		error = mo_path_read(&reading, path_kva, &at);
	if (!error)
		error = mo_path_print(&reading, at, ret->bytes, &ret->n_bytes);
	if (error)
		return mo_error_prepend(error, "path of the file at 0x%" PRIx64, file_kva);
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
		error = mo_read_field(state->reader, &layout->dentry.path_dentry, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, is_backing ? &layout->dentry.d_inode : &layout->file.f_inode,
				      is_backing ? at_kva : file_kva, &inode_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.i_sb, inode_kva, &super_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.s_dev, super_kva, &number);
	if (!error)
		error = mo_read_field(state->reader, &layout->dentry.i_ino, inode_kva, ino);
	*dev = (uint32_t)number;
	return mo_error_prepend(error, "inode of the file at 0x%" PRIx64, file_kva);
}
