/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names the owner of every block: by the kernel's record, by the best pointer to it, by its content, or nobody. */
#include <inttypes.h>
#include <stdio.h>

#include "gathering.h"

#define MAX_STEPS 32u /* from block to block */
#define MAX_TEXT_BYTES 240
#define MIN_REST_PAGES 3u /* fewer stand behind another page by chance */

static enum pointer_rank best_rank(const struct block *block)
{
	return block->best == NO_POINTER ? N_RANKS : (enum pointer_rank)(block->best >> POINTER_RANK_SHIFT);
}

/* Pages that were taken before page_owner could keep stacks have one of these for all (mm/page_owner.c). */
static bool is_stand_in(const char *function)
{
	return !strcmp(function, "register_early_stack") || !strcmp(function, "register_dummy_stack") ||
	       !strcmp(function, "register_failure_stack");
}

static struct mo_error *by_record(struct owners_state *state, const struct block *block, struct mo_holder *holder, bool *ret)
{
	const struct mo_page_owner_model *model = state->page_owner;
	struct mo_page_owner_record record;
	struct mo_error *error;
	const char *name = NULL;

	*ret = false;
	if (!model || (model->state != MO_PAGE_OWNER_ON && model->sites_state != MO_PAGE_OWNER_ON))
		return NULL;
	error = model->find(model, mo_run_reader(state->run), block->pfn, &record);
	if (error) {
		if (mo_error_ends_run(error))
			return error;
		mo_error_destroy(error);
		return NULL;
	}
	if (record.is_recorded && record.is_allocated && record.stack && record.stack->caller_name &&
	    !is_stand_in(record.stack->caller_name)) {
		name = record.stack->caller_name;
		error = keep_name(&state->names, record.stack->caller_module, &holder->module);
		holder->detail = "page_owner";
	} else if (record.site && record.site->function) {
		name = record.site->function;
		error = keep_name(&state->names, record.site->module, &holder->module);
		holder->detail = "allocation profiling";
	}
	if (!name || error)
		return error;
	*ret = true;
	holder->evidence = MO_HOLDER_BY_RECORD;
	return keep_name(&state->names, name, &holder->name);
}

/* An area that maps the block's pages, as vmap() does: whoever asked for it uses them. */
static struct mo_error *by_mapping(struct owners_state *state, const struct block *block, struct mo_holder *holder, bool *ret)
{
	const struct mo_vmap_area *area;
	struct mo_place place;
	struct mo_error *error;

	*ret = false;
	if (!state->places || !state->vmap || block->class != MO_PAGE_DIRECT)
		return NULL;
	error = state->places->find_pa(state->places, mo_run_reader(state->run), block->pfn << state->page_shift, &place);
	if (error || place.kind != MO_PLACE_VMAP_AREA)
		return error;
	area = mo_vmap_area_at(state->vmap, place.kva);
	if (!area || !area->has_vm || !area->caller)
		return NULL;
	*ret = true;
	holder->evidence = MO_HOLDER_BY_STRUCTURE;
	holder->detail = "maps it";
	error = keep_name(&state->names, area->caller_module, &holder->module);
	return error ? error : keep_name(&state->names, area->caller_name ? area->caller_name : area->caller, &holder->name);
}

/* The block that the best pointer lies in; NULL: in none. */
static const struct block *holding_block(const struct owners_state *state, const struct block *block)
{
	uint32_t of;

	if (best_rank(block) != RANK_DIRECT && best_rank(block) != RANK_LARGE_KMALLOC)
		return NULL;
	of = block_at(&state->blocks, (block->best & POINTER_PA_MASK) >> state->page_shift);
	return of == NO_BLOCK ? NULL : &state->blocks.blocks[of];
}

