/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parallel passes with a reader for each thread, made when the thread gets its first chunk. */
#include <memopsy/parallel.h>
#include <memopsy/containers.h>

#include <stdlib.h>

#include "cleanup.h"
#include "threads.h"

/* Chunks from first_chunk on, which are handed out as the items [first_item, first_item + n_chunks). */
struct stretch {
	uint64_t first_chunk;
	uint64_t n_chunks;
	uint64_t first_item;
};

struct scan {
	struct mo_kernel *kernel;
	struct mo_progress *progress;
	const char *phase;
	uint64_t first;
	uint64_t end;
	uint64_t grain;
	MO_VECTOR(struct stretch) stretches; /* ascending */
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

static uint64_t chunk_of_item(const struct scan *scan, uint64_t item)
{
	const struct stretch *stretches = scan->stretches.items;
	size_t low = 0, high = scan->stretches.count - 1;

	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		if (stretches[middle].first_item <= item)
			low = middle;
		else
			high = middle - 1;
	}
	return stretches[low].first_chunk + (item - stretches[low].first_item);
}

static struct mo_error *scan_chunks(void *context, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	struct scan *scan = context;

	for (uint64_t i = 0; i < n_items; i++)
		MO_TRY(scan_chunk(scan, thread_index, chunk_of_item(scan, first + i)));
	return NULL;
}

/* The chunks that [first, end) touches, unless the run before touched them already. */
static struct mo_error *add_stretch(struct scan *scan, uint64_t first, uint64_t end)
{
	struct stretch *last = scan->stretches.count ? &scan->stretches.items[scan->stretches.count - 1] : NULL;
	uint64_t end_of_last = last ? last->first_chunk + last->n_chunks : 0;
	uint64_t first_item = last ? last->first_item + last->n_chunks : 0; /* appending may move *last */
	uint64_t first_chunk = first / scan->grain;
	uint64_t end_chunk = (end - 1) / scan->grain + 1;

	if (first_chunk < end_of_last)
		first_chunk = end_of_last;
	if (first_chunk >= end_chunk)
		return NULL;
	if (last && first_chunk == end_of_last) {
		last->n_chunks += end_chunk - first_chunk;
		return NULL;
	}
	if (!mo_vector_append(&scan->stretches,
			      (struct stretch){ .first_chunk = first_chunk, .n_chunks = end_chunk - first_chunk,
						.first_item = first_item }))
		return mo_error_no_memory();
	return NULL;
}

static struct mo_error *run_scan(struct scan *scan, uint64_t n_total)
{
	unsigned n_threads = mo_kernel_thread_count(scan->kernel);
	const struct stretch *last = &scan->stretches.items[scan->stretches.count - 1];
	struct mo_error *error;

	scan->readers = calloc(n_threads, sizeof(*scan->readers));
	if (!scan->readers)
		return mo_error_no_memory();
	mo_progress_begin(scan->progress, scan->phase, n_total);
	error = mo_parallel(n_threads, last->first_item + last->n_chunks, 1, scan_chunks, scan);
	mo_progress_end(scan->progress);
	for (unsigned i = 0; i < n_threads; i++)
		mo_reader_destroy(scan->readers[i]);
	free(scan->readers);
	return error;
}

struct mo_error *mo_parallel_scan(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase,
				  uint64_t first, uint64_t end, uint64_t grain, mo_scan_function function,
				  void *context)
{
	struct scan scan = {
		.kernel = kernel, .progress = progress, .phase = phase, .first = first, .end = end, .grain = grain ? grain : 1,
		.function = function, .context = context,
	};
	struct mo_error *error;

	if (first >= end)
		return NULL;
	error = add_stretch(&scan, first, end);
	if (!error)
		error = run_scan(&scan, end - first);
	mo_vector_deinit(&scan.stretches);
	return error;
}

struct mo_error *mo_parallel_scan_frames(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase,
					 const void *runs, size_t n_runs, size_t run_bytes, uint64_t grain,
					 mo_scan_function function, void *context)
{
	struct scan scan = {
		.kernel = kernel, .progress = progress, .phase = phase, .grain = grain ? grain : 1, .function = function,
		.context = context,
	};
	struct mo_error *error = NULL;
	uint64_t n_total = 0;

	for (size_t i = 0; i < n_runs && !error; i++) {
		uint64_t run[2]; /* first_pfn, n_pages */

		memcpy(run, (const char *)runs + i * run_bytes, sizeof(run));
		if (!run[1])
			continue;
		if (!n_total)
			scan.first = run[0];
		scan.end = run[0] + run[1];
		n_total += run[1];
		error = add_stretch(&scan, run[0], scan.end);
	}
	if (!error && n_total)
		error = run_scan(&scan, n_total);
	mo_vector_deinit(&scan.stretches);
	return error;
}
