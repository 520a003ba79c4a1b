/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODULES_GATHERING_H
#define MODULES_GATHERING_H

/* What the modules plugin needs of a kernel, and its parts. */

#include <memopsy/modules.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/vmap.h>
#include <memopsy/walk.h>

#define MAX_USERS 4096u
#define USERS_BYTES 4096u

struct modules_layout {
	struct mo_field source_list, init, exit, name;
	struct mo_field use_source_list, use_source;
};

extern const struct mo_need_table modules_needs;

struct modules_state {
	struct mo_modules_model model; /* first: the published model is this state */
	struct mo_run *run;
	const struct modules_layout *layout;
	struct mo_modules *list;
	struct mo_module_memory *modules;
	char **users;                /* of each; NULL: not known */
	struct mo_error *broken;     /* the first list of users that could not be read */
	uint64_t n_broken;
};

/* users.c: who uses each module, and whether it can go. Errors are of memory only. */
struct mo_error *gather_users(struct modules_state *state) MO_MUST_USE;

/* holdings.c: what the parts of a module come to, and what it holds in vmalloc and slab. */
struct mo_error *gather_holdings(struct modules_state *state) MO_MUST_USE;

/* The view. */
#define N_MODULES_OPTIONS 1
extern const struct mo_option modules_options[N_MODULES_OPTIONS];
extern const struct mo_table_spec modules_table, proc_modules_table;
struct mo_error *show_modules(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
