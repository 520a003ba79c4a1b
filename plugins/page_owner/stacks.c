/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stacks of the groups, each read and named once. */
#include "gathering.h"

#include <memopsy/stack_depot.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_SLOTS 4096u /* frames that were named already; stacks have most of theirs in common */

struct named_frame {
	uint64_t kva;
	const char *name;    /* NULL: in no symbol */
	const char *module;
	bool is_allocator;
};

struct naming {
	struct page_owner_state *state;
	const struct mo_symbols *symbols;
	struct named_frame cache[CACHE_SLOTS];
	size_t n_frames, frames_room;
};

static int compare_handles(const void *a, const void *b)
{
	uint32_t first = ((const struct mo_page_owner_stack *)a)->handle;
	uint32_t second = ((const struct mo_page_owner_stack *)b)->handle;

	return first < second ? -1 : first > second;
}

const struct mo_page_owner_stack *stack_of_handle(const struct mo_page_owner_model *model, uint32_t handle)
{
	const struct mo_page_owner_stack key = { .handle = handle };

	if (!model->n_stacks || !handle)
		return NULL;
	return bsearch(&key, model->stacks, model->n_stacks, sizeof(key), compare_handles);
}

/* Every handle once, ascending. */
static struct mo_error *collect_stacks(struct page_owner_state *state, const struct group_table *table)
{
	size_t n = 0;

	state->stacks = calloc(table->n + 1, sizeof(*state->stacks));
	if (!state->stacks)
		return mo_error_no_memory();
	for (size_t i = 0; i < table->n; i++)
		state->stacks[i].handle = table->groups[i].handle;
	if (table->n)
		qsort(state->stacks, table->n, sizeof(*state->stacks), compare_handles);
	for (size_t i = 0; i < table->n; i++)
		if (!n || state->stacks[i].handle != state->stacks[n - 1].handle)
			state->stacks[n++] = state->stacks[i];
	state->model.stacks = state->stacks;
	state->model.n_stacks = n;
	return NULL;
}

static struct mo_error *read_frames(struct naming *naming, struct mo_page_owner_stack *stack)
{
	struct page_owner_state *state = naming->state;
	uint64_t frames[MO_STACK_DEPOT_FRAMES];
	struct mo_error *error;
	size_t n = 0;

	if (!stack->handle)
		return NULL;
	error = mo_stack_depot_read(state->reader, stack->handle, frames, &n);
	if (error)
		return mo_trouble_or_end(&state->broken_stacks, error);
	if (naming->n_frames + n > naming->frames_room) {
		size_t room = naming->frames_room ? naming->frames_room * 2 : 16384;
		uint64_t *grown = realloc(state->frames, room * sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->frames = grown;
		naming->frames_room = room;
	}
	memcpy(state->frames + naming->n_frames, frames, n * sizeof(*frames));
	naming->n_frames += n;
	stack->n_frames = n;
	return NULL;
}

/* A call that does not return may be the last thing in its function: then the return address lies behind it. */
struct mo_error *symbol_of_frame(const struct mo_symbols *symbols, uint64_t kva, struct mo_symbol *ret)
{
	struct mo_error *error = mo_symbols_at(symbols, kva, ret);

	if (error && mo_error_code(error) == MO_E_ABSENT && kva) {
		mo_error_destroy(error);
		error = mo_symbols_at(symbols, kva - 1, ret);
	}
	return error;
}

static const struct named_frame *name_frame(struct naming *naming, uint64_t kva)
{
	struct named_frame *named = &naming->cache[(kva ^ kva >> 12) % CACHE_SLOTS];
	struct mo_symbol symbol;
	struct mo_error *error;

	if (named->kva == kva)
		return named;
	*named = (struct named_frame){ .kva = kva };
	error = symbol_of_frame(naming->symbols, kva, &symbol);
	if (!error) {
		named->name = symbol.name;
		named->module = symbol.module;
		named->is_allocator = !symbol.module && is_allocator(symbol.name);
	}
	mo_error_destroy(error);
	return named;
}

/* The caller is the frame behind the last of the allocators' that stand first. */
static void find_caller(struct naming *naming, struct mo_page_owner_stack *stack)
{
	size_t at = 0;

	while (at < stack->n_frames && name_frame(naming, stack->frames_kva[at])->is_allocator)
		at++;
	stack->caller = (uint32_t)at;
	if (at == stack->n_frames)
		return;
	stack->caller_name = name_frame(naming, stack->frames_kva[at])->name;
	stack->caller_module = name_frame(naming, stack->frames_kva[at])->module;
}

static struct mo_error *read_stacks(struct page_owner_state *state)
{
	struct naming *naming = calloc(1, sizeof(*naming));
	struct mo_error *error = NULL;
	size_t at = 0;

