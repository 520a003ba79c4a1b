/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models that are gathered when an event needs them: a machine that is well pays for no pass over all pages. */
#include "gathering.h"

/* The error ends the explaining of the event that asked (explain_event()): until then the model is one that cannot be had. */
static const void *model(const struct oom_state *state, const char *name)
{
	const void *model = NULL;
	struct mo_error *error;

	if (!state->run || state->late->error)
		return NULL;
	error = mo_run_late_model(state->run, name, &model);
	if (!error)
		return model;
	state->late->error = error;
	return NULL;
}

struct mo_error *late_error_of(const struct oom_state *state)
{
	struct mo_error *error = state->late ? state->late->error : NULL;

	if (error)
		state->late->error = NULL;
	return error;
}

const struct mo_mem_map_model *mem_map_of(const struct oom_state *state)
{
	return model(state, MO_MEM_MAP_MODEL);
}

const struct mo_slab_model *slab_of(const struct oom_state *state)
{
	return model(state, MO_SLAB_MODEL);
}

const struct mo_vmap_model *vmap_of(const struct oom_state *state)
{
	return model(state, MO_VMAP_MODEL);
}

const struct mo_cgroups_model *cgroups_of(const struct oom_state *state)
{
	return model(state, MO_CGROUPS_MODEL);
}

const struct mo_files_model *files_of(const struct oom_state *state)
{
	return model(state, MO_FILES_MODEL);
}

const struct mo_owners_model *owners_of(const struct oom_state *state)
{
	return model(state, MO_OWNERS_MODEL);
}
