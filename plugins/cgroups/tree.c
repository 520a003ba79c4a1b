/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All memory cgroups: the css of the root, its children, and theirs (css_for_each_descendant_pre()). Groups that were
 * removed stay in their parent's list until the last reference is gone, so that the dying ones are found as well.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Groups that were found and not yet entered, the next one last. */
struct pending {
	struct entry {
		uint64_t memcg_kva;
		uint32_t parent;
	} *entries;
	size_t n, n_allocated;
};

static struct mo_error *push(struct pending *pending, uint64_t memcg_kva, uint32_t parent)
{
	if (pending->n == pending->n_allocated) {
		size_t n = pending->n_allocated ? pending->n_allocated * 2 : 64;
		struct entry *entries = reallocarray(pending->entries, n, sizeof(*entries));

		if (!entries)
			return mo_error_no_memory();
		pending->entries = entries;
		pending->n_allocated = n;
	}
	pending->entries[pending->n++] = (struct entry){ memcg_kva, parent };
	return NULL;
}

static struct mo_error *read_path(struct cgroups_state *state, const struct mo_cgroup *group, char **ret)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	struct mo_error *error = mo_cgroup_path(state->reader, &state->layout->path, group->cgroup_kva, path);

	if (error) {
		mo_trouble_note(&state->unreadable_groups,
				mo_error_prepend(error, "name of the group at 0x%" PRIx64, group->memcg_kva));
		*ret = NULL;
		return NULL;
	}
	*ret = strdup(path);
	return *ret ? NULL : mo_error_no_memory();
}

static struct mo_error *add_group(struct cgroups_state *state, const struct entry *entry)
{
	struct mo_cgroup *group;

	if (state->n_groups == state->n_allocated) {
		size_t n = state->n_allocated ? state->n_allocated * 2 : 64;
		struct mo_cgroup *groups = reallocarray(state->groups, n, sizeof(*groups));
		char **paths;

		if (!groups)
			return mo_error_no_memory();
		state->groups = groups;
		paths = reallocarray(state->paths, n, sizeof(*paths));
		if (!paths)
			return mo_error_no_memory();
		state->paths = paths;
		state->n_allocated = n;
	}
	group = &state->groups[state->n_groups];
	*group = (struct mo_cgroup){ .memcg_kva = entry->memcg_kva, .parent = entry->parent };
	if (entry->parent != MO_CGROUP_NONE)
		group->depth = state->groups[entry->parent].depth + 1;
	read_group(state, group);
	state->paths[state->n_groups] = NULL;
	return read_path(state, group, &state->paths[state->n_groups++]);
}

/* A child names its parent: so a list that leads into another one, or back, is known. */
static struct mo_error *check_parent(const struct cgroups_state *state, uint64_t css_kva, uint64_t parent_css_kva)
{
	uint64_t found_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->css.parent, css_kva, &found_kva);

	if (!error && found_kva != parent_css_kva)
		error = mo_error_create(MO_E_CORRUPT, "the css at 0x%" PRIx64 " has its parent at 0x%" PRIx64, css_kva,
					found_kva);
	return error;
}

static struct mo_error *push_children(struct cgroups_state *state, uint32_t parent, struct pending *pending)
{
	const struct cgroups_layout *layout = state->layout;
	uint64_t css_kva = mo_field_kva(&layout->memcg.css, state->groups[parent].memcg_kva);
	size_t first = pending->n;
	struct mo_list_walk walk;
	struct mo_error *memory = NULL;
	struct mo_error *error = NULL;
	uint64_t node_kva;