/* The struct page of another block links to this one: its owner is theirs. */
static const struct block *linking_block(struct owners_state *state, const struct block *block)
{
	struct mo_place place;
	struct mo_error *error;
	uint32_t of;

	if (best_rank(block) != RANK_STRUCT_PAGE || !state->places)
		return NULL;
	error = state->places->find_pa(state->places, mo_run_reader(state->run), block->best & POINTER_PA_MASK, &place);
	if (mo_error_destroy(error) || place.kind != MO_PLACE_STRUCT_PAGE)
		return NULL;
	of = block_at(&state->blocks, place.pfn_described);
	return of == NO_BLOCK || &state->blocks.blocks[of] == block ? NULL : &state->blocks.blocks[of];
}

/* Follows from block to block; the last one that is not led on from, and how many steps that took. */
static const struct block *follow(struct owners_state *state, const struct block *block, unsigned *n_steps)
{
	const struct block *at = block;

	for (*n_steps = 0; *n_steps < MAX_STEPS; ++*n_steps) {
		const struct block *next = holding_block(state, at);

		if (!next)
			next = linking_block(state, at);
		if (!next)
			return at;
		at = next;
	}
	return NULL; /* a circle, or a chain that is too long to tell */
}

/* Of an object of kmalloc() it is told who points at it; if nobody does, into which module it points. */
static struct mo_error *by_chain(struct owners_state *state, const struct mo_place *place, char *text, size_t n_bytes,
				 struct mo_holder *holder)
{
	struct mo_place end;
	bool is_found = false;
	struct mo_error *error = follow_chain(state, place, &end, &is_found);

	if (error)
		return error;
	if (is_found) {
		size_t n;

		describe_pointer_place(state, &end, text, n_bytes);
		n = strlen(text);
		snprintf(text + n, n_bytes - n, " -> %s", place->kind == MO_PLACE_PERCPU ? "per-CPU memory" : place->name);
		holder->detail = "leads to it through an object";
		error = keep_name(&state->names, end.module, &holder->module);
	} else if (place->kind == MO_PLACE_SLAB_OBJECT) {
		const char *module = NULL;

		error = mo_module_of_object(&state->modules, mo_run_reader(state->run), place->kva, place->bytes, &module);
		if (!error)
			error = keep_name(&state->names, module, &holder->module);
		holder->is_module_guessed = holder->module != NULL;
	}
	return error ? error : keep_name(&state->names, text, &holder->name);
}

static struct mo_error *by_pointer(struct owners_state *state, const struct block *block, struct mo_holder *holder, bool *ret)
{
	static const char *const details[2][2] = {
		{ "points at it", "points at its struct page" },
		{ "points at pages that lead to it", "points at struct pages of pages that lead to it" },
	};
	unsigned n_steps = 0;
	const struct block *last = follow(state, block, &n_steps);
	struct mo_place place;
	char text[MAX_TEXT_BYTES];
	enum structure structure;
	struct mo_error *error;

	*ret = false;
	if (!last || last->best == NO_POINTER || best_rank(last) == RANK_STRUCT_PAGE || !state->places)
		return NULL;
	error = state->places->find_pa(state->places, mo_run_reader(state->run), last->best & POINTER_PA_MASK, &place);
	if (error)
		return error;
	*ret = true;
	structure = structure_around(state, &place, last);
	if (structure != STRUCTURE_NONE && !last->is_rest) {
		holder->evidence = MO_HOLDER_BY_STRUCTURE;
		holder->name = structure_names[structure];
		return NULL;
	}
	describe_pointer_place(state, &place, text, sizeof(text));
	holder->evidence = MO_HOLDER_BY_POINTER;
	holder->detail = details[n_steps != 0][last->best >> POINTER_PAGE_BIT & 1];
	if (leads_on(state, &place))
		return by_chain(state, &place, text, sizeof(text), holder);
	if (last->is_rest) {
		holder->evidence = MO_HOLDER_BY_GUESS;
		holder->detail = "points at pages before it (as of alloc_pages_exact())";
	}
	if (best_rank(last) == RANK_PAGE_TABLE)
		holder->detail = n_steps ? "map pages that lead to it" : "map it";
	error = keep_name(&state->names, place.module, &holder->module);
	return error ? error : keep_name(&state->names, text, &holder->name);
}

