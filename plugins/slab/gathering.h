/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_GATHERING_H
#define SLAB_GATHERING_H

/*
 * The model while it is being built, in this order: the caches of slab_caches (caches.c); every slab from a parallel
 * pass over the struct pages (scan.c) and which cache it belongs to (slab_index.c); who holds it (cpu_slabs.c, nodes.c);
 * the form of free-list pointers (freelist_form.c); every slab's free list in parallel (freelist.c); the free lists of
 * CPUs (cpu_slabs.c) and the sheaves (sheaves.c); the sums (sums.c).
 *
 * What cannot be read or makes no sense is noted as a fault of its slab, or as trouble of its cache; it never ends the
 * gathering.
 */

#include <memopsy/memmap.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/walk.h>

#include "slab_layout.h"

#define MAX_CACHES 65536
#define MAX_CACHE_BYTES 4096       /* of struct kmem_cache before its array of nodes */
#define MAX_CACHE_NAME_BYTES 128
#define MAX_SLAB_ORDER 16

/* How a free object's pointer to the next one is kept (mm/slub.c, freelist_ptr()). */
enum freelist_form {
	FREELIST_PLAIN,
	FREELIST_HARDENED,          /* xor with kmem_cache.random and the pointer's own address */
	FREELIST_SWAPPED,           /* the address byte-swapped: 5.7 (1ad53d9fa3f6), and backported */
	N_FREELIST_FORMS,
};

/* How slabs are told from other pages, and how words of the kernel are read. */
struct slab_shape {
	uint32_t page_struct_bytes;
	uint32_t word_bytes;
	bool is_big_endian;
	struct mo_page_type_test type; /* of a slab's first page; without a mask it is known by the flag */
	struct mo_page_type_test large_kmalloc; /* of a block's first page */
	uint64_t flag;
	uint64_t page_bytes;
	enum freelist_form form;
	bool is_slab;               /* SLAB: free objects are listed by their indexes, */
	unsigned index_bytes;       /* so wide each */
};

/* A slab as its struct page tells of it; indexes are those of mo_slab_model.slabs. */
struct slab_record {
	uint64_t pfn;
	uint64_t cache_kva;
	uint64_t freelist_kva;      /* SLUB: the first free object; SLAB: the array of indexes */
	uint64_t s_mem_kva;         /* SLAB: the first object */
	uint16_t objects;           /* SLAB: 0; its cache tells */
	uint16_t inuse;
	bool is_frozen;
};

/* One thing that is wrong, for the findings; the first ones of each kind are kept. */
struct slab_wrong {
	enum mo_slab_fault fault;
	uint64_t slab_kva;          /* of its struct page (struct slab) */
	uint64_t object_kva;        /* where it was noticed; 0: the slab itself */
	uint64_t value;             /* what stood there */
	uint32_t cache;
};
#define MAX_WRONGS 64

struct slab_state {
	struct mo_slab_model model; /* first, so that the model's address is the state's */
	struct mo_slab_cache *caches;
	size_t n_cache_slots;
	char (*names)[MAX_CACHE_NAME_BYTES]; /* one for each cache slot */
	struct mo_slab_node *nodes;
	size_t n_nodes, n_node_slots;
	struct mo_slab *slabs;
	struct slab_record *records; /* one for each slab */
	uint64_t *large_pfns;        /* of blocks of large kmalloc, while gathering */
	size_t n_large;
	uint32_t *slabs_by_cache;
	uint8_t *states;
	char shape_text[96];

	struct slab_shape shape;
	const struct slab_layout *layout;
	const struct mo_memmap *memmap;
	struct slab_wrong wrongs[MAX_WRONGS];
	size_t n_wrongs;
	bool is_live;               /* the kernel runs while it is read */
	uint64_t counted_kva;       /* not 0: arrays of free objects are looked through for this one, and nothing is marked */
	unsigned n_counted;
	uint64_t troubles;          /* lists and per-CPU data that could not be followed */
	char first_trouble[320];

	/* Only while gathering, or while a view is shown. */
	struct mo_run *run;
	struct mo_reader *reader;
};

/* slab_shape.c */
struct mo_error *choose_slab_shape(struct mo_kernel *kernel, const struct slab_layout *layout,
				   struct slab_shape *ret) MO_MUST_USE;
void describe_shape(struct slab_state *state);

/* slab_flags.c: the value of a flag of kmem_cache.flags; 0: this kernel has none such, or it is not known. */
uint32_t slab_flag(const struct slab_layout *layout, enum slab_flag flag);
void describe_slab_flags(const struct slab_layout *layout, uint32_t flags, char *text, size_t n_bytes);

/* caches.c */
struct mo_error *gather_caches(struct slab_state *state) MO_MUST_USE;
struct mo_error *add_unlisted_cache(struct slab_state *state, uint64_t cache_kva, uint16_t objects) MO_MUST_USE;
bool order_of_slab(const struct slab_state *state, const struct mo_slab_cache *cache, uint16_t objects, uint8_t *ret);

/* scan.c: fills records, ascending by pfn. */
struct mo_error *scan_slabs(struct slab_state *state) MO_MUST_USE;
/* What one struct page says now; false: it is no slab's first one, or cannot be read. */
bool read_slab_record(const struct slab_state *state, struct mo_reader *reader, uint64_t pfn, struct slab_record *ret);

