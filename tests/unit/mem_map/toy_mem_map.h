/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_MEM_MAP_H
#define MO_TOY_MEM_MAP_H

/*
 * A memory map of 64-byte struct pages, in the encodings that kernels have had. Every page begins as one page of a direct
 * user: one reference, no flags, nothing mapped.
 */

#include "fake_run.h"

#include <memopsy/mem_map.h>

enum toy_encoding {
	TOY_6_1,  /* PG_slab, types as cleared bits, compound_order and compound_dtor of the second page */
	TOY_6_10, /* types as cleared bits above all others, order in _flags_1 */
	TOY_6_12, /* types in the top byte, order in _flags_1 */
	TOY_7_1,  /* as 6.12, with masks in compound_info and large kmalloc */
};

#define TOY_MAP_KVA 0xffffea0000000000ull
#define TOY_PAGES 8192u

/* What the dump lacks. */
#define TOY_EXCLUDED_PFN 7000u
#define TOY_EXCLUDED_PAGES 10u
#define TOY_HOLE_PFN 7100u
#define TOY_HOLE_PAGES 5u

/* The kernel image: text, data and init of four pages each. */
#define TOY_IMAGE_KVA 0xffffffff81000000ull
#define TOY_IMAGE_PFN 7200ull
#define TOY_IMAGE_PAGES 12u

enum toy_flag {
	TOY_LRU = 1 << 5,
	TOY_HEAD = 1 << 6,
	TOY_SLAB = 1 << 9,
	TOY_SWAPCACHE = 1 << 10,
	TOY_RESERVED = 1 << 12,
	TOY_SWAPBACKED = 1 << 17,
	TOY_UNEVICTABLE = 1 << 18,
	TOY_MLOCKED = 1 << 19,
	TOY_HWPOISON = 1 << 20,
};

enum toy_type { TOY_BUDDY, TOY_OFFLINE, TOY_TABLE, TOY_HUGETLB, TOY_TYPED_SLAB, TOY_ZSMALLOC, TOY_LARGE_KMALLOC };

struct toy {
	struct mo_kernel *kernel;
	enum toy_encoding encoding;
	struct mo_run *run;
	const struct mo_mem_map_model *model;
};

/* view_bytes: how much a view hands out at once; 0: all. n_pages 0: TOY_PAGES. */
void toy_init(struct toy *toy, enum toy_encoding encoding, uint64_t n_pages, size_t view_bytes);
void toy_destroy(struct toy *toy);

/* Writes into struct pages. */
void toy_flags(struct toy *toy, uint64_t pfn, uint64_t flags);
void toy_mapping(struct toy *toy, uint64_t pfn, uint64_t mapping);
void toy_refcount(struct toy *toy, uint64_t pfn, uint32_t refcount);
void toy_mapcount(struct toy *toy, uint64_t pfn, uint32_t raw);
void toy_type(struct toy *toy, uint64_t pfn, enum toy_type type);
void toy_compound_word(struct toy *toy, uint64_t pfn, uint64_t word);
/* A free block: its head's type and order, and no references within. */
void toy_free(struct toy *toy, uint64_t pfn, unsigned order);
/* A compound page: head flag (with others), order, and the tails' words. */
void toy_compound(struct toy *toy, uint64_t pfn, unsigned order, uint64_t flags);
/* Makes a compound page one of hugetlb. */
void toy_hugetlb(struct toy *toy, uint64_t pfn);
uint64_t toy_page_kva(uint64_t pfn);

/* Runs the plugin; the sums must hold. */
void toy_gather(struct toy *toy);

#define expect_class(toy, pfn, class) assert_int_equal(mo_page_class_of((toy)->model, pfn), class)
void expect_classes(const struct toy *toy, uint64_t first_pfn, uint64_t n_pages, enum mo_page_class class);

const struct mo_plugin *memopsy_plugin_entry_mem_map(void);

#endif
