/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in the way of larger blocks: pageblocks by migrate type, and who holds pages that cannot be moved. */
#include "fragmentation.h"

#define MAX_CLASSES_SHOWN 8

enum { BY_NODE, BY_ZONE, BY_TYPE, BY_BLOCKS, BY_FREE, BY_MOVABLE, BY_STUCK, BY_FREE_PAGES, BY_STUCK_PAGES, N_BY_COLUMNS };

static const struct mo_column pageblock_columns[N_BY_COLUMNS] = {
	[BY_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[BY_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[BY_TYPE] = { .key = "migratetype", .heading = "TYPE", .kind = MO_CELL_TEXT, .help = "the pageblocks' migrate type" },
	[BY_BLOCKS] = { .key = "pageblocks", .heading = "BLOCKS", .kind = MO_CELL_COUNT, .help = "pageblocks of that type" },
	[BY_FREE] = { .key = "free_pageblocks", .heading = "FREE", .kind = MO_CELL_COUNT, .help = "of these, wholly free" },
	[BY_MOVABLE] = { .key = "movable_pageblocks", .heading = "COULD-EMPTY", .kind = MO_CELL_COUNT,
			 .help = "of these, in use by nothing that compaction cannot move away" },
	[BY_STUCK] = { .key = "stuck_pageblocks", .heading = "STUCK", .kind = MO_CELL_COUNT,
		       .help = "of these, with pages that cannot be moved" },
	[BY_FREE_PAGES] = { .key = "free_pages", .heading = "FREE-PAGES", .kind = MO_CELL_COUNT, .help = "free pages in them" },
	[BY_STUCK_PAGES] = { .key = "stuck_pages", .heading = "STUCK-PAGES", .kind = MO_CELL_COUNT,
			     .help = "pages in them that cannot be moved" },
};

const struct mo_table_spec pageblocks_table = {
	.name = "pageblocks",
	.title = "Pageblocks by what they hold",
	.help = "The pageblocks of each zone and migrate type, and whether they could be emptied.",
	.columns = pageblock_columns,
	.n_columns = N_BY_COLUMNS,
};

enum { WAY_NODE, WAY_ZONE, WAY_CLASS, WAY_BLOCKS, WAY_PAGES, WAY_PAGES_IN_MOVABLE, N_WAY_COLUMNS };

static const struct mo_column in_the_way_columns[N_WAY_COLUMNS] = {
	[WAY_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[WAY_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[WAY_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "of pages that cannot be moved" },
	[WAY_BLOCKS] = { .key = "pageblocks", .heading = "BLOCKS", .kind = MO_CELL_COUNT,
			 .help = "pageblocks that hold such pages" },
	[WAY_PAGES] = { .key = "pages", .heading = "PAGES", .kind = MO_CELL_COUNT, .help = "how many pages" },
	[WAY_PAGES_IN_MOVABLE] = { .key = "pages_in_movable", .heading = "IN-MOVABLE", .kind = MO_CELL_COUNT,
				   .help = "of these, in pageblocks of type Movable, where they should not be" },
};

const struct mo_table_spec in_the_way_table = {
	.name = "in_the_way",
	.title = "What stands in the way",
	.help = "Pages that cannot be moved, by class: those of most pageblocks first.",
	.columns = in_the_way_columns,
	.n_columns = N_WAY_COLUMNS,
};

static void put_type(const struct models *models, size_t i, unsigned type, const struct pageblock_sums *sums,
		     struct mo_report *report)
{
	const struct mo_zone *zone = &models->zones->zones[i];
	const char *name = type < models->free_areas->n_migratetypes ? models->free_areas->migratetype_names[type] : NULL;

	mo_report_row(report, (const struct mo_cell[N_BY_COLUMNS]){
		[BY_NODE] = mo_cell_number(mo_exact(zone->node_id)),
		[BY_ZONE] = mo_cell_text(zone->name),
		[BY_TYPE] = mo_cell_text(name),
		[BY_BLOCKS] = mo_cell_number(mo_exact(sums->blocks)),
		[BY_FREE] = mo_cell_number(mo_exact(sums->free_blocks)),
		[BY_MOVABLE] = mo_cell_number(mo_exact(sums->movable_blocks)),
		[BY_STUCK] = mo_cell_number(mo_exact(sums->stuck_blocks)),
		[BY_FREE_PAGES] = mo_cell_number(mo_exact(sums->free_pages)),
		[BY_STUCK_PAGES] = mo_cell_number(mo_exact(sums->stuck_pages)),
	});
}

static void put_class(const struct models *models, size_t i, unsigned class, const struct class_sums *sums,
		      struct mo_report *report)
{
	const struct mo_zone *zone = &models->zones->zones[i];

	mo_report_row(report, (const struct mo_cell[N_WAY_COLUMNS]){
		[WAY_NODE] = mo_cell_number(mo_exact(zone->node_id)),
		[WAY_ZONE] = mo_cell_text(zone->name),
		[WAY_CLASS] = mo_cell_text(models->mem_map->classes[class].name),
		[WAY_BLOCKS] = mo_cell_number(mo_exact(sums->blocks)),
		[WAY_PAGES] = mo_cell_number(mo_exact(sums->pages)),
		[WAY_PAGES_IN_MOVABLE] = mo_cell_number(mo_exact(sums->pages_in_movable)),
	});
}

/* The class of stuck pages that lies in most pageblocks, of those not shown yet; MO_N_PAGE_CLASSES: none is left. */
static unsigned next_class(const struct zone_pageblocks *zone, const bool *is_shown)
{
	unsigned most = MO_N_PAGE_CLASSES;

	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		if (class_is_stuck(class) && zone->classes[class].pages && !is_shown[class] &&
		    (most == MO_N_PAGE_CLASSES || zone->classes[class].blocks > zone->classes[most].blocks))
			most = class;
	return most;
}

void put_pageblocks(const struct models *models, const struct zone_pageblocks *sums, struct mo_report *report)
{
	mo_report_table_begin(report, &pageblocks_table);
	for (size_t i = 0; i < models->zones->n_zones; i++)
		for (unsigned type = 0; type <= MO_MAX_MIGRATETYPES; type++)
			if (sums[i].types[type].blocks)
				put_type(models, i, type, &sums[i].types[type], report);
	mo_report_table_end(report);
	mo_report_table_begin(report, &in_the_way_table);
	for (size_t i = 0; i < models->zones->n_zones; i++) {
		bool is_shown[MO_N_PAGE_CLASSES] = { false };

		for (unsigned n = 0; n < MAX_CLASSES_SHOWN; n++) {
			unsigned class = next_class(&sums[i], is_shown);

			if (class == MO_N_PAGE_CLASSES)
				break;
			is_shown[class] = true;
			put_class(models, i, class, &sums[i].classes[class], report);
		}
	}
	mo_report_table_end(report);
}
