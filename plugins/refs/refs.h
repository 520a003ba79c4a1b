/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REFS_H
#define REFS_H

/*
 * What the parts of the refs plugin share. A *target* is memory whose users are looked for; *ranges* are the words that
 * refer to it; a *reference* is such a word that was met. Users are found either by scanning all of the kernel's memory
 * once for any number of targets (refs_scan.c), or in *edges*: every pointer of that memory, sorted by what it points at
 * and packed (refs_edges.c), which may come from a file (refs_index.c).
 */

#include <memopsy/mem_map.h>
#include <memopsy/member_path.h>
#include <memopsy/object_index.h>
#include <memopsy/places.h>
#include <memopsy/plugin.h>

struct refs_state {
	struct mo_run *run;
	const struct mo_mem_map_model *mem_map;
	const struct mo_places_model *places;
	struct mo_object_index index;
	uint64_t floor_kva;      /* no address of the kernel is lower */
	bool is_exact;           /* only the first byte of a target is looked for */
};

/* refs_state.c: all but the places, which must be set. */
struct mo_error *prepare_refs(struct mo_run *run, const struct mo_slab_model *slabs, const struct mo_mem_map_model *mem_map,
			      struct refs_state *ret) MO_MUST_USE;

/* How a word refers to its target. */
enum reference_way { BY_ADDRESS, BY_STRUCT_PAGE, BY_PERCPU, N_REFERENCE_WAYS };

#define NO_REFERENCE SIZE_MAX

struct target {
	uint64_t kva, end_kva;
	uint64_t first_pa;       /* where kva lies */
	size_t via;              /* the reference that it was found by, which lies in it; NO_REFERENCE: it was asked for */
	uint32_t depth;          /* 1: what was asked for; 2: what points at that; ... */
	bool is_page;            /* by its page frame: what describes it refers to it, too */
};

/* Words [first, end) refer to a target. */
struct word_range {
	uint64_t first, end;
	uint32_t target;
	uint8_t way;
};

struct reference {
	uint64_t pa;             /* where the word lies */
	uint64_t word;
	uint32_t target;         /* index of the target */
	uint8_t way;
};

struct reference_list {
	struct reference *items;
	size_t n_items, n_slots;
	uint64_t n_left_out;     /* beyond what each thread keeps */
	uint64_t n_missing_pages;
};
bool append_reference(struct reference_list *list, const struct reference *reference);

/* refs_ranges.c: the words that refer to targets; sorted, each word at most once. */
struct range_set {
	struct word_range *ranges;
	size_t n, n_slots;
	uint64_t first, n_bytes; /* from the first range to the end of the last one */
	uint64_t *pages;         /* a bit for some pages of addresses: whether a range may lie there */
	uint64_t page_mask;
	bool has_low_words;      /* some are lower than any address */
};
struct mo_error *make_ranges(const struct refs_state *state, const struct target *targets, uint32_t first, uint32_t n,
			     struct range_set *ret) MO_MUST_USE;
void free_ranges(struct range_set *set);
const struct word_range *range_of(const struct range_set *set, uint64_t word);

static inline bool may_refer(const struct range_set *set, uint64_t word)
{
	uint64_t page = word >> 12 & set->page_mask;

	return word - set->first < set->n_bytes && set->pages[page / 64] >> page % 64 & 1;
}

/* refs_scan.c */
/* Each thread keeps at most so many references; more are counted and left out. */
#define MOST_REFERENCES (1u << 20)
/* Appends every word of kernel memory and of allocated objects that refers to one of the targets, but not from itself. */
struct mo_error *scan_for_targets(const struct refs_state *state, const struct target *targets, const struct range_set *set,
				  struct reference_list *list) MO_MUST_USE;
/* The allocated (or perhaps allocated) object that physical memory belongs to. */
bool object_at_pa(const struct mo_object_index *index, uint64_t pa, struct mo_object_ref *ret);

/*
 * What a pass does with words at a physical address; is_slab: those of objects in use count alone. False ends the pass with
 * MO_E_LIMIT.
 */
