/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_SLAB_H
#define MEMOPSY_SLAB_H

/*
 * The model "slab": every slab cache, every slab, and the state of every object, from one pass over the struct pages
 * and one walk of each free list (SLUB: mm/slub.c, mm/slab.h; SLAB, until 6.7: mm/slab.c, include/linux/slab_def.h;
 * struct page held a slab's data before 5.17).
 *
 * Immutable once published; lives until the run ends. Kept are 32 bytes a slab, four bytes for its place in its cache,
 * and four bits an object.
 */

#include <memopsy/kernel.h>
#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_SLAB_MODEL "slab"
#define MO_SLAB_MODEL_VERSION 2

/* What an object is. Four bits: at most 16 of them. Append only. */
enum mo_object_state {
	MO_OBJECT_ALLOCATED = 0,       /* in nobody's list of free objects */
	MO_OBJECT_FREE = 1,            /* on its slab's free list */
	MO_OBJECT_FREE_CPU = 2,        /* on the free list of a CPU (kmem_cache_cpu.freelist) */
	MO_OBJECT_FREE_CPU_PARTIAL = 3, /* on the free list of a slab that a CPU keeps aside (kmem_cache_cpu.partial) */
	MO_OBJECT_FREE_SHEAF = 4,      /* in a CPU's sheaf (6.18 on) */
	MO_OBJECT_FREE_BARN = 5,       /* in a full sheaf of a node's barn */
	MO_OBJECT_FREE_RCU = 6,        /* given to kfree_rcu(), in a sheaf that waits for a grace period */
	MO_OBJECT_UNKNOWN = 7,         /* its slab's free list is broken or could not be read */
	MO_OBJECT_FREE_NODE = 8,       /* SLAB: in an array that a node's CPUs share, or of another node's objects (alien) */
	MO_N_OBJECT_STATES = 9,
};

/* Who holds a slab. */
enum mo_slab_place {
	MO_SLAB_FULL = 0,              /* nobody: no free objects, or (on a debugged cache) the list of full slabs */
	MO_SLAB_NODE_PARTIAL = 1,      /* a node's list of partial slabs */
	MO_SLAB_CPU = 2,               /* the slab that a CPU allocates from */
	MO_SLAB_CPU_PARTIAL = 3,       /* a CPU's own list of partial slabs */
	MO_SLAB_NODE_FREE = 4,         /* SLAB: a node's list of slabs without an allocated object */
	MO_N_SLAB_PLACES = 5,
};

/* What is wrong with a slab. Its objects count as unknown as far as they could not be told. */
enum mo_slab_fault {
	MO_SLAB_SOUND = 0,
	MO_SLAB_NO_KMEM_CACHE = 1,     /* slab_cache does not lead to a cache that makes sense */
	MO_SLAB_IMPOSSIBLE_COUNT = 2,  /* a number of objects that no slab of this cache can have */
	MO_SLAB_OVERLAPPED = 3,        /* lies within the slab before it */
	MO_SLAB_UNREADABLE = 4,        /* a page with a free-list pointer is not in the dump */
	MO_SLAB_LEAVES = 5,            /* the free list leads out of the slab, or between two objects */
	MO_SLAB_TWICE = 6,             /* the free list, or another list of free objects, has an object twice */
	MO_SLAB_MISCOUNTED = 7,        /* the free list and the slab's counter of objects in use disagree */
	MO_SLAB_MOVED = 8,             /* no fault: of a kernel that runs, what was read of it is of several moments */
	MO_N_SLAB_FAULTS = 9,
};

#define MO_SLAB_NO_CACHE UINT32_MAX
#define MO_SLAB_LARGE_ORDERS 20

struct mo_slab {
	uint64_t pfn;                  /* of its first page */
	uint64_t first_object;         /* index of its first object among all; see mo_object_state_of() */
	uint32_t cache;                /* index into caches, or MO_SLAB_NO_CACHE */
	uint16_t objects;              /* as the slab says */
	uint16_t inuse;                /* as the slab says: those on a CPU's free list or in a sheaf are in use */
	uint16_t free_objects;         /* found on its own free list */
	uint8_t order;                 /* 2^order pages; of a slab of no known cache 0 */
	uint8_t place;                 /* enum mo_slab_place */
	uint8_t fault;                 /* enum mo_slab_fault */
	bool has_states : 1;           /* its objects are among those with a state */
	bool is_frozen : 1;
	uint16_t first_words;          /* SLAB: how many times 8 bytes from its start its first object is (its colour) */
};

