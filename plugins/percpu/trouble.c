/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of the chunks, or contradicts itself: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct percpu_state *state)
{
	mo_trouble_tell(state->run, &state->broken_lists, "percpu-lists-broken",
			"A list of per-CPU chunks is corrupt or unreadable.",
			"Chunks may be missing: all sums over them are lower bounds.");
	mo_trouble_tell(state->run, &state->unreadable, "percpu-chunks-unreadable",
			"Some chunks of the per-CPU allocator could not be read.", "Their allocations are not known.");
	mo_trouble_tell(state->run, &state->contradicting, "percpu-chunks-contradict",
			"Some chunks of the per-CPU allocator are inconsistent.",
			"Their bitmaps or counters were overwritten, or the dump caught them while they changed.");
}
