/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_OWNER_GATHERING_H
#define PAGE_OWNER_GATHERING_H

/* The model of page_owner while it is being gathered: groups of pages, allocation sites, stacks. */

#include <memopsy/containers.h>
#include <memopsy/memmap.h>
#include <memopsy/page_owner.h>
#include <memopsy/plugin.h>
#include <memopsy/trouble.h>

#include "page_owner_layout.h"

/* Groups by (order, handle), as they are counted. */
struct group_table {
	struct group {
		uint32_t handle;
		uint16_t order;
		bool has_one_gfp;
		uint32_t gfp_mask;
		uint64_t blocks, pages;
		uint64_t example_pfn;
		uint64_t oldest_ns, newest_ns;
	} *groups;
	size_t n, n_slots;
	struct mo_int_table index; /* of a group, by handle and order */
};

/* Tags that lie side by side: the kernel's own, or those of a module. */
struct tag_range {
	uint64_t start_kva;
	uint64_t n_tags;
	size_t first_site;
};

struct page_owner_state {
	struct mo_page_owner_model model; /* first: what is published */

	/* Of the gathering. */
	struct mo_run *run;
	struct mo_reader *reader;

	const struct page_owner_layout *layout;
	const struct mo_memmap *memmap;
	unsigned word_bytes;
	bool is_big_endian;
	uint64_t ext_bytes;          /* of one page's struct page_ext with all that follows it; 0: none */
	uint64_t owner_offset;       /* of struct page_owner in it */
	bool has_owners;             /* they are kept, and their layout is known */
	bool has_tag_refs;           /* each page's has a reference to a tag */
	uint64_t tag_offset;
	bool has_tag_indexes;        /* page->flags has the index of a tag */
	unsigned tag_shift;
	uint64_t tag_mask;
	uint64_t kernel_tags_kva, n_kernel_tags, module_tags_kva;

	struct mo_page_owner_group *groups;
	struct mo_page_owner_stack *stacks;
	uint64_t *frames;
	struct mo_alloc_site *sites;
	size_t n_sites;
	struct tag_range *ranges;    /* ascending by address */
	size_t n_ranges;
	char *words;                 /* the sites' strings */

	struct mo_trouble broken_setup;
	struct mo_trouble broken_sites;
	struct mo_trouble broken_records;
	struct mo_trouble broken_stacks;
};

void report_trouble(struct page_owner_state *state);

/* page_ext.c: whether and where records are kept. */
struct mo_error *find_records(struct page_owner_state *state) MO_MUST_USE;
/* A static key's state; an unbound key is off. */
struct mo_error *read_key(const struct page_owner_state *state, const struct mo_address *key, bool *ret) MO_MUST_USE;
const struct mo_memmap_section *section_of(const struct mo_memmap *memmap, uint64_t pfn);
/* The struct page_ext of a page frame of that section. */
static inline uint64_t page_ext_kva(const struct page_owner_state *state, const struct mo_memmap_section *section, uint64_t pfn)
{
	return section->page_ext_kva + state->ext_bytes * pfn;
}
/* What page_owner says of a page, out of the bytes of its struct page_ext. */
static inline bool has_ext_flag(const struct page_owner_state *state, const void *ext, const struct mo_constant *flag)
{
	return mo_get(&state->layout->ext_flags, ext) >> flag->value & 1;
}
/*
 * What was on the CPUs' lists of free pages when page_owner started was recorded as taken early, without a mask, and is so
 * still if it was given back to the buddy allocator and not taken since. page_owner does not list free blocks.
 */
bool is_free_after_all(const struct page_owner_state *state, struct mo_reader *reader, uint64_t pfn);
static inline bool may_be_free(uint16_t order, uint32_t gfp_mask)
{
	return !order && !gfp_mask;
}
struct mo_error *find_record(const struct mo_page_owner_model *model, struct mo_reader *reader, uint64_t pfn,
			     struct mo_page_owner_record *ret) MO_MUST_USE;

/* alloc_sites.c */
struct mo_error *gather_sites(struct page_owner_state *state) MO_MUST_USE;

/* page_tags.c: the site that a page's tag is of; n_sites: none. */
struct mo_error *find_page_tags(struct page_owner_state *state) MO_MUST_USE;
size_t site_of_tag(const struct page_owner_state *state, uint64_t tag_kva);
size_t site_of_ext(const struct page_owner_state *state, const void *ext);
size_t site_of_page_flags(const struct page_owner_state *state, uint64_t flags);

/* groups.c */
#define MAX_GROUPS (1u << 22)
struct mo_error *add_group(struct group_table *table, const struct group *group) MO_MUST_USE;
void group_table_deinit(struct group_table *table);

/* scan.c: one pass over all records; *ret is to be deinitialised. */
struct mo_error *scan_records(struct page_owner_state *state, struct group_table *ret) MO_MUST_USE;

/* stacks.c: makes the model's groups and stacks of what was counted. */
struct mo_error *make_groups(struct page_owner_state *state, const struct group_table *table) MO_MUST_USE;
/* The function that a return address is in. */
struct mo_error *symbol_of_frame(const struct mo_symbols *symbols, uint64_t kva, struct mo_symbol *ret) MO_MUST_USE;
const struct mo_page_owner_stack *stack_of_handle(const struct mo_page_owner_model *model, uint32_t handle);

/* allocators.c: whether a function is one of the kernel's allocators, not their user. */
bool is_allocator(const char *function);

/* Views. */
extern const struct mo_table_spec page_owner_table, page_owner_blocks_table, page_owner_record_table, page_owner_stack_table,
	allocinfo_table;
struct mo_error *show_page_owner(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_allocinfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
/* record_view.c */
struct mo_error *parse_pfn(const char *word, uint64_t *ret) MO_MUST_USE;
struct mo_error *show_record(struct mo_run *run, struct mo_report *report, const char *word) MO_MUST_USE;
/* page_owner_view.c: FUNCTION+0xOFFSET [MODULE]; returns the length. */
size_t describe_frame(const struct mo_kernel *kernel, uint64_t kva, char *text, size_t n_bytes);

#endif
