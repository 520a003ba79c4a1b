/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PARALLEL_H
#define MEMOPSY_PARALLEL_H

/*
 * One pass over a range of numbers (page frames, slots, sections) on all cores, with a reader of its own for each
 * thread.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

/*
 * Called for the items [first, first + n_items). thread_index is below mo_kernel_thread_count() and never shared by
 * two calls at a time, so that what a thread sums up may lie in an array; the reader belongs to that thread. Chunks
 * are handed out in ascending order, and end in any order.
 */
typedef struct mo_error *(*mo_scan_function)(void *context, struct mo_reader *reader, unsigned thread_index,
					     uint64_t first, uint64_t n_items);

/*
 * Calls function for all of [first, end), cut at multiples of `grain`: with a grain of 32768 page frames no chunk
 * straddles a border of 128 MiB. Items done count as progress; phase is a literal for the progress line.
 * Returns the first error (the others stop soon after), or MO_E_CANCELLED if the user interrupted.
 */
struct mo_error *mo_parallel_scan(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase,
				  uint64_t first, uint64_t end, uint64_t grain, mo_scan_function function,
				  void *context) MO_MUST_USE;

/*
 * The same for page frames, in runs that ascend and do not overlap: chunks between which and the next run there is nothing
 * are not handed out, so that a pass costs what there is, however far apart it lies. A chunk may still have a few frames
 * that no run has, where a run ends within it. `runs` are structs of run_bytes that begin with first_pfn and n_pages, both
 * uint64_t (struct mo_memmap_run, struct mo_page_run).
 */
struct mo_error *mo_parallel_scan_frames(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase,
					 const void *runs, size_t n_runs, size_t run_bytes, uint64_t grain,
					 mo_scan_function function, void *context) MO_MUST_USE;

MO_API_END

#endif
