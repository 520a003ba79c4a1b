/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-mem-map DUMP: what the pass over all struct pages costs, with the class of each, without the start of the
 * program: the mem_map plugin's gather alone, in one process, with one thread and with all cores. The best of some
 * runs. The dump is read as by the program.
 *
 * It prints, and judges nothing.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <memopsy/mem_map.h>

#include "bench_run.h"
#include "session.h"

#define N_RUNS 7

const struct mo_plugin *memopsy_plugin_entry_mem_map(void);

static struct mo_error *measure(struct mo_run *run, const struct mo_plugin *plugin, const char *threads)
{
	double best_seconds = 1e9;
	double best_cpu_seconds = 1e9;
	uint64_t n_pages = 0;

	if (threads)
		setenv("MEMOPSY_THREADS", threads, 1);
	else
		unsetenv("MEMOPSY_THREADS");
	for (unsigned i = 0; i < N_RUNS; i++) {
		double start = now_seconds(CLOCK_MONOTONIC);
		double cpu_start = now_seconds(CLOCK_PROCESS_CPUTIME_ID);
		void *model = NULL;
		struct mo_error *error = plugin->gather(run, &model);
		double seconds = now_seconds(CLOCK_MONOTONIC) - start;
		double cpu_seconds = now_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;

		if (error)
			return error;
		n_pages = ((const struct mo_mem_map_model *)model)->n_pages;
		plugin->release(model);
		best_seconds = seconds < best_seconds ? seconds : best_seconds;
		best_cpu_seconds = cpu_seconds < best_cpu_seconds ? cpu_seconds : best_cpu_seconds;
	}
	printf("%u threads: %" PRIu64
	       " struct pages in %.4f s (%.4f s of CPU): %.1f million a second, %.1f million a second "
	       "of CPU\n",
	       mo_kernel_thread_count(run->kernel), n_pages, best_seconds, best_cpu_seconds,
	       (double)n_pages / best_seconds / 1e6, (double)n_pages / best_cpu_seconds / 1e6);
	return NULL;
}

static struct mo_error *bench(const char *path)
{
	const struct mo_plugin *plugin = memopsy_plugin_entry_mem_map();
	const struct mo_session_options options = { .dump_paths = &path, .n_dump_paths = 1, .types = MO_TYPES_OF_DUMP };
	struct mo_run run = { .kernel = NULL };
	struct rusage usage;
	struct mo_error *error = mo_kernel_open(&options, &run.kernel);

	if (error)
		return error;
	run.layout = calloc(1, plugin->layout_bytes);
	error = run.layout ? mo_reader_create(run.kernel, &run.reader) : mo_error_no_memory();
	if (!error)
		error = mo_bind(run.kernel, plugin->needs->needs, plugin->needs->n_needs, run.layout);
	if (!error)
		error = measure(&run, plugin, "1");
	if (!error)
		error = measure(&run, plugin, NULL);
	if (!error && !getrusage(RUSAGE_SELF, &usage))
		printf("peak memory: %ld KiB\n", usage.ru_maxrss);
	mo_reader_destroy(run.reader);
	free(run.layout);
	mo_kernel_close(run.kernel);
	return error;
}

int main(int argc, char **argv)
{
	struct mo_error *error;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-mem-map DUMP\n");
		return 2;
	}
	error = bench(argv[1]);
	if (!error)
		return 0;
	fprintf(stderr, "bench-mem-map: %s\n", mo_error_text(error));
	mo_error_destroy(error);
	return 3;
}
