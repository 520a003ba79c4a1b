/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the plugin asks of a run's threads. */
#include <memopsy/parallel.h>

#include "fake_kernel.h"

/* One after the other. */
struct mo_error *mo_parallel_scan(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase, uint64_t first,
				  uint64_t end, uint64_t grain, mo_scan_function function, void *context)
{
	(void)progress;
	(void)phase;
	for (uint64_t at = first; at < end; at += grain) {
		struct mo_error *error = function(context, mo_fake_reader(kernel), 0, at,
						  end - at < grain ? end - at : grain);

		if (error)
			return error;
	}
	return NULL;
}

struct mo_error *mo_parallel_scan_frames(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase,
					 const void *runs, size_t n_runs, size_t run_bytes, uint64_t grain,
					 mo_scan_function function, void *context)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < n_runs && !error; i++) {
		const uint64_t *run = (const uint64_t *)((const char *)runs + i * run_bytes);

		error = mo_parallel_scan(kernel, progress, phase, run[0], run[0] + run[1], grain, function, context);
	}
	return error;
}
