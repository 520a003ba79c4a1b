/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directories that plugins may be loaded from, and who may write to them. */
#include "plugin_dir.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"

/* The directory `plugins` beside the running program, as in the build tree. NULL: there is none. */
static char *beside_program(void)
{
	char program[PATH_MAX];
	struct mo_text path = MO_TEXT_EMPTY;
	struct stat status;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	if (length <= 0)
		return NULL;
	program[length] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	mo_text_printf(&path, "%s/plugins", program);
	if (mo_text_failed(&path) || stat(mo_text_chars(&path), &status) || !S_ISDIR(status.st_mode)) {
		mo_text_deinit(&path);
		return NULL;
	}
	return mo_text_take(&path);
}

/* Takes over path, which NULL makes an error of. */
static struct mo_error *add(struct mo_plugin_dirs *dirs, char *path, bool is_explicit)
{
	struct mo_plugin_dir *items;

	if (!path)
		return mo_error_no_memory();
	items = realloc(dirs->items, (dirs->count + 1) * sizeof(*items));
	if (!items) {
		free(path);
		return mo_error_no_memory();
	}
	items[dirs->count] = (struct mo_plugin_dir){ .path = path, .is_explicit = is_explicit };
	dirs->items = items;
	dirs->count++;
	return NULL;
}

struct mo_error *mo_plugin_dirs_list(const char *const *explicit_dirs, size_t n_explicit_dirs,
				     struct mo_plugin_dirs *ret)
{
	struct mo_plugin_dirs dirs = { .items = NULL };
	struct mo_error *error = NULL;
	char *beside;

	for (size_t i = 0; i < n_explicit_dirs && !error; i++)
		error = add(&dirs, strdup(explicit_dirs[i]), true);
	if (!error) {
		beside = beside_program();
		error = add(&dirs, beside ? beside : strdup(MO_PLUGIN_DIR), false);
	}
	if (error) {
		mo_plugin_dirs_deinit(&dirs);
		return error;
	}
	*ret = dirs;
	return NULL;
}

void mo_plugin_dirs_deinit(struct mo_plugin_dirs *dirs)
{
	for (size_t i = 0; i < dirs->count; i++)
		free(dirs->items[i].path);
	free(dirs->items);
	*dirs = (struct mo_plugin_dirs){ .items = NULL };
}