static struct mo_error *name_block(struct owners_state *state, const struct block *block)
{
	bool is_large_kmalloc = block->class == MO_PAGE_LARGE_KMALLOC;
	struct mo_holder holder = {
		.kind = is_large_kmalloc ? MO_HOLDER_LARGE_KMALLOC : MO_HOLDER_DIRECT,
		.evidence = MO_HOLDER_BY_NOBODY,
		.bytes = (uint64_t)block->n_pages << state->page_shift,
		.pieces = 1,
		.order = block->order,
		.page_class = block->class,
		.example_kva = state->direct_map_kva + (block->pfn << state->page_shift),
	};
	bool is_named = false;
	struct mo_error *error = by_record(state, block, &holder, &is_named);

	if (state->pageblock_order) {
		holder.last_pageblock = (block->pfn + block->n_pages - 1) >> state->pageblock_order;
		holder.pageblocks = holder.last_pageblock - (block->pfn >> state->pageblock_order) + 1;
	}
	if (!error && !is_named && block->structure != STRUCTURE_NONE) {
		holder.evidence = MO_HOLDER_BY_STRUCTURE;
		holder.name = structure_names[block->structure];
		is_named = true;
	}
	if (!error && !is_named)
		error = by_mapping(state, block, &holder, &is_named);
	if (!error && !is_named)
		error = by_pointer(state, block, &holder, &is_named);
	if (!error && !is_named)
		error = guess_block(state, block, &holder, &is_named);
	if (!error && !is_named && !is_large_kmalloc)
		state->model.direct_unowned_pages += block->n_pages;
	if (!is_large_kmalloc)
		state->model.direct_pages += block->n_pages;
	return error ? error : add_holder(&state->holders, &holder);
}

/* A single page that nothing but its neighbours speaks for. */
static bool is_left_over(const struct block *block, const struct block *before)
{
	return !block->order && block->class == MO_PAGE_DIRECT && block->best == NO_POINTER && !block->structure &&
	       block->pfn == before->pfn + before->n_pages;
}

/*
 * alloc_pages_exact() takes a block, splits it and gives back what is too much: single pages, of which the kernel keeps the
 * address of the first. So of single pages that nothing points at, those up to the end of an aligned block may belong to a
 * page at its begin, if that has a pointer to its memory; what goes on behind the block is something else.
 */
static void mark_rests(struct owners_state *state)
{
	struct block *blocks = state->blocks.blocks;
	size_t n_blocks = state->blocks.n_blocks;
	size_t next;

	for (size_t i = 0; i < n_blocks; i = next) {
		size_t n_pages;
		uint64_t aligned = 1;

		for (next = i + 1; next < n_blocks && is_left_over(&blocks[next], &blocks[next - 1]); next++)
			continue;
		n_pages = next - i;
		while (aligned < n_pages)
			aligned *= 2;
		if (n_pages < MIN_REST_PAGES || blocks[i].order || blocks[i].best == NO_POINTER || blocks[i].pfn & (aligned - 1) ||
		    blocks[i].best >> POINTER_PAGE_BIT & 3 || best_rank(&blocks[i]) > RANK_LARGE_KMALLOC)
			continue;
		for (size_t k = i + 1; k < next; k++) {
			blocks[k].best = blocks[i].best;
			blocks[k].is_rest = true;
		}
	}
}

struct mo_error *name_blocks(struct owners_state *state)
{
	struct mo_error *error = NULL;

	mark_rests(state);
	for (size_t i = 0; i < state->blocks.n_blocks && !error; i++)
		error = name_block(state, &state->blocks.blocks[i]);
	return error;
}