	if (state->groups[parent].depth >= MAX_GROUP_DEPTH) {
		mo_trouble_note(&state->broken_lists, mo_error_create(MO_E_LIMIT, "groups are nested more than %u deep",
								   MAX_GROUP_DEPTH));
		return NULL;
	}
	mo_list_begin(&walk, state->reader, mo_field_kva(&layout->css.children, css_kva), MAX_GROUPS);
	while (!memory && !error && mo_list_next(&walk, &node_kva)) {
		uint64_t child_kva = node_kva - layout->css.sibling.offset_bytes;

		error = check_parent(state, child_kva, css_kva);
		if (!error)
			memory = push(pending, child_kva - layout->memcg.css.offset_bytes, parent);
	}
	mo_trouble_note(&state->broken_lists, error);
	mo_trouble_note(&state->broken_lists, mo_error_prepend(mo_list_end(&walk), "children of the group at 0x%" PRIx64,
							    state->groups[parent].memcg_kva));
	for (size_t a = first, b = pending->n; a + 1 < b; a++) { /* the first child's turn comes first */
		struct entry entry = pending->entries[a];

		pending->entries[a] = pending->entries[--b];
		pending->entries[b] = entry;
	}
	return memory;
}

static int compare_keys(const void *left, const void *right)
{
	const struct group_key *a = left;
	const struct group_key *b = right;

	return a->memcg_kva < b->memcg_kva ? -1 : a->memcg_kva > b->memcg_kva;
}

uint32_t group_of_memcg(const struct cgroups_state *state, uint64_t memcg_kva)
{
	const struct group_key wanted = { .memcg_kva = memcg_kva };
	const struct group_key *found;

	if (!state->n_groups)
		return MO_CGROUP_NONE; /* and no array, which bsearch() may not be given */
	found = bsearch(&wanted, state->by_address, state->n_groups, sizeof(wanted), compare_keys);
	return found ? found->group : MO_CGROUP_NONE;
}

uint32_t group_of_charge(struct charge_lookup *lookup, uint64_t kva)
{
	struct group_key *slot = &lookup->slots[(kva >> 6 ^ kva >> 18) % CHARGE_SLOTS];
	uint64_t memcg_kva = 0;
	struct mo_error *error;

	if (kva == lookup->last_kva)
		return lookup->last_group;
	if (slot->memcg_kva != kva) {
		*slot = (struct group_key){ kva, group_of_memcg(lookup->state, kva) };
		if (slot->group == MO_CGROUP_NONE && mo_has(&lookup->state->layout->charge.memcg)) {
			error = mo_read_field(lookup->reader, &lookup->state->layout->charge.memcg, kva, &memcg_kva);
			if (!error)
				slot->group = group_of_memcg(lookup->state, memcg_kva);
			mo_error_destroy(error);
		}
	}
	lookup->last_kva = kva;
	lookup->last_group = slot->group;
	return slot->group;
}

static struct mo_error *index_groups(struct cgroups_state *state)
{
	state->by_address = calloc(state->n_groups + 1, sizeof(*state->by_address));
	if (!state->by_address)
		return mo_error_no_memory();
	for (uint32_t i = 0; i < state->n_groups; i++) {
		state->by_address[i] = (struct group_key){ state->groups[i].memcg_kva, i };
		state->groups[i].path = state->paths[i];
	}
	qsort(state->by_address, state->n_groups, sizeof(*state->by_address), compare_keys);
	return NULL;
}

struct mo_error *gather_tree(struct cgroups_state *state)
{
	struct pending pending = { .entries = NULL };
	uint64_t root_kva = 0;
	struct mo_error *error = mo_read_pointer(state->reader, state->layout->root_mem_cgroup.kva, &root_kva);

	if (!error && !root_kva)
		error = mo_error_create(MO_E_ABSENT, "root_mem_cgroup is NULL");
	if (!error)
		error = push(&pending, root_kva, MO_CGROUP_NONE);
	while (!error && pending.n) {
		struct entry entry = pending.entries[--pending.n];

		if (state->n_groups >= MAX_GROUPS) {
			mo_trouble_note(&state->broken_lists, mo_error_create(MO_E_LIMIT, "more than %u groups",
									   MAX_GROUPS));
			break;
		}
		error = add_group(state, &entry);
		if (!error)
			error = push_children(state, (uint32_t)(state->n_groups - 1), &pending);
	}
	free(pending.entries);
	if (!error)
		error = index_groups(state);
	return error;
}
