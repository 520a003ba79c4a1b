/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The migrate type of every pageblock: a few bits for each in the section's struct mem_section_usage, without SPARSEMEM
 * in the zone's pageblock_flags (mm/page_alloc.c: get_pfnblock_migratetype()).
 */
#include "gathering.h"

#include <stdlib.h>

#define MAX_FLAG_BYTES (1u << 20)    /* of one section or zone */
#define MIGRATETYPE_MASK 7u           /* PB_migrate_0 to _2; PB_migrate_end before */

struct pageblocks {
	struct free_areas_state *state;
	unsigned n_bits;              /* of a pageblock: NR_PAGEBLOCK_BITS */
	unsigned isolate_mask;        /* 0: isolation is a type like others */
	uint64_t n_unreadable;
	struct mo_error *first_error;
	size_t n_runs_room;
	size_t n_blocks_room;
	size_t n_blocks;
};

/* pageblock_order (include/linux/pageblock-flags.h): of a huge page, and no more than the page allocator hands out. */
static unsigned pageblock_order(const struct free_areas_state *state)
{
	const struct free_areas_layout *layout = state->layout;
	unsigned most = state->model.n_orders - 1;
	unsigned order = mo_kernel_facts(mo_run_kernel(state->run))->page_shift - 3;
	uint32_t variable = 0;
	struct mo_error *error = NULL;

	if (mo_has(&layout->pageblock_order)) {
		error = mo_read_u32(state->reader, layout->pageblock_order.kva, &variable);
		if (!error && variable && variable <= most)
			order = variable;
		mo_error_destroy(error);
	} else if (!mo_has(&layout->hugetlb_states) && !mo_has(&layout->huge_zero)) {
		order = most;
	}
	return order < most ? order : most;
}

static void choose_bits(struct pageblocks *blocks)
{
	const struct free_areas_layout *layout = blocks->state->layout;

	blocks->n_bits = 4;
	while (mo_has(&layout->n_pageblock_bits) && blocks->n_bits < layout->n_pageblock_bits.value && blocks->n_bits < 32)
		blocks->n_bits *= 2;
	if (mo_has(&layout->isolate_bit) && layout->isolate_bit.value > 2 &&
	    layout->isolate_bit.value < (int64_t)blocks->n_bits)
		blocks->isolate_mask = 1u << layout->isolate_bit.value;
}

/* Bits do not straddle bytes: there are 4 or 8 of them. In the words of a big-endian kernel the first byte is the last. */
static unsigned type_of_block(const struct pageblocks *blocks, const uint8_t *flags, uint64_t block)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(blocks->state->run));
	uint64_t bit = block * blocks->n_bits;
	uint64_t byte = bit / 8;
	unsigned value;

	if (facts->is_big_endian)
		byte ^= facts->pointer_bytes - 1;
	value = flags[byte] >> bit % 8;
	if (value & blocks->isolate_mask && blocks->state->model.migrate_isolate >= 0)
		return (unsigned)blocks->state->model.migrate_isolate;
	return value & MIGRATETYPE_MASK;
}

static void note(struct pageblocks *blocks, struct mo_error *error)
{
	blocks->n_unreadable++;
	if (blocks->first_error)
		mo_error_destroy(error);
	else
		blocks->first_error = error;
}

/* n pageblocks from first_pfn on, whose flags begin at flags_kva. */
static struct mo_error *add_blocks(struct pageblocks *blocks, uint64_t first_pfn, uint64_t n, uint64_t flags_kva)
{
	struct free_areas_state *state = blocks->state;
	struct mo_pageblock_run *last =
		state->model.n_pageblock_runs ? &state->pageblock_runs[state->model.n_pageblock_runs - 1] : NULL;
	/* Whole words, as the kernel allocates them. */
	uint64_t n_bytes = (n * blocks->n_bits + 63) / 64 * 8;
	uint8_t *types = state->pageblock_types + blocks->n_blocks;
	uint8_t *flags;
	struct mo_error *error;

