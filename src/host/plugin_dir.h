/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PLUGIN_DIR_H
#define MO_PLUGIN_DIR_H

/*
 * Where plugins may be loaded from. Loading one runs its code, so a directory and a file count only if nobody but root and
 * the user who runs the program can have put them there (trust.h). The working directory is never searched.
 */

#include <memopsy/error.h>

/* Directories given on the command line, then `plugins` beside the program, else the one of the installation. */
struct mo_plugin_dir {
	char *path;
	bool is_explicit;  /* named by the user: not being there is an error, and its plugins win over others */
};

struct mo_plugin_dirs {
	struct mo_plugin_dir *items;
	size_t count;
};

struct mo_error *mo_plugin_dirs_list(const char *const *explicit_dirs, size_t n_explicit_dirs,
				     struct mo_plugin_dirs *ret) MO_MUST_USE;
void mo_plugin_dirs_deinit(struct mo_plugin_dirs *dirs);

#endif
