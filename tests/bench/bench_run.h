/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

/* What the benchmarks of plugins share: a run without a host, without options and without other models, and clocks. */

#include <time.h>

#include <memopsy/plugin.h>

struct mo_run {
	struct mo_kernel *kernel;
	struct mo_reader *reader;
	void *layout;
};

double now_seconds(clockid_t clock);

#endif
