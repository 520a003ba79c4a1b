/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PLUGIN_LOAD_H
#define MO_PLUGIN_LOAD_H

/*
 * The plugins that this run may use. A file that cannot be taken is not an error of the program: it is listed with
 * the reason, and the others work.
 *
 * Plugins stay mapped until the process ends, since reports may hold their literals.
 */

#include <stddef.h>

#include <memopsy/error.h>
#include <memopsy/plugin.h>

struct mo_loaded_plugin {
	struct mo_plugin plugin; /* the host's copy: what the plugin does not know of is zero */
	char *path;              /* NULL: linked into the program */
};

struct mo_refused_plugin {
	char *path;
	char *why;          /* one sentence, naming the path */
	bool is_shadowed;   /* only because a plugin of the same name came first, from a directory the user named */
};

struct mo_plugin_set {
	struct mo_loaded_plugin *items; /* sorted by name */
	size_t count;
	struct mo_refused_plugin *refused;
	size_t n_refused;
};

/*
 * Loads what the directories hold. Errors: memory, or a directory named by the user that is not there or not to be
 * trusted.
 */
struct mo_error *mo_plugin_set_load(const char *const *explicit_dirs, size_t n_explicit_dirs,
				    struct mo_plugin_set *ret) MO_MUST_USE;
void mo_plugin_set_deinit(struct mo_plugin_set *set);

/* The view of this name that is a command. */
bool mo_plugin_set_find_command(const struct mo_plugin_set *set, const char *name, size_t *plugin_ret,
				const struct mo_view **view_ret);

/* Whether what a plugin says of itself can be worked with; the text says what is wrong. For the loader and tests. */
struct mo_error *mo_plugin_check(const struct mo_plugin *plugin) MO_MUST_USE;

/*
 * Takes over a description as a plugin file hands it out: its ABI is checked before anything else of it is looked at,
 * and no more is copied than the plugin has. For the loader and tests.
 */
struct mo_error *mo_plugin_take(const struct mo_plugin *described, struct mo_plugin *ret) MO_MUST_USE;

#endif
