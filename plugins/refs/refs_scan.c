/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pass over the kernel's memory, for words that refer to some targets, or for all words that are addresses. */
#include <memopsy/parallel.h>
#include <stdlib.h>

#include "refs.h"

#define SCAN_GRAIN_PAGES 4096
#define VIEW_PAGES 256
#define ERROR_POINTERS 4096  /* addresses so near to the end are negative error numbers */

struct scan_thread {
	struct reference_list found;
	struct edge_list edges;
	bool is_out_of_memory;
	bool is_full;
} __attribute__((aligned(128)));

struct scan {
	const struct refs_state *state;
	const struct target *targets;
	const struct range_set *set;
	uint64_t most_edges;         /* of a thread */
	struct scan_thread *threads;
};

/* What is done with the words of some pages, and by whom. */
struct pass {
	const struct refs_state *state;
	word_function words;
	void *context;
	uint64_t *n_missing_pages;   /* of each thread */
};

bool append_reference(struct reference_list *list, const struct reference *reference)
{
	if (list->n_items == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 256;
		struct reference *items = reallocarray(list->items, n_slots, sizeof(*items));

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

bool object_at_pa(const struct mo_object_index *index, uint64_t pa, struct mo_object_ref *ret)
{
	uint64_t kva = index->slabs->direct_map_kva + pa;
	uint32_t slab = mo_pointed_slab(index, kva);
	enum mo_object_state state;

	if (!slab)
		return false;
	ret->slab = slab - 1;
	if (!mo_pointed_object(index, slab - 1, kva, &ret->index))
		return false;
	state = mo_index_state(index, *ret);
	return state == MO_OBJECT_ALLOCATED || state == MO_OBJECT_UNKNOWN;
}

static void meet(const struct scan *scan, struct scan_thread *thread, uint64_t pa, uint64_t word, bool is_slab)
{
	const struct word_range *range = range_of(scan->set, word);
	const struct target *target = range ? &scan->targets[range->target] : NULL;
	struct mo_object_ref ref;

	if (!target || pa - target->first_pa < target->end_kva - target->kva ||
	    (is_slab && !object_at_pa(&scan->state->index, pa, &ref)))
		return;
	if (thread->found.n_items >= MOST_REFERENCES)
		thread->found.n_left_out++;
	else if (!append_reference(&thread->found, &(const struct reference){ .pa = pa, .word = word, .target = range->target,
									      .way = range->way }))
		thread->is_out_of_memory = true;
}

static bool scan_for_ranges(void *context, unsigned thread_index, const uint8_t *bytes, size_t n_bytes, uint64_t pa, bool is_slab)
{
	const struct scan *scan = context;
	struct scan_thread *thread = &scan->threads[thread_index];
	const struct mo_object_index index = scan->state->index;
	const struct range_set set = *scan->set;

	for (size_t at = 0; at + index.word_bytes <= n_bytes; at += index.word_bytes) {
		uint64_t word = mo_index_word(&index, bytes + at);

		if (may_refer(&set, word))
			meet(scan, thread, pa + at, word, is_slab);
	}
	return !thread->is_out_of_memory;
}

static bool scan_for_addresses(void *context, unsigned thread_index, const uint8_t *bytes, size_t n_bytes, uint64_t pa,
			       bool is_slab)
{
	const struct scan *scan = context;
	struct scan_thread *thread = &scan->threads[thread_index];
	const struct mo_object_index index = scan->state->index;
	uint64_t floor_kva = scan->state->floor_kva;
	uint64_t last_kva = (index.word_bytes == 8 ? UINT64_MAX : UINT32_MAX) - ERROR_POINTERS;

	for (size_t at = 0; at + index.word_bytes <= n_bytes; at += index.word_bytes) {
		uint64_t word = mo_index_word(&index, bytes + at);
		struct mo_object_ref ref;

		if (word < floor_kva || word > last_kva || (is_slab && !object_at_pa(&index, pa + at, &ref)))
			continue;
		if (thread->edges.n >= scan->most_edges)
			thread->is_full = true;
		else if (!append_edge(&thread->edges, (struct edge){ .word = word, .pa = pa + at }))
			thread->is_out_of_memory = true;
	}
	return !thread->is_full && !thread->is_out_of_memory;
}

static bool scan_pages(const struct pass *pass, struct mo_reader *reader, unsigned thread_index, uint64_t pfn, uint64_t n_pages,
		       bool is_slab)
{
	const struct mo_object_index *index = &pass->state->index;
	bool goes_on = true;
	uint64_t pa = pfn << index->page_shift;
	uint64_t end_pa = pa + n_pages * index->page_bytes;

	while (pa < end_pa && goes_on) {
		uint64_t n_wanted = end_pa - pa < VIEW_PAGES * index->page_bytes ? end_pa - pa : VIEW_PAGES * index->page_bytes;
		const void *view;
		size_t n_bytes = 0;
		struct mo_error *error = mo_view_pa(reader, pa, n_wanted, &view, &n_bytes);

		if (error) {
			mo_error_destroy(error);
			pass->n_missing_pages[thread_index] += mo_kernel_frame_presence(mo_run_kernel(pass->state->run),
											pa >> index->page_shift) != MO_FRAME_HOLE;
			pa += index->page_bytes - pa % index->page_bytes;
			continue;
		}
		goes_on = pass->words(pass->context, thread_index, view, n_bytes, pa, is_slab);
		mo_view_done(reader, view, n_bytes);
		pa += n_bytes;
	}
	return goes_on;
}

/* 0: not looked at; 1: all words; 2: those of objects in use. */
static unsigned way_of(const struct pass *pass, uint8_t class, uint64_t pfn)
{
	const struct mo_object_index *index = &pass->state->index;

	if (class != MO_PAGE_SLAB)
		return mo_is_root_class((enum mo_page_class)class);
	return pfn - index->first_pfn < index->n_pages && index->slab_of_page[pfn - index->first_pfn] ? 2 : 1;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	const struct pass *pass = context;
	const struct mo_mem_map_model *mem_map = pass->state->mem_map;

	for (size_t i = 0; i < mem_map->n_runs && mem_map->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_page_run *run = &mem_map->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;

		while (pfn < end) {
			uint64_t start = pfn;
			unsigned way = way_of(pass, run->classes[pfn - run->first_pfn], pfn);

			while (pfn < end && way_of(pass, run->classes[pfn - run->first_pfn], pfn) == way)
				pfn++;
			if (way && !scan_pages(pass, reader, thread_index, start, pfn - start, way == 2))
				return mo_error_create(MO_E_LIMIT, "there are more pointers than are kept at a time");
		}
	}
	return NULL;
}

struct mo_error *scan_kernel_words(const struct refs_state *state, word_function words, void *context, uint64_t *n_missing_pages)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	const struct mo_mem_map_model *mem_map = state->mem_map;
	unsigned n_threads = mo_kernel_thread_count(kernel);
	const struct mo_page_run *last = mem_map->n_runs ? &mem_map->runs[mem_map->n_runs - 1] : NULL;
	struct pass pass = { .state = state, .words = words, .context = context };
	struct mo_error *error = NULL;

	*n_missing_pages = 0;
	if (!last)
		return NULL;
	pass.n_missing_pages = calloc(n_threads, sizeof(*pass.n_missing_pages));
	if (!pass.n_missing_pages)
		return mo_error_no_memory();
	error = mo_parallel_scan(kernel, mo_run_progress(state->run), "looking for references", mem_map->runs[0].first_pfn,
				 last->first_pfn + last->n_pages, SCAN_GRAIN_PAGES, scan_chunk, &pass);
	for (unsigned i = 0; i < n_threads; i++)
		*n_missing_pages += pass.n_missing_pages[i];
	free(pass.n_missing_pages);
	return error;
}

/* Threads that ran out of memory or of room end the pass alike; what it was is told here. */
static struct mo_error *scan_all(struct scan *scan, word_function words, unsigned n_threads, uint64_t *n_missing_pages)
{
	struct mo_error *error;

	*n_missing_pages = 0;
	scan->threads = aligned_alloc(_Alignof(struct scan_thread), n_threads * sizeof(*scan->threads));
	if (!scan->threads)
		return mo_error_no_memory();
	memset(scan->threads, 0, n_threads * sizeof(*scan->threads));
	error = scan_kernel_words(scan->state, words, scan, n_missing_pages);
	for (unsigned i = 0; i < n_threads; i++) {
		if (!scan->threads[i].is_out_of_memory)
			continue;
		mo_error_destroy(error);
		return mo_error_no_memory();
	}
	return error;
}

static struct mo_error *take_found(const struct scan *scan, unsigned n_threads, struct reference_list *list)
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

struct mo_error *scan_for_targets(const struct refs_state *state, const struct target *targets, const struct range_set *set,
				  struct reference_list *list)
{
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(state->run));
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

struct mo_error *scan_for_edges(const struct refs_state *state, uint64_t most_edges, struct edge_list *lists,
				uint64_t *n_missing_pages)
{
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(state->run));
	struct scan scan = { .state = state, .most_edges = most_edges / n_threads };
	struct mo_error *error = scan_all(&scan, scan_for_addresses, n_threads, n_missing_pages);

	for (unsigned i = 0; i < n_threads && scan.threads; i++)
		lists[i] = scan.threads[i].edges;
	free(scan.threads);
	return error;
}
