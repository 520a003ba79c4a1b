/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy objects`: every object of a cache, and where the free ones are kept. */
#include "slab_views.h"

enum { COLUMN_OBJECT, COLUMN_STATE, COLUMN_IS_FREE, COLUMN_SLAB, COLUMN_INDEX, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_OBJECT] = { .key = "object", .heading = "OBJECT", .kind = MO_CELL_ADDRESS, .help = "its address" },
	[COLUMN_STATE] = { .key = "state", .heading = "STATE", .kind = MO_CELL_TEXT,
			   .help = "allocated; free, and on whose list; unknown, where its slab's list is broken or unreadable" },
	[COLUMN_IS_FREE] = { .key = "is_free", .heading = "FREE", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			     .help = "whether it is free" },
	[COLUMN_SLAB] = { .key = "slab_pfn", .heading = "SLAB", .kind = MO_CELL_PFN, .help = "first page frame of its slab" },
	[COLUMN_INDEX] = { .key = "index", .heading = "INDEX", .kind = MO_CELL_COUNT, .help = "its place in the slab" },
};

const struct mo_table_spec objects_table = {
	.name = "objects",
	.title = "Objects",
	.help = "Every object of a slab cache.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

struct wish {
	bool allocated, free, unknown;
};

static void put_objects(struct mo_report *report, const struct mo_slab_model *model, const struct mo_slab *slab,
			const struct wish *wish)
{
	for (uint32_t i = 0; i < slab->objects && slab->has_states; i++) {
		enum mo_object_state state = mo_object_state_of(model, slab, i);
		bool is_free = mo_object_is_free(state);
		const struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_OBJECT] = mo_cell_number(mo_exact(mo_object_kva(model, slab, i))),
			[COLUMN_STATE] = mo_cell_text(object_state_names[state]),
			[COLUMN_IS_FREE] = state == MO_OBJECT_UNKNOWN ? mo_cell_unknown() : mo_cell_number(mo_exact(is_free)),
			[COLUMN_SLAB] = mo_cell_number(mo_exact(slab->pfn)),
			[COLUMN_INDEX] = mo_cell_number(mo_exact(i)),
		};

		if (state == MO_OBJECT_UNKNOWN ? wish->unknown : is_free ? wish->free : wish->allocated)
			mo_report_row(report, cells);
	}
}

struct mo_error *show_objects(struct mo_run *run, struct mo_report *report)
{
	const struct mo_slab_model *model = mo_run_model(run);
	const struct mo_slab_cache *cache = NULL;
	struct wish wish = { mo_run_flag(run, "allocated"), mo_run_flag(run, "free"), false };
	struct mo_error *error = find_named_cache(run, mo_run_argument(run, 0), &cache);

	if (error)
		return error;
	if (!wish.allocated && !wish.free)
		wish = (struct wish){ true, true, true };
	mo_report_table_begin(report, &objects_table);
	for (size_t i = 0; i < cache->n_slabs && !mo_report_failed(report); i++)
		put_objects(report, model, &model->slabs[cache->slabs[i]], &wish);
	mo_report_table_end(report);
	if (cache->hidden_objects)
		mo_report_note(report, "Slabs of this cache that could not be taken apart have %llu more objects by their own "
			       "account.", (unsigned long long)cache->hidden_objects);
	return NULL;
}
