/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_THREADS_H
#define MO_THREADS_H

/*
 * Work over a range on all cores. The range [0, n_items) is handed out in chunks of `grain` items, in ascending
 * order, to whichever thread is free. The first error stops the handing out and is returned; other threads' errors
 * are dropped.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

/* Cores that this process may use, at most 256; $MEMOPSY_THREADS narrows it. At least 1. */
unsigned mo_thread_count(void);

/*
 * Called with a chunk; thread_index is below n_threads and never shared by two calls at a time, so per-thread state
 * may be an array.
 */
typedef struct mo_error *(*mo_chunk_function)(void *context, unsigned thread_index, uint64_t first, uint64_t n_items);

/* n_threads 1 (or a range of one chunk) runs in the caller. */
struct mo_error *mo_parallel(unsigned n_threads, uint64_t n_items, uint64_t grain, mo_chunk_function function,
			     void *context) MO_MUST_USE;

#endif