	if (!naming)
		return mo_error_no_memory();
	naming->state = state;
	/* Without modules' symbols their frames are shown as numbers. */
	mo_error_destroy(mo_kernel_load_modules(mo_run_kernel(state->run)));
	naming->symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	for (size_t i = 0; i < state->model.n_stacks && !error; i++)
		error = read_frames(naming, &state->stacks[i]);
	for (size_t i = 0; i < state->model.n_stacks && !error; i++) {
		state->stacks[i].frames_kva = state->frames + at;
		at += state->stacks[i].n_frames;
		find_caller(naming, &state->stacks[i]);
	}
	free(naming);
	return error;
}

static int compare_groups(const void *a, const void *b)
{
	const struct mo_page_owner_group *first = a;
	const struct mo_page_owner_group *second = b;

	if (first->pages != second->pages)
		return first->pages < second->pages ? 1 : -1;
	if (first->stack != second->stack)
		return first->stack < second->stack ? -1 : 1;
	return first->order < second->order ? -1 : first->order > second->order;
}

static uint32_t index_of_stack(const struct page_owner_state *state, uint32_t handle)
{
	const struct mo_page_owner_stack key = { .handle = handle };
	const struct mo_page_owner_stack *found =
		bsearch(&key, state->stacks, state->model.n_stacks, sizeof(key), compare_handles);

	return (uint32_t)(found - state->stacks);
}

/*
 * A caller in no symbol was in a module's init code, which is gone. Where the page has a tag, that knows the function: the
 * tag is that of whoever called the page allocator, so not where a slab allocator stands between.
 */
static void name_by_tag(struct page_owner_state *state, const struct mo_page_owner_group *group)
{
	struct mo_page_owner_stack *stack = &state->stacks[group->stack];
	struct mo_page_owner_record record;
	struct mo_error *error;

	if (stack->caller_name || stack->caller >= stack->n_frames)
		return;
	error = find_record(&state->model, state->reader, group->example_pfn, &record);
	if (!error && record.site && record.site->module && record.site->function) {
		stack->caller_name = record.site->function;
		stack->caller_module = record.site->module;
	}
	mo_error_destroy(error);
}

struct mo_error *make_groups(struct page_owner_state *state, const struct group_table *table)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
	struct mo_error *error = collect_stacks(state, table);

	if (!error)
		error = read_stacks(state);
	if (error)
		return error;
	state->groups = calloc(table->n + 1, sizeof(*state->groups));
	if (!state->groups)
		return mo_error_no_memory();
	for (size_t i = 0; i < table->n; i++) {
		const struct group *group = &table->groups[i];

		state->groups[i] = (struct mo_page_owner_group){
			.stack = index_of_stack(state, group->handle), .order = group->order,
			.has_one_gfp = group->has_one_gfp, .gfp_mask = group->gfp_mask, .blocks = group->blocks,
			.pages = group->pages, .bytes = group->pages * page_bytes, .example_pfn = group->example_pfn,
			.oldest_ns = group->oldest_ns, .newest_ns = group->newest_ns,
		};
		state->model.pages += group->pages;
		name_by_tag(state, &state->groups[i]);
	}
	if (table->n)
		qsort(state->groups, table->n, sizeof(*state->groups), compare_groups);
	state->model.groups = state->groups;
	state->model.n_groups = table->n;
	return NULL;
}