/* large_kmalloc.c: the orders of the blocks that the scan found. */
void count_large_kmalloc(struct slab_state *state);

/* slab_index.c */
struct mo_error *index_slabs(struct slab_state *state) MO_MUST_USE;
struct mo_slab *slab_of_page(const struct slab_state *state, uint64_t page_kva); /* by struct page; NULL: no slab's */

/* nodes.c: counters and lists of partial slabs. */
struct mo_error *gather_slab_nodes(struct slab_state *state) MO_MUST_USE;

/* cpu_slabs.c */
/* The first words of what a CPU keeps of a cache, as they are now; false: none, or they cannot be read. */
#define CPU_SLAB_WORDS 3 /* freelist, tid, slab: what moves with the list */
struct cpu_slab_words {
	uint64_t words[CPU_SLAB_WORDS];
	uint64_t freelist_kva, slab_kva;
};
bool read_cpu_slab(const struct slab_state *state, struct mo_reader *reader, uint32_t cache, unsigned cpu, struct cpu_slab_words *ret);
void mark_cpu_slabs(struct slab_state *state);      /* before the free lists are walked */
void walk_cpu_freelists(struct slab_state *state);  /* after it */

/* freelist_form.c */
void choose_freelist_form(struct slab_state *state);

/* freelist.c */
struct freelist_walk {
	const struct slab_state *state;
	struct mo_reader *reader;
	const struct mo_slab *slab;
	const struct mo_slab_cache *cache;
	const uint8_t *view;
	uint64_t view_first, view_end; /* bytes of the slab that the view shows */
};
uint64_t decode_freelist_pointer(const struct slab_shape *shape, enum freelist_form form, uint64_t random, uint64_t raw,
				 uint64_t at_kva);
struct mo_error *read_slab_word(struct freelist_walk *walk, uint64_t offset, uint64_t *ret) MO_MUST_USE;
/* The object that a free-list pointer means; false: it means none of this slab. */
bool object_of_pointer(const struct slab_state *state, const struct mo_slab *slab, uint64_t pointer, uint32_t *ret);
/*
 * Walks a free list of a slab and gives its objects this state; `wrong` is filled if the list is at fault. Returns how
 * many objects were on it.
 */
uint32_t walk_freelist(struct slab_state *state, struct mo_reader *reader, const struct mo_slab *slab, uint64_t first_kva,
		       enum mo_object_state object_state, struct slab_wrong *wrong);
struct mo_error *walk_slab_freelists(struct slab_state *state) MO_MUST_USE;
void set_object_state(const struct slab_state *state, const struct mo_slab *slab, uint32_t index,
		      enum mo_object_state object_state);

/*
 * pointer_arrays.c: gives the objects that these pointers point to a state; each pointer less first_byte is where its user
 * sees the object.
 */
struct mo_error *mark_pointed_objects(struct slab_state *state, uint32_t cache, uint64_t pointers_kva, uint64_t n_pointers,
				      uint64_t first_byte, enum mo_object_state object_state) MO_MUST_USE;

/* index_freelist.c: the free objects of a slab of SLAB; returns how many. After the caches. */
void choose_index_bytes(struct slab_state *state);
uint32_t walk_index_freelist(struct slab_state *state, struct mo_reader *reader, const struct mo_slab *slab,
			     uint64_t indexes_kva, struct slab_wrong *wrong);

/* array_caches.c: what CPUs and nodes keep of SLAB's free objects. After the free lists. */
void mark_array_caches(struct slab_state *state);
struct mo_error *count_array(const struct slab_state *state, uint64_t array_kva, uint64_t *ret) MO_MUST_USE;

/* sheaves.c */
void mark_sheaves(struct slab_state *state);
/* How many times the sheaves of a cache have an object. */
unsigned count_in_sheaves(struct slab_state *state, uint32_t cache, uint64_t kva);

/* standing.c: of a kernel that runs, which faults are still there when the slab is looked at again. After all lists. */
struct mo_error *check_faults_stand(struct slab_state *state) MO_MUST_USE;

/* looks_free.c: the model's way to ask whether an object holds a free pointer now. */
bool object_looks_free(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab, uint32_t index);

/* tracks.c: the model's way to one object's track. */
struct mo_error *read_object_track(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab,
				   uint32_t index, bool is_of_free, struct mo_slab_track *ret) MO_MUST_USE;

/* sums.c */
struct mo_error *sum_up_slabs(struct slab_state *state) MO_MUST_USE;

/* untold.c: what becomes unknown of a slab: all that no list told of, or what may be free beyond a list's fault. */
void forget_rest(const struct slab_state *state, const struct mo_slab *slab);
void forget_untold(struct slab_state *state, struct mo_reader *reader, const struct mo_slab *slab, enum mo_slab_fault fault);

/* faults.c */
void note_wrong(struct slab_state *state, struct mo_slab *slab, const struct slab_wrong *wrong);
void note_trouble(struct slab_state *state, struct mo_error *error); /* and frees it */
void report_slab_faults(struct slab_state *state);
/* Whether a CPU inside the allocator leaves a slab like that for a moment. */
bool may_be_passing(const struct slab_state *state, const struct mo_slab *slab);
extern const char *const fault_names[MO_N_SLAB_FAULTS];
extern const char *const object_state_names[MO_N_OBJECT_STATES];
extern const char *const slab_place_names[MO_N_SLAB_PLACES];

#endif
