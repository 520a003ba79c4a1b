/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct pglist_data and its zones (include/linux/mmzone.h). */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

#include <memopsy/walk.h>

static uint64_t zones_per_node(const struct zones_layout *layout)
{
	uint64_t count = layout->pgdat.node_zones.n_elements;

	return count > MAX_ZONES_PER_NODE ? MAX_ZONES_PER_NODE : count;
}

static struct mo_count watermark(const struct zones_layout *layout, const uint8_t *zone, const struct mo_constant *which)
{
	if (!mo_has(which) || which->value < 0 || (uint64_t)which->value >= layout->zone.watermark.n_elements)
		return mo_unknown();
	return mo_exact(mo_get_element(&layout->zone.watermark, zone, (uint64_t)which->value));
}

static struct mo_count free_pages(const struct zones_layout *layout, const uint8_t *zone)
{
	const struct mo_constant *item = &layout->zone_items[AT_NR_FREE_PAGES];
	int64_t value;

	if (!mo_has(item) || item->value < 0 || (uint64_t)item->value >= layout->zone.vm_stat.n_elements)
		return mo_unknown();
	value = (int64_t)mo_get_element(&layout->zone.vm_stat, zone, (uint64_t)item->value);
	return mo_exact(value < 0 ? 0 : (uint64_t)value);
}

static void decode_zone(const struct zones_state *state, const uint8_t *bytes, struct mo_zone *zone, char *name,
			size_t name_bytes)
{
	const struct zones_layout *layout = state->layout;
	struct mo_error *error;

	/* The name is the last to be read: it lies elsewhere, and a zone without it is still a zone. */
	error = mo_read_string(state->reader, mo_get(&layout->zone.name, bytes), name, name_bytes, NULL);
	if (error)
		snprintf(name, name_bytes, "zone%u", zone->index);
	mo_error_destroy(error);
	zone->name = name;
	zone->start_pfn = mo_get(&layout->zone.start_pfn, bytes);
	zone->spanned_pages = mo_exact(mo_get(&layout->zone.spanned_pages, bytes));
	zone->present_pages = mo_exact(mo_get(&layout->zone.present_pages, bytes));
	zone->managed_pages = mo_exact(mo_get(&layout->zone.managed_pages, bytes));
	zone->watermark_pages[MO_WMARK_MIN] = watermark(layout, bytes, &layout->wmark_min);
	zone->watermark_pages[MO_WMARK_LOW] = watermark(layout, bytes, &layout->wmark_low);
	zone->watermark_pages[MO_WMARK_HIGH] = watermark(layout, bytes, &layout->wmark_high);
	zone->watermark_pages[MO_WMARK_PROMO] = watermark(layout, bytes, &layout->wmark_promo);
	zone->watermark_boost_pages = mo_exact(
		mo_has(&layout->zone.watermark_boost) ? mo_get(&layout->zone.watermark_boost, bytes) : 0);
	zone->free_pages = free_pages(layout, bytes);
	decode_zone_details(layout, bytes, zone);
}

static void add_zones(struct zones_state *state, struct mo_node *node, uint8_t *buffer)
{
	const struct zones_layout *layout = state->layout;

	node->first_zone = state->model.n_zones;
	for (unsigned i = 0; i < zones_per_node(layout); i++) {
		struct mo_zone *zone = &state->zones[state->model.n_zones];
		uint64_t zone_kva = mo_element_kva(&layout->pgdat.node_zones, node->pgdat_kva, i);
		struct mo_error *error = mo_read(state->reader, zone_kva, buffer, (size_t)layout->zone.size.bytes);
		char what[64];

		if (error) {
			snprintf(what, sizeof(what), "Zone %u of node %u", i, node->node_id);
			zones_unreadable(state, what, error);
			continue;
		}
		*zone = (struct mo_zone){ .node_id = node->node_id, .index = i, .zone_kva = zone_kva };
		decode_zone(state, buffer, zone, state->zone_names[state->model.n_zones], sizeof(state->zone_names[0]));
		state->model.n_zones++;
	}
	node->n_zones = state->model.n_zones - node->first_zone;
}

