/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pass over the kernel's memory for words that point into some ranges. */
#include <memopsy/parallel.h>
#include <stdlib.h>

#include "../leaks/root_pages.h"
#include "refs.h"

#define SCAN_GRAIN_PAGES 4096
#define VIEW_PAGES 256

struct scan_thread {
	struct reference_list found;
	uint64_t n_left_out, n_missing_pages;
	bool is_out_of_memory;
} __attribute__((aligned(128)));

struct scan {
	const struct refs_state *state;
	const struct target *targets;
	size_t n_targets;
	uint64_t first_kva;  /* of the first target ... */
	uint64_t n_bytes;    /* ... up to the end of the last one */
	struct scan_thread *threads;
};

bool append_reference(struct reference_list *list, const struct reference *reference)
{
	if (list->n_items == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 256;
		struct reference *items = realloc(list->items, n_slots * sizeof(*items));

		if (!items)
			return false;
		list->items = items;
		list->n_slots = n_slots;
	}
	list->items[list->n_items++] = *reference;
	return true;
}

bool object_at_pa(const struct object_index *index, uint64_t pa, struct object_ref *ret)
{
	uint64_t kva = index->slabs->direct_map_kva + pa;
	uint32_t slab = pointed_slab(index, kva);
	enum mo_object_state state;

	if (!slab)
		return false;
	ret->slab = slab - 1;
	if (!pointed_object(index, slab - 1, kva, &ret->index))
		return false;
	state = index_state(index, *ret);
	return state == MO_OBJECT_ALLOCATED || state == MO_OBJECT_UNKNOWN;
}

static const struct target *find_target(const struct scan *scan, uint64_t word)
{
	size_t low = 0;
	size_t high = scan->n_targets;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->targets[middle].end_kva <= word)
			low = middle + 1;
		else
			high = middle;
	}
	return low < scan->n_targets && scan->targets[low].first_kva <= word ? &scan->targets[low] : NULL;
}

static void meet(const struct scan *scan, struct scan_thread *thread, uint64_t pa, uint64_t word, bool is_slab)
{
	const struct target *target = find_target(scan, word);
	struct object_ref ref;

	if (!target || pa - target->first_pa < target->end_kva - target->first_kva ||
	    (is_slab && !object_at_pa(&scan->state->index, pa, &ref)))
		return;
	if (thread->found.n_items >= MOST_REFERENCES)
		thread->n_left_out++;
	else if (!append_reference(&thread->found,
				   &(const struct reference){ .pa = pa, .word = word, .target_kva = target->first_kva,
							      .depth = target->depth }))
		thread->is_out_of_memory = true;
}

static void scan_pages(const struct scan *scan, struct mo_reader *reader, struct scan_thread *thread, uint64_t pfn,
		       uint64_t n_pages, bool is_slab)
{
	const struct object_index index = scan->state->index;
	uint64_t pa = pfn << index.page_shift;
	uint64_t end_pa = pa + n_pages * index.page_bytes;

	while (pa < end_pa) {
		uint64_t n_wanted = end_pa - pa < VIEW_PAGES * index.page_bytes ? end_pa - pa : VIEW_PAGES * index.page_bytes;
		const void *view;
		size_t n_bytes = 0;
		struct mo_error *error = mo_view_pa(reader, pa, n_wanted, &view, &n_bytes);

		if (error) {
			mo_error_destroy(error);
			thread->n_missing_pages += mo_kernel_frame_presence(mo_run_kernel(scan->state->run),
									    pa >> index.page_shift) != MO_FRAME_HOLE;
			pa += index.page_bytes - pa % index.page_bytes;
			continue;
		}
		for (size_t at = 0; at + index.word_bytes <= n_bytes; at += index.word_bytes) {
			uint64_t word = index_word(&index, (const uint8_t *)view + at);

			if (word - scan->first_kva < scan->n_bytes)
				meet(scan, thread, pa + at, word, is_slab);
		}
		mo_view_done(reader, view, n_bytes);
		pa += n_bytes;
	}
}

/* 0: not looked at; 1: all words; 2: those of objects in use. */
static unsigned way_of(const struct scan *scan, uint8_t class, uint64_t pfn)
{
	const struct object_index *index = &scan->state->index;

	if (class != MO_PAGE_SLAB)
		return is_root_class((enum mo_page_class)class);
	return pfn - index->first_pfn < index->n_pages && index->slab_of_page[pfn - index->first_pfn] ? 2 : 1;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	const struct scan *scan = context;
	const struct mo_mem_map_model *mem_map = scan->state->mem_map;
	struct scan_thread *thread = &scan->threads[thread_index];

	for (size_t i = 0; i < mem_map->n_runs && mem_map->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_page_run *run = &mem_map->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;

		while (pfn < end) {
			uint64_t start = pfn;
			unsigned way = way_of(scan, run->classes[pfn - run->first_pfn], pfn);

			while (pfn < end && way_of(scan, run->classes[pfn - run->first_pfn], pfn) == way)
				pfn++;
			if (way)
				scan_pages(scan, reader, thread, start, pfn - start, way == 2);
		}
	}
	return thread->is_out_of_memory ? mo_error_no_memory() : NULL;
}

static struct mo_error *take_found(const struct scan *scan, unsigned n_threads, struct reference_list *list,
				   uint64_t *n_left_out, uint64_t *n_missing_pages)
{
	*n_missing_pages = 0;
	for (unsigned i = 0; i < n_threads; i++) {
		const struct scan_thread *thread = &scan->threads[i];

		for (size_t k = 0; k < thread->found.n_items; k++)
			if (!append_reference(list, &thread->found.items[k]))
				return mo_error_no_memory();
		*n_left_out += thread->n_left_out;
		*n_missing_pages += thread->n_missing_pages;
	}
	return NULL;
}

struct mo_error *scan_for_targets(const struct refs_state *state, const struct target *targets, size_t n_targets,
				  struct reference_list *list, uint64_t *n_left_out, uint64_t *n_missing_pages)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned n_threads = mo_kernel_thread_count(kernel);
	const struct mo_page_run *last = state->mem_map->n_runs ? &state->mem_map->runs[state->mem_map->n_runs - 1] : NULL;
	struct scan scan = { .state = state, .targets = targets, .n_targets = n_targets };
	struct mo_error *error;

	if (!last || !n_targets)
		return NULL;
	scan.first_kva = targets[0].first_kva;
	scan.n_bytes = targets[n_targets - 1].end_kva - scan.first_kva;
	scan.threads = aligned_alloc(_Alignof(struct scan_thread), n_threads * sizeof(*scan.threads));
	if (!scan.threads)
		return mo_error_no_memory();
	memset(scan.threads, 0, n_threads * sizeof(*scan.threads));
	error = mo_parallel_scan(kernel, mo_run_progress(state->run), "looking for references",
				 state->mem_map->runs[0].first_pfn, last->first_pfn + last->n_pages, SCAN_GRAIN_PAGES,
				 scan_chunk, &scan);
	if (!error)
		error = take_found(&scan, n_threads, list, n_left_out, n_missing_pages);
	for (unsigned i = 0; i < n_threads; i++)
		free(scan.threads[i].found.items);
	free(scan.threads);
	return error;
}
