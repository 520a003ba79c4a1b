/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every order of every zone: what is free, what could be had, and the kernel's indexes. */
#include "fragmentation.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	COLUMN_NODE,
	COLUMN_ZONE,
	COLUMN_ORDER,
	COLUMN_BYTES,
	COLUMN_BLOCKS,
	COLUMN_SUITABLE,
	COLUMN_KERNEL,
	COLUMN_MOVABLE,
	COLUMN_INDEX,
	COLUMN_UNUSABLE,
	N_COLUMNS,
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[COLUMN_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT, .help = "of blocks of 2^ORDER pages" },
	[COLUMN_BYTES] = { .key = "block_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "of such a block" },
	[COLUMN_BLOCKS] = { .key = "free_blocks", .heading = "FREE", .kind = MO_CELL_COUNT,
			    .help = "free blocks of exactly this order (nr_free)" },
	[COLUMN_SUITABLE] = { .key = "suitable_blocks", .heading = "SUITABLE", .kind = MO_CELL_COUNT,
			      .help = "how many blocks of this order free memory could be cut into" },
	[COLUMN_KERNEL] = { .key = "kernel", .heading = "KERNEL", .kind = MO_CELL_TEXT,
			    .help = "whether a GFP_KERNEL allocation would succeed here now: yes, below low (after kswapd was "
				    "woken), no and why" },
	[COLUMN_MOVABLE] = { .key = "movable", .heading = "MOVABLE", .kind = MO_CELL_TEXT,
			     .help = "the same for movable user memory (GFP_HIGHUSER_MOVABLE)" },
	[COLUMN_INDEX] = { .key = "fragmentation_index", .heading = "INDEX", .kind = MO_CELL_TEXT,
			   .help = "the kernel's extfrag_index: -1.000 a block is there, near 0 memory is short, near 1 it is "
				   "fragmented" },
	[COLUMN_UNUSABLE] = { .key = "unusable_percent", .heading = "UNUSABLE", .kind = MO_CELL_PERCENT,
			      .help = "free memory in smaller blocks (the kernel's unusable_index)" },
};

const struct mo_table_spec orders_table = {
	.name = "orders",
	.title = "Allocations by order",
	.help = "What could be allocated from each zone at the moment of the dump, without reclaim and without compaction.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static void put_order(const struct models *models, size_t i, unsigned order, struct mo_report *report)
{
	const struct mo_zone *zone = &models->zones->zones[i];
	struct indexes indexes = indexes_of(models, i, order);
	int64_t size = indexes.fragmentation < 0 ? -indexes.fragmentation : indexes.fragmentation;
	char index[32];

	snprintf(index, sizeof(index), "%s%" PRId64 ".%03" PRId64, indexes.fragmentation < 0 ? "-" : "", size / 1000,
		 size % 1000);
	mo_report_row(report, (const struct mo_cell[N_COLUMNS]){
		[COLUMN_NODE] = mo_cell_number(mo_exact(zone->node_id)),
		[COLUMN_ZONE] = mo_cell_text(zone->name),
		[COLUMN_ORDER] = mo_cell_number(mo_exact(order)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(models->page_bytes << order)),
		[COLUMN_BLOCKS] = mo_cell_number(models->free_areas->zones[i].orders[order].nr_free),
		[COLUMN_SUITABLE] = mo_cell_number(indexes.suitable_blocks),
		[COLUMN_KERNEL] = mo_cell_text(chance_text(chance_of(models, i, order, REQUEST_KERNEL))),
		[COLUMN_MOVABLE] = mo_cell_text(chance_text(chance_of(models, i, order, REQUEST_MOVABLE))),
		[COLUMN_INDEX] = mo_cell_text(indexes.is_known ? index : NULL),
		[COLUMN_UNUSABLE] = mo_cell_number(indexes.is_known ? mo_exact(indexes.unusable * 100) : mo_unknown()),
	});
}

void put_orders(const struct models *models, struct mo_report *report)
{
	mo_report_table_begin(report, &orders_table);
	for (size_t i = 0; i < models->zones->n_zones; i++)
		for (unsigned order = 0; order < models->free_areas->n_orders; order++)
			if (is_populated(&models->zones->zones[i]))
				put_order(models, i, order, report);
	mo_report_table_end(report);
}