static struct mo_error *read_node(struct zones_state *state, unsigned node_id, uint64_t pgdat_kva, struct mo_node *ret)
{
	const struct zones_layout *layout = state->layout;
	struct mo_node node = { .node_id = node_id, .pgdat_kva = pgdat_kva };
	uint64_t spanned_pages;
	uint64_t present_pages;
	struct mo_error *error;

	error = mo_read_field(state->reader, &layout->pgdat.start_pfn, pgdat_kva, &node.start_pfn);
	if (!error)
		error = mo_read_field(state->reader, &layout->pgdat.spanned_pages, pgdat_kva, &spanned_pages);
	if (!error)
		error = mo_read_field(state->reader, &layout->pgdat.present_pages, pgdat_kva, &present_pages);
	if (error)
		return error;
	node.spanned_pages = mo_exact(spanned_pages);
	node.present_pages = mo_exact(present_pages);
	*ret = node;
	return NULL;
}

static struct mo_error *pgdat_address(const struct zones_state *state, unsigned node_id, uint64_t *ret)
{
	const struct zones_layout *layout = state->layout;

	if (!mo_has(&layout->node_data)) {
		*ret = layout->contig_page_data.kva;
		return NULL;
	}
	return mo_read_pointer(state->reader,
			       layout->node_data.kva +
				       node_id * mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes,
			       ret);
}

static struct mo_error *online_nodes(const struct zones_state *state, struct mo_set *ret)
{
	const struct zones_layout *layout = state->layout;

	if (mo_has(&layout->node_data))
		return mo_nodes(state->reader, "N_ONLINE", ret);
	if (!mo_has(&layout->contig_page_data))
		return mo_error_create(MO_E_ABSENT, "the kernel has neither node_data nor contig_page_data");
	*ret = (struct mo_set){ .words = { 1 }, .n_bits = 1 };
	return NULL;
}

struct mo_error *gather_nodes(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct mo_set online;
	struct mo_error *error = online_nodes(state, &online);
	unsigned n_nodes;
	uint8_t *buffer;

	if (error)
		return mo_error_prepend(error, "cannot tell which nodes are online");
	n_nodes = mo_set_count(&online);
	if (n_nodes > MAX_NODES || !layout->zone.size.bytes || layout->zone.size.bytes > 1 << 16)
		return mo_error_create(MO_E_CORRUPT, "%u nodes of zones of %" PRIu64 " bytes make no sense", n_nodes,
				       layout->zone.size.bytes);
	state->nodes = calloc(n_nodes + 1, sizeof(*state->nodes));
	state->zones = calloc(n_nodes * zones_per_node(layout) + 1, sizeof(*state->zones));
	state->zone_names = calloc(n_nodes * zones_per_node(layout) + 1, sizeof(*state->zone_names));
	buffer = malloc((size_t)layout->zone.size.bytes);
	if (!state->nodes || !state->zones || !state->zone_names || !buffer) {
		free(buffer);
		return mo_error_no_memory();
	}
	for (int node_id = mo_set_next(&online, 0); node_id >= 0; node_id = mo_set_next(&online, (unsigned)node_id + 1)) {
		struct mo_node *node = &state->nodes[state->model.n_nodes];
		uint64_t pgdat_kva = 0;
		char what[64];

		error = pgdat_address(state, (unsigned)node_id, &pgdat_kva);
		if (!error)
			error = read_node(state, (unsigned)node_id, pgdat_kva, node);
		if (error) {
			snprintf(what, sizeof(what), "Node %d", node_id);
			zones_unreadable(state, what, error);
			continue;
		}
		add_zones(state, node, buffer);
		state->model.n_nodes++;
	}
	free(buffer);
	state->model.nodes = state->nodes;
	state->model.zones = state->zones;
	return NULL;
}
