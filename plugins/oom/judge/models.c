/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models that are gathered when an event needs them: a machine that is well pays for no pass over all pages. */
#include "gathering.h"

static const void *model(const struct oom_state *state, const char *name)
{
	return state->run ? mo_run_model_of(state->run, name) : NULL;
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
