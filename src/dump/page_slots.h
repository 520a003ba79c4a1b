/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PAGE_SLOTS_H
#define MO_PAGE_SLOTS_H

/*
 * The page buffers of one reader: the last few pages that had to be made (decompressed, put together, read), the least
 * recently viewed one given up first. More of them than MO_DUMP_VIEWS_KEPT, so that a view lives as long as promised.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#include "dump.h"

#define MO_PAGE_SLOTS (2 * MO_DUMP_VIEWS_KEPT)

struct mo_page_slots {
	uint8_t *bytes;
	size_t page_bytes;
	unsigned latest;                    /* the slot viewed last */
	uint64_t clock;
	uint64_t pfn[MO_PAGE_SLOTS];
	uint64_t viewed_at[MO_PAGE_SLOTS]; /* 0: holds nothing */
};

struct mo_error *mo_page_slots_init(struct mo_page_slots *slots, size_t page_bytes) MO_MUST_USE;
void mo_page_slots_deinit(struct mo_page_slots *slots);

/* None holds anything any more; the buffers stay. */
void mo_page_slots_forget(struct mo_page_slots *slots);

/* The page, if it is held; it counts as viewed. NULL: it is not. */
const uint8_t *mo_page_slots_find(struct mo_page_slots *slots, uint64_t pfn);

/* A buffer of page_bytes to make a page in; it holds nothing until kept. */
uint8_t *mo_page_slots_take(struct mo_page_slots *slots);

/* The buffer taken last holds this page now. */
void mo_page_slots_keep(struct mo_page_slots *slots, uint64_t pfn);

#endif
