/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The migrate types of this kernel and their names, from its own migratetype_names[] (mm/page_alloc.c). */
#include "gathering.h"

#include <stdio.h>

static const struct {
	const char *name;
	size_t constant_bytes;        /* where the layout has it */
} known_types[] = {
	/* Names as the kernel has them, for when its read-only data is not in the dump. */
	{ "Unmovable", offsetof(struct free_areas_layout, unmovable) },
	{ "Movable", offsetof(struct free_areas_layout, movable) },
	{ "Reclaimable", offsetof(struct free_areas_layout, reclaimable) },
	{ "HighAtomic", offsetof(struct free_areas_layout, highatomic) },
	{ "CMA", offsetof(struct free_areas_layout, cma) },
	{ "Isolate", offsetof(struct free_areas_layout, isolate) },
};

static int value_or_none(const struct free_areas_state *state, const struct mo_constant *constant)
{
	return mo_has(constant) && constant->value >= 0 && constant->value < (int64_t)state->model.n_migratetypes ?
		       (int)constant->value :
		       -1;
}

static void name_by_constant(struct free_areas_state *state, unsigned type)
{
	snprintf(state->names[type], sizeof(state->names[type]), "type%u", type);
	for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++) {
		const struct mo_constant *constant =
			(const struct mo_constant *)((const char *)state->layout + known_types[i].constant_bytes);

		if (mo_has(constant) && constant->value == (int64_t)type)
			snprintf(state->names[type], sizeof(state->names[type]), "%s", known_types[i].name);
	}
}

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return length > 0;
}

static void read_name(struct free_areas_state *state, unsigned type)
{
	const struct mo_address *names = &state->layout->migratetype_names;
	uint64_t pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	char name[MAX_NAME_BYTES];
	uint64_t name_kva;
	struct mo_error *error;

	name_by_constant(state, type);
	if (!mo_has(names))
		return;
	error = mo_read_pointer(state->reader, names->kva + type * pointer_bytes, &name_kva);
	if (!error)
		error = mo_read_string(state->reader, name_kva, name, sizeof(name), NULL);
	if (!error && is_name(name))
		memcpy(state->names[type], name, sizeof(name));
	mo_error_destroy(error);
}

void gather_migratetypes(struct free_areas_state *state)
{
	const struct free_areas_layout *layout = state->layout;

	state->model.migrate_highatomic = value_or_none(state, &layout->highatomic);
	state->model.migrate_cma = value_or_none(state, &layout->cma);
	state->model.migrate_isolate = value_or_none(state, &layout->isolate);
	state->model.n_pcp_migratetypes = layout->pcptypes.value > 0 &&
							  layout->pcptypes.value <= (int64_t)state->model.n_migratetypes ?
						  (unsigned)layout->pcptypes.value :
						  0;
	for (unsigned type = 0; type < state->model.n_migratetypes; type++) {
		read_name(state, type);
		state->model.migratetype_names[type] = state->names[type];
	}
}
