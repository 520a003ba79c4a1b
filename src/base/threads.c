/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work over a range, in chunks, on all CPUs that the process may use. */
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define MAX_THREADS 256
#define MAX_CPUS (1 << 20)

/*
 * The kernel refuses a set smaller than its own (kernel/sched/core.c, sched_getaffinity), whose size it does not tell: from
 * glibc's 1,024 CPUs on, larger ones are tried. 1: not known.
 */
static unsigned count_allowed_cpus(void)
{
	for (size_t n_cpus = CPU_SETSIZE; n_cpus <= MAX_CPUS; n_cpus *= 2) {
		cpu_set_t *allowed = CPU_ALLOC(n_cpus);
		size_t n_bytes = CPU_ALLOC_SIZE(n_cpus);
		int count = 0;

		if (!allowed)
			break;
		if (!sched_getaffinity(0, n_bytes, allowed))
			count = CPU_COUNT_S(n_bytes, allowed);
		else if (errno != EINVAL)
			count = 1;
		CPU_FREE(allowed);
		if (count > 0)
			return (unsigned)count;
	}
	return 1;
}

unsigned mo_thread_count(void)
{
	const char *request = getenv("MEMOPSY_THREADS");
	unsigned long narrowed = request ? strtoul(request, NULL, 10) : 0;
	unsigned count = count_allowed_cpus();

	if (narrowed && narrowed < count)
		count = (unsigned)narrowed;
	return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count;
}

struct work {
	mo_chunk_function function;
	void *context;
	uint64_t n_items;
	uint64_t grain;
	_Atomic uint64_t next;
	_Atomic bool stop;
	_Atomic(struct mo_error *) error;
};

struct worker {
	struct work *work;
	unsigned index;
	pthread_t thread;
};

static void fail(struct work *work, struct mo_error *error)
{
	struct mo_error *none = NULL;

	atomic_store(&work->stop, true);
	if (!atomic_compare_exchange_strong(&work->error, &none, error))
		mo_error_destroy(error); /* another thread was first */
}

static void *run_worker(void *argument)
{
	struct worker *worker = argument;
	struct work *work = worker->work;

	while (!atomic_load_explicit(&work->stop, memory_order_relaxed)) {
		uint64_t first = atomic_fetch_add(&work->next, work->grain);
		uint64_t n_items = work->grain;
		struct mo_error *error;

		if (first >= work->n_items)
			break;
		if (n_items > work->n_items - first)
			n_items = work->n_items - first;
		error = work->function(work->context, worker->index, first, n_items);
		if (error)
			fail(work, error);
	}
	return NULL;
}

struct mo_error *mo_parallel(unsigned n_threads, uint64_t n_items, uint64_t grain, mo_chunk_function function,
			     void *context)
{
	struct work work = { .function = function, .context = context, .n_items = n_items, .grain = grain ? grain : 1 };
	struct worker workers[MAX_THREADS];
	uint64_t n_chunks = n_items / work.grain + (n_items % work.grain != 0);
	unsigned n_started = 0;

	if (n_threads > MAX_THREADS)
		n_threads = MAX_THREADS;
	if (n_threads > n_chunks)
		n_threads = (unsigned)n_chunks;
	workers[0] = (struct worker){ .work = &work, .index = 0 };
	/* A thread that cannot be started is no error: the others do its share. */
	for (unsigned i = 1; i < n_threads; i++) {
		workers[i] = (struct worker){ .work = &work, .index = i };
		if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]))
			break;
		n_started = i;
	}
	run_worker(&workers[0]);
	for (unsigned i = 1; i <= n_started; i++)
		pthread_join(workers[i].thread, NULL);
	return atomic_load(&work.error);
}
