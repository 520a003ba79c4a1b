/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_REFERENCES_H
#define MEMOPSY_REFERENCES_H

/*
 * Who points at what. A *target* is memory whose users are looked for; a *reference* is a word that refers to it. Users are
 * found by a pass over all of the kernel's words for any number of targets, or in *edges*: every pointer of that memory, sorted
 * by what it points at and packed. A *search* goes on from what holds the references, as deep as it is asked to.
 *
 * A search belongs to one thread; its passes run on all cores. Physical addresses are `_pa`, words are as the kernel reads
 * them. Errors: no memory, interruption, and what is said below; memory that cannot be read is counted, not an error.
 */

#include <memopsy/mem_map.h>
#include <memopsy/member_path.h>
#include <memopsy/object_index.h>
#include <memopsy/places.h>
#include <memopsy/word_pass.h>

MO_API_BEGIN

/* What every look for references needs. */
struct mo_references {
	struct mo_kernel *kernel;
	struct mo_reader *reader;    /* of the thread that searches */
	struct mo_progress *progress;
	const struct mo_mem_map_model *mem_map;
	const struct mo_places_model *places; /* set by the caller before any search */
	struct mo_object_index index;
	uint64_t floor_kva;          /* no address of the kernel is lower */
	bool is_exact;               /* only the first byte of a target is looked for */
};

/* Leaves out places and progress; the models must outlive it. mo_object_index_deinit(&ret->index) frees what it holds. */
struct mo_error *mo_references_init(struct mo_reader *reader, const struct mo_slab_model *slabs,
				    const struct mo_mem_map_model *mem_map, struct mo_references *ret) MO_MUST_USE;

/* Kinds of a pass over the kernel's words (mo_kernel_words_pass). */
enum mo_kernel_words { MO_NO_KERNEL_WORDS, MO_ROOT_WORDS, MO_SLAB_WORDS };

/*
 * A pass over what the kernel itself put into memory: pages of mo_is_root_class() and slabs. Of slabs all words are given:
 * mo_counts_in_slab() says which count.
 */
struct mo_word_pass mo_kernel_words_pass(const struct mo_references *state, mo_word_function look, void *context);
/* The allocated (or perhaps allocated) object that physical memory belongs to; false: none. */
bool mo_live_object_at(const struct mo_object_index *index, uint64_t pa, struct mo_object_ref *ret);
/* Whether a word that lies in a slab belongs to an object in use. Where a slab's objects are not known, all of its words do. */
bool mo_counts_in_slab(const struct mo_object_index *index, uint64_t pa);

/* How a word refers to its target. */
enum mo_reference_way { MO_BY_ADDRESS, MO_BY_STRUCT_PAGE, MO_BY_PERCPU, MO_N_REFERENCE_WAYS };

#define MO_NO_REFERENCE SIZE_MAX

struct mo_word_target {
	uint64_t kva, end_kva;
	uint64_t first_pa;           /* where kva lies; UINT64_MAX: its pages lie anywhere */
	size_t via;                  /* the reference that it was found by, which lies in it; MO_NO_REFERENCE: it was asked for */
	uint32_t depth;              /* 1: what was asked for; 2: what points at that; ... */
	bool is_page;                /* by its page frame: what describes it refers to it, too */
};

struct mo_reference {
	uint64_t pa;                 /* where the word lies */
	uint64_t word;
	uint32_t target;             /* index of the target */
	uint8_t way;                 /* enum mo_reference_way */
};

struct mo_reference_list {
	struct mo_reference *items;
	size_t n_items, n_slots;
	uint64_t n_left_out;         /* beyond what is kept */
	uint64_t n_missing_pages;
};

/* All pointers, packed; blocks of them begin at words that are known. They may lie in a mapped file. */
struct mo_edge_block {
	uint64_t first_word;
	uint64_t offset_bytes;       /* in `bytes` */
};
struct mo_edges {
	const struct mo_edge_block *blocks;
	size_t n_blocks;
	const uint8_t *bytes;
	size_t n_bytes;
	uint64_t n_edges;
	uint64_t n_missing_pages;
	void *own_blocks, *own_bytes; /* to be freed; else they lie in the map */
	void *map;
	size_t map_bytes;
};
/* MO_E_LIMIT: there are more pointers than memory should hold. */
struct mo_error *mo_edges_build(const struct mo_references *state, struct mo_edges *ret) MO_MUST_USE;
void mo_edges_deinit(struct mo_edges *edges);

/* All targets so far, and what points at them. */
struct mo_search {
	const struct mo_references *state;
	struct mo_word_target *targets;
	size_t n_targets, n_slots;
	uint64_t *known_kvas;        /* of the targets, sorted */
	struct mo_reference_list found;
	struct mo_edges edges;       /* what they say is checked against the dump: wrong ones find less, never more */
	bool has_edges;
	bool is_to_root;             /* ends where a variable holds it */
	size_t n_variables;          /* references from variables of the kernel and of modules */
	uint32_t percpu_depth;       /* of the first targets behind per-CPU memory; 0: none */
};
struct mo_error *mo_search_add(struct mo_search *search, const struct mo_word_target *target) MO_MUST_USE;
struct mo_error *mo_search_users(struct mo_search *search, uint64_t n_depths) MO_MUST_USE;
/* Frees the edges, too, if it has any. */
void mo_search_deinit(struct mo_search *search);

/* A place that lives by itself: variables, per-CPU memory, stacks. */
bool mo_is_root_place(const struct mo_place *place);
/* What holds a reference. */
struct mo_place mo_reference_place(const struct mo_references *state, const struct mo_reference *reference);
/* The object, area or pages that a place lies in, to look for its users; pa: of the place. */
struct mo_word_target mo_target_of_place(const struct mo_references *state, const struct mo_place *place, uint64_t pa);

/* Where a word lies, with member names: "task_struct.mm", "init_task.tasks.next", "kmalloc-192+24". */
struct mo_namer {
	const struct mo_references *state;
	struct mo_cache_types types; /* made and freed by the caller */
};
/*
 * type: of the container, where it is known better than by its name; else NULL. *leaf_ret (may be NULL): of the member. The
 * text may hold raw bytes of the dump.
 */
void mo_name_reference(struct mo_namer *namer, const struct mo_place *place, const struct mo_type *type, char *text,
		       size_t n_bytes, const struct mo_type **leaf_ret);
/* The struct that a pointer of this type points at, if it may be as large as the object; else NULL. */
const struct mo_type *mo_pointed_type(const struct mo_references *state, const struct mo_type *leaf, uint64_t object_bytes);

MO_API_END

#endif