typedef bool (*word_function)(void *context, unsigned thread_index, const uint8_t *bytes, size_t n_bytes, uint64_t pa,
			      bool is_slab);
struct mo_error *scan_kernel_words(const struct refs_state *state, word_function words, void *context,
				   uint64_t *n_missing_pages) MO_MUST_USE;

/* A pointer. */
struct edge {
	uint64_t word;
	uint64_t pa;
};
struct edge_list {
	struct edge *edges;
	size_t n, n_slots;
};
/* One list for each thread; MO_E_LIMIT: there are more than memory should hold. */
struct mo_error *scan_for_edges(const struct refs_state *state, uint64_t most_edges, struct edge_list *lists,
				uint64_t *n_missing_pages) MO_MUST_USE;

/* refs_edges.c: all pointers, packed; blocks of them begin at words that are known. */
struct edge_block {
	uint64_t first_word;
	uint64_t offset_bytes;   /* in `bytes` */
};
struct edges {
	const struct edge_block *blocks;
	size_t n_blocks;
	const uint8_t *bytes;
	size_t n_bytes;
	uint64_t n_edges;
	uint64_t n_missing_pages;
	void *own_blocks, *own_bytes; /* to be freed; else they lie in a mapped file */
	void *map;
	size_t map_bytes;
};
struct mo_error *build_edges(const struct refs_state *state, struct edges *ret) MO_MUST_USE;
void free_edges(struct edges *edges);
/* Appends those that refer to targets. What the edges say is checked against the dump: a wrong index finds less, never more. */
struct mo_error *find_in_edges(const struct refs_state *state, const struct edges *edges, const struct target *targets,
			       const struct range_set *set, struct reference_list *list) MO_MUST_USE;

/*
 * refs_index.c: edges in a file beside the type cache, for this dump alone. False: there is none that fits. A file that
 * cannot be written is a remark, no error.
 */
bool load_index(const struct refs_state *state, struct edges *ret);
void save_index(const struct refs_state *state, const struct edges *edges, struct mo_report *report);

/* refs_search.c: all targets so far, and what points at them. */
struct search {
	const struct refs_state *state;
	struct target *targets;
	size_t n_targets, n_slots;
	uint64_t *known_kvas;    /* of the targets, sorted */
	struct reference_list found;
	struct edges edges;
	bool has_edges;
	bool is_to_root;
	size_t n_variables;      /* references from variables of the kernel and of modules */
	uint32_t percpu_depth;   /* of the first targets behind per-CPU memory; 0: none */
};
struct mo_error *search_users(struct search *search, uint64_t n_depths) MO_MUST_USE;
void free_search(struct search *search);
bool is_root_place(const struct mo_place *place);
/* What holds a reference. */
struct mo_place place_of(const struct refs_state *state, const struct reference *reference);
struct target target_of_place(const struct refs_state *state, const struct mo_place *place, uint64_t pa);

/* refs_needles.c: what is asked for: ADDRESS, SYMBOL[+OFFSET], pfn:N. */
struct mo_error *add_needles(struct search *search) MO_MUST_USE;
struct mo_error *add_target(struct search *search, const struct target *target) MO_MUST_USE;

/* refs_names.c: where a word lies, with member names: "task_struct.mm", "init_task.tasks.next", "kmalloc-192+24". */
struct namer {
	const struct refs_state *state;
	struct mo_cache_types types;
};
/* type: of the container, where it is known better than by its name; else NULL. *leaf_ret (may be NULL): of the member. */
void name_reference(struct namer *namer, const struct mo_place *place, const struct mo_type *type, char *text, size_t n_bytes,
		    const struct mo_type **leaf_ret);
/* The struct that a pointer of this type points at, if it may be as large as the object; else NULL. */
const struct mo_type *pointed_type(const struct refs_state *state, const struct mo_type *leaf, uint64_t object_bytes);

/* refs_view.c, refs_paths.c */
extern const struct mo_table_spec refs_table, paths_table;
struct mo_error *show_refs(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *put_paths(struct mo_report *report, struct search *search, struct namer *namer) MO_MUST_USE;

#endif
