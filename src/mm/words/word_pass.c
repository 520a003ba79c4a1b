/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A parallel pass over the pages of some classes, in stretches of one kind. */
#include <memopsy/word_pass.h>

#include <memopsy/parallel.h>

#define SCAN_GRAIN_PAGES 4096
#define VIEW_PAGES_MAX 256

/* Where a page is missing in part, its rest is looked for from one multiple of this to the next: words lie in one of them. */
#define PART_BYTES 512

struct pass {
	const struct mo_word_pass *words;
	uint64_t n_missing_pages;
	uint64_t page_bytes;
	unsigned page_shift;
};

/*
 * How much to pass over where nothing can be viewed: all of a page that is missing. One that is there in part (an ELF dump's
 * segments begin and end where firmware's memory map did) may have more.
 */
static uint64_t skip_bytes(struct pass *pass, uint64_t pa, uint64_t *last_missing_pfn)
{
	uint64_t pfn = pa >> pass->page_shift;
	enum mo_frame_presence presence = mo_kernel_frame_presence(pass->words->kernel, pfn);
	uint64_t step = presence == MO_FRAME_PRESENT ? PART_BYTES : pass->page_bytes;

	if (presence != MO_FRAME_HOLE && *last_missing_pfn != pfn)
		__atomic_fetch_add(&pass->n_missing_pages, 1, __ATOMIC_RELAXED);
	*last_missing_pfn = pfn;
	return step - pa % step;
}

static bool scan_pages(struct pass *pass, struct mo_reader *reader, unsigned thread_index, uint64_t pfn, uint64_t n_pages,
		       unsigned kind)
{
	const struct mo_word_pass *words = pass->words;
	uint64_t pa = pfn << pass->page_shift;
	uint64_t end_pa = pa + (n_pages << pass->page_shift);
	uint64_t n_bytes_max = VIEW_PAGES_MAX * pass->page_bytes;
	uint64_t last_missing_pfn = UINT64_MAX;
	bool goes_on = true;

	while (pa < end_pa && goes_on) {
		struct mo_word_view view = { .pa = pa, .kind = kind };
		const void *bytes;
		struct mo_error *error = mo_view_pa(reader, pa, end_pa - pa < n_bytes_max ? end_pa - pa : n_bytes_max, &bytes,
						    &view.n_bytes);

		if (error) {
			mo_error_destroy(error);
			pa += skip_bytes(pass, pa, &last_missing_pfn);
			continue;
		}
		view.bytes = bytes;
		goes_on = words->look(words->context, thread_index, &view);
		mo_view_done(reader, bytes, view.n_bytes);
		pa += view.n_bytes;
	}
	return goes_on;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct pass *pass = context;
	const struct mo_word_pass *words = pass->words;
	const uint8_t *kinds = words->kinds;

	for (size_t i = 0; i < words->n_runs && words->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_page_run *run = &words->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;

		while (pfn < end) {
			uint64_t start = pfn;
			unsigned kind = kinds[run->classes[pfn - run->first_pfn]];

			while (pfn < end && kinds[run->classes[pfn - run->first_pfn]] == kind)
				pfn++;
			if (kind && !scan_pages(pass, reader, thread_index, start, pfn - start, kind))
				return mo_error_create(MO_E_LIMIT, "there are more pointers than are kept at a time");
		}
	}
	return NULL;
}

struct mo_error *mo_scan_words(const struct mo_word_pass *words, uint64_t *n_missing_pages)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(words->kernel);
	struct pass pass = { .words = words, .page_bytes = facts->page_bytes, .page_shift = facts->page_shift };
	struct mo_error *error;

	if (!words->n_runs)
		return NULL;
	error = mo_parallel_scan_frames(words->kernel, words->progress, words->phase, words->runs, words->n_runs,
					sizeof(*words->runs), SCAN_GRAIN_PAGES, scan_chunk, &pass);
	*n_missing_pages += pass.n_missing_pages;
	return error;
}
