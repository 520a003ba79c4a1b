/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `refs --to-root`: the shortest ways from places that live by themselves down to what was asked for. */
#include <inttypes.h>

#include "refs.h"

#define MAX_PATHS 10
#define MAX_STEPS 65

enum { COLUMN_PATH, COLUMN_STEP, COLUMN_AT, COLUMN_WHERE, COLUMN_TARGET, COLUMN_OFFSET, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PATH] = { .key = "path", .heading = "PATH", .kind = MO_CELL_COUNT, .help = "shortest first" },
	[COLUMN_STEP] = { .key = "step", .heading = "STEP", .kind = MO_CELL_COUNT, .help = "1: the root" },
	[COLUMN_AT] = { .key = "at", .heading = "POINTER AT", .kind = MO_CELL_ADDRESS, .help = "address of the pointer" },
	[COLUMN_WHERE] = { .key = "where", .heading = "WHERE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			   .help = "variable, struct and member, or cache and byte of the object; task of a stack" },
	[COLUMN_TARGET] = { .key = "target", .heading = "POINTS INTO", .kind = MO_CELL_ADDRESS, .help = "the next object" },
	[COLUMN_OFFSET] = { .key = "target_offset_bytes", .heading = "BYTE", .kind = MO_CELL_COUNT, .help = "offset in it" },
};

const struct mo_table_spec paths_table = {
	.name = "paths",
	.title = "Paths from roots",
	.help = "With --to-root: the shortest paths from variables, per-CPU memory and stacks to the target.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

/* Variables first, then what is per CPU, then stacks, whose dead parts are full of old pointers. */
static unsigned rank_of(const struct mo_place *place)
{
	switch (place->kind) {
	case MO_PLACE_SYMBOL:
	case MO_PLACE_MODULE:
		return 0;
	case MO_PLACE_PERCPU_SYMBOL:
	case MO_PLACE_PERCPU:
		return 1;
	default:
		return 2;
	}
}
#define N_RANKS 3

static void put_step(struct mo_report *report, const struct mo_search *search, const struct mo_reference *reference,
		     const struct mo_place *place, const char *where, uint64_t path, uint64_t step)
{
	const struct mo_word_target *target = &search->targets[reference->target];
	uint64_t direct_kva = search->state->index.slabs->direct_map_kva + reference->pa;
	uint64_t offset = reference->word - target->kva;
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_PATH] = mo_cell_number(mo_exact(path)),
		[COLUMN_STEP] = mo_cell_number(mo_exact(step)),
		[COLUMN_AT] = mo_cell_number(mo_exact(place->kind == MO_PLACE_NONE ? direct_kva : place->kva + place->offset_bytes)),
		[COLUMN_WHERE] = *where ? mo_cell_text(where) : mo_cell_unknown(),
		[COLUMN_TARGET] = mo_cell_number(mo_exact(target->kva)),
		[COLUMN_OFFSET] = offset < target->end_kva - target->kva ? mo_cell_number(mo_exact(offset)) : mo_cell_unknown(),
	};

	mo_report_row(report, cells);
}

/* From the root down: each target knows the reference in it that leads on. */
static void put_path(struct mo_report *report, const struct mo_search *search, struct mo_namer *namer, size_t root, uint64_t path)
{
	const struct mo_type *type = NULL;
	size_t at = root;

	for (unsigned step = 1; step <= MAX_STEPS && at != MO_NO_REFERENCE; step++) {
		const struct mo_reference *reference = &search->found.items[at];
		const struct mo_word_target *target = &search->targets[reference->target];
		struct mo_place place = mo_reference_place(search->state, reference);
		const struct mo_type *leaf;
		char where[400];

		mo_name_reference(namer, &place, type, where, sizeof(where), &leaf);
		put_step(report, search, reference, &place, where, path, step);
		type = reference->word == target->kva ? mo_pointed_type(search->state, leaf, target->end_kva - target->kva) : NULL;
		at = target->via;
	}
}

struct mo_error *put_paths(struct mo_report *report, struct mo_search *search, struct mo_namer *namer)
{
	uint64_t n_paths = 0;
	uint64_t n_left = 0;

	mo_report_table_begin(report, &paths_table);
	for (unsigned rank = 0; rank < N_RANKS; rank++) {
		for (size_t i = 0; i < search->found.n_items; i++) {
			struct mo_place place = mo_reference_place(search->state, &search->found.items[i]);

			if (!mo_is_root_place(&place) || rank_of(&place) != rank)
				continue;
			if (n_paths == MAX_PATHS)
				n_left++;
			else
				put_path(report, search, namer, i, ++n_paths);
		}
	}
	mo_report_table_end(report);
	if (n_left)
		mo_report_note(report, "%" PRIu64 " more paths are not shown.", n_left);
	if (!n_paths)
		mo_report_note(report, "No root reaches it, as far as %zu objects were followed.", search->n_targets - 1);
	return NULL;
}
