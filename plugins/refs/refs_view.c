/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy refs`: who points at an object, and who at those, up to memory that is nobody's object. */
#include <inttypes.h>

#include "refs.h"

#define MAX_DEPTH 64

enum { COLUMN_DEPTH, COLUMN_TARGET, COLUMN_OFFSET, COLUMN_AT, COLUMN_CLASS, COLUMN_WHERE, COLUMN_OBJECT, COLUMN_BY, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_DEPTH] = { .key = "depth", .heading = "DEPTH", .kind = MO_CELL_COUNT,
			   .help = "1: points at the target; 2: at an object that does; ..." },
	[COLUMN_TARGET] = { .key = "target", .heading = "TARGET", .kind = MO_CELL_ADDRESS, .help = "what is pointed at" },
	[COLUMN_OFFSET] = { .key = "target_offset_bytes", .heading = "BYTE", .kind = MO_CELL_COUNT,
			    .help = "offset in it; for a struct page, in that" },
	[COLUMN_AT] = { .key = "at", .heading = "POINTER AT", .kind = MO_CELL_ADDRESS,
			.help = "address of the pointer: of the variable, or in the direct map" },
	[COLUMN_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "class of its page, as in usage" },
	[COLUMN_WHERE] = { .key = "where", .heading = "WHERE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			   .help = "variable, struct and member, or cache and byte of the object; task of a stack" },
	[COLUMN_OBJECT] = { .key = "object", .heading = "OBJECT", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			    .help = "the slab object that contains it" },
	[COLUMN_BY] = { .key = "by", .heading = "BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			.help = "how the word refers to it: address, struct page, per-CPU pointer" },
};

const struct mo_table_spec refs_table = {
	.name = "refs",
	.title = "References",
	.help = "Every word of the kernel's memory that points at an object, a variable or a page.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static uint64_t byte_of(const struct mo_word_target *target, const struct mo_reference *reference, const struct mo_references *state)
{
	uint64_t direct_kva = state->index.slabs->direct_map_kva + target->first_pa;

	if (reference->way != MO_BY_ADDRESS)
		return 0;
	if (reference->word - target->kva < target->end_kva - target->kva)
		return reference->word - target->kva;
	return reference->word - direct_kva;
}

static void put_reference(struct mo_report *report, const struct mo_search *search, struct mo_namer *namer,
			  const struct mo_reference *reference)
{
	static const char *const ways[MO_N_REFERENCE_WAYS] = { [MO_BY_ADDRESS] = "address", [MO_BY_STRUCT_PAGE] = "struct page",
							    [MO_BY_PERCPU] = "per-CPU pointer" };
	const struct mo_references *state = search->state;
	const struct mo_word_target *target = &search->targets[reference->target];
	enum mo_page_class class = mo_page_class_of(state->mem_map, reference->pa >> state->index.page_shift);
	struct mo_place place = mo_reference_place(state, reference);
	struct mo_word_target holder = { .kva = 0 };
	char where[400];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_DEPTH] = mo_cell_number(mo_exact(target->depth)),
		[COLUMN_TARGET] = mo_cell_number(mo_exact(target->kva)),
		[COLUMN_OFFSET] = mo_cell_number(mo_exact(byte_of(target, reference, state))),
		[COLUMN_AT] = mo_cell_number(mo_exact(state->index.slabs->direct_map_kva + reference->pa)),
		[COLUMN_CLASS] = mo_cell_text(state->mem_map->classes[class].name),
		[COLUMN_WHERE] = mo_cell_unknown(),
		[COLUMN_OBJECT] = mo_cell_unknown(),
		[COLUMN_BY] = mo_cell_text(ways[reference->way]),
	};

	mo_name_reference(namer, &place, NULL, where, sizeof(where), NULL);
	if (*where)
		cells[COLUMN_WHERE] = mo_cell_text(where);
	if (place.kind == MO_PLACE_SLAB_OBJECT) {
		holder = mo_target_of_place(state, &place, reference->pa);
		cells[COLUMN_OBJECT] = mo_cell_number(mo_exact(holder.kva));
	} else if (place.kind != MO_PLACE_NONE) {
		cells[COLUMN_AT] = mo_cell_number(mo_exact(place.kva + place.offset_bytes));
	}
	mo_report_row(report, cells);
}

static void put_found(struct mo_report *report, const struct mo_search *search, struct mo_namer *namer)
{
	mo_report_table_begin(report, &refs_table);
	for (size_t i = 0; i < search->found.n_items && !mo_report_failed(report); i++)
		put_reference(report, search, namer, &search->found.items[i]);
	mo_report_table_end(report);
}

static struct mo_error *read_options(struct mo_run *run, struct mo_search *search, uint64_t *n_depths)
{
	*n_depths = 1;
	if (mo_run_number(run, "depth", n_depths) && (!*n_depths || *n_depths > MAX_DEPTH))
		return mo_error_create(MO_E_INVALID, "--depth is 1 to %u", MAX_DEPTH);
	else if (mo_run_flag(run, "to-root") && !mo_run_number(run, "depth", n_depths))
		*n_depths = MAX_DEPTH;
	search->is_to_root = mo_run_flag(run, "to-root");
	return NULL;
}

/* An index that is there serves every search; one that is asked for is built and kept. */
static struct mo_error *prepare_index(struct mo_run *run, struct mo_search *search, struct mo_report *report)
{
	struct mo_error *error;

	search->has_edges = load_index(search->state, &search->edges);
	if (search->has_edges || !mo_run_flag(run, "index"))
		return NULL;
	error = mo_edges_build(search->state, &search->edges);
	search->has_edges = !error;
	if (!error)
		save_index(search->state, &search->edges, report);
	return error;
}

static void put_limits(struct mo_report *report, const struct mo_search *search)
{
	if (search->found.n_left_out)
		mo_report_note(report, "%" PRIu64 " more references are not shown.", search->found.n_left_out);
	if (search->found.n_missing_pages)
		mo_report_note(report, "%" PRIu64 " kernel pages are not in the dump; what only they point at cannot "
						  "be traced.",
			       search->found.n_missing_pages);
}

static struct mo_error *show_search(struct mo_report *report, struct mo_search *search)
{
	struct mo_namer namer = { .state = search->state };
	struct mo_error *error = mo_cache_types_init(&namer.types, search->state->kernel, search->state->index.slabs);

	if (error)
		return error;
	if (search->is_to_root)
		error = put_paths(report, search, &namer);
	else
		put_found(report, search, &namer);
	mo_cache_types_deinit(&namer.types);
	if (!error)
		put_limits(report, search);
	return error;
}

struct mo_error *show_refs(struct mo_run *run, struct mo_report *report)
{
	struct mo_references state = *(const struct mo_references *)mo_run_model(run);
	struct mo_search search = { .state = &state };
	uint64_t n_depths;
	struct mo_error *error;

	state.reader = mo_run_reader(run);
	state.progress = mo_run_progress(run);
	state.is_exact = mo_run_flag(run, "exact");
	error = read_options(run, &search, &n_depths);
	if (!error)
		error = add_needles(run, &search);
	if (!error)
		error = prepare_index(run, &search, report);
	if (!error)
		error = mo_search_users(&search, n_depths);
	if (!error)
		error = show_search(report, &search);
	mo_search_deinit(&search);
	return error;
}
