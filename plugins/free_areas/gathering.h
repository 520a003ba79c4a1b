/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FREE_AREAS_GATHERING_H
#define FREE_AREAS_GATHERING_H

/*
 * The model while it is being built: migrate types and pageblocks (migratetypes.c, pageblocks.c), then every free list
 * (buddy_lists.c) and per-CPU list (pcp_lists.c) by the same checked walk (list_walk.c), then what the counters say
 * (checks.c). Nothing that goes wrong with one list costs another.
 */

#include <memopsy/free_areas.h>
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>
#include <memopsy/zones.h>

#include "free_areas_layout.h"

#define MAX_NAME_BYTES 24

/* How struct page is decoded here, chosen once (page_shape.c). */
struct page_shape {
	struct mo_page_type_test buddy;
	unsigned node_shift, node_bits;
	unsigned zone_shift, zone_bits;
	bool knows_zone;              /* what page->flags says of zone and node could be made out */
	bool knows_node;
};

/* A bit for each page frame that has a struct page and belongs to the page allocator. Any thread may mark. */
struct frame_set {
	const struct mo_memmap *memmap;
	uint64_t *first_bits;         /* one per run of the memory map */
	uint64_t *words;
};
struct mo_error *frame_set_init(struct frame_set *set, const struct mo_memmap *memmap) MO_MUST_USE;
void frame_set_deinit(struct frame_set *set);
enum frame_mark { FRAME_MARKED, FRAME_WAS_MARKED, FRAME_OUTSIDE };
enum frame_mark frame_set_mark(struct frame_set *set, uint64_t pfn, uint64_t n_pages);
bool frame_set_has(const struct frame_set *set, uint64_t pfn);

/* Which list: of a zone's free area, or of a CPU. */
struct list_place {
	size_t zone;                  /* index in the model "zones" */
	unsigned order;
	unsigned migratetype;         /* MO_MIGRATETYPE_UNKNOWN: a list for several */
	int cpu;                      /* -1: a list of the free area */
	uint64_t head_kva;
};

enum trouble_kind {
	TROUBLE_LINK,                 /* the link back does not lead to where the walk came from */
	TROUBLE_NO_PAGE,              /* the list leads to what is no struct page */
	TROUBLE_UNREADABLE,
	TROUBLE_LOOP,                 /* the list comes back to a page of its own */
	TROUBLE_TWICE,                /* the page is on another list as well */
	TROUBLE_NOT_FREE,             /* not marked as free, or on a per-CPU list and marked as free in the free area */
	TROUBLE_ORDER,
	TROUBLE_ALIGNMENT,
	TROUBLE_ZONE,
	N_TROUBLE_KINDS,
};

struct trouble {
	enum trouble_kind kind;
	struct list_place place;
	uint64_t node_kva;            /* the link that is meant */
	uint64_t from_kva;            /* where the walk came from */
	uint64_t found;               /* what stands there instead: a link, an order, page type, zone */
	uint64_t expected;
	uint64_t pfn;                 /* of the page; meaningless with TROUBLE_NO_PAGE */
	bool was_met;                 /* the page was on a list before; with TROUBLE_LINK, maybe on this one */
	char *why;                    /* TROUBLE_UNREADABLE; owned */
	struct trouble *next;
};

/* What became of one list. */
struct list_result {
	uint64_t n_blocks;
	uint64_t n_other_type;
	uint64_t n_troubles;
	struct trouble *troubles;     /* the first few; the last of them first */
	bool is_broken;               /* not all of the list was seen */
	bool seen_marked;              /* a page had been marked before */
};

struct free_areas_state {
	struct mo_free_areas_model model; /* first, so that the model's address is the state's */
	struct mo_zone_free_areas *zones;
	char names[MO_MAX_MIGRATETYPES][MAX_NAME_BYTES];
	struct mo_pageblock_run *pageblock_runs;
	uint8_t *pageblock_types;
	struct mo_pcp_block *pcp_blocks;
	size_t pcp_room;

	const struct mo_memmap *memmap;
	struct page_shape shape;
	const struct mo_zones_model *zones_model;

	/* Only while gathering, or while a view is shown. */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct free_areas_layout *layout;
	struct frame_set frames;
	uint64_t n_troubles_reported;
	uint64_t n_troubles_unreported;
};

/* A block as it was met on a list. */
struct list_block {
	uint64_t pfn;
	uint64_t page_kva;
};
typedef struct mo_error *(*block_function)(void *context, const struct list_place *place, const struct list_block *block);

/* page_shape.c */
struct mo_error *choose_page_shape(struct free_areas_state *state) MO_MUST_USE;
/* Whether page->flags name this zone; true if they cannot say. */
bool page_is_in_zone(const struct page_shape *shape, uint64_t flags, const struct mo_zone *zone);

/* give_back.c: struct pages that were looked at need not stay in this process's memory. */
void give_memory_map_back(const struct mo_memmap *memmap, struct mo_reader *reader);
/* After how many struct pages looked at that is worth its cost: least, and so many more for each view that it takes. */
uint64_t give_back_interval(const struct mo_memmap *memmap, uint64_t least, uint64_t for_each_view);

/* list_walk.c: one list, forwards; and from its end backwards to where it broke. block may be NULL. */
struct mo_error *walk_list(const struct free_areas_state *state, struct mo_reader *reader, struct frame_set *frames,
			   const struct list_place *place, block_function block, void *context,
			   struct list_result *result) MO_MUST_USE;
void list_result_deinit(struct list_result *result);

/* buddy_lists.c */
struct mo_error *gather_buddy_lists(struct free_areas_state *state) MO_MUST_USE;
bool is_populated(const struct mo_zone *zone);
size_t buddy_list_count(const struct free_areas_state *state);
struct list_place buddy_list_place(const struct free_areas_state *state, size_t index);

/* pcp_lists.c: every list of every online CPU of a zone, by place. */
typedef struct mo_error *(*pcp_list_function)(void *context, const struct list_place *place);
struct mo_error *for_each_pcp_list(const struct free_areas_state *state, size_t zone, pcp_list_function function,
				   void *context) MO_MUST_USE;
struct mo_error *gather_pcp_lists(struct free_areas_state *state) MO_MUST_USE;

/* migratetypes.c */
void gather_migratetypes(struct free_areas_state *state);

/* pageblocks.c */
struct mo_error *gather_pageblocks(struct free_areas_state *state) MO_MUST_USE;

/* checks.c: the counters against what was found. */
void check_counters(struct free_areas_state *state);

/* trouble.c */
void report_troubles(struct free_areas_state *state, struct list_result *result);
void report_unshown_troubles(struct free_areas_state *state);
void describe_place(const struct free_areas_state *state, const struct list_place *place, char *text, size_t text_bytes);
void report_unreadable(const struct free_areas_state *state, const char *what, struct mo_error *why);
/* The lock of a zone: unknown, 0 (free) or what it holds. */
struct mo_count zone_lock(const struct free_areas_state *state, const struct mo_zone *zone);

/* The state again for a view, with this run's reader. */
void view_state(struct mo_run *run, struct free_areas_state *ret);

/* The views. */
extern const struct mo_table_spec pagetypeinfo_table;
extern const struct mo_table_spec freelists_table;
struct mo_error *show_pagetypeinfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_freelists(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