	if (n > blocks->n_blocks_room - blocks->n_blocks)
		return NULL;
	flags = malloc((size_t)n_bytes);
	if (!flags)
		return mo_error_no_memory();
	error = flags_kva ? mo_read(state->reader, flags_kva, flags, (size_t)n_bytes) :
			    mo_error_create(MO_E_ABSENT, "a section has no pageblock flags");
	for (uint64_t i = 0; i < n; i++)
		types[i] = error ? MO_MIGRATETYPE_UNKNOWN : (uint8_t)type_of_block(blocks, flags, i);
	if (error)
		note(blocks, error);
	free(flags);
	blocks->n_blocks += (size_t)n;
	if (last && last->first_pfn + (last->n_blocks << state->model.pageblock_order) == first_pfn) {
		last->n_blocks += n;
		return NULL;
	}
	state->pageblock_runs[state->model.n_pageblock_runs++] =
		(struct mo_pageblock_run){ .first_pfn = first_pfn, .n_blocks = n, .migratetypes = types };
	return NULL;
}

static struct mo_error *make_room(struct pageblocks *blocks, size_t n_runs, uint64_t n_blocks)
{
	blocks->n_blocks_room = (size_t)n_blocks;
	blocks->state->pageblock_runs = calloc(n_runs + 1, sizeof(*blocks->state->pageblock_runs));
	blocks->state->pageblock_types = malloc((size_t)n_blocks + 1);
	return blocks->state->pageblock_runs && blocks->state->pageblock_types ? NULL : mo_error_no_memory();
}

static struct mo_error *gather_of_sections(struct pageblocks *blocks)
{
	const struct mo_memmap *memmap = blocks->state->memmap;
	const struct mo_field *flags = &blocks->state->layout->usage_flags;
	uint64_t offset_bytes = mo_has(flags) ? flags->offset_bytes : 0;
	uint64_t per_section = memmap->section_pages >> blocks->state->model.pageblock_order;
	struct mo_error *error;

	if (!per_section || per_section * blocks->n_bits / 8 > MAX_FLAG_BYTES)
		return mo_error_create(MO_E_UNSUPPORTED, "sections of %llu page frames in pageblocks of 2^%u",
				       (unsigned long long)memmap->section_pages, blocks->state->model.pageblock_order);
	error = make_room(blocks, memmap->n_sections, memmap->n_sections * per_section);
	for (size_t i = 0; i < memmap->n_sections && !error; i++) {
		const struct mo_memmap_section *section = &memmap->sections[i];

		error = add_blocks(blocks, section->first_pfn, per_section,
				   section->usage_kva ? section->usage_kva + offset_bytes : 0);
	}
	return error;
}

/* Without sections: from the pageblock that the zone begins in; zones of a node with one memory map do not overlap. */
static struct mo_error *gather_of_zones(struct pageblocks *blocks)
{
	struct free_areas_state *state = blocks->state;
	const struct mo_zones_model *zones = state->zones_model;
	uint64_t mask = (1ull << state->model.pageblock_order) - 1;
	uint64_t end_pfn = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->zone.pageblock_flags))
		return mo_error_create(MO_E_ABSENT, "where struct zone keeps pageblock_flags is unknown");
	error = make_room(blocks, zones->n_zones, (state->memmap->n_pages >> state->model.pageblock_order) + 2 * zones->n_zones);
	for (size_t i = 0; i < zones->n_zones && !error; i++) {
		const struct mo_zone *zone = &zones->zones[i];
		uint64_t first_pfn = zone->start_pfn & ~mask;
		uint64_t last_pfn = (zone->start_pfn + zone->spanned_pages.value - 1) | mask;
		uint64_t n = ((last_pfn - first_pfn) >> state->model.pageblock_order) + 1;
		uint64_t flags_kva = 0;

		if (!is_populated(zone) || first_pfn < end_pfn || last_pfn < first_pfn || !zone->spanned_pages.value ||
		    n > MAX_FLAG_BYTES)
			continue;
		error = mo_read_field(state->reader, &state->layout->zone.pageblock_flags, zone->zone_kva, &flags_kva);
		if (error) {
			note(blocks, error);
			error = NULL;
			continue;
		}
		error = add_blocks(blocks, first_pfn, n, flags_kva);
		end_pfn = first_pfn + (n << state->model.pageblock_order);
	}
	return error;
}

