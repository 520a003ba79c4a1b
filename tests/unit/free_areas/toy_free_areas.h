/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_FREE_AREAS_H
#define MO_TOY_FREE_AREAS_H

/*
 * A machine of 512 page frames with one memory map: zone DMA has the first 128, zone Normal the rest. Free are
 *
 *	DMA:    order 0 Unmovable 3, 5, 7;  order 2 Movable 8, 16, 32
 *	Normal: order 1 Movable 128, 132, 136;  order 3 Unmovable 256, 272
 *	CPU 0, Normal: order 0 Movable 300, 301;  order 1 Unmovable 310
 *
 * and all pageblocks (of 8 pages) are Movable but the first three of each zone, which are Unmovable.
 */

#include "fake_run.h"

#include <memopsy/free_areas.h>

#define TOY_ZONE(index) (BASE_KVA + 0x10000 + (index) * 0x1000ull)
#define TOY_MEM_MAP (BASE_KVA + 0x100000)
#define TOY_PAGE_BYTES 64ull
#define TOY_N_PAGES 512ull
#define TOY_N_ORDERS 4
#define TOY_N_TYPES 4

/* In a struct page. */
#define TOY_FLAGS 0
#define TOY_NEXT 8
#define TOY_PREV 16
#define TOY_ORDER 40
#define TOY_TYPE 48
#define TOY_BUDDY 0xffffff7fu

enum { TOY_UNMOVABLE, TOY_MOVABLE };

static inline uint64_t toy_page(uint64_t pfn)
{
	return TOY_MEM_MAP + pfn * TOY_PAGE_BYTES;
}

/* What links point to. */
static inline uint64_t toy_node(uint64_t pfn)
{
	return toy_page(pfn) + TOY_NEXT;
}

uint64_t toy_head(unsigned zone, unsigned order, unsigned type);
uint64_t toy_pcp_head(unsigned zone, unsigned cpu, unsigned list);
struct mo_kernel *toy_kernel(void);

/* Sets next of one node or head, and prev of another. */
void toy_set_next(struct mo_kernel *kernel, uint64_t node_kva, uint64_t next_kva);
void toy_set_prev(struct mo_kernel *kernel, uint64_t node_kva, uint64_t prev_kva);

/* Takes a page off its list, or puts it at the end of one. */
void toy_unlink(struct mo_kernel *kernel, uint64_t before_kva, uint64_t after_kva);
void toy_append(struct mo_kernel *kernel, uint64_t head_kva, uint64_t last_kva, uint64_t node_kva);

const struct mo_plugin *memopsy_plugin_entry_free_areas(void);

#endif
