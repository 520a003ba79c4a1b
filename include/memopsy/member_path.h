/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_MEMBER_PATH_H
#define MEMOPSY_MEMBER_PATH_H

/*
 * What an object is: the struct that a slab cache is named after, and the member that lies at an offset of it.
 *
 * A cache's name is all that the kernel keeps of the type of its objects (kmem_cache_create(), KMEM_CACHE() in
 * include/linux/slab.h). So this is the type that fits the name and the size, and nothing if none does.
 */

#include <memopsy/kernel.h>
#include <memopsy/slab.h>
#include <memopsy/types.h>

MO_API_BEGIN

/* The types of caches' objects; each cache is looked up once. Not for several threads at once. */
struct mo_cache_types {
	struct mo_kernel *kernel;
	const struct mo_slab_model *slabs;
	const struct mo_type **types; /* by cache; NULL: none, or not looked up */
	bool *is_known;
};

/* slabs may be NULL: no cache has a type then. Only memory may be missing. The model must outlive the table. */
struct mo_error *mo_cache_types_init(struct mo_cache_types *types, struct mo_kernel *kernel,
				     const struct mo_slab_model *slabs) MO_MUST_USE;
void mo_cache_types_deinit(struct mo_cache_types *types);

/* The type of the objects of a cache (an index into the model's caches); NULL: its name says nothing. */
const struct mo_type *mo_type_of_cache(struct mo_cache_types *types, uint32_t cache);

/*
 * ".d_lockref.count+1": the member at an offset of a struct or array, as deep as there are members, and how many bytes
 * into it; of a union the first that reaches there. Cut to n_bytes with its NUL; nothing is an error.
 */
void mo_describe_member(struct mo_kernel *kernel, const struct mo_type *type, uint64_t offset_bytes, char *text,
			size_t n_bytes);

MO_API_END

#endif
