/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parallel passes with a reader for each thread, made when the thread gets its first chunk. */
#include <memopsy/parallel.h>

#include <stdlib.h>

#include "cleanup.h"
#include "threads.h"

struct scan {
	struct mo_kernel *kernel;
	struct mo_progress *progress;
	uint64_t first;
	uint64_t end;
	uint64_t grain;
	uint64_t first_chunk;
	mo_scan_function function;
	void *context;
	struct mo_reader **readers; /* one slot a thread, used by that thread only */
};

static struct mo_error *scan_chunk(struct scan *scan, unsigned thread_index, uint64_t chunk)
{
	uint64_t first = chunk * scan->grain;
	uint64_t end = scan->end - first > scan->grain ? first + scan->grain : scan->end;

	if (first < scan->first)
		first = scan->first;
	if (!scan->readers[thread_index])
		MO_TRY(mo_reader_create(scan->kernel, &scan->readers[thread_index]));
	MO_TRY(scan->function(scan->context, scan->readers[thread_index], thread_index, first, end - first));
	if (!mo_progress_add(scan->progress, end - first))
		return mo_progress_cancelled(scan->progress);
	return NULL;
}

static struct mo_error *scan_chunks(void *context, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	struct scan *scan = context;

	for (uint64_t i = 0; i < n_items; i++)
		MO_TRY(scan_chunk(scan, thread_index, scan->first_chunk + first + i));
	return NULL;
}

struct mo_error *mo_parallel_scan(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase,
				  uint64_t first, uint64_t end, uint64_t grain, mo_scan_function function,
				  void *context)
{
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct scan scan = {
		.kernel = kernel,
		.progress = progress,
		.first = first,
		.end = end,
		.grain = grain ? grain : 1,
		.function = function,
		.context = context,
	};
	struct mo_error *error;

	if (first >= end)
		return NULL;
	scan.readers = calloc(n_threads, sizeof(*scan.readers));
	if (!scan.readers)
		return mo_error_no_memory();
	scan.first_chunk = first / scan.grain;
	mo_progress_begin(progress, phase, end - first);
	error = mo_parallel(n_threads, (end - 1) / scan.grain - scan.first_chunk + 1, 1, scan_chunks, &scan);
	mo_progress_end(progress);
	for (unsigned i = 0; i < n_threads; i++)
		mo_reader_destroy(scan.readers[i]);
	free(scan.readers);
	return error;
}
