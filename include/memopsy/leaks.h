/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_LEAKS_H
#define MEMOPSY_LEAKS_H

/*
 * The model "leaks": allocated memory that nothing leads to: slab objects, blocks of the page allocator, areas of
 * vmalloc. Every word of kernel memory that is none of these, nor free, nor a user's is a root; what a root or a reached
 * piece of memory points at, anywhere inside it, is reached.
 *
 * Immutable once published; lives until the run ends. Kept are 24 bytes for each lost piece, and 16 for each that others hang on.
 */

#include <memopsy/containers.h>
#include <memopsy/report.h>
#include <memopsy/slab.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_LEAKS_MODEL "leaks"
#define MO_LEAKS_MODEL_VERSION 4

/* What is lost. Append only. */
enum mo_lost_kind {
	MO_LOST_OBJECT = 0,        /* of a slab cache */
	MO_LOST_LARGE_KMALLOC = 1, /* known as such since 6.15; before, it is a compound block of pages */
	MO_LOST_PAGES = 2,         /* a block of the page allocator */
	MO_LOST_AREA = 3,          /* an area of vmalloc, with the pages that are its own; or of vmap() */
	MO_N_LOST_KINDS,
};

/* How sure it is. Append only; the surest first. */
enum mo_lost_confidence {
	MO_LOST_LIKELY = 0,
	MO_LOST_SUSPECT = 1,       /* a number was met that may be its physical address; or these are pages, of which the
				      kernel itself keeps some by ways that are not known */
	MO_LOST_GUESS = 2,         /* memory is missing that may point at it */
	MO_LOST_ON_PURPOSE = 3,    /* the kernel loses these and says so (kmemleak_not_leak()) */
	MO_N_LOST_CONFIDENCES,
};

/* How the owner of a group is known. Append only. */
enum mo_owner_source {
	MO_OWNER_UNKNOWN = 0,
	MO_OWNER_POINTERS = 1,     /* they point at its text or data */
	MO_OWNER_CONSTRUCTOR = 2,  /* its constructor made them */
	MO_OWNER_AREA = 3,         /* the area of vmalloc says who asked for it */
	MO_OWNER_TRACK = 4,        /* recorded by slub_debug=U (struct track) */
	MO_OWNER_PAGE_OWNER = 5,   /* recorded by page_owner */
	MO_OWNER_ALLOC_TAG = 6,    /* recorded by allocation profiling */
	MO_N_OWNER_SOURCES,
};

/* A lost piece of memory. Those that only lost ones point at hang on a head. */
struct mo_lost_object {
	uint64_t kva;              /* as its user knows it */
	uint32_t slab;             /* of objects: index into mo_slab_model.slabs; of all others: how many pages they are */
	uint32_t head;             /* index of the lost object that it hangs on; of a head its own */
	uint32_t group;            /* index into groups */
	uint8_t kind;              /* enum mo_lost_kind */
	uint8_t confidence;        /* enum mo_lost_confidence */
	bool is_in_cycle;          /* of a head: something that hangs on it points back at it */
	uint8_t marks;             /* the gathering's own */
};

/* What hangs on a head, if anything does. */
struct mo_lost_head {
	uint32_t lost;             /* index of the head */
	uint32_t held_objects;
	uint64_t held_bytes;
};

/* With all that the allocator adds. */
static inline uint64_t mo_lost_bytes(const struct mo_slab_model *slabs, const struct mo_lost_object *lost)
{
	return lost->kind == MO_LOST_OBJECT ? slabs->caches[slabs->slabs[lost->slab].cache].size_bytes :
					      (uint64_t)lost->slab << slabs->page_shift;
}

/* Of an object: which one it is of its slab. */
static inline uint32_t mo_lost_index(const struct mo_slab_model *slabs, const struct mo_lost_object *lost)
{
	const struct mo_slab *slab = &slabs->slabs[lost->slab];

	return (uint32_t)((lost->kva - mo_object_kva(slabs, slab, 0)) / slabs->caches[slab->cache].size_bytes);
}

