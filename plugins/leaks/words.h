/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_WORDS_H
#define LEAKS_WORDS_H

/*
 * What a word refers to. Addresses are strong references: of the direct map, of an area of vmalloc, and of a struct page
 * of a block. Numbers that may be physical addresses or page frames are weak ones: they are only noted.
 */

#include "gathering.h"

struct ref_list {
	struct mo_object_ref *refs;
	size_t n_refs, n_slots;
};

struct marking_thread {
	struct ref_list stack;
	struct ref_list left;        /* for the next round */
	uint64_t root_pages, missing_pages, missing_objects, deferred_objects, scanned_bytes;
	uint64_t *reached_from;      /* of grown caches: see grown.c; NULL: there are none */
	uint32_t source_cache;       /* of the object whose words are scanned; n_caches: it is none */
	bool is_out_of_memory;
} __attribute__((aligned(128)));

/* Where words come from. */
struct word_source {
	uint64_t kva;            /* of the first byte */
	uint32_t area_bytes;     /* so many bytes at its start are the borders of an area, not references: struct vmap_area */
	bool may_be_table;       /* a block of pages: perhaps a page table, of which only the lower levels say so */
	bool may_be_root_table;  /* a slab object: perhaps a top table of few entries */
	bool has_no_numbers;     /* nobody keeps physical addresses of what can be lost there */
	bool has_no_frames;      /* no page frame numbers: objects, which have serial numbers of every size (kernfs_node.id) */
	bool has_no_pages;       /* no pairs of struct page and offset: struct pages themselves */
};

bool append_ref(struct ref_list *list, struct mo_object_ref ref);

/* Marks what the words refer to, and remembers it for being followed. */
void scan_words(struct leaks_state *state, struct marking_thread *thread, const uint8_t *bytes, size_t n_bytes,
		struct word_source source);

/* Marks the blocks that entries of page tables map. */
void scan_table(struct leaks_state *state, struct marking_thread *thread, const uint8_t *bytes, size_t n_bytes);

/* Marks the block that a page frame belongs to. That an area's pages are mapped is no reference: its own mapping does so. */
void note_frame(struct leaks_state *state, struct marking_thread *thread, uint64_t pfn);

/*
 * new_slabs.c: of a kernel that runs, pages that were neither nodes nor roots when they were looked at. One that is pointed at is
 * remembered as a reference to STRANGER with its page frame number, once, and scanned if it is a slab's by now.
 */
#define STRANGER UINT32_MAX
struct mo_error *find_strangers(struct leaks_state *state) MO_MUST_USE;
void meet_stranger(struct leaks_state *state, struct marking_thread *thread, uint64_t pfn);
void scan_stranger(struct leaks_state *state, struct mo_reader *reader, struct marking_thread *thread, uint64_t pfn);

/* The node that an address refers to; false: none. */
bool node_at(const struct leaks_state *state, uint64_t word, struct mo_object_ref *ret);

/* The bytes of a node at one of its own addresses, as far as they are contiguous. */
struct mo_error *view_node(const struct leaks_state *state, struct mo_reader *reader, struct mo_object_ref ref, uint64_t kva,
			   uint64_t n_bytes, const void **ret, size_t *n_bytes_ret) MO_MUST_USE;

#endif
