/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of nodes, zones, their reserves and free lists: show_free_areas() (mm/show_mem.c). */
#include "events.h"

#include <string.h>

#define MAX_ZONES 4096

/* "Node 3 " in kernels with NUMA; others have no nodes to tell apart. */
bool take_node(struct span *line, uint32_t *node_id)
{
	uint64_t number = 0;
	bool is_named = span_skip(line, "Node ");

	if (is_named && (!span_number(line, &number) || number > UINT16_MAX || !span_skip(line, " ")))
		return false;
	*node_id = (uint32_t)number;
	return true;
}

/* The names that zones have had; a line is of a zone only with one of them. */
bool take_zone_name(struct span *line, char *name, size_t name_bytes)
{
	static const char *const names[] = { "DMA32", "DMA", "Normal", "HighMem", "Movable", "Device" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span rest = *line;

		if (!span_skip(&rest, names[i]) || !rest.n || (*rest.at != ' ' && *rest.at != ':'))
			continue;
		span_copy((struct span){ names[i], strlen(names[i]) }, name, name_bytes);
		*line = rest;
		return true;
	}
	return false;
}

struct mo_oom_zone *zone_of(struct draft *draft, uint32_t node_id, const char *name)
{
	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].node_id == node_id && !strcmp(draft->zones[i].name, name))
			return &draft->zones[i];
	return NULL;
}

static struct mo_oom_zone *add_zone(struct log_scan *scan, struct draft *draft, uint32_t node_id, const char *name)
{
	struct mo_oom_zone *zones;

	if (draft->n_zones >= MAX_ZONES)
		return NULL;
	zones = grow(scan, draft->zones, draft->n_zones, &draft->zones_room, sizeof(*zones));
	if (!zones)
		return NULL;
	draft->zones = zones;
	zones = &zones[draft->n_zones++];
	*zones = (struct mo_oom_zone){ .node_id = node_id };
	span_copy((struct span){ name, strlen(name) }, zones->name, sizeof(zones->name));
	return zones;
}

static struct mo_count kib_pages(const struct log_scan *scan, struct span line, const char *key)
{
	return pages_of_kib(scan, span_count_of(line, key));
}

static void take_zone_numbers(struct log_scan *scan, struct draft *draft, struct mo_oom_zone *zone, struct span line)
{
	zone->free_pages = kib_pages(scan, line, "free");
	zone->boost_pages = kib_pages(scan, line, "boost");
	zone->min_pages = kib_pages(scan, line, "min");
	zone->low_pages = kib_pages(scan, line, "low");
	zone->high_pages = kib_pages(scan, line, "high");
	zone->reserved_highatomic_pages = kib_pages(scan, line, "reserved_highatomic");
	zone->free_highatomic_pages = kib_pages(scan, line, "free_highatomic");
	zone->free_cma_pages = kib_pages(scan, line, "free_cma");
	zone->free_pcp_pages = kib_pages(scan, line, "free_pcp");
	zone->present_pages = kib_pages(scan, line, "present");
	zone->managed_pages = kib_pages(scan, line, "managed");
	for (unsigned i = 0; i < N_COUNTERS; i++)
		zone->counters_kib[i] = span_count_of(line, counter_names[i]);
	add_to(&draft->zspages_kib, span_count_of(line, "zspages"));
	/* Until 4.7 zones had what nodes have since; until then the stacks came as kernel_stack of the zone. */
	add_to(&draft->kernel_stack_kib, span_count_of(line, "kernel_stack"));
}

static bool take_zone_line(struct log_scan *scan, struct stream *stream, uint32_t node_id, const char *name, struct span line)
{
	struct draft *draft = draft_for_numbers(scan, stream);

	if (!draft)
		return true;
	if (zone_of(draft, node_id, name)) {
		draft->is_interleaved = true;
		stream->zone = NULL;
		return true;
	}
	stream->zone = add_zone(scan, draft, node_id, name);
	if (!stream->zone)
		return true;
	draft->parts |= PART_ZONES;
	take_zone_numbers(scan, draft, stream->zone, line);
	return true;
}

/* "lowmem_reserve[]: 0 429 429": in pages, of the zone before. */
static bool take_reserve(struct stream *stream, struct span line)
{
	struct mo_oom_zone *zone = stream->zone;
	int64_t value;

	if (!span_skip(&line, "lowmem_reserve[]:"))
		return false;
	for (span_blanks(&line); zone && zone->n_lowmem_reserve < MO_OOM_RESERVES && span_signed(&line, &value);
	     span_blanks(&line))
		zone->lowmem_reserve_pages[zone->n_lowmem_reserve++] = value > 0 && value < INT32_MAX ? (uint64_t)value : 0;
	stream->zone = NULL;
	return true;
}

