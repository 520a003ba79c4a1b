/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kmalloc beyond its largest cache: blocks straight from the page allocator (mm/slub.c, ___kmalloc_large_node(); before
 * that mm/slab_common.c, kmalloc_order()), which the kernel counts as unreclaimable slabs. Since 6.15 a page type marks
 * them; before, nothing does, and what is left of the counters without the slabs is all that is known.
 */
#include <memopsy/zones.h>

#include "slab_views.h"

#define ORDER_MASK 0xff /* of the second struct page's flags (mm/slab.h, large_kmalloc_order()) */

void count_large_kmalloc(struct slab_state *state)
{
	state->model.marks_large_kmalloc = state->shape.large_kmalloc.mask;
	for (size_t i = 0; i < state->n_large; i++) {
		uint64_t page_kva = 0;
		uint64_t order = 0;
		struct mo_error *error = mo_pfn_to_page(state->memmap, state->large_pfns[i] + 1, &page_kva);

		if (!error)
			error = mo_read_field(state->reader, &state->layout->page->field.flags, page_kva, &order);
		order &= ORDER_MASK;
		if (error || order >= MO_SLAB_LARGE_ORDERS)
			state->model.odd_large_kmalloc++;
		else
			state->model.large_kmalloc_blocks[order]++;
		mo_error_destroy(error);
	}
}

enum { COLUMN_ORDER, COLUMN_BLOCKS, COLUMN_BLOCK_BYTES, COLUMN_BYTES, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT,
			   .help = "2^order pages a block; unknown: of all orders, which this kernel does not mark" },
	[COLUMN_BLOCKS] = { .key = "blocks", .heading = "BLOCKS", .kind = MO_CELL_COUNT, .help = "how many" },
	[COLUMN_BLOCK_BYTES] = { .key = "block_bytes", .heading = "OF", .kind = MO_CELL_BYTES, .help = "memory of one" },
	[COLUMN_BYTES] = { .key = "total_bytes", .heading = "TOTAL", .kind = MO_CELL_BYTES, .help = "memory of all" },
};

const struct mo_table_spec large_kmalloc_table = {
	.name = "large_kmalloc",
	.title = "Large kmalloc",
	.help = "Blocks of kmalloc beyond its largest cache, which are no slabs but count as unreclaimable slab memory.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static struct mo_count counter(const struct mo_zones_model *zones, const char *name)
{
	const struct mo_vm_counter *found = zones ? mo_vm_counter_find(zones, name) : NULL;

	return found ? found->exact : mo_unknown();
}

/* What the kernel counted as slab memory, without the slabs. */
static struct mo_count count_unmarked_pages(struct mo_run *run, const struct mo_slab_model *model)
{
	const struct mo_zones_model *zones = mo_run_model_of(run, MO_ZONES_MODEL);
	struct mo_count counted = mo_count_add(counter(zones, "nr_slab_reclaimable"), counter(zones, "nr_slab_unreclaimable"));
	uint64_t pages = 0;

	for (size_t i = 0; i < model->n_caches; i++)
		pages += model->caches[i].pages;
	/* Of slabs of no cache nobody knows how large they are. */
	if (counted.certainty != MO_EXACT || counted.value < pages || model->faults[MO_SLAB_NO_KMEM_CACHE])
		return mo_unknown();
	return mo_exact(counted.value - pages);
}

static void put_row(struct mo_report *report, struct mo_count order, struct mo_count blocks, struct mo_count block_bytes,
		    struct mo_count bytes)
{
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_ORDER] = mo_cell_number(order),
		[COLUMN_BLOCKS] = mo_cell_number(blocks),
		[COLUMN_BLOCK_BYTES] = mo_cell_number(block_bytes),
		[COLUMN_BYTES] = mo_cell_number(bytes),
	};

	mo_report_row(report, cells);
}

void put_large_kmalloc(struct mo_run *run, struct mo_report *report)
{
	const struct mo_slab_model *model = mo_run_model(run);
	struct mo_count unmarked = mo_unknown();

	mo_report_table_begin(report, &large_kmalloc_table);
	if (!model->marks_large_kmalloc) {
		unmarked = count_unmarked_pages(run, model);
		unmarked.value <<= model->page_shift;
		put_row(report, mo_unknown(), mo_unknown(), mo_unknown(), unmarked);
	}
	for (unsigned order = 0; order < MO_SLAB_LARGE_ORDERS; order++) {
		uint64_t blocks = model->large_kmalloc_blocks[order];
		uint64_t block_bytes = 1ull << (order + model->page_shift);

		if (blocks)
			put_row(report, mo_exact(order), mo_exact(blocks), mo_exact(block_bytes), mo_exact(blocks * block_bytes));
	}
	if (model->odd_large_kmalloc)
		put_row(report, mo_unknown(), mo_exact(model->odd_large_kmalloc), mo_unknown(), mo_unknown());
	mo_report_table_end(report);
	if (!model->marks_large_kmalloc && unmarked.certainty == MO_EXACT)
		mo_report_note(report, "This kernel does not mark large kmalloc: its memory is what the kernel counts as slabs "
			       "beyond those that there are.");
}
