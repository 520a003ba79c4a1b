/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pass over all struct pages that finds the slabs, on all cores, through views of the memory map. */
#include "gathering.h"

#include <memopsy/parallel.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_GRAIN_PAGES 32768 /* 2 MiB of struct pages of 64 bytes: one mapping */

/* What a thread found, ascending by pfn, as chunks are handed out in that order. Padded apart. */
struct thread_slabs {
	struct slab_record *records;
	size_t n_records, n_slots;
	uint64_t *large_pfns;
	size_t n_large, n_large_slots;
	uint64_t unreadable_pages;
} __attribute__((aligned(128)));

struct scan {
	const struct slab_state *state;
	struct thread_slabs *threads;
};

static uint64_t word_at(const struct slab_shape *shape, const uint8_t *at)
{
	uint64_t word = 0;

	if (shape->word_bytes == 8) {
		memcpy(&word, at, 8);
		return mo_is_swapped_(shape->is_big_endian) ? __builtin_bswap64(word) : word;
	}
	for (unsigned i = 0; i < 4; i++)
		word |= (uint64_t)at[shape->is_big_endian ? 3 - i : i] << 8 * i;
	return word;
}

static uint32_t half_at(const struct slab_shape *shape, const uint8_t *at)
{
	uint32_t half;

	memcpy(&half, at, 4);
	return mo_is_swapped_(shape->is_big_endian) ? __builtin_bswap32(half) : half;
}

static struct mo_error *add_record(struct thread_slabs *thread, const struct slab_record *record)
{
	if (thread->n_records == thread->n_slots) {
		size_t n_slots = thread->n_slots ? thread->n_slots * 2 : 4096;
		struct slab_record *records = realloc(thread->records, n_slots * sizeof(*records));

		if (!records)
			return mo_error_no_memory();
		thread->records = records;
		thread->n_slots = n_slots;
	}
	thread->records[thread->n_records++] = *record;
	return NULL;
}

/* A block's order stands in its second struct page, which may lie in another view: it is read later. */
static struct mo_error *add_large(struct thread_slabs *thread, uint64_t pfn)
{
	if (thread->n_large == thread->n_large_slots) {
		size_t n_slots = thread->n_large_slots ? thread->n_large_slots * 2 : 1024;
		uint64_t *pfns = realloc(thread->large_pfns, n_slots * sizeof(*pfns));

		if (!pfns)
			return mo_error_no_memory();
		thread->large_pfns = pfns;
		thread->n_large_slots = n_slots;
	}
	thread->large_pfns[thread->n_large++] = pfn;
	return NULL;
}

static struct slab_record decode_slab(const struct slab_layout *layout, bool is_slab, const uint8_t *page, uint64_t pfn)
{
	struct slab_record record = {
		.pfn = pfn,
		.cache_kva = mo_get(&layout->slab.cache, page),
		.freelist_kva = mo_get(&layout->slab.freelist, page),
	};

	if (is_slab) {
		uint64_t active = mo_get(&layout->slab.active, page);

		record.s_mem_kva = mo_get(&layout->slab.s_mem, page);
		record.inuse = active < UINT16_MAX ? (uint16_t)active : UINT16_MAX;
		return record;
	}
	record.objects = (uint16_t)mo_get(&layout->slab.objects, page);
	record.inuse = (uint16_t)mo_get(&layout->slab.inuse, page);
	record.is_frozen = mo_has(&layout->slab.frozen) && mo_get(&layout->slab.frozen, page);
	return record;
}

bool read_slab_record(const struct slab_state *state, struct mo_reader *reader, uint64_t pfn, struct slab_record *ret)
{
	const struct slab_shape *shape = &state->shape;
	const struct slab_layout *layout = state->layout;
	uint8_t page[MO_PAGE_STRUCT_BYTES_MAX];
	uint64_t kva = 0;
	struct mo_error *error = mo_pfn_to_page(state->memmap, pfn, &kva);

	if (!error)
		error = mo_read(reader, kva, page, shape->page_struct_bytes);
	if (mo_error_destroy(error))
		return false;
	if (shape->type.mask ? !mo_page_has_type(shape->type, half_at(shape, page + layout->page->at.page_type)) :
			       !(word_at(shape, page + layout->page->at.flags) & shape->flag))
		return false;
	if (word_at(shape, page + layout->page->at.compound) & 1)
		return false;
	*ret = decode_slab(layout, shape->is_slab, page, pfn);
	return true;
}

/* n struct pages that lie at `page`. Tail pages name their head in a word with bit 0 set, and are not looked at. */
static struct mo_error *scan_bytes(const struct scan *scan, struct thread_slabs *thread, const uint8_t *page, uint64_t pfn,
				   uint64_t n)
{
	const struct slab_layout *layout = scan->state->layout;
	const struct slab_shape shape = scan->state->shape;
	uint64_t mark_offset = shape.type.mask ? layout->page->at.page_type : layout->page->at.flags;
	uint64_t head_offset = layout->page->at.compound;

	for (uint64_t i = 0; i < n; i++, page += shape.page_struct_bytes) {
		struct slab_record record;
		struct mo_error *error;
		uint32_t type = shape.type.mask ? half_at(&shape, page + mark_offset) : 0;
		bool is_slab = shape.type.mask ? mo_page_has_type(shape.type, type) :
						 (word_at(&shape, page + mark_offset) & shape.flag) != 0;

		if (!is_slab && !mo_page_has_type(shape.large_kmalloc, type))
			continue;
		if (word_at(&shape, page + head_offset) & 1)
			continue;
		if (is_slab) {
			record = decode_slab(layout, shape.is_slab, page, pfn + i);
			error = add_record(thread, &record);
		} else {
			error = add_large(thread, pfn + i);
		}
		if (error)
			return error;
	}
	return NULL;
}

