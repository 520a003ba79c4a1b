/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds a kernel log by its shape in physical memory, where nothing leads to it. */
#include "printk_shape_private.h"

#include <stdlib.h>

#include "cleanup.h"
#include "kernel_private.h"

#define CHUNK_BYTES (1u << 20)
#define OVERLAP_BYTES (64u << 10)

/* One pass over memory, for one shape. */
struct attempt {
	struct mo_kernel *kernel;
	struct mo_shape_log *log;
	mo_shape_searcher search;
};

/* Physical memory run by run, in pieces that overlap, so that what lies over a border is seen whole once. */
static struct mo_error *search_run(const struct attempt *attempt, uint8_t *buffer, uint64_t first_pa, uint64_t n_bytes)
{
	struct mo_kernel *kernel = attempt->kernel;
	uint64_t at = 0;

	while (at < n_bytes) {
		size_t n_here = n_bytes - at < CHUNK_BYTES ? (size_t)(n_bytes - at) : CHUNK_BYTES;
		size_t done = n_here == n_bytes - at ? n_here : n_here - OVERLAP_BYTES;
		MO_DROP_ERROR struct mo_error *error = mo_dump_read(kernel->boot_reader, first_pa + at, buffer, n_here);

		if (error && n_here > kernel->dump_info->page_bytes) {
			/* Somewhere a page is damaged, or behind the file's end: page by page then. */
			n_here = done = kernel->dump_info->page_bytes;
			mo_error_destroy(mo_take(error));
			error = mo_dump_read(kernel->boot_reader, first_pa + at, buffer, n_here);
		}
		if (!error && !attempt->search(attempt->log, buffer, n_here, &done))
			return mo_error_no_memory();
		at += done;
		if (!mo_progress_add(kernel->progress, done / kernel->dump_info->page_bytes))
			return mo_progress_cancelled(kernel->progress);
	}
	return NULL;
}

static struct mo_error *search_memory(const struct attempt *attempt)
{
	struct mo_kernel *kernel = attempt->kernel;
	const struct mo_dump_info *info = kernel->dump_info;
	MO_FREE uint8_t *buffer = malloc(CHUNK_BYTES);
	struct mo_error *error = buffer ? NULL : mo_error_no_memory();
	uint64_t pfn = 0, n_pages, n_left = mo_dump_max_search_pages(info);

	mo_progress_begin(kernel->progress, "searching memory for the kernel log", info->present_pages);
	while (!error && n_left && mo_dump_next_stored_run(kernel->dump, pfn, &pfn, &n_pages)) {
		if (n_pages > n_left)
			n_pages = n_left;
		n_left -= n_pages;
		error = search_run(attempt, buffer, pfn << info->page_shift, n_pages << info->page_shift);
		pfn += n_pages;
	}
	mo_progress_end(kernel->progress);
	return error;
}

static void clear(struct mo_shape_log *log)
{
	log->infos.count = log->blocks.count = log->texts.count = 0;
}

/* The ring with words of each size that they may have, then the records of older kernels. */
static struct mo_error *search_shapes(struct mo_kernel *kernel, struct mo_shape_log *log)
{
	const unsigned pointer_bytes = kernel->dump_info->pointer_bytes;

	log->shape.is_big_endian = kernel->dump_info->is_big_endian;
	for (unsigned word_bytes = 8; word_bytes >= 4; word_bytes /= 2) {
		if (pointer_bytes && pointer_bytes != word_bytes)
			continue;
		clear(log);
		log->shape.word_bytes = word_bytes;
		MO_TRY(search_memory(&(struct attempt){ kernel, log, mo_shape_search_ring }));
		if (log->blocks.count)
			return mo_shape_finish_ring(log) ? NULL : mo_error_no_memory();
	}
	clear(log);
	MO_TRY(search_memory(&(struct attempt){ kernel, log, mo_shape_search_records }));
	return mo_shape_finish_records(log) ? NULL : mo_error_no_memory();
}

struct mo_error *mo_shape_log_search(struct mo_kernel *kernel, struct mo_shape_log **ret)
{
	struct mo_shape_log *log = calloc(1, sizeof(*log));
	struct mo_error *error = log ? search_shapes(kernel, log) : mo_error_no_memory();

	if (!error && !log->blocks.count)
		error = mo_error_create(MO_E_ABSENT, "nothing in its memory has the shape of a kernel log");
	if (error) {
		mo_shape_log_destroy(log);
		return error;
	}
	*ret = log;
	return NULL;
}
