/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where page->flags has zone and node (include/linux/page-flags-layout.h). */
#include "gathering.h"

#include <inttypes.h>

static bool names_zone(const struct page_shape *shape, uint64_t flags, const struct mo_zone *zone)
{
	uint64_t zone_index = flags >> shape->zone_shift & ((1ull << shape->zone_bits) - 1);
	uint64_t node_id = shape->node_bits ? flags >> shape->node_shift & ((1ull << shape->node_bits) - 1) : 0;

	return zone_index == zone->index && (!shape->knows_node || node_id == zone->node_id);
}

bool page_is_in_zone(const struct page_shape *shape, uint64_t flags, const struct mo_zone *zone)
{
	return !shape->knows_zone || names_zone(shape, flags, zone);
}

static unsigned bits_for(uint64_t n_values)
{
	unsigned bits = 0;

	while (bits < 16 && 1ull << bits < n_values)
		bits++;
	return bits;
}

/* The page frame that a zone begins with is in that zone: whether the flags say so, for all zones. */
static bool agrees(const struct free_areas_state *state, const struct page_shape *shape)
{
	const struct mo_zones_model *zones = state->zones_model;
	unsigned n_agreeing = 0;

	for (size_t i = 0; i < zones->n_zones; i++) {
		uint64_t page_kva;
		uint64_t flags;
		struct mo_error *error;

		if (!is_populated(&zones->zones[i]))
			continue;
		error = mo_pfn_to_page(state->memmap, zones->zones[i].start_pfn, &page_kva);
		if (!error)
			error = mo_read_field(state->reader, &state->layout->page->field.flags, page_kva, &flags);
		if (!error && !names_zone(shape, flags, &zones->zones[i]))
			return false;
		n_agreeing += !error;
		mo_error_destroy(error);
	}
	return n_agreeing > 0;
}

static uint64_t number_or_0(const struct mo_kernel *kernel, const char *key)
{
	int64_t value = 0;
	struct mo_error *error = mo_kernel_vmcoreinfo_number(kernel, key, &value);

	if (error)
		value = 0;
	mo_error_destroy(error);
	return value > 0 ? (uint64_t)value : 0;
}

/*
 * From the top of page->flags come the section (SPARSEMEM without VMEMMAP), the node (if there is room) and the zone. A
 * zonelist has an entry for each zone of each possible node, and one: that is how many nodes there may be.
 */
static void choose_zone(const struct free_areas_state *state, struct page_shape *shape)
{
	const struct free_areas_layout *layout = state->layout;
	const struct mo_kernel *kernel = mo_run_kernel(state->run);
	uint64_t n_zones = layout->node_zones.n_elements;
	uint64_t n_nodes = mo_has(&layout->zonerefs) && n_zones ? (layout->zonerefs.n_elements - 1) / n_zones : 1;
	unsigned flags_bits = layout->page->field.flags.width_bytes * 8u;
	uint64_t section_bits = number_or_0(kernel, "NUMBER(MAX_PHYSMEM_BITS)") -
				number_or_0(kernel, "NUMBER(SECTION_SIZE_BITS)");

	if (!n_zones || n_zones > 8)
		return;
	for (unsigned attempt = 0; attempt < 4 && !shape->knows_zone; attempt++) {
		struct page_shape trial = *shape;
		unsigned top = flags_bits;

		if (attempt & 2)
			top -= section_bits < 32 ? (unsigned)section_bits : 0;
		trial.node_bits = attempt & 1 ? 0 : bits_for(n_nodes);
		trial.zone_bits = bits_for(n_zones);
		if (trial.node_bits + trial.zone_bits >= top)
			continue;
		trial.node_shift = top - trial.node_bits;
		trial.zone_shift = trial.node_shift - trial.zone_bits;
		/* Too many nodes for the flags: the page's section tells its node. */
		trial.knows_node = !(attempt & 1);
		if (!agrees(state, &trial))
			continue;
		*shape = trial;
		shape->knows_zone = true;
	}
}

struct mo_error *choose_page_shape(struct free_areas_state *state)
{
	const struct free_areas_layout *layout = state->layout;
	const struct mo_page_shape *page = layout->page;
	const struct mo_field *const links[] = { &page->field.buddy_next, &page->field.buddy_prev };

	if (layout->list_head.size.bytes > 16)
		return mo_error_create(MO_E_CORRUPT, "struct list_head has %" PRIu64 " bytes", layout->list_head.size.bytes);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (!mo_has(links[i]) || links[i]->width_bytes != page->word_bytes ||
		    links[i]->offset_bytes + page->word_bytes > page->struct_bytes)
			return mo_error_create(MO_E_UNSUPPORTED, "how struct page links free blocks is unknown");
	state->shape.buddy = page->types[MO_PAGE_TYPE_BUDDY];
	choose_zone(state, &state->shape);
	return NULL;
}
