/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hypervisor's dump often lacks the VMCOREINFO note; the kernel keeps the text in a page of its own all the same
 * (vmcoreinfo_data, allocated by get_zeroed_page() in kernel/crash_core.c). It begins with OSRELEASE=.
 */
#include "kernel_private.h"

#include <stdlib.h>

#include "cleanup.h"
#include "threads.h"

#define FIRST_KEY "OSRELEASE="
#define SECOND_KEY "\nPAGESIZE="
#define PAGES_PER_CHUNK 4096

struct search {
	struct mo_kernel *kernel;
	/* Chunk i of the work is [starts[i], starts[i + 1]): many holes cost nothing, wherever they are. */
	MO_VECTOR(uint64_t) starts;
	struct mo_dump_reader **readers; /* one per thread */
	pthread_mutex_t lock;            /* for what follows */
	char **texts;
	size_t room;
	size_t n_texts;
};

/* A page's text, if it is one: printable lines up to a NUL. */
static char *text_of_page(const uint8_t *bytes, size_t n_bytes)
{
	size_t length = strnlen((const char *)bytes, n_bytes);
	char *text;

	if (length < sizeof(FIRST_KEY) || memcmp(bytes, FIRST_KEY, sizeof(FIRST_KEY) - 1))
		return NULL;
	text = strndup((const char *)bytes, length);
	if (text && !strstr(text, SECOND_KEY)) {
		free(text);
		return NULL;
	}
	return text;
}

static void look_at_page(struct search *search, struct mo_dump_reader *reader, uint64_t pfn)
{
	const struct mo_dump_info *info = search->kernel->dump_info;
	const void *bytes;
	size_t n_bytes;
	char *text;
	MO_DROP_ERROR struct mo_error *error =
		mo_dump_view(reader, pfn << info->page_shift, info->page_bytes, &bytes, &n_bytes);

	/* A page that cannot be read cannot be the one. */
	text = error ? NULL : text_of_page(bytes, n_bytes);
	if (!text)
		return;
	pthread_mutex_lock(&search->lock);
	if (search->n_texts < search->room) {
		search->texts[search->n_texts++] = text;
		text = NULL;
	}
	pthread_mutex_unlock(&search->lock);
	free(text);
}

static struct mo_error *look_at_chunk(void *context, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	struct search *search = context;
	uint64_t end_pfn = search->starts.items[first + 1];
	uint64_t run_pfn = search->starts.items[first];
	uint64_t run_pages;

	(void)n_items; /* always one chunk */
	if (!search->readers[thread_index])
		MO_TRY(mo_dump_reader_create(search->kernel->dump, &search->readers[thread_index]));
	while (run_pfn < end_pfn && mo_dump_next_stored_run(search->kernel->dump, run_pfn, &run_pfn, &run_pages)) {
		uint64_t run_end = run_pfn + run_pages < end_pfn ? run_pfn + run_pages : end_pfn;

		for (; run_pfn < run_end; run_pfn++)
			look_at_page(search, search->readers[thread_index], run_pfn);
	}
	if (!mo_progress_add(search->kernel->progress, PAGES_PER_CHUNK))
		return mo_progress_cancelled(search->kernel->progress);
	return NULL;
}

/* Cuts the present pages into chunks of about PAGES_PER_CHUNK. */
static struct mo_error *cut_into_chunks(struct search *search)
{
	uint64_t pfn = 0;
	uint64_t n_pages;
	uint64_t in_chunk = PAGES_PER_CHUNK;
	uint64_t n_left = mo_dump_max_search_pages(search->kernel->dump_info);

	while (n_left && mo_dump_next_stored_run(search->kernel->dump, pfn, &pfn, &n_pages)) {
		if (n_pages > PAGES_PER_CHUNK)
			n_pages = PAGES_PER_CHUNK;
		if (n_pages > n_left)
			n_pages = n_left;
		n_left -= n_pages;
		if (in_chunk >= PAGES_PER_CHUNK) {
			if (!mo_vector_append(&search->starts, pfn))
				return mo_error_no_memory();
			in_chunk = 0;
		}
		in_chunk += n_pages;
		pfn += n_pages;
	}
	return mo_vector_append(&search->starts, pfn) ? NULL : mo_error_no_memory();
}

struct mo_error *mo_vmcoreinfo_search(struct mo_kernel *kernel, char **texts, size_t room, size_t *n_ret)
{
	unsigned n_threads = mo_thread_count();
	struct search search = { .kernel = kernel, .texts = texts, .room = room };
	struct mo_error *error;

	search.readers = calloc(n_threads, sizeof(struct mo_dump_reader *));
	if (!search.readers)
		return mo_error_no_memory();
	pthread_mutex_init(&search.lock, NULL);
	mo_progress_begin(kernel->progress, "searching memory for VMCOREINFO", kernel->dump_info->present_pages);
	error = cut_into_chunks(&search);
	if (!error)
		error = mo_parallel(n_threads, search.starts.count - 1, 1, look_at_chunk, &search);
	mo_progress_end(kernel->progress);
	mo_vector_deinit(&search.starts);
	pthread_mutex_destroy(&search.lock);
	for (unsigned i = 0; i < n_threads; i++)
		if (search.readers[i])
			mo_dump_reader_destroy(search.readers[i]);
	free(search.readers);
	*n_ret = search.n_texts;
	return error;
}
