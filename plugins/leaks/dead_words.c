/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which words nobody will read again: the kinds of memory that hold such, each with its own rule. */
#include "dead_words.h"

#include <memopsy/containers.h>
#include <memopsy/tasks.h>
#include <memopsy/walk.h>
#include <stdlib.h>

#define MAX_STACK_BYTES (256u << 10)
#define MAX_CACHED_BUFFERS 4096
#define MAX_LIST_PAGES 4096

static struct mo_error *add_range(struct dead_words *dead, uint64_t pa, uint64_t n_bytes)
{
	if (dead->n == dead->n_slots) {
		size_t n_slots = dead->n_slots ? dead->n_slots * 2 : 256;
		struct dead_range *ranges = realloc(dead->ranges, n_slots * sizeof(*ranges));

		if (!ranges)
			return mo_error_no_memory();
		dead->ranges = ranges;
		dead->n_slots = n_slots;
	}
	dead->ranges[dead->n++] = (struct dead_range){ .pa = pa, .end_pa = pa + n_bytes };
	return NULL;
}

struct mo_error *add_dead_words(const struct leaks_state *state, struct dead_words *dead, uint64_t kva, uint64_t end_kva)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_error *error = NULL;

	while (kva < end_kva && !error) {
		uint64_t n_bytes = state->index.page_bytes - kva % state->index.page_bytes;
		uint64_t pa;
		struct mo_error *unmapped = mo_translate(reader, kva, &pa, NULL);

		if (n_bytes > end_kva - kva)
			n_bytes = end_kva - kva;
		if (!unmapped)
			error = add_range(dead, pa, n_bytes);
		mo_error_destroy(unmapped);
		kva += n_bytes;
	}
	return error;
}

static struct mo_error *add_stack(const struct leaks_state *state, struct dead_words *dead, uint64_t task_kva)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t stack = 0;
	uint64_t pointer = 0;
	uint64_t on_cpu = 1;
	struct mo_error *error = mo_read_field(reader, &layout->task.on_cpu, task_kva, &on_cpu);

	if (!error)
		error = mo_read_field(reader, &layout->task.stack, task_kva, &stack);
	if (!error)
		error = mo_read_field(reader, &layout->task.stack_pointer, task_kva, &pointer);
	if (mo_error_destroy(error) || on_cpu || !stack || pointer <= stack || pointer - stack > MAX_STACK_BYTES)
		return NULL;
	/* The lowest word says whether the stack overflowed; it is no pointer either. */
	return add_dead_words(state, dead, stack, pointer & ~(uint64_t)(state->index.word_bytes - 1));
}

static struct mo_error *add_stacks(const struct leaks_state *state, struct dead_words *dead)
{
	const struct leaks_layout *layout = state->layout;
	const struct mo_tasks_model *tasks = mo_run_model_of(state->run, MO_TASKS_MODEL);
	struct mo_error *error = NULL;

	/* Of a running kernel the pointers are of another moment than the words. */
	if (state->is_live)
		return NULL;
	if (tasks && mo_has(&layout->task.on_cpu) && mo_has(&layout->task.stack) && mo_has(&layout->task.stack_pointer))
		for (size_t i = 0; i < tasks->n_tasks && !error; i++)
			error = add_stack(state, dead, tasks->tasks[i].kva);
	for (size_t i = 0; state->vmap && i < state->vmap->n_areas && !error; i++) {
		const struct mo_vmap_area *area = &state->vmap->areas[i];

		if (area->is_idle_stack && area->end_kva - area->first_kva <= MAX_STACK_BYTES)
			error = add_dead_words(state, dead, area->first_kva, area->end_kva);
	}
	return error;
}

