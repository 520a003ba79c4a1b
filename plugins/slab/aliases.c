/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of merged caches. The kernel keeps of a merged cache a reference count, and a link in /sys/kernel/slab under its
 * name that leads to the directory of the cache which it became (mm/slub.c, sysfs_slab_alias()); kernfs holds both. Caches
 * that a module's end has taken away, or a kernel without CONFIG_SYSFS, leave no names.
 */
#include <stdlib.h>

#include "slab_views.h"

#define KERNFS_TYPE_MASK 0xf /* include/linux/kernfs.h, enum kernfs_node_type */
#define KERNFS_LINK 4
#define MAX_LINKS 65536
#define MAX_ALIAS_BYTES 128

/* Directories of caches in kernfs, by address. */
struct directory {
	uint64_t node_kva;
	uint64_t cache_kva;
};

static int compare_directories(const void *a, const void *b)
{
	const struct directory *left = a;
	const struct directory *right = b;

	return (left->node_kva > right->node_kva) - (left->node_kva < right->node_kva);
}

static struct mo_error *read_directories(const struct slab_state *state, struct directory **ret)
{
	struct directory *directories = calloc(state->model.n_caches + 1, sizeof(*directories));
	struct mo_error *error = NULL;

	if (!directories)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->model.n_caches && !error; i++) {
		directories[i].cache_kva = state->caches[i].cache_kva;
		if (state->caches[i].size_bytes)
			error = mo_read_field(state->reader, &state->layout->cache.kobj_sd, state->caches[i].cache_kva,
					      &directories[i].node_kva);
	}
	if (error) {
		free(directories);
		return error;
	}
	qsort(directories, state->model.n_caches, sizeof(*directories), compare_directories);
	*ret = directories;
	return NULL;
}

static struct mo_error *take_link(const struct slab_state *state, const struct directory *directories, uint64_t node_kva,
				  alias_function function, void *context)
{
	const struct slab_layout *layout = state->layout;
	struct directory key = { .node_kva = 0 };
	const struct directory *found;
	char name[MAX_ALIAS_BYTES];
	uint64_t flags;
	struct mo_error *error = mo_read_field(state->reader, &layout->kernfs.flags, node_kva, &flags);

	if (error || (flags & KERNFS_TYPE_MASK) != KERNFS_LINK)
		return error;
	error = mo_read_field(state->reader, &layout->kernfs.target, node_kva, &key.node_kva);
	if (!error)
		error = mo_read_field_string(state->reader, &layout->cgroup_path.kn_name, node_kva, name, sizeof(name));
	if (error)
		return error;
	found = bsearch(&key, directories, state->model.n_caches, sizeof(key), compare_directories);
	if (found && key.node_kva)
		function(context, name, found->cache_kva);
	return NULL;
}

static bool has_layout(const struct slab_layout *layout)
{
	return mo_has(&layout->slab_kset) && mo_has(&layout->cache.kobj_sd) && mo_has(&layout->kernfs.kset_sd) &&
	       mo_has(&layout->kernfs.flags) && mo_has(&layout->cgroup_path.kn_name) && mo_has(&layout->kernfs.rb) &&
	       mo_has(&layout->kernfs.children) && mo_has(&layout->kernfs.target);
}

struct mo_error *for_each_alias(const struct slab_state *state, alias_function function, void *context)
{
	const struct slab_layout *layout = state->layout;
	struct directory *directories = NULL;
	struct mo_rbtree_walk walk;
	uint64_t kset_kva = 0;
	uint64_t node_kva = 0;
	uint64_t at_kva;
	struct mo_error *error;
	struct mo_error *end;

	if (!has_layout(layout))
		return mo_error_create(MO_E_ABSENT, "the kernel has no slab_kset in sysfs, or its types are not known");
	error = mo_read_pointer(state->reader, layout->slab_kset.kva, &kset_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->kernfs.kset_sd, kset_kva, &node_kva);
	if (!error)
		error = read_directories(state, &directories);
	if (error)
		return mo_error_prepend(error, "cannot read /sys/kernel/slab");
	mo_rbtree_begin(&walk, state->reader, mo_field_kva(&layout->kernfs.children, node_kva), MAX_LINKS);
	while (!error && mo_rbtree_next(&walk, &at_kva))
		error = take_link(state, directories, at_kva - layout->kernfs.rb.offset_bytes, function, context);
	end = mo_rbtree_end(&walk);
	if (!error)
		error = end;
	else
		mo_error_destroy(end);
	free(directories);
	return mo_error_prepend(error, "cannot read all of /sys/kernel/slab");
}
