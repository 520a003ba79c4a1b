/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pass over the kernel's memory, for words that refer to some targets, or for all words that are addresses. */
#include <stdlib.h>

#include "reference_scan.h"

#define ERROR_POINTERS 4096  /* addresses so near to the end are negative error numbers */

struct scan_thread {
	struct mo_reference_list found;
	struct edge_list edges;
	bool is_out_of_memory;
	bool is_full;
} __attribute__((aligned(128)));

struct scan {
	const struct mo_references *state;
	const struct mo_word_target *targets;
	const struct mo_word_ranges *set;
	uint64_t n_edges_max;         /* of a thread */
	struct scan_thread *threads;
};

bool append_reference(struct mo_reference_list *list, const struct mo_reference *reference)
{
	if (list->n_items == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 256;
		struct mo_reference *items = reallocarray(list->items, n_slots, sizeof(*items));

		if (!items)
			return false;
		list->items = items;
		list->n_slots = n_slots;
	}
	list->items[list->n_items++] = *reference;
	return true;
}

static bool append_edge(struct edge_list *list, struct edge edge)
{
	if (list->n == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 65536;
		struct edge *edges = reallocarray(list->edges, n_slots, sizeof(*edges));

		if (!edges)
			return false;
		list->edges = edges;
		list->n_slots = n_slots;
	}
	list->edges[list->n++] = edge;
	return true;
}

static void meet(const struct scan *scan, struct scan_thread *thread, uint64_t pa, uint64_t word, unsigned kind)
{
	const struct mo_word_range *range = mo_word_range_of(scan->set, word);
	const struct mo_word_target *target = range ? &scan->targets[range->target] : NULL;

	if (!target || pa - target->first_pa < target->end_kva - target->kva ||
	    (kind == MO_SLAB_WORDS && !mo_counts_in_slab(&scan->state->index, pa)))
		return;
	if (thread->found.n_items >= REFERENCES_MAX)
		thread->found.n_left_out++;
	else if (!append_reference(&thread->found, &(const struct mo_reference){ .pa = pa, .word = word, .target = range->target,
									      .way = range->way }))
		thread->is_out_of_memory = true;
}

static bool scan_for_ranges(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	const struct scan *scan = context;
	struct scan_thread *thread = &scan->threads[thread_index];
	const struct mo_object_index index = scan->state->index;
	const struct mo_word_ranges set = *scan->set;
	const uint8_t *bytes = view->bytes;
	size_t n_bytes = view->n_bytes;

	for (size_t at = 0; at + index.word_bytes <= n_bytes; at += index.word_bytes) {
		uint64_t word = mo_index_word(&index, bytes + at);

		if (mo_may_refer(&set, word))
			meet(scan, thread, view->pa + at, word, view->kind);
	}
	return !thread->is_out_of_memory;
}

static bool scan_for_addresses(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	const struct scan *scan = context;
	struct scan_thread *thread = &scan->threads[thread_index];
	const struct mo_object_index index = scan->state->index;
	const uint8_t *bytes = view->bytes;
	size_t n_bytes = view->n_bytes;
	uint64_t floor_kva = scan->state->floor_kva;
	uint64_t last_kva = (index.word_bytes == 8 ? UINT64_MAX : UINT32_MAX) - ERROR_POINTERS;

	for (size_t at = 0; at + index.word_bytes <= n_bytes; at += index.word_bytes) {
		uint64_t word = mo_index_word(&index, bytes + at);

		if (word < floor_kva || word > last_kva ||
		    (view->kind == MO_SLAB_WORDS && !mo_counts_in_slab(&index, view->pa + at)))
			continue;
		if (thread->edges.n >= scan->n_edges_max)
			thread->is_full = true;
		else if (!append_edge(&thread->edges, (struct edge){ .word = word, .pa = view->pa + at }))
			thread->is_out_of_memory = true;
	}
	return !thread->is_full && !thread->is_out_of_memory;
}

/* Threads that ran out of memory or of room end the pass alike; what it was is told here. */
static struct mo_error *scan_all(struct scan *scan, mo_word_function look, unsigned n_threads, uint64_t *n_missing_pages)
{
	struct mo_word_pass pass;
	struct mo_error *error;

	*n_missing_pages = 0;
	scan->threads = aligned_alloc(_Alignof(struct scan_thread), n_threads * sizeof(*scan->threads));
	if (!scan->threads)
		return mo_error_no_memory();
	memset(scan->threads, 0, n_threads * sizeof(*scan->threads));
	pass = mo_kernel_words_pass(scan->state, look, scan);
	error = mo_scan_words(&pass, n_missing_pages);
	for (unsigned i = 0; i < n_threads; i++) {
		if (!scan->threads[i].is_out_of_memory)
			continue;
		mo_error_destroy(error);
		return mo_error_no_memory();
	}
	return error;
}

static struct mo_error *take_found(const struct scan *scan, unsigned n_threads, struct mo_reference_list *list)
{
	for (unsigned i = 0; i < n_threads; i++) {
		const struct scan_thread *thread = &scan->threads[i];

		for (size_t k = 0; k < thread->found.n_items; k++)
			if (!append_reference(list, &thread->found.items[k]))
				return mo_error_no_memory();
		list->n_left_out += thread->found.n_left_out;
	}
	return NULL;
}

struct mo_error *scan_for_targets(const struct mo_references *state, const struct mo_word_target *targets, const struct mo_word_ranges *set,
				  struct mo_reference_list *list)
{
	unsigned n_threads = mo_kernel_thread_count(state->kernel);
	struct scan scan = { .state = state, .targets = targets, .set = set };
	struct mo_error *error;

	if (!set->n)
		return NULL;
	error = scan_all(&scan, scan_for_ranges, n_threads, &list->n_missing_pages);
	if (!error)
		error = take_found(&scan, n_threads, list);
	for (unsigned i = 0; i < n_threads && scan.threads; i++)
		free(scan.threads[i].found.items);
	free(scan.threads);
	return error;
}

struct mo_error *scan_for_edges(const struct mo_references *state, uint64_t n_edges_max, struct edge_list *lists,
				uint64_t *n_missing_pages)
{
	unsigned n_threads = mo_kernel_thread_count(state->kernel);
	struct scan scan = { .state = state, .n_edges_max = n_edges_max / n_threads };
	struct mo_error *error = scan_all(&scan, scan_for_addresses, n_threads, n_missing_pages);

	for (unsigned i = 0; i < n_threads && scan.threads; i++)
		lists[i] = scan.threads[i].edges;
	free(scan.threads);
	return error;
}
