/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who uses a module: the struct module_use of its source_list (print_unload_info(), kernel/module/procfs.c). */
#include "modules_gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends "name,"; false: no room. */
static bool append_user(char text[USERS_BYTES], const char *name)
{
	size_t n_bytes = strlen(text);
	int n = snprintf(text + n_bytes, USERS_BYTES - n_bytes, "%s,", name);

	return n > 0 && (size_t)n < USERS_BYTES - n_bytes;
}

static struct mo_error *read_users(struct modules_state *state, uint64_t module_kva, char text[USERS_BYTES])
{
	const struct modules_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_list_walk walk;
	struct mo_error *error = NULL;
	struct mo_error *walk_error;
	uint64_t node_kva;

	text[0] = '\0';
	mo_list_begin(&walk, reader, mo_field_kva(&layout->source_list, module_kva), MAX_USERS);
	while (!error && mo_list_next(&walk, &node_kva)) {
		uint64_t source_kva = 0;
		char name[64];

		error = mo_read_field(reader, &layout->use_source, node_kva - layout->use_source_list.offset_bytes,
				      &source_kva);
		if (!error)
			error = mo_read_field_string(reader, &layout->name, source_kva, name, sizeof(name));
		if (!error && !append_user(text, name))
			error = mo_error_create(MO_E_LIMIT, "it has too many users");
	}
	walk_error = mo_list_end(&walk);
	if (error)
		mo_error_destroy(walk_error);
	return error ? error : walk_error;
}

static bool is_permanent(struct modules_state *state, uint64_t module_kva)
{
	const struct modules_layout *layout = state->layout;
	uint64_t init_kva = 0;
	uint64_t exit_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->init) || !mo_has(&layout->exit))
		return false;
	error = mo_read_field(mo_run_reader(state->run), &layout->init, module_kva, &init_kva);
	if (!error)
		error = mo_read_field(mo_run_reader(state->run), &layout->exit, module_kva, &exit_kva);
	return !mo_error_destroy(error) && init_kva && !exit_kva;
}

struct mo_error *gather_users(struct modules_state *state)
{
	const struct modules_layout *layout = state->layout;

	for (size_t i = 0; i < state->list->count; i++) {
		uint64_t module_kva = state->list->items[i].module_kva;
		char text[USERS_BYTES];
		struct mo_error *error;

		state->modules[i].is_permanent = is_permanent(state, module_kva);
		if (!mo_has(&layout->source_list) || !mo_has(&layout->use_source) || !mo_has(&layout->use_source_list))
			continue;
		error = read_users(state, module_kva, text);
		if (!error && state->modules[i].is_permanent && !append_user(text, "[permanent]"))
			error = mo_error_create(MO_E_LIMIT, "it has too many users");
		if (error) {
			error = mo_error_prepend(error, "the users of module %s", state->list->items[i].name);
			if (state->n_broken++)
				mo_error_destroy(error);
			else
				state->broken = error;
			continue;
		}
		state->users[i] = strdup(*text ? text : "-");
		if (!state->users[i])
			return mo_error_no_memory();
		state->modules[i].users = state->users[i];
	}
	return NULL;
}
