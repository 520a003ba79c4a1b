/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy refs`: who points at an object, and who at those, up to memory that is nobody's object. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "refs.h"

#define MOST_DEPTH 64
#define MOST_TARGETS (1u << 20)

enum { COLUMN_DEPTH, COLUMN_TARGET, COLUMN_OFFSET, COLUMN_AT, COLUMN_CLASS, COLUMN_WHERE, COLUMN_OBJECT, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_DEPTH] = { .key = "depth", .heading = "DEPTH", .kind = MO_CELL_COUNT,
			   .help = "1: points at what was asked for; 2: at an object that does; ..." },
	[COLUMN_TARGET] = { .key = "target", .heading = "TARGET", .kind = MO_CELL_ADDRESS, .help = "what is pointed at" },
	[COLUMN_OFFSET] = { .key = "target_offset_bytes", .heading = "BYTE", .kind = MO_CELL_COUNT, .help = "where in it" },
	[COLUMN_AT] = { .key = "at", .heading = "POINTER AT", .kind = MO_CELL_ADDRESS,
			.help = "where the pointer lies: the variable's address, or in the direct map" },
	[COLUMN_CLASS] = { .key = "class", .heading = "IN", .kind = MO_CELL_TEXT, .help = "class of its page, as in usage" },
	[COLUMN_WHERE] = { .key = "where", .heading = "WHERE", .kind = MO_CELL_TEXT,
			   .help = "variable, or cache and byte of the object" },
	[COLUMN_OBJECT] = { .key = "object", .heading = "OBJECT", .kind = MO_CELL_ADDRESS, .help = "the slab object that has it" },
};

const struct mo_table_spec refs_table = {
	.name = "refs",
	.title = "References",
	.help = "Every word of the kernel's memory that points at an object, a variable or a page.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static struct target object_target(const struct object_index *index, struct object_ref ref, uint32_t depth)
{
	const struct indexed_slab *slab = &index->indexed[ref.slab];
	uint64_t kva = slab->first_kva + (uint64_t)ref.index * slab->size_bytes;

	return (struct target){ .first_kva = kva, .end_kva = kva + slab->size_bytes, .first_pa = direct_map_pa(index, kva),
				.depth = depth };
}

/* What an address belongs to: a slab object, a variable, else its page. */
static struct target target_of(const struct refs_state *state, uint64_t kva, uint64_t pa)
{
	const struct object_index *index = &state->index;
	uint32_t slab = pointed_slab(index, kva);
	uint64_t page_kva = kva & ~(index->page_bytes - 1);
	struct object_ref ref = { .slab = slab - 1 };
	struct mo_symbol symbol;
	struct mo_error *error;

	if (slab && pointed_object(index, ref.slab, kva, &ref.index))
		return object_target(index, ref, 1);
	error = mo_symbols_at(mo_kernel_symbols(mo_run_kernel(state->run)), kva, &symbol);
	mo_error_destroy(error);
	if (!error && symbol.size_bytes && kva - symbol.value_kva < symbol.size_bytes)
		return (struct target){ .first_kva = symbol.value_kva, .end_kva = symbol.value_kva + symbol.size_bytes,
					.first_pa = pa - (kva - symbol.value_kva), .depth = 1 };
	return (struct target){ .first_kva = page_kva, .end_kva = page_kva + index->page_bytes, .first_pa = pa - (kva - page_kva),
				.depth = 1 };
}

static int compare_targets(const void *left, const void *right)
{
	const struct target *a = left;
	const struct target *b = right;

	return (a->first_kva > b->first_kva) - (a->first_kva < b->first_kva);
}

static int compare_references(const void *left, const void *right)
{
	const struct reference *a = left;
	const struct reference *b = right;

	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	if (a->target_kva != b->target_kva)
		return a->target_kva < b->target_kva ? -1 : 1;
	return (a->pa > b->pa) - (a->pa < b->pa);
}

/* All targets so far, and those of the depth that is looked for now. */
struct search {
	const struct refs_state *state;
	struct target *known;    /* sorted */
	size_t n_known;
	struct target *next;
	size_t n_next;
	struct reference_list found;
	uint64_t n_left_out, n_missing_pages;
};

static bool is_known(const struct search *search, const struct target *target)
{
	return search->n_known && bsearch(target, search->known, search->n_known, sizeof(*target), compare_targets);
}

/* Objects that hold the references of the last scan, each once, and not those that were looked for before. */
static struct mo_error *choose_next(struct search *search, size_t first_new, uint32_t depth)
{
	size_t n_found = search->found.n_items - first_new;
	size_t n_next = 0;

	free(search->next);
	search->next = calloc(n_found + 1, sizeof(*search->next));
	search->n_next = 0;
	if (!search->next)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_found; i++) {
		struct object_ref ref;

		if (!object_at_pa(&search->state->index, search->found.items[first_new + i].pa, &ref))
			continue;
		search->next[n_next] = object_target(&search->state->index, ref, depth);
		n_next += !is_known(search, &search->next[n_next]);
	}
	if (!n_next)
		return NULL;
	qsort(search->next, n_next, sizeof(*search->next), compare_targets);
	for (size_t i = 0; i < n_next; i++)
		if (!i || search->next[i].first_kva != search->next[i - 1].first_kva)
			search->next[search->n_next++] = search->next[i];
	return NULL;
}

static struct mo_error *remember_next(struct search *search)
{
	struct target *known = realloc(search->known, (search->n_known + search->n_next) * sizeof(*known));

	if (!known)
		return mo_error_no_memory();
	search->known = known;
	memcpy(known + search->n_known, search->next, search->n_next * sizeof(*known));
	search->n_known += search->n_next;
	qsort(known, search->n_known, sizeof(*known), compare_targets);
	return NULL;
}

/* One scan for each depth: it finds whoever points at any of the objects of the depth before. */
static struct mo_error *search_to(struct search *search, struct target first, uint64_t n_depths)
{
	struct mo_error *error = NULL;

	search->next = malloc(sizeof(*search->next));
	if (!search->next)
		return mo_error_no_memory();
	search->next[0] = first;
	search->n_next = 1;
	for (uint32_t depth = 1; depth <= n_depths && search->n_next && search->n_known < MOST_TARGETS && !error; depth++) {
		size_t n_before = search->found.n_items;

		error = remember_next(search);
		if (!error)
			error = scan_for_targets(search->state, search->next, search->n_next, &search->found,
						 &search->n_left_out, &search->n_missing_pages);
		if (!error)
			error = choose_next(search, n_before, depth + 1);
	}
	return error;
}

static void put_reference(struct mo_report *report, const struct refs_state *state, const struct places *places,
			  const struct reference *reference)
{
	const struct object_index *index = &state->index;
	enum mo_page_class class = mo_page_class_of(state->mem_map, reference->pa >> index->page_shift);
	uint64_t at_kva = index->slabs->direct_map_kva + reference->pa;
	char where[300];
	struct object_ref ref;
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_DEPTH] = mo_cell_number(mo_exact(reference->depth)),
		[COLUMN_TARGET] = mo_cell_number(mo_exact(reference->target_kva)),
		[COLUMN_OFFSET] = mo_cell_number(mo_exact(reference->word - reference->target_kva)),
		[COLUMN_CLASS] = mo_cell_text(state->mem_map->classes[class].name),
		[COLUMN_WHERE] = mo_cell_unknown(),
		[COLUMN_OBJECT] = mo_cell_unknown(),
	};

	if (object_at_pa(index, reference->pa, &ref)) {
		const struct mo_slab_cache *cache = &index->slabs->caches[index->slabs->slabs[ref.slab].cache];
		uint64_t object_kva = object_target(index, ref, 0).first_kva;

		snprintf(where, sizeof(where), "%s+%" PRIu64, cache->name ? cache->name : "?", at_kva - object_kva);
		cells[COLUMN_WHERE] = mo_cell_text(where);
		cells[COLUMN_OBJECT] = mo_cell_number(mo_exact(object_kva));
	} else if (name_place(state, places, reference->pa, where, sizeof(where), &at_kva)) {
		cells[COLUMN_WHERE] = mo_cell_text(where);
	}
	cells[COLUMN_AT] = mo_cell_number(mo_exact(at_kva));
	mo_report_row(report, cells);
}

static struct mo_error *put_found(struct mo_report *report, struct search *search)
{
	struct places places = { .n_spans = 0 };
	struct mo_error *error = find_places(search->state, &places);

	if (error)
		return error;
	if (search->found.n_items)
		qsort(search->found.items, search->found.n_items, sizeof(*search->found.items), compare_references);
	mo_report_table_begin(report, &refs_table);
	for (size_t i = 0; i < search->found.n_items && !mo_report_failed(report); i++)
		put_reference(report, search->state, &places, &search->found.items[i]);
	mo_report_table_end(report);
	free(places.spans);
	if (search->n_left_out)
		mo_report_note(report, "%" PRIu64 " more references are left out.", search->n_left_out);
	if (search->n_missing_pages)
		mo_report_note(report, "%" PRIu64 " pages of the kernel are missing, and whatever they point at.",
			       search->n_missing_pages);
	return NULL;
}

/* Hexadecimal, with or without 0x, or a symbol. */
static struct mo_error *find_address(struct mo_kernel *kernel, const char *text, uint64_t *ret)
{
	uint64_t value;
	char *end;

	/* Without modules' symbols only the kernel's own are known. */
	mo_error_destroy(mo_kernel_load_modules(kernel));
	errno = 0;
	value = strtoull(text, &end, 16);
	if (!isxdigit((unsigned char)*text) || *end || errno)
		return mo_symbols_find_place(mo_kernel_symbols(kernel), text, ret);
	*ret = value;
	return NULL;
}

struct mo_error *show_refs(struct mo_run *run, struct mo_report *report)
{
	struct refs_state state = *(const struct refs_state *)mo_run_model(run);
	const char *word = mo_run_argument_count(run) == 1 ? mo_run_argument(run, 0) : "";
	struct search search = { .state = &state };
	struct mo_error *error;
	uint64_t n_depths = 1;
	uint64_t kva = 0;
	uint64_t pa = 0;

	error = find_address(mo_run_kernel(run), word, &kva);
	if (error)
		return error;
	error = mo_translate(mo_run_reader(run), kva, &pa, NULL);
	if (error)
		return mo_error_prepend(error, "there is nothing at 0x%" PRIx64, kva);
	if (mo_run_number(run, "depth", &n_depths) && (!n_depths || n_depths > MOST_DEPTH))
		return mo_error_create(MO_E_INVALID, "--depth is 1 to %u", MOST_DEPTH);
	state.run = run;
	error = search_to(&search, target_of(&state, kva, pa), n_depths);
	if (!error)
		error = put_found(report, &search);
	free(search.known);
	free(search.next);
	free(search.found.items);
	return error;
}
