/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a task is in the middle of, as far as it is about getting memory. */
#include "gathering.h"

#include <stddef.h>

/* mm/vmscan.c, mm/page_alloc.c, mm/compaction.c, mm/memcontrol.c. Of a stack the first that matches counts. */
static const struct {
	const char *function;
	enum mo_stack_activity activity;
} functions[] = {
	{ "try_to_free_pages", MO_ACTIVITY_DIRECT_RECLAIM },
	{ "node_reclaim", MO_ACTIVITY_DIRECT_RECLAIM },
	{ "try_to_free_mem_cgroup_pages", MO_ACTIVITY_MEMCG_RECLAIM },
	{ "__alloc_pages_direct_compact", MO_ACTIVITY_COMPACTION },
	{ "try_to_compact_pages", MO_ACTIVITY_COMPACTION },
	{ "mem_cgroup_handle_over_high", MO_ACTIVITY_THROTTLED }, /* with two underscores since 6.13 */
	{ "__mem_cgroup_handle_over_high", MO_ACTIVITY_THROTTLED },
	{ "__alloc_pages_slowpath", MO_ACTIVITY_ALLOCATION },
};

enum mo_stack_activity find_activity(const struct stacks_state *state, const struct mo_stack_frame *frames, size_t n_frames)
{
	for (size_t i = 0; i < n_frames; i++) {
		struct mo_symbol symbol;

		/* What was found by searching may have returned already. */
		if (frames[i].found == MO_FRAME_BY_SEARCH || !function_at(state, &frames[i], &symbol))
			continue;
		for (size_t j = 0; j < sizeof(functions) / sizeof(functions[0]); j++)
			if (is_function(&symbol, functions[j].function))
				return functions[j].activity;
	}
	return MO_ACTIVITY_OTHER;
}

const char *activity_words(enum mo_stack_activity activity)
{
	switch (activity) {
	case MO_ACTIVITY_DIRECT_RECLAIM:
		return "direct reclaim";
	case MO_ACTIVITY_MEMCG_RECLAIM:
		return "memory cgroup reclaim";
	case MO_ACTIVITY_COMPACTION:
		return "direct compaction";
	case MO_ACTIVITY_THROTTLED:
		return "memory.high throttling";
	case MO_ACTIVITY_ALLOCATION:
		return "the allocator's slow path";
	case MO_ACTIVITY_OTHER:
		break;
	}
	return NULL;
}