/* Whether the page frame's struct page says that it is in the zone, as page_zone() has it. */
static bool is_in_zone(struct free_areas_state *state, uint64_t page_kva, const struct mo_zone *zone, bool *is_readable)
{
	uint64_t flags = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->page->field.flags, page_kva, &flags);
	bool is_in = !error && page_is_in_zone(&state->shape, flags, zone);

	*is_readable = !error;
	mo_error_destroy(error);
	return is_in;
}

#define GIVE_BACK_PAGEBLOCKS 32 /* a struct page of each brings in its neighbours: some 1 MiB */
#define GIVE_BACK_PAGEBLOCKS_A_VIEW 2

/*
 * As pagetypeinfo_showblockcount_print() counts: from the zone's first page frame in steps of a pageblock, wherever the
 * memory map has a page of that zone.
 */
static void count_blocks(struct free_areas_state *state, size_t zone_index)
{
	const struct mo_zone *zone = &state->zones_model->zones[zone_index];
	struct mo_count *counts = state->zones[zone_index].pageblocks;
	uint64_t step = 1ull << state->model.pageblock_order;
	uint64_t end_pfn = zone->start_pfn + zone->spanned_pages.value;
	bool is_partial = state->memmap->n_unreadable_sections > 0;
	uint64_t found[MO_MAX_MIGRATETYPES] = { 0 };
	uint64_t give_back_pageblocks =
		give_back_interval(state->memmap, GIVE_BACK_PAGEBLOCKS, GIVE_BACK_PAGEBLOCKS_A_VIEW);
	uint64_t n_looked_at = 0;

	for (size_t i = 0; i < state->memmap->n_runs && end_pfn > zone->start_pfn; i++) {
		const struct mo_memmap_run *run = &state->memmap->runs[i];
		uint64_t pfn = zone->start_pfn;

		if (pfn < run->first_pfn)
			pfn += (run->first_pfn - pfn + step - 1) / step * step;
		for (; pfn < end_pfn && pfn >= run->first_pfn && pfn - run->first_pfn < run->n_pages; pfn += step) {
			uint64_t page_kva = run->first_page_kva + (pfn - run->first_pfn) * state->memmap->page_struct_bytes;
			unsigned type = mo_pageblock_type_of(&state->model, pfn);
			bool is_readable;

			if (is_in_zone(state, page_kva, zone, &is_readable) && type < state->model.n_migratetypes)
				found[type]++;
			is_partial |= !is_readable || type == MO_MIGRATETYPE_UNKNOWN;
			if (!(++n_looked_at % give_back_pageblocks))
				give_memory_map_back(state->memmap, state->reader);
		}
	}
	for (unsigned type = 0; type < state->model.n_migratetypes; type++)
		counts[type] = is_partial ? mo_at_least(found[type]) : mo_exact(found[type]);
}

struct mo_error *gather_pageblocks(struct free_areas_state *state)
{
	struct pageblocks blocks = { .state = state };
	struct mo_error *error;

	state->model.pageblock_order = pageblock_order(state);
	choose_bits(&blocks);
	error = state->memmap->n_sections ? gather_of_sections(&blocks) : gather_of_zones(&blocks);
	state->model.pageblock_runs = state->pageblock_runs;
	if (!error && blocks.first_error)
		error = mo_error_prepend(blocks.first_error, "%llu sections or zones",
					 (unsigned long long)blocks.n_unreadable);
	else
		mo_error_destroy(blocks.first_error);
	if (mo_error_ends_run(error))
		return error;
	if (error)
		report_unreadable(state, "The migratetypes of pageblocks", error);
	for (size_t i = 0; i < state->zones_model->n_zones; i++) {
		for (unsigned type = 0; type < state->model.n_migratetypes; type++)
			state->zones[i].pageblocks[type] = mo_exact(0);
		if (is_populated(&state->zones_model->zones[i]))
			count_blocks(state, i);
	}
	return NULL;
}
