/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_FACTS_H
#define PAGE_FACTS_H

/* One struct page in words, for the views; the scan does without. */

#include "gathering.h"

/* Names of page->flags bits, as enum pageflags has them, without PG_. */
struct flag_names {
	const char *names[64];          /* NULL: no such flag */
	uint64_t all;                   /* bits that are flags; the others say zone, node and section */
};
struct mo_error *find_flag_names(struct mo_kernel *kernel, struct flag_names *ret) MO_MUST_USE;
/* "lru,dirty"; "" if none is set. */
void describe_flags(const struct flag_names *names, const struct page_shape *shape, uint64_t flags, char *text,
		    size_t n_bytes);
/* The mask of a flag by name ("dirty", "PG_dirty", "swapcache"); 0: no such flag. */
uint64_t flag_by_name(const struct flag_names *names, const struct page_shape *shape, const char *name);

struct page_facts {
	uint64_t flags;                 /* flag bits only */
	uint64_t raw_flags;
	uint64_t mapping;               /* as it stands, low bits too */
	uint64_t private_;
	uint64_t compound;
	uint32_t page_type;
	int64_t refcount;
	struct mo_count mapcount;       /* as the kernel counts it for a small page; large ones: unknown */
	unsigned order;                 /* of a head page or free block; else 0 */
	bool is_tail;
	bool is_head;
	uint64_t head_kva;              /* of a tail page */
	bool has_mapping;               /* mapping is one: the class uses it so */
};

/*
 * From the bytes of the struct page and of the next one (NULL: not known; then no order). The class tells what
 * overlaid members mean.
 */
void decode_page(const struct page_shape *shape, uint64_t page_kva, enum mo_page_class class, const uint8_t *page,
		 const uint8_t *second, uint64_t flag_bits, struct page_facts *ret);

/* The migrate type of a page frame's pageblock; NULL: not known. */
const char *migratetype_name(const struct mo_free_areas_model *free_areas, uint64_t pfn);

/* Who owns a page, in one phrase; "" if nobody is known. */
void describe_owner(struct mo_reader *reader, const struct mem_map_layout *layout, enum mo_page_class class,
		    uint64_t page_kva, const struct page_facts *facts, char *text, size_t n_bytes);

#endif
