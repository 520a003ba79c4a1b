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