/* The letters behind a number of blocks; without them any list will do. */
static unsigned lists_of(struct span line)
{
	static const struct {
		char letter;
		unsigned list;
	} lists[] = { { 'U', MO_OOM_LIST_ORDINARY }, { 'M', MO_OOM_LIST_ORDINARY }, { 'E', MO_OOM_LIST_ORDINARY },
		      { 'R', MO_OOM_LIST_ORDINARY }, { 'H', MO_OOM_LIST_HIGHATOMIC }, { 'C', MO_OOM_LIST_CMA },
		      { 'I', MO_OOM_LIST_ISOLATED } };
	unsigned found = 0;

	if (!span_skip(&line, "("))
		return MO_OOM_LIST_ORDINARY;
	line = span_until(line, ')');
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (memchr(line.at, lists[i].letter, line.n))
			found |= lists[i].list;
	return found;
}

/*
 * "1*4kB (M) 0*8kB 2*16kB (UE) = 36kB": blocks by order, and which lists have some. Without letters (before 3.7 and
 * where they are cut) any list will do. H are kept for atomic requests, C is CMA, I is isolated: not for an ordinary
 * request.
 */
static void take_blocks(struct mo_oom_zone *zone, struct span line)
{
	uint64_t kib;

	for (zone->n_orders = 0; zone->n_orders < MO_OOM_ORDERS; zone->n_orders++) {
		uint64_t blocks;

		span_blanks(&line);
		if (!span_number(&line, &blocks) || !span_skip(&line, "*") || !span_number(&line, &kib))
			break;
		if (!span_skip(&line, "kB"))
			break;
		zone->free_blocks[zone->n_orders] = blocks;
		zone->has_usable[zone->n_orders] = blocks != 0;
		span_blanks(&line);
		if (blocks)
			zone->lists |= lists_of(line);
		if (span_skip(&line, "(")) {
			struct span letters = span_until(line, ')');

			zone->has_usable[zone->n_orders] = memchr(letters.at, 'U', letters.n) ||
							   memchr(letters.at, 'M', letters.n) ||
							   memchr(letters.at, 'E', letters.n) ||
							   memchr(letters.at, 'R', letters.n);
			line.at += letters.n;
			line.n -= letters.n;
			span_skip(&line, ")");
		}
	}
}

static bool take_orders_line(struct stream *stream, uint32_t node_id, const char *name, struct span line)
{
	struct draft *draft = stream->draft;
	struct mo_oom_zone *zone = draft && !draft->is_closed ? zone_of(draft, node_id, name) : NULL;

	if (!line.n || *line.at < '0' || *line.at > '9')
		return false;
	if (!zone || zone->n_orders)
		return true;
	draft->parts |= PART_ORDERS;
	take_blocks(zone, line);
	return true;
}

/* "Node 0 active_anon:2644kB ... kernel_stack:944kB pagetables:1128kB ... all_unreclaimable? yes" (4.8 on) */
static bool take_node_line(struct log_scan *scan, struct stream *stream, uint32_t node_id, struct span line)
{
	struct draft *draft = draft_for_numbers(scan, stream);

	if (!draft)
		return true;
	draft->parts |= PART_NODES;
	if (node_id < 64)
		draft->nodes_seen |= 1ull << node_id;
	for (unsigned i = 0; i < N_COUNTERS; i++)
		add_to(&draft->node_kib[i], span_count_of(line, counter_names[i]));
	add_to(&draft->kernel_stack_kib, span_count_of(line, "kernel_stack"));
	return true;
}

static bool begins_with(struct span span, const char *literal)
{
	return span_skip(&span, literal);
}

bool take_zone(struct log_scan *scan, struct stream *stream, struct span line)
{
	char name[16];
	uint32_t node_id;
	struct span rest = line;

	if (take_reserve(stream, line))
		return true;
	if (!take_node(&rest, &node_id))
		return false;
	if (rest.n != line.n && begins_with(rest, "active_anon:"))
		return take_node_line(scan, stream, node_id, rest);
	if (!take_zone_name(&rest, name, sizeof(name)))
		return false;
	if (span_skip(&rest, ": "))
		return take_orders_line(stream, node_id, name, rest);
	if (span_skip(&rest, " ") && begins_with(rest, "free:"))
		return take_zone_line(scan, stream, node_id, name, rest);
	return false;
}