/* What a node keeps of a cache (struct kmem_cache_node). */
struct mo_slab_node {
	uint32_t node_id;
	uint64_t node_kva;
	struct mo_count slabs;         /* nr_slabs, as the kernel counted (CONFIG_SLUB_DEBUG) */
	struct mo_count objects;       /* total_objects */
	struct mo_count partial_slabs; /* nr_partial */
	struct mo_count partial_free;  /* free objects of its list of partial slabs, as /proc/slabinfo counts them */
	struct mo_count free_slabs;    /* SLAB: slabs without an allocated object, of nr_slabs */
	struct mo_count shared_avail;  /* SLAB: objects in the array that the node's CPUs share */
	uint64_t listed_slabs;         /* found on the list of partial slabs */
	bool is_list_whole;            /* the list was walked to its end */
};

struct mo_slab_cache {
	uint64_t cache_kva;
	const char *name;              /* bytes of the dump; NULL: could not be read */
	uint32_t size_bytes;           /* of an object with all that the allocator adds to it; 0: not known */
	uint32_t object_bytes;         /* as it was asked for */
	uint32_t align_bytes;
	uint32_t inuse_bytes;          /* kmem_cache.inuse: where what the allocator adds begins */
	uint32_t red_left_bytes;       /* red_left_pad: the red zone before each object */
	uint32_t freelist_offset_bytes; /* where in a free object the pointer to the next one is */
	uint32_t flags;                /* kmem_cache.flags */
	uint32_t objects_per_slab;
	uint32_t order;
	uint32_t min_objects_per_slab; /* of a slab made when memory was short */
	uint32_t min_order;
	int32_t refcount;              /* how many caches share it; -1: it is never merged */
	uint32_t limit;                /* SLAB: objects that a CPU's array may have, */
	uint32_t batchcount;           /* how many come and go at once, */
	uint32_t shared_factor;        /* and how much larger the shared array is */
	uint64_t constructor_kva;      /* 0: none */
	uint64_t random;               /* CONFIG_SLAB_FREELIST_HARDENED; else 0 */
	bool is_listed;                /* on slab_caches; else found by its slabs */
	bool is_reclaimable;           /* SLAB_RECLAIM_ACCOUNT */

	const struct mo_slab_node *nodes;
	size_t n_nodes;

	/* Found by looking at every slab. */
	const uint32_t *slabs;         /* indexes into mo_slab_model.slabs, ascending */
	size_t n_slabs;
	uint64_t pages;
	uint64_t partial_slabs;        /* of these slabs, those with both free and allocated objects, or free ones only */
	uint64_t objects;
	uint64_t states[MO_N_OBJECT_STATES]; /* objects by state: their sum is `objects` */
	uint64_t faulty_slabs;
	uint64_t hidden_objects;       /* of slabs whose counters make no sense, as far as these say */
	uint64_t untold_objects;       /* that lists which could not be read may have: so many allocated ones may be free */

	/* Until 5.8 a memory cgroup has caches of its own, each the child of another one (CONFIG_MEMCG_KMEM). */
	uint64_t root_kva;             /* whose child it is (struct kmem_cache); 0: nobody's */
	uint64_t memcg_kva;            /* of a child: the struct mem_cgroup that pays */
	uint32_t root;                 /* index of the cache at root_kva; MO_SLAB_NO_CACHE: none, or it is not known */
};

/* Who allocated or last freed an object, of caches that keep it (slub_debug=U): struct track. */
#define MO_SLAB_TRACK_FRAMES 16
struct mo_slab_track {
	uint64_t caller_kva;           /* who called the allocator; 0: nobody yet, as of objects that were never freed */
	int64_t pid;
	uint64_t age_jiffies;          /* before the dump; has_age: known */
	bool has_age;
	uint64_t frames_kva[MO_SLAB_TRACK_FRAMES]; /* the stack, innermost first; its outer end may be missing */
	size_t n_frames;               /* 0: no stack was kept, or it could not be read */
};

struct mo_slab_model {
	const struct mo_slab_cache *caches; /* in the order of slab_caches, then those that were found by their slabs */
	size_t n_caches;
	const struct mo_slab *slabs;   /* ascending by pfn, not overlapping but for those at fault */
	size_t n_slabs;
	const uint8_t *states;         /* two objects a byte, the lower half first */
	uint64_t n_objects;            /* room in states; every slab begins at a whole byte */
	unsigned page_shift;
	uint64_t direct_map_kva;       /* address of page frame 0 in the direct map */
	bool is_slab;                  /* the allocator is SLAB, not SLUB */
	const char *shape;             /* "struct slab, page type, sheaves" */
	const char *freelist_pointers; /* "plain", "hardened", "hardened, byte-swapped" */
	uint64_t faults[MO_N_SLAB_FAULTS];
	bool is_list_whole;            /* slab_caches was walked to its end */
	/*
	 * The track of an object: who allocated it, or who freed it last. MO_E_ABSENT: its cache keeps none. NULL in models
	 * without.
	 */
	struct mo_error *(*track)(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab,
				  uint32_t index, bool is_of_free, struct mo_slab_track *ret);

