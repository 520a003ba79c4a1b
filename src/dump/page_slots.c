/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page buffers of a reader, replaced by last use. */
#include "page_slots.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

struct mo_error *mo_page_slots_init(struct mo_page_slots *slots, size_t page_bytes)
{
	void *bytes;

	/* Aligned as pages are, for the sake of the codecs' copies. */
	if (posix_memalign(&bytes, 4096, page_bytes * MO_PAGE_SLOTS) != 0)
		return mo_error_no_memory();
	*slots = (struct mo_page_slots){ .bytes = bytes, .page_bytes = page_bytes };
	return NULL;
}

void mo_page_slots_deinit(struct mo_page_slots *slots)
{
	free(slots->bytes);
	slots->bytes = NULL;
}

void mo_page_slots_forget(struct mo_page_slots *slots)
{
	memset(slots->viewed_at, 0, sizeof(slots->viewed_at));
}

static const uint8_t *viewed(struct mo_page_slots *slots, unsigned slot)
{
	slots->viewed_at[slot] = ++slots->clock;
	slots->latest = slot;
	return slots->bytes + slot * slots->page_bytes;
}

const uint8_t *mo_page_slots_find(struct mo_page_slots *slots, uint64_t pfn)
{
	if (slots->pfn[slots->latest] == pfn && slots->viewed_at[slots->latest])
		return viewed(slots, slots->latest);
	for (unsigned slot = 0; slot < MO_PAGE_SLOTS; slot++) {
		if (slots->pfn[slot] == pfn && slots->viewed_at[slot])
			return viewed(slots, slot);
	}
	return NULL;
}

uint8_t *mo_page_slots_take(struct mo_page_slots *slots)
{
	unsigned oldest = 0;

	for (unsigned slot = 1; slot < MO_PAGE_SLOTS; slot++) {
		if (slots->viewed_at[slot] < slots->viewed_at[oldest])
			oldest = slot;
	}
	slots->viewed_at[oldest] = 0;
	slots->latest = oldest;
	return slots->bytes + oldest * slots->page_bytes;
}

void mo_page_slots_keep(struct mo_page_slots *slots, uint64_t pfn)
{
	slots->pfn[slots->latest] = pfn;
	(void)viewed(slots, slots->latest);
}
