/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Struct pages of mapped pages, and how often each is mapped: __page_mapcount() until 6.1, folio_precise_page_mapcount()
 * since, and folio_average_page_mapcount() where CONFIG_NO_PAGE_MAPCOUNT (6.15) leaves single pages uncounted.
 */
#include <memopsy/memmap.h>

#include "smaps.h"

#include <inttypes.h>

#define SHARED_BIT 31u /* FOLIO_MM_IDS_SHARED_BITNUM (include/linux/mm_types.h) */

struct mo_error *begin_page_reading(struct tasks_state *state, struct page_reading *ret)
{
	const struct tasks_layout *layout = state->layout;
	const struct mo_memmap *memmap = NULL;
	struct mo_error *error = mo_memmap(state->reader, &memmap);

	if (error)
		return error;
	*ret = (struct page_reading){ .state = state, .memmap = memmap, .huge_zero_pfn = UINT64_MAX };
	if (mo_has(&layout->huge_zero_pfn))
		mo_error_destroy(mo_read_pointer(state->reader, layout->huge_zero_pfn.kva, &ret->huge_zero_pfn));
	return NULL;
}

struct mo_error *read_mapped_page(const struct page_reading *reading, uint64_t pfn, struct mapped_page *ret)
{
	const struct mo_page_shape *shape = reading->state->layout->page;
	uint8_t raw[MO_PAGE_STRUCT_BYTES_MAX];
	struct mapped_page page = { 0 };
	struct mo_error *error = mo_pfn_to_page(reading->memmap, pfn, &page.kva);

	if (!error)
		error = mo_page_read(reading->state->reader, shape, page.kva, raw, &page.head_kva);
	if (error)
		return mo_error_prepend(error, "page frame 0x%" PRIx64, pfn);
	page.own_flags = mo_page_word(shape, raw, shape->at.flags, false);
	page.mapcount = (int32_t)mo_page_half(shape, raw, shape->at.mapcount, false);
	page.mapcount = page.mapcount < -1 ? 0 : page.mapcount == INT32_MAX ? INT32_MAX : page.mapcount + 1;
	page.is_compound = page.head_kva != page.kva || page.own_flags & shape->flag.head;
	if (page.head_kva != page.kva) {
		error = mo_read(reading->state->reader, page.head_kva, raw, shape->struct_bytes);
		if (error)
			return mo_error_prepend(error, "head of page frame 0x%" PRIx64, pfn);
	}
	page.flags = mo_page_word(shape, raw, shape->at.flags, false);
	page.mapping = mo_page_word(shape, raw, shape->at.mapping, false);
	page.refcount = (int32_t)mo_page_half(shape, raw, shape->at.refcount, false);
	*ret = page;
	return NULL;
}

/* An atomic_t of the folio that counts from -1. */
static struct mo_error *read_count(const struct page_reading *reading, uint64_t kva, int64_t *ret)
{
	uint32_t value = 0;
	struct mo_error *error = mo_read_u32(reading->state->reader, kva, &value);

	if (!error)
		*ret = (int64_t)(int32_t)value + 1;
	return error;
}

/* How often the folio is mapped as a whole. */
static struct mo_error *read_entire_mapcount(const struct page_reading *reading, const struct mapped_page *page, int64_t *ret)
{
	const struct tasks_layout *layout = reading->state->layout;

	if (mo_has(&layout->page->field.entire_mapcount))
		return read_count(reading, mo_field_kva(&layout->page->field.entire_mapcount, page->head_kva), ret);
	return mo_error_create(MO_E_ABSENT, "where large folios keep their map counts is unknown");
}

/* folio_average_page_mapcount(), folio_maybe_mapped_shared() */
static struct mo_error *average_mapcount(const struct page_reading *reading, const struct mapped_page *page, int64_t entire,
					 int64_t *mapcount, bool *is_exclusive)
{
	const struct tasks_layout *layout = reading->state->layout;
	struct mo_reader *reader = reading->state->reader;
	uint64_t flags_1 = 0;
	uint32_t ids = 0;
	int64_t all = 0;
	unsigned order;
	struct mo_error *error;

	error = read_count(reading, mo_field_kva(&layout->page->field.large_mapcount, page->head_kva), &all);
	if (!error)
		error = mo_read_u32(reader, mo_field_kva(&layout->page->field.mm_ids, page->head_kva), &ids);
	if (!error)
		error = mo_read_pointer(reader, mo_field_kva(&layout->page->field.folio_flags_1, page->head_kva), &flags_1);
	if (error)
		return error;
	order = (unsigned)(flags_1 & 31);
	*is_exclusive = all <= 1 || !(ids >> SHARED_BIT & 1);
	*mapcount = 0;
	if (all > 0 && all <= entire)
		*mapcount = entire;
	else if (all > 0)
		*mapcount = entire + ((all - entire + (1ll << order) / 2) >> order);
	if (all > 0 && *mapcount < 1)
		*mapcount = 1;
	return NULL;
}

struct mo_error *page_mapcount(const struct page_reading *reading, const struct mapped_page *page, int32_t *mapcount,
			       bool *is_exclusive)
{
	const struct tasks_layout *layout = reading->state->layout;
	int64_t count = page->mapcount;
	int64_t entire = 0;
	bool is_old = layout->page->flag.double_map;
	struct mo_error *error = NULL;

	if (page->is_compound && !(is_old && !(page->mapping & MO_MAPPING_ANON))) {
		uint64_t second_flags = 0;

		error = read_entire_mapcount(reading, page, &entire);
		if (!error && is_old)
			error = mo_read_field(reading->state->reader, &layout->page->field.flags,
					      page->head_kva + layout->page->struct_bytes, &second_flags);
		count += entire - !!(second_flags & layout->page->flag.double_map);
	}
	*is_exclusive = count < 2;
	/* A page that page tables map and that nobody counted: this kernel counts for whole folios. */
	if (!error && page->is_compound && count <= 0 && mo_has(&layout->page->field.mm_ids) && mo_has(&layout->page->field.large_mapcount) &&
	    mo_has(&layout->page->field.folio_flags_1))
		error = average_mapcount(reading, page, entire, &count, is_exclusive);
	*mapcount = count > INT32_MAX ? INT32_MAX : (int32_t)count;
	return error;
}

struct mo_error *hugetlb_mapcount(const struct page_reading *reading, const struct mapped_page *page, int32_t *ret)
{
	int64_t entire = 0;
	struct mo_error *error = read_entire_mapcount(reading, page, &entire);

	*ret = entire > INT32_MAX ? INT32_MAX : (int32_t)entire;
	return error;
}