/* napi_alloc_cache.skb_cache (net/core/skbuff.c): behind skb_count stand buffers that were given away. */
static struct mo_error *add_buffer_caches(const struct leaks_state *state, struct dead_words *dead)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_error *error;
	struct mo_set cpus;

	if (!mo_has(&layout->buffers.cache) || !mo_has(&layout->buffers.count) || !mo_has(&layout->buffers.slots) ||
	    state->is_live)
		return NULL;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	for (int cpu = mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t n_slots = layout->buffers.slots.n_elements;
		uint64_t kva = 0;
		uint64_t count = 0;

		error = mo_percpu(reader, layout->buffers.cache.kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read_field(reader, &layout->buffers.count, kva, &count);
		if (!error && count < n_slots && n_slots < MAX_CACHED_BUFFERS) {
			kva += layout->buffers.slots.offset_bytes;
			error = add_dead_words(state, dead, kva + count * state->index.word_bytes,
					   kva + n_slots * state->index.word_bytes);
			if (error)
				return error;
		}
		mo_error_destroy(error);
	}
	return NULL;
}

/* Pages that kfree_rcu() keeps for its lists of objects still have the last list in them. */
static struct mo_error *add_free_lists(const struct leaks_state *state, struct dead_words *dead, uint64_t head_kva)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_chain_walk walk;
	uint64_t page_kva;
	struct mo_error *error = NULL;

	mo_hlist_begin(&walk, reader, head_kva, MAX_LIST_PAGES);
	while (!error && mo_chain_next(&walk, &page_kva))
		/* Its first word leads to the next one. */
		if (!(page_kva % state->index.page_bytes))
			error = add_dead_words(state, dead, page_kva + state->index.word_bytes, page_kva + state->index.page_bytes);
	mo_error_destroy(mo_chain_end(&walk));
	return error;
}

static struct mo_error *add_kfree_rcu(const struct leaks_state *state, struct dead_words *dead)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_error *error;
	struct mo_set cpus;

	if (!mo_has(&layout->rcu.kfree) || !mo_has(&layout->rcu.kfree_pages) ||
	    state->is_live)
		return NULL;
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	for (int cpu = mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva;

		error = mo_percpu(reader, layout->rcu.kfree.kva, (unsigned)cpu, &kva);
		if (error) {
			mo_error_destroy(error);
			continue;
		}
		error = add_free_lists(state, dead, kva + layout->rcu.kfree_pages.offset_bytes);
		if (error)
			return error;
	}
	return NULL;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct dead_range *a = left;
	const struct dead_range *b = right;

	return a->pa < b->pa ? -1 : a->pa > b->pa;
}

/* Stacks overlap only if the kernel's data are wrong; then the later one begins where the earlier one ends. */
static void sort_ranges(struct dead_words *dead)
{
	size_t n = 0;

	if (dead->n)
		qsort(dead->ranges, dead->n, sizeof(*dead->ranges), compare_ranges);
	for (size_t i = 0; i < dead->n; i++) {
		struct dead_range range = dead->ranges[i];

		if (n && range.pa < dead->ranges[n - 1].end_pa)
			range.pa = dead->ranges[n - 1].end_pa;
		if (range.pa < range.end_pa)
			dead->ranges[n++] = range;
	}
	dead->n = n;
}

struct mo_error *find_dead_words(struct leaks_state *state, struct dead_words *ret)
{
	struct dead_words dead = { .n = 0 };
	struct mo_error *error = add_stacks(state, &dead);

	if (!error)
		error = add_buffer_caches(state, &dead);
	if (!error)
		error = add_kfree_rcu(state, &dead);
	if (!error)
		error = add_free_arrays(state, &dead);
	if (error) {
		free(dead.ranges);
		return error;
	}
	sort_ranges(&dead);
	*ret = dead;
	return NULL;
}

const struct dead_range *next_dead(const struct dead_words *dead, uint64_t pa)
{
	size_t low = mo_lower_bound(dead->n, at, dead->ranges[at].end_pa <= pa);

	return low < dead->n ? &dead->ranges[low] : NULL;
}
