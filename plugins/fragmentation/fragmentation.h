/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FRAGMENTATION_H
#define FRAGMENTATION_H

/*
 * What free memory is worth: which orders could be had (watermark.c), the kernel's own indexes (indexes.c), and what
 * stands in the way of more (pageblocks.c). All of it is made of the models zones, free_areas and mem_map.
 */

#include <memopsy/free_areas.h>
#include <memopsy/layout.h>
#include <memopsy/mem_map.h>
#include <memopsy/owners.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/zones.h>

struct fragmentation_layout {
	struct mo_constant zone_normal, zone_movable;
};
extern const struct mo_need_table fragmentation_needs;

struct models {
	const struct fragmentation_layout *layout;
	const struct mo_zones_model *zones;
	const struct mo_free_areas_model *free_areas;
	const struct mo_mem_map_model *mem_map; /* NULL: could not be had */
	uint64_t page_bytes;
};

/* Who asks: a kernel allocation (GFP_KERNEL), or user memory that may be moved (GFP_HIGHUSER_MOVABLE). */
enum request { REQUEST_KERNEL, REQUEST_MOVABLE, N_REQUESTS };

enum chance {
	CHANCE_UNKNOWN,
	CHANCE_YES,                   /* above the low watermark: at once */
	CHANCE_BELOW_LOW,             /* above the min watermark: kswapd is woken first */
	CHANCE_WATERMARK,             /* too few free pages */
	CHANCE_NO_BLOCK,              /* enough free pages, and no block of that order */
	CHANCE_OTHER_ZONE,            /* such a request never takes pages from this zone */
};
enum chance chance_of(const struct models *models, size_t zone, unsigned order, enum request request);
const char *chance_text(enum chance chance); /* NULL: unknown */
bool is_had(enum chance chance);

/* mm/vmstat.c: fill_contig_page_info(), __fragmentation_index(), unusable_free_index(); thousandths. */
struct indexes {
	struct mo_count suitable_blocks;
	bool is_known;
	int64_t fragmentation;        /* -1000: an allocation would find a block */
	uint64_t unusable;
};
struct indexes indexes_of(const struct models *models, size_t zone, unsigned order);

/* The pageblocks of one zone and migrate type. */
struct pageblock_sums {
	uint64_t blocks;
	uint64_t free_blocks;         /* wholly free */
	uint64_t movable_blocks;      /* hold pages in use, and all of them could be moved away */
	uint64_t stuck_blocks;        /* hold pages that cannot be moved */
	uint64_t free_pages;          /* in all of them; on per-CPU lists too */
	uint64_t stuck_pages;         /* that cannot be moved, in all of them */
};

struct zone_pageblocks {
	struct pageblock_sums types[MO_MAX_MIGRATETYPES + 1]; /* the last: of no known type */
	struct class_sums {
		uint64_t pages;
		uint64_t pages_in_movable; /* in pageblocks of type Movable */
		uint64_t blocks;           /* pageblocks that hold any */
	} classes[MO_N_PAGE_CLASSES];
};

/* One per zone of the model "zones"; to be freed. NULL in *ret if mem_map could not be had. */
struct mo_error *sum_pageblocks(const struct models *models, struct zone_pageblocks **ret) MO_MUST_USE;
bool class_is_stuck(unsigned class); /* compaction cannot move such pages */

bool is_populated(const struct mo_zone *zone);

/* demands.c: which orders are asked for. */
#define MAX_DEMAND_ORDERS 16
struct demands {
	uint64_t n_failed[MAX_DEMAND_ORDERS]; /* of each order above 0: allocations that failed, or for which a process was killed */
};
void note_failure(struct demands *demands, const char *bytes, size_t n_bytes); /* a line of the log */
unsigned largest_failed_order(const struct demands *demands); /* 0: none */
/* " 14 slab caches ask for slabs of order 2 or more (...), ... The log has ..."; empty: nobody is known to. */
void say_demands(const struct demands *demands, const struct mo_slab_model *slabs, unsigned order, char *text, size_t room);

/* The plugin's own model. */
struct fragmentation_state {
	struct models models;
	struct zone_pageblocks *sums; /* of each zone; NULL: the pages could not be classified */
	struct demands demands;
};

/* The views. */
extern const struct mo_table_spec fragmentation_table;
extern const struct mo_table_spec orders_table;
extern const struct mo_table_spec pageblocks_table;
extern const struct mo_table_spec in_the_way_table;
struct mo_error *show_fragmentation(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
void put_orders(const struct models *models, struct mo_report *report);
void put_pageblocks(const struct models *models, const struct zone_pageblocks *sums, struct mo_report *report);

/* findings.c */
struct mo_error *judge_fragmentation(struct mo_run *run) MO_MUST_USE;

#endif