	/*
	 * Of a kernel that runs: whether an object holds, at this moment, a pointer to the next free one as free objects do. False
	 * too if it cannot be read. NULL in models without, and where free objects hold none (SLAB).
	 */
	bool (*looks_free)(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab, uint32_t index);
	uint64_t moved_lists;          /* of a kernel that runs: lists that changed while they were followed, and were not to their end */
	uint64_t moved_pages;          /* likewise, pages that looked like slabs and were none any more */

	/* Blocks of kmalloc beyond its largest cache: no slabs, yet the kernel counts them with these. */
	bool marks_large_kmalloc;      /* a page type tells them (6.15 on); else nothing does, and the counts are 0 */
	uint64_t large_kmalloc_blocks[MO_SLAB_LARGE_ORDERS]; /* by order */
	uint64_t odd_large_kmalloc;    /* pages so marked whose order makes no sense or could not be read */
};

/*
 * Whether a cache is large, in use nearly to the last object, and no shrinker frees it: work in progress, or a leak. Pages
 * of all memory, and of all slabs; everyday caches of small machines are none of them.
 */
static inline bool mo_slab_cache_looks_grown(const struct mo_slab_cache *cache, uint64_t memory_pages, uint64_t slab_pages)
{
	bool is_large = cache->pages * 100 >= memory_pages * 5 || (cache->pages >= 4096 && cache->pages * 100 >= slab_pages * 25);

	return is_large && !cache->is_reclaimable && cache->objects && cache->states[MO_OBJECT_ALLOCATED] * 10 >= cache->objects * 8;
}

static inline enum mo_object_state mo_object_state_at(const struct mo_slab_model *model, uint64_t object)
{
	return (enum mo_object_state)(model->states[object / 2] >> (object % 2 * 4) & 15);
}

/* The state of object `index` (below slab->objects) of a slab. */
static inline enum mo_object_state mo_object_state_of(const struct mo_slab_model *model, const struct mo_slab *slab,
						      uint32_t index)
{
	return slab->has_states ? mo_object_state_at(model, slab->first_object + index) : MO_OBJECT_UNKNOWN;
}

static inline bool mo_object_is_free(enum mo_object_state state)
{
	return state != MO_OBJECT_ALLOCATED && state != MO_OBJECT_UNKNOWN;
}

static inline uint64_t mo_slab_kva(const struct mo_slab_model *model, const struct mo_slab *slab)
{
	return model->direct_map_kva + (slab->pfn << model->page_shift);
}

/* Where the room of its first object begins. */
static inline uint64_t mo_slab_objects_kva(const struct mo_slab_model *model, const struct mo_slab *slab)
{
	return mo_slab_kva(model, slab) + slab->first_words * 8u;
}

/* Where object `index` begins: behind its left red zone, as its user knows it. */
static inline uint64_t mo_object_kva(const struct mo_slab_model *model, const struct mo_slab *slab, uint32_t index)
{
	const struct mo_slab_cache *cache = &model->caches[slab->cache];

	return mo_slab_objects_kva(model, slab) + (uint64_t)index * cache->size_bytes + cache->red_left_bytes;
}

/* The slab that a page frame belongs to; NULL: none. */
static inline const struct mo_slab *mo_slab_at(const struct mo_slab_model *model, uint64_t pfn)
{
	size_t low = 0;
	size_t high = model->n_slabs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->slabs[middle].pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	/* A slab at fault within another one must not hide it. */
	for (size_t back = 0; back < 8 && low > back; back++) {
		const struct mo_slab *slab = &model->slabs[low - 1 - back];

		if (slab->fault != MO_SLAB_OVERLAPPED && pfn - slab->pfn < 1ull << slab->order)
			return slab;
	}
	return 0;
}

/*
 * The slab and object that an address of the direct map lies in. False: in no slab of a known cache, or behind its last
 * object. Of an address in the left red zone it is the object behind it.
 */
static inline bool mo_object_at(const struct mo_slab_model *model, uint64_t kva, const struct mo_slab **slab_ret,
				uint32_t *index_ret)
{
	const struct mo_slab *slab;
	uint64_t index;

	if (kva < model->direct_map_kva)
		return false;
	slab = mo_slab_at(model, (kva - model->direct_map_kva) >> model->page_shift);
	if (!slab || slab->cache == MO_SLAB_NO_CACHE || !model->caches[slab->cache].size_bytes ||
	    kva < mo_slab_objects_kva(model, slab))
		return false;
	index = (kva - mo_slab_objects_kva(model, slab)) / model->caches[slab->cache].size_bytes;
	if (index >= slab->objects)
		return false;
	*slab_ret = slab;
	*index_ret = (uint32_t)index;
	return true;
}

#ifdef __cplusplus
}
#endif

#endif
