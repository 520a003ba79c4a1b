/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_LEAKS_H
#define MEMOPSY_LEAKS_H

/*
 * The model "leaks": allocated slab objects that nothing leads to. Every word of kernel memory that is neither slab, free
 * nor a user's is a root; what a root or a reached object points at, anywhere inside it, is reached.
 *
 * Immutable once published; lives until the run ends. Kept are 32 bytes for each lost object.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_LEAKS_MODEL "leaks"
#define MO_LEAKS_MODEL_VERSION 1

/* A lost object. Those that only lost objects point at hang on a head. */
struct mo_lost_object {
	uint32_t slab;             /* index into mo_slab_model.slabs */
	uint32_t index;            /* of the object in its slab */
	uint32_t head;             /* index of the lost object that it hangs on; of a head its own */
	uint32_t group;            /* index into groups */
	uint64_t held_bytes;       /* of a head: of all objects that hang on it */
	uint32_t held_objects;
	bool is_in_cycle;          /* of a head: something that hangs on it points back at it */
};

/* Lost objects of one cache that one owner had, as far as their own pointers tell. */
struct mo_leak_group {
	uint32_t cache;            /* index into mo_slab_model.caches */
	bool is_on_purpose;        /* the kernel loses these and says so (kmemleak_not_leak()) */
	const char *module;        /* whose text or data they point at; NULL: no module's */
	const char *symbol;        /* the first one that was met; NULL: none */
	uint64_t symbol_offset_bytes;
	const char *form;          /* what they are, where their form tells; NULL: not known */
	uint64_t objects;
	uint64_t bytes;
	uint64_t heads;
	uint64_t held_objects;     /* that hang on its heads; counted in groups of their own, too */
	uint64_t held_bytes;
	uint32_t representative;   /* index of a lost object, a head if there is one */
};

struct mo_leaks_model {
	const struct mo_lost_object *lost; /* ascending by address */
	size_t n_lost;
	const struct mo_leak_group *groups; /* largest first, those on purpose last */
	size_t n_groups;
	uint64_t objects;          /* allocated ones that were looked at */
	uint64_t object_bytes;
	uint64_t unknown_objects;  /* of slabs at fault: taken as reached */
	uint64_t deferred_objects; /* given to RCU, to be freed */
	uint64_t root_pages;       /* pages whose words are roots, those missing among them */
	uint64_t missing_pages;    /* of these, pages that the dump left out, or that could not be read */
	uint64_t missing_objects;  /* allocated and reached objects that could not be read whole */
	bool is_whole;             /* nothing is missing: what is lost is lost */
	bool is_hopeless;          /* so much is missing that most of what seems lost is not */
};

#ifdef __cplusplus
}
#endif

#endif
