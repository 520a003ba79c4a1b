/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pass over the struct pages of the page cache, on all cores: which pages those are, the classes of the memory map
 * tell. A page of a large folio counts for the address_space of its head.
 */
#include "gathering.h"

#include <memopsy/parallel.h>

#include <inttypes.h>
#include <stdlib.h>

#define GRAIN_PAGES 32768u /* 2 MiB of struct pages of 64 bytes: one mapping */
#define MAX_GAP_PAGES 16u /* struct pages in between that are not looked at, before a view is taken anew */
/* mo_view() keeps 8 views; each read may take two. */
#define READS_WITHIN_A_VIEW 3u
#define LARGE_VIEW_BYTES (1u << 17) /* worth giving back */

/* What the head of a folio says for all its pages. */
struct head {
	uint64_t kva;            /* 0: none yet */
	uint64_t flags;
	uint64_t mapping;
	bool is_mapped_whole;
};

struct counting_thread {
	struct mapping_table table;
	struct mapping_counts *last;
	struct mo_trouble unreadable, bad;
	struct head head;
	bool lacks_memory;
} __attribute__((aligned(128)));

struct counting {
	const struct files_state *state;
	const struct mo_page_shape *shape;
	uint64_t page_bytes;     /* of a struct page */
	bool has_entire;
	uint32_t entire_offset;  /* of the count of mappings of whole folios, in their second struct page */
	struct counting_thread *threads;
};

/* A view under way. */
struct view {
	struct mo_reader *reader;
	const uint8_t *bytes;
	uint64_t first_kva;
	uint64_t n_pages;
	unsigned n_reads;
};

static bool is_wanted(uint8_t class)
{
	return class == MO_PAGE_FILE || class == MO_PAGE_FILE_THP || class == MO_PAGE_SHMEM || class == MO_PAGE_SHMEM_THP ||
	       class == MO_PAGE_HUGETLB_USED;
}

/* The bytes of a struct page: from the view, or read into `raw`. */
static const uint8_t *page_at(const struct counting *counting, struct view *view, uint64_t kva, uint8_t *raw,
			      struct mo_trouble *trouble)
{
	struct mo_error *error;

	if (kva >= view->first_kva && (kva - view->first_kva) / counting->page_bytes < view->n_pages &&
	    (kva - view->first_kva) % counting->page_bytes == 0)
		return view->bytes + (kva - view->first_kva);
	view->n_reads++;
	error = mo_read(view->reader, kva, raw, (size_t)counting->page_bytes);
	if (!error)
		return raw;
	mo_trouble_note(trouble, mo_error_prepend(error, "struct page at 0x%" PRIx64, kva));
	return NULL;
}

/* Whether the folio is mapped as a whole: a count that begins at -1, in its second struct page. */
static bool is_mapped_whole(const struct counting *counting, struct view *view, uint64_t head_kva, struct mo_trouble *trouble)
{
	uint8_t raw[MO_PAGE_STRUCT_BYTES_MAX];
	const uint8_t *second;

	if (!counting->has_entire)
		return false;
	second = page_at(counting, view, head_kva + counting->page_bytes, raw, trouble);
	return second && (int32_t)mo_page_half(counting->shape, second, counting->entire_offset, false) >= 0;
}

static void enter_head(const struct counting *counting, struct counting_thread *thread, struct view *view, uint64_t kva)
{
	const struct mo_page_shape *shape = counting->shape;
	uint8_t raw[MO_PAGE_STRUCT_BYTES_MAX];
	const uint8_t *page = page_at(counting, view, kva, raw, &thread->unreadable);

	thread->head = (struct head){ .kva = kva };
	if (!page)
		return;
	thread->head.flags = mo_page_word(shape, page, shape->at.flags, false);
	thread->head.mapping = mo_page_word(shape, page, shape->at.mapping, false);
	if (thread->head.flags & shape->flag.head)
		thread->head.is_mapped_whole = is_mapped_whole(counting, view, kva, &thread->unreadable);
}

/* The head of the folio that a page belongs to; only hugetlb has fakes. */
static uint64_t head_of(const struct counting *counting, struct view *view, uint64_t kva, const uint8_t *page, uint8_t class,
			struct mo_trouble *trouble)
{
	const struct mo_page_shape *shape = counting->shape;
	uint8_t raw[MO_PAGE_STRUCT_BYTES_MAX];
	const uint8_t *second = NULL;

	if (class == MO_PAGE_HUGETLB_USED && !mo_page_is_tail(shape, page, false) &&
	    mo_page_may_be_fake_head(shape, kva, mo_page_word(shape, page, shape->at.flags, false)))
		second = page_at(counting, view, kva + counting->page_bytes, raw, trouble);
	return mo_page_head_kva(shape, kva, page, second);
}

