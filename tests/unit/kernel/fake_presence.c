/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which page frames the fake kernel's memory has. A file and weak, since tests of holes have their own. */
#include "fake_kernel.h"

#include "kernel_private.h"

#define STEP_BYTES 64

__attribute__((weak)) enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	uint64_t kva = kernel->direct_map.base_kva + pfn * 4096;
	enum mo_frame_presence presence = MO_FRAME_HOLE;

	for (uint64_t at = 0; at < 4096; at += STEP_BYTES) {
		enum mo_frame_presence here = mo_fake_presence(kernel, kva + at);

		if (here < presence)
			presence = here;
	}
	return presence;
}