/* What one view gives, or one struct page that lies across its end. */
static struct mo_error *scan_some(const struct scan *scan, struct mo_reader *reader, struct thread_slabs *thread, uint64_t kva,
				  uint64_t pfn, uint64_t n, uint64_t *n_done)
{
	const struct slab_shape *shape = &scan->state->shape;
	uint64_t page_bytes = shape->page_struct_bytes;
	uint8_t whole[MO_PAGE_STRUCT_BYTES_MAX];
	const void *view;
	size_t n_bytes = 0;
	struct mo_error *error = mo_view(reader, kva, n * page_bytes, &view, &n_bytes);

	if (!error && n_bytes >= page_bytes) {
		*n_done = n_bytes / page_bytes;
		error = scan_bytes(scan, thread, view, pfn, *n_done);
		mo_view_done(reader, view, *n_done * page_bytes);
		return error;
	}
	*n_done = 1;
	if (!error)
		error = mo_read(reader, kva, whole, page_bytes);
	if (!error)
		return scan_bytes(scan, thread, whole, pfn, 1);
	/* Unreadable, and so is the rest of that page of struct pages. */
	mo_error_destroy(error);
	*n_done = (shape->page_bytes - kva % shape->page_bytes + page_bytes - 1) / page_bytes;
	if (*n_done > n)
		*n_done = n;
	thread->unreadable_pages += *n_done;
	return NULL;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	const struct scan *scan = context;
	const struct mo_memmap *memmap = scan->state->memmap;
	struct thread_slabs *thread = &scan->threads[thread_index];
	struct mo_error *error = NULL;

	for (size_t i = 0; i < memmap->n_runs && memmap->runs[i].first_pfn < first + n_items && !error; i++) {
		const struct mo_memmap_run *run = &memmap->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;
		uint64_t n_done;

		for (; pfn < end && !error; pfn += n_done)
			error = scan_some(scan, reader, thread,
					  run->first_page_kva + (pfn - run->first_pfn) * scan->state->shape.page_struct_bytes,
					  pfn, end - pfn, &n_done);
	}
	return error;
}

/* One ascending list out of those of the threads: the lowest of their heads, again and again. */
static struct mo_error *merge(struct slab_state *state, struct thread_slabs *threads, unsigned n_threads)
{
	size_t *at = calloc(n_threads, sizeof(*at));
	size_t n_slabs = 0;

	for (unsigned i = 0; i < n_threads; i++)
		n_slabs += threads[i].n_records;
	state->records = calloc(n_slabs + 1, sizeof(*state->records));
	if (!at || !state->records) {
		free(at);
		return mo_error_no_memory();
	}
	for (size_t n = 0; n < n_slabs;) {
		unsigned lowest = n_threads;
		uint64_t limit = UINT64_MAX; /* of the other threads */

		for (unsigned i = 0; i < n_threads; i++) {
			if (at[i] == threads[i].n_records)
				continue;
			if (lowest == n_threads || threads[i].records[at[i]].pfn < threads[lowest].records[at[lowest]].pfn) {
				limit = lowest == n_threads ? limit : threads[lowest].records[at[lowest]].pfn;
				lowest = i;
			} else if (threads[i].records[at[i]].pfn < limit) {
				limit = threads[i].records[at[i]].pfn;
			}
		}
		/* A whole chunk of one thread comes at a time. */
		while (at[lowest] < threads[lowest].n_records && threads[lowest].records[at[lowest]].pfn < limit)
			state->records[n++] = threads[lowest].records[at[lowest]++];
	}
	state->model.n_slabs = n_slabs;
	free(at);
	return NULL;
}

/* In any order. */
static struct mo_error *merge_large(struct slab_state *state, const struct thread_slabs *threads, unsigned n_threads)
{
	size_t n = 0;

	for (unsigned i = 0; i < n_threads; i++)
		n += threads[i].n_large;
	state->large_pfns = calloc(n + 1, sizeof(*state->large_pfns));
	if (!state->large_pfns)
		return mo_error_no_memory();
	for (unsigned i = 0; i < n_threads; i++)
		for (size_t k = 0; k < threads[i].n_large; k++)
			state->large_pfns[state->n_large++] = threads[i].large_pfns[k];
	return NULL;
}

struct mo_error *scan_slabs(struct slab_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	const struct mo_memmap *memmap = state->memmap;
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct scan scan = { .state = state };
	struct mo_error *error = NULL;
	uint64_t unreadable_pages = 0;

	scan.threads = aligned_alloc(_Alignof(struct thread_slabs), n_threads * sizeof(*scan.threads));
	if (!scan.threads)
		return mo_error_no_memory();
	memset(scan.threads, 0, n_threads * sizeof(*scan.threads));
	error = mo_parallel_scan_frames(kernel, mo_run_progress(state->run), "finding slabs", memmap->runs, memmap->n_runs,
					sizeof(*memmap->runs), SCAN_GRAIN_PAGES, scan_chunk, &scan);
	if (!error)
		error = merge(state, scan.threads, n_threads);
	if (!error)
		error = merge_large(state, scan.threads, n_threads);
	for (unsigned i = 0; i < n_threads; i++) {
		unreadable_pages += scan.threads[i].unreadable_pages;
		free(scan.threads[i].records);
		free(scan.threads[i].large_pfns);
	}
	free(scan.threads);
	if (!error && unreadable_pages)
		note_trouble(state, mo_error_create(MO_E_NOT_IN_DUMP, "%llu struct pages could not be read",
						    (unsigned long long)unreadable_pages));
	return error;
}
