/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy slabinfo`: cache_show() (mm/slab_common.c) with get_slabinfo() (mm/slub.c, mm/slab.c), byte for byte. */
#include "slab_views.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_NAME, COLUMN_ACTIVE_OBJS, COLUMN_NUM_OBJS, COLUMN_OBJSIZE, COLUMN_OBJPERSLAB, COLUMN_PAGESPERSLAB,
       COLUMN_LIMIT, COLUMN_BATCHCOUNT, COLUMN_SHAREDFACTOR, COLUMN_ACTIVE_SLABS, COLUMN_NUM_SLABS, COLUMN_SHAREDAVAIL,
       COLUMN_ALLOCATED, COLUMN_FREE, COLUMN_UNKNOWN, COLUMN_SLABS, N_COLUMNS };

#define HIDDEN .flags = MO_COLUMN_HIDDEN

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NAME] = { .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .help = "the cache's name" },
	[COLUMN_ACTIVE_OBJS] = { .key = "active_objs", .heading = "ACTIVE_OBJS", .kind = MO_CELL_COUNT,
				 .help = "objects as the kernel counts active ones: all but the free ones of slabs on nodes' "
					 "lists; what CPUs keep aside counts as active" },
	[COLUMN_NUM_OBJS] = { .key = "num_objs", .heading = "NUM_OBJS", .kind = MO_CELL_COUNT, .help = "objects in all slabs" },
	[COLUMN_OBJSIZE] = { .key = "objsize_bytes", .heading = "OBJSIZE", .kind = MO_CELL_COUNT,
			     .help = "bytes an object takes (kmem_cache.size)" },
	[COLUMN_OBJPERSLAB] = { .key = "objperslab", .heading = "OBJPERSLAB", .kind = MO_CELL_COUNT, .help = "objects a slab" },
	[COLUMN_PAGESPERSLAB] = { .key = "pagesperslab", .heading = "PAGESPERSLAB", .kind = MO_CELL_COUNT, .help = "pages a slab" },
	[COLUMN_LIMIT] = { .key = "limit", .heading = "LIMIT", .kind = MO_CELL_COUNT, .help = "of SLAB; 0 with SLUB" },
	[COLUMN_BATCHCOUNT] = { .key = "batchcount", .heading = "BATCHCOUNT", .kind = MO_CELL_COUNT,
				.help = "of SLAB; 0 with SLUB" },
	[COLUMN_SHAREDFACTOR] = { .key = "sharedfactor", .heading = "SHAREDFACTOR", .kind = MO_CELL_COUNT,
				  .help = "of SLAB; 0 with SLUB" },
	[COLUMN_ACTIVE_SLABS] = { .key = "active_slabs", .heading = "ACTIVE_SLABS", .kind = MO_CELL_COUNT,
				  .help = "slabs (SLUB does not tell active ones apart)" },
	[COLUMN_NUM_SLABS] = { .key = "num_slabs", .heading = "NUM_SLABS", .kind = MO_CELL_COUNT, .help = "slabs" },
	[COLUMN_SHAREDAVAIL] = { .key = "sharedavail", .heading = "SHAREDAVAIL", .kind = MO_CELL_COUNT,
				 .help = "of SLAB; 0 with SLUB" },
	[COLUMN_ALLOCATED] = { .key = "allocated", .heading = "ALLOCATED", .kind = MO_CELL_COUNT, HIDDEN,
			       .help = "objects that are in no list of free objects, of any kind: counted one by one" },
	[COLUMN_FREE] = { .key = "free", .heading = "FREE", .kind = MO_CELL_COUNT, HIDDEN,
			  .help = "free objects, those that CPUs and sheaves keep as well" },
	[COLUMN_UNKNOWN] = { .key = "unknown", .heading = "UNKNOWN", .kind = MO_CELL_COUNT, HIDDEN,
			     .help = "objects whose state could not be told" },
	[COLUMN_SLABS] = { .key = "slabs_found", .heading = "SLABS_FOUND", .kind = MO_CELL_COUNT, HIDDEN,
			   .help = "slabs found among all pages" },
};

struct digits {
	char text[32];
};

static struct digits digits_of(const struct mo_cell *cell)
{
	struct digits digits = { "?" };

	if (cell->as.number.certainty == MO_EXACT)
		snprintf(digits.text, sizeof(digits.text), "%" PRIu64, cell->as.number.value);
	else if (cell->as.number.certainty == MO_AT_LEAST)
		snprintf(digits.text, sizeof(digits.text), ">=%" PRIu64, cell->as.number.value);
	return digits;
}

static void put_as_printed(const struct mo_cell *cells, struct mo_line *line)
{
	const char *name = cells[COLUMN_NAME].as.text.bytes;

	mo_line_printf(line, "%-17s %6s %6s %6s %4s %4s : tunables %4s %4s %4s : slabdata %6s %6s %6s", name ? name : "?",
		       digits_of(&cells[COLUMN_ACTIVE_OBJS]).text, digits_of(&cells[COLUMN_NUM_OBJS]).text,
		       digits_of(&cells[COLUMN_OBJSIZE]).text, digits_of(&cells[COLUMN_OBJPERSLAB]).text,
		       digits_of(&cells[COLUMN_PAGESPERSLAB]).text, digits_of(&cells[COLUMN_LIMIT]).text,
		       digits_of(&cells[COLUMN_BATCHCOUNT]).text, digits_of(&cells[COLUMN_SHAREDFACTOR]).text,
		       digits_of(&cells[COLUMN_ACTIVE_SLABS]).text, digits_of(&cells[COLUMN_NUM_SLABS]).text,
		       digits_of(&cells[COLUMN_SHAREDAVAIL]).text);
}

static void slabinfo_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_as_printed(cells, line);
	mo_line_printf(line, "\n");
}

static void exact_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_as_printed(cells, line);
	mo_line_printf(line, " : exact %6s %6s %6s %6s\n", digits_of(&cells[COLUMN_ALLOCATED]).text,
		       digits_of(&cells[COLUMN_FREE]).text, digits_of(&cells[COLUMN_UNKNOWN]).text,
		       digits_of(&cells[COLUMN_SLABS]).text);
}

#define HEAD "slabinfo - version: 2.1\n" \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>" \
	" : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>"

const struct mo_table_spec slabinfo_table = {
	.name = "slabinfo",
	.title = "Slab caches, as /proc/slabinfo printed them",
	.help = "What /proc/slabinfo would have printed at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = slabinfo_line,
	.line_head = HEAD "\n",
};

/* A sum over the nodes. */
static struct mo_count sum_nodes(const struct mo_slab_cache *cache, size_t which)
{
	struct mo_count sum = mo_exact(0);

	if (!cache->n_nodes)
		return mo_unknown();
	for (size_t i = 0; i < cache->n_nodes; i++) {
		const struct mo_count *count = (const void *)((const uint8_t *)&cache->nodes[i] + which);

		sum = mo_count_add(sum, *count);
	}
	return sum;
}

/* What one row says; with the caches that memory cgroups had until 5.8 (memcg_accumulate_slabinfo()). */
struct row {
	struct mo_count slabs, objects, partial_free, free_slabs, shared_avail;
	struct mo_count allocated;
	uint64_t free, unknown, n_slabs;
};

static void add_to_row(struct row *row, const struct mo_slab_cache *cache)
{
	row->slabs = mo_count_add(row->slabs, sum_nodes(cache, offsetof(struct mo_slab_node, slabs)));
	row->objects = mo_count_add(row->objects, sum_nodes(cache, offsetof(struct mo_slab_node, objects)));
	row->partial_free = mo_count_add(row->partial_free, sum_nodes(cache, offsetof(struct mo_slab_node, partial_free)));
	row->free_slabs = mo_count_add(row->free_slabs, sum_nodes(cache, offsetof(struct mo_slab_node, free_slabs)));
	row->shared_avail = mo_count_add(row->shared_avail, sum_nodes(cache, offsetof(struct mo_slab_node, shared_avail)));
	row->allocated = mo_count_add(row->allocated, allocated_of(cache));
	row->free += free_objects_of(cache);
	row->unknown += cache->states[MO_OBJECT_UNKNOWN] + cache->hidden_objects;
	row->n_slabs += cache->n_slabs;
}

/* A row for each cache; those of children are left empty. */
static struct row *make_rows(const struct mo_slab_model *model)
{
	struct row *rows = calloc(model->n_caches + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < model->n_caches; i++) {
		rows[i].slabs = rows[i].objects = rows[i].partial_free = rows[i].free_slabs = mo_exact(0);
		rows[i].shared_avail = rows[i].allocated = mo_exact(0);
	}
	for (size_t i = 0; rows && i < model->n_caches; i++) {
		uint32_t root = model->caches[i].root;

		add_to_row(&rows[root == MO_SLAB_NO_CACHE ? i : root], &model->caches[i]);
	}
	return rows;
}

/* What is missing of what is taken off would make the difference too large: then nothing is known of it. */
static struct mo_count less(struct mo_count count, struct mo_count other)
{
	if (count.certainty != MO_EXACT || other.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(count.value - other.value);
}

/* What only SLAB has. */
static void put_tunables(const struct mo_slab_cache *cache, const struct row *row, struct mo_cell *cells)
{
	cells[COLUMN_LIMIT] = mo_cell_number(mo_exact(cache->limit));
	cells[COLUMN_BATCHCOUNT] = mo_cell_number(mo_exact(cache->batchcount));
	cells[COLUMN_SHAREDFACTOR] = mo_cell_number(mo_exact(cache->shared_factor));
	cells[COLUMN_ACTIVE_SLABS] = mo_cell_number(less(row->slabs, row->free_slabs));
	cells[COLUMN_SHAREDAVAIL] = mo_cell_number(row->shared_avail);
}

static void put_cache(struct mo_report *report, const struct mo_slab_cache *cache, const struct row *row, bool is_slab)
{
	char room[32];
	struct mo_cell cells[N_COLUMNS];

	for (unsigned i = 0; i < N_COLUMNS; i++)
		cells[i] = mo_cell_number(mo_exact(0));
	cells[COLUMN_NAME] = name_cell(cache, room, sizeof(room));
	cells[COLUMN_ACTIVE_OBJS] = mo_cell_number(less(row->objects, row->partial_free));
	cells[COLUMN_NUM_OBJS] = mo_cell_number(row->objects);
	cells[COLUMN_OBJSIZE] = mo_cell_number(cache->size_bytes ? mo_exact(cache->size_bytes) : mo_unknown());
	cells[COLUMN_OBJPERSLAB] = mo_cell_number(cache->size_bytes ? mo_exact(cache->objects_per_slab) : mo_unknown());
	cells[COLUMN_PAGESPERSLAB] = mo_cell_number(cache->size_bytes ? mo_exact(1ull << cache->order) : mo_unknown());
	cells[COLUMN_ACTIVE_SLABS] = mo_cell_number(row->slabs);
	if (is_slab)
		put_tunables(cache, row, cells);
	cells[COLUMN_NUM_SLABS] = mo_cell_number(row->slabs);
	cells[COLUMN_ALLOCATED] = mo_cell_number(row->allocated);
	cells[COLUMN_FREE] = mo_cell_number(mo_exact(row->free));
	cells[COLUMN_UNKNOWN] = mo_cell_number(mo_exact(row->unknown));
	cells[COLUMN_SLABS] = mo_cell_number(mo_exact(row->n_slabs));
	mo_report_row(report, cells);
}

struct mo_error *show_slabinfo(struct mo_run *run, struct mo_report *report)
{
	const struct mo_slab_model *slab = mo_run_model(run);
	struct mo_table_spec table = slabinfo_table;
	struct row *rows = make_rows(slab);

	if (!rows)
		return mo_error_no_memory();
	if (mo_run_flag(run, "exact")) {
		table.line = exact_line;
		table.line_head = HEAD " : exact <allocated> <free> <unknown> <slabs>\n";
	}
	mo_report_table_begin(report, &table);
	/* The kernel prints what is on its list; the others stand in for what a break of the list hides. */
	for (size_t i = 0; i < slab->n_caches; i++)
		if ((slab->caches[i].is_listed || !slab->is_list_whole) && slab->caches[i].root == MO_SLAB_NO_CACHE)
			put_cache(report, &slab->caches[i], &rows[i], slab->is_slab);
	mo_report_table_end(report);
	free(rows);
	return NULL;
}