static void count_page(const struct counting *counting, struct counting_thread *thread, struct view *view, uint64_t kva,
		       const uint8_t *page, uint8_t class)
{
	uint64_t head_kva = head_of(counting, view, kva, page, class, &thread->unreadable);
	int32_t mapcount = (int32_t)mo_page_half(counting->shape, page, counting->shape->at.mapcount, false);
	uint64_t mapping;

	if (head_kva != thread->head.kva)
		enter_head(counting, thread, view, head_kva);
	mapping = thread->head.mapping;
	if (!mapping || mapping & MO_MAPPING_FLAGS) {
		if (class != MO_PAGE_HUGETLB_USED) /* those of processes have an anon_vma */
			mo_trouble_note(&thread->bad, mo_error_create(MO_E_CORRUPT, "the struct page at 0x%" PRIx64
								   " has the mapping 0x%" PRIx64, kva, mapping));
		return;
	}
	if (!thread->last || thread->last->mapping_kva != mapping) {
		thread->last = mapping_table_get(&thread->table, mapping);
		if (!thread->last) {
			thread->lacks_memory = true;
			return;
		}
	}
	thread->last->pages++;
	thread->last->dirty += !!(thread->head.flags & counting->shape->flag.dirty);
	thread->last->writeback += !!(thread->head.flags & counting->shape->flag.writeback);
	thread->last->unevictable += !!(thread->head.flags & counting->shape->flag.unevictable);
	thread->last->mapped += thread->head.is_mapped_whole || (class != MO_PAGE_HUGETLB_USED && mapcount >= 0);
	thread->last->is_hugetlb |= class == MO_PAGE_HUGETLB_USED;
}

/* Counts from classes[0] on, whose struct page is at kva, as far as one view reaches. Returns how many it passed. */
static uint64_t count_some(const struct counting *counting, struct counting_thread *thread, struct mo_reader *reader,
			   uint64_t kva, const uint8_t *classes, uint64_t n)
{
	struct view view = { .reader = reader, .first_kva = kva };
	uint8_t raw[MO_PAGE_STRUCT_BYTES_MAX];
	const void *bytes;
	size_t n_bytes = 0;
	uint64_t gap = 0;
	uint64_t i;
	struct mo_error *error = mo_view(reader, kva, (size_t)(n * counting->page_bytes), &bytes, &n_bytes);

	if (!error && n_bytes < counting->page_bytes) {
		error = mo_read(reader, kva, raw, (size_t)counting->page_bytes);
		bytes = raw;
		n_bytes = (size_t)counting->page_bytes;
	}
	if (error) {
		mo_trouble_note(&thread->unreadable, mo_error_prepend(error, "struct page at 0x%" PRIx64, kva));
		return 1;
	}
	view.bytes = bytes;
	view.n_pages = n_bytes / counting->page_bytes;
	for (i = 0; i < view.n_pages && gap < MAX_GAP_PAGES && view.n_reads < READS_WITHIN_A_VIEW; i++) {
		gap = is_wanted(classes[i]) ? 0 : gap + 1;
		if (!gap)
			count_page(counting, thread, &view, kva + i * counting->page_bytes,
				   view.bytes + i * counting->page_bytes, classes[i]);
	}
	if (bytes != raw && i * counting->page_bytes >= LARGE_VIEW_BYTES)
		mo_view_done(reader, bytes, (size_t)(i * counting->page_bytes));
	return i;
}

static struct mo_error *count_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				    uint64_t n_items)
{
	const struct counting *counting = context;
	const struct files_state *state = counting->state;
	struct counting_thread *thread = &counting->threads[thread_index];

	for (size_t run_index = 0; run_index < state->mem_map->n_runs; run_index++) {
		const struct mo_page_run *run = &state->mem_map->runs[run_index];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages;
		uint64_t kva = 0;
		struct mo_error *error = NULL;

		if (end > first + n_items)
			end = first + n_items;
		if (pfn >= end)
			continue;
		error = mo_pfn_to_page(state->memmap, pfn, &kva);
		if (error) {
			mo_trouble_note(&thread->unreadable, error);
			continue;
		}
		while (pfn < end) {
			const uint8_t *class = &run->classes[pfn - run->first_pfn];
			uint64_t n = is_wanted(*class) ? count_some(counting, thread, reader, kva, class, end - pfn) : 1;

			pfn += n;
			kva += n * counting->page_bytes;
		}
	}
	return thread->lacks_memory ? mo_error_no_memory() : NULL;
}

static void choose_entire(struct counting *counting)
{
	const struct mo_field *entire = &counting->shape->field.entire_mapcount;

	counting->has_entire = mo_has(entire) && entire->offset_bytes >= counting->page_bytes &&
			       entire->offset_bytes <= 2 * counting->page_bytes - 4;
	if (counting->has_entire)
		counting->entire_offset = (uint32_t)(entire->offset_bytes - counting->page_bytes);
}

struct mo_error *count_pages(struct files_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct counting counting = {
		.state = state,
		.shape = state->layout->page,
		.page_bytes = state->layout->page->struct_bytes,
	};
	struct mo_error *error = NULL;

	if (!state->mem_map->n_runs)
		return NULL;
	choose_entire(&counting);
	counting.threads = aligned_alloc(128, n_threads * sizeof(*counting.threads));
	if (!counting.threads)
		return mo_error_no_memory();
	for (unsigned i = 0; i < n_threads; i++)
		counting.threads[i] = (struct counting_thread){ .last = NULL };
	error = mo_parallel_scan_frames(kernel, mo_run_progress(state->run), "pages of files", state->mem_map->runs,
					state->mem_map->n_runs, sizeof(*state->mem_map->runs), GRAIN_PAGES, count_chunk,
					&counting);
	for (unsigned i = 0; i < n_threads; i++) {
		if (!error)
			error = mapping_table_merge(&state->mappings, &counting.threads[i].table);
		mapping_table_deinit(&counting.threads[i].table);
		mo_trouble_merge(&state->unreadable_pages, &counting.threads[i].unreadable);
		mo_trouble_merge(&state->bad_mappings, &counting.threads[i].bad);
	}
	free(counting.threads);
	return error;
}
