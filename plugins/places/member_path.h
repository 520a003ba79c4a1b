/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMBER_PATH_H
#define MEMBER_PATH_H

/* Which struct a cache's objects are, and which member lies where. Plugins that tell members build member_path.c. */

#include <memopsy/kernel.h>
#include <memopsy/slab.h>
#include <memopsy/types.h>

/* Struct types that caches are named after; each cache is looked up once. */
struct cache_types {
	struct mo_kernel *kernel;
	const struct mo_slab_model *slabs;
	const struct mo_type **types; /* by cache; NULL: none, or not looked up */
	bool *is_known;
};
struct mo_error *cache_types_init(struct cache_types *types, struct mo_kernel *kernel,
				  const struct mo_slab_model *slabs) MO_MUST_USE;
void cache_types_deinit(struct cache_types *types);
/* The type of a cache's objects by the cache's name; NULL: its name says nothing. */
const struct mo_type *type_of_cache(struct cache_types *types, uint32_t cache);
/* "d_lockref.count+1": the member of a struct at an offset, as deep as there are members. */
void describe_member(struct mo_kernel *kernel, const struct mo_type *type, uint64_t offset_bytes, char *text, size_t n_bytes);

#endif