/* Lost pieces of one kind and one confidence that one owner had, as far as their own pointers (or the kernel's records) tell. */
struct mo_leak_group {
	uint32_t cache;            /* of objects: index into mo_slab_model.caches; else MO_SLAB_NO_CACHE */
	uint8_t kind;              /* enum mo_lost_kind */
	uint8_t order;             /* of blocks: of 2^order pages, at most */
	uint8_t confidence;        /* enum mo_lost_confidence */
	bool is_compound;          /* of blocks */
	bool is_mapping;           /* of areas: made by vmap() of pages that nothing else leads to; their size is that of these */
	bool is_on_purpose;        /* the kernel loses these and says so (kmemleak_not_leak()) */
	const char *module;        /* whose text or data they point at; NULL: no module's */
	const char *symbol;        /* the first one that was met; of areas the function that made it; NULL: none */
	uint64_t symbol_offset_bytes;
	const char *form;          /* what they are, where their form tells; NULL: not known */
	uint64_t objects;
	uint64_t bytes;
	uint64_t heads;
	uint64_t held_objects;     /* that hang on its heads; counted in groups of their own, too */
	uint64_t held_bytes;
	uint64_t cycles;           /* heads in a cycle */
	uint32_t representative;   /* index of a lost object, a head if there is one */
	uint8_t owner_source;      /* enum mo_owner_source */
	const char *allocated_by;  /* function that the kernel recorded as having allocated them; NULL: no record */
	uint64_t allocated_by_offset_bytes;
	uint64_t allocated_by_kva; /* the return address; 0: none (allocation profiling names the function alone) */
	uint64_t stack_key;        /* the same for all of one allocating stack; 0: not recorded */
};

/* A cache that looks as if it had leaked (mo_slab_cache_looks_grown()), and what its reached objects were first reached from. */
#define MO_LEAKS_GROWN_MAX 4
struct mo_grown_cache {
	uint32_t cache;            /* index into mo_slab_model.caches */
	uint32_t holder_cache;     /* the other cache whose objects lead to most of them; MO_SLAB_NO_CACHE: none does */
	uint64_t reached_objects;
	uint64_t by_own;           /* from an object of the same cache: a list, a tree */
	uint64_t by_holder;        /* from one of holder_cache */
	uint64_t by_others;        /* from variables, stacks, page blocks, areas of vmalloc */
};

struct mo_leaks_model {
	const struct mo_lost_object *lost; /* objects, then blocks, then areas, each ascending by address */
	size_t n_lost;
	const struct mo_lost_head *heads;  /* ascending by head */
	size_t n_heads;
	const struct mo_leak_group *groups; /* the surest first, of these the largest; those on purpose last */
	size_t n_groups;
	uint64_t objects;          /* allocated ones that were looked at */
	uint64_t object_bytes;
	uint64_t blocks;           /* of the page allocator that were looked at; 0: their words were roots */
	uint64_t areas;            /* of vmalloc, likewise */
	uint64_t likely_objects, likely_bytes;   /* lost with this confidence */
	uint64_t suspect_objects, suspect_bytes;
	uint64_t unknown_objects;  /* of slabs at fault: taken as reached */
	uint64_t deferred_objects; /* given to RCU, to be freed */
	uint64_t deferred_callbacks; /* given to call_rcu(), which has not called back: reached by its lists */
	uint64_t deferred_kfree_rcu; /* given to kfree_rcu(), on lists that wait for no grace period yet: reached likewise */
	uint64_t deferred_batches; /* given to kfree_rcu(), in batches whose grace period is running: reached likewise */
	uint64_t deferred_slabs;   /* empty slabs of SLAB_TYPESAFE_BY_RCU that call_rcu() will free */
	uint64_t deferred_areas, deferred_area_bytes; /* of vmalloc, freed: their addresses wait for a TLB flush */
	uint64_t root_pages;       /* pages whose words are roots, those missing among them */
	uint64_t missing_pages;    /* of these, pages that the dump left out, or that could not be read */
	uint64_t missing_objects;  /* allocated and reached objects that could not be read whole */
	uint64_t scanned_bytes;    /* of all that was looked at word by word */
	uint64_t rescans;          /* of a kernel that runs: later looks, each of which found everything lost that is listed */
	uint64_t vanished_objects; /* that seemed lost at first, and not in one of these */
	uint64_t register_sets;    /* CPUs whose registers the dump has: roots, too */
	struct mo_grown_cache grown[MO_LEAKS_GROWN_MAX];
	size_t n_grown;
	bool is_whole;             /* nothing is missing: what is lost is lost */
	bool is_missing_counted;   /* all that is missing is missing_pages: no object, struct page, type or symbol */
	bool is_hopeless;          /* so much is missing that most of what seems lost is not */
	uint64_t moved_objects;    /* of a kernel that runs: of slabs that moved while they were looked at; taken as reached */
};

/* What hangs on a lost object; NULL: nothing. */
static inline const struct mo_lost_head *mo_lost_head_of(const struct mo_leaks_model *model, uint32_t lost)
{
	size_t i = mo_lower_bound(model->n_heads, at, model->heads[at].lost < lost);

	return i < model->n_heads && model->heads[i].lost == lost ? &model->heads[i] : NULL;
}

#ifdef __cplusplus
}
#endif

#endif
