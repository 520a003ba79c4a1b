/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every CPU keeps for itself: lists of free pages (struct per_cpu_pages) and parts of the counters that are not
 * yet added (struct per_cpu_zonestat and per_cpu_nodestat; before 5.14 struct per_cpu_pageset had the zone's).
 */
#include "gathering.h"

#include <stdlib.h>

#define MAX_PERCPU_BYTES 8192

/* A struct of one CPU, as bytes. */
static struct mo_error *read_percpu(const struct zones_state *state, uint64_t percpu_kva, unsigned cpu,
				    const struct mo_size *size, uint8_t *bytes)
{
	uint64_t kva = 0;
	struct mo_error *error;

	if (!mo_has(size) || !size->bytes || size->bytes > MAX_PERCPU_BYTES)
		return mo_error_create(MO_E_ABSENT, "the kernel's type information lacks the per-CPU counters of zones");
	error = mo_percpu(state->reader, percpu_kva, cpu, &kva);
	if (!error)
		error = mo_read(state->reader, kva, bytes, (size_t)size->bytes);
	return mo_error_prepend(error, "cannot read %s of CPU %u", size->name, cpu);
}

static bool lies_within(const struct mo_field *field, const struct mo_size *size)
{
	return mo_has(field) && field->width_bytes && field->offset_bytes <= size->bytes &&
	       field->size_bytes <= size->bytes - field->offset_bytes;
}

/* An int that is never negative. */
static struct mo_count number(const struct mo_field *field, const struct mo_size *size, const uint8_t *bytes)
{
	int64_t value;

	if (!lies_within(field, size))
		return mo_unknown();
	value = mo_get_signed(field, bytes);
	return value < 0 ? mo_unknown() : mo_exact((uint64_t)value);
}

/* Adds one CPU's parts; the kernel keeps them as s8, u16 (before 5.14) or unsigned long. */
static bool add_parts(const struct mo_field *field, const struct mo_size *size, const uint8_t *bytes, int64_t *sums)
{
	if (!lies_within(field, size) || field->n_elements > MAX_STAT_ITEMS)
		return false;
	for (uint64_t i = 0; i < field->n_elements; i++) {
		int64_t part = mo_sign_(field, mo_get_element(field, bytes, i));

		if (!field->is_signed && field->width_bytes < 8)
			part &= (1ll << field->width_bytes * 8) - 1;
		sums[i] = (int64_t)((uint64_t)sums[i] + (uint64_t)part);
	}
	return true;
}

static struct mo_pageset decode_pageset(const struct zones_layout *layout, unsigned cpu, const uint8_t *bytes)
{
	struct mo_pageset pageset = {
		.cpu = cpu,
		.count_pages = number(&layout->pageset.count, &layout->pageset.size, bytes),
		.high_pages = number(&layout->pageset.high, &layout->pageset.size, bytes),
		.batch_pages = number(&layout->pageset.batch, &layout->pageset.size, bytes),
		.high_min_pages = number(&layout->pageset.high_min, &layout->pageset.size, bytes),
		.high_max_pages = number(&layout->pageset.high_max, &layout->pageset.size, bytes),
	};

	return pageset;
}

static struct mo_error *add_cpu_of_zone(const struct zones_state *state, unsigned cpu, uint64_t pagesets_kva,
					uint64_t zonestats_kva, struct mo_pageset *pageset, struct pending *sum)
{
	const struct zones_layout *layout = state->layout;
	uint8_t bytes[MAX_PERCPU_BYTES];
	struct mo_error *error = read_percpu(state, pagesets_kva, cpu, &layout->pageset.size, bytes);

	if (error)
		return error;
	*pageset = decode_pageset(layout, cpu, bytes);
	/* Without CONFIG_SMP nothing is ever pending. */
	if (!mo_has(&layout->per_cpu_offset) && !mo_has(&layout->zonestat.stat_diff))
		return NULL;
	error = read_percpu(state, zonestats_kva, cpu, &layout->zonestat.size, bytes);
	if (error)
		return error;
	pageset->stat_threshold = number(&layout->zonestat.stat_threshold, &layout->zonestat.size, bytes);
	sum->is_known &= add_parts(&layout->zonestat.stat_diff, &layout->zonestat.size, bytes, sum->items);
	if (mo_has(&layout->zonestat.numa))
		sum->is_known &= add_parts(&layout->zonestat.numa, &layout->zonestat.size, bytes, sum->numa);
	return NULL;
}

struct mo_error *add_zone_pending(struct zones_state *state, struct mo_zone *zone, const struct zone_cpus *cpus,
				  struct pending *sum)
{
	const struct zones_layout *layout = state->layout;
	struct mo_pageset *pagesets = (struct mo_pageset *)zone->pagesets;
	uint64_t pagesets_kva = 0;
	uint64_t zonestats_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->zone.pagesets))
		return mo_error_create(MO_E_ABSENT, "where struct zone keeps its per-CPU page sets is unknown");
	error = mo_read_field(state->reader, &layout->zone.pagesets, zone->zone_kva, &pagesets_kva);
	if (!error && mo_has(&layout->zone.zonestats))
		error = mo_read_field(state->reader, &layout->zone.zonestats, zone->zone_kva, &zonestats_kva);
	for (int cpu = mo_set_next(&cpus->possible, 0); cpu >= 0 && !error;
	     cpu = mo_set_next(&cpus->possible, (unsigned)cpu + 1)) {
		struct mo_pageset pageset = { .cpu = (unsigned)cpu };

		error = add_cpu_of_zone(state, (unsigned)cpu, pagesets_kva, zonestats_kva, &pageset, sum);
		if (mo_set_has(&cpus->running, (unsigned)cpu))
			pagesets[zone->n_pagesets++] = pageset;
	}
	return error;
}

struct mo_error *add_node_pending(const struct zones_state *state, uint64_t pgdat_kva, const struct mo_set *cpus,
				  struct pending *sum)
{
	const struct zones_layout *layout = state->layout;
	uint64_t nodestats_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->per_cpu_offset) && !mo_has(&layout->nodestat.stat_diff))
		return NULL;
	if (!mo_has(&layout->pgdat.per_cpu_nodestats))
		return mo_error_create(MO_E_ABSENT, "struct pglist_data has no per_cpu_nodestats");
	error = mo_read_field(state->reader, &layout->pgdat.per_cpu_nodestats, pgdat_kva, &nodestats_kva);
	for (int cpu = mo_set_next(cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(cpus, (unsigned)cpu + 1)) {
		uint8_t bytes[MAX_PERCPU_BYTES];

		error = read_percpu(state, nodestats_kva, (unsigned)cpu, &layout->nodestat.size, bytes);
		if (!error)
			sum->is_known &= add_parts(&layout->nodestat.stat_diff, &layout->nodestat.size, bytes, sum->items);
	}
	return error;
}
