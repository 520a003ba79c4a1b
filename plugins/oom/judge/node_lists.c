/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of nodes as %*pbl prints them. */
#include "gathering.h"

#include <string.h>

bool node_list_has(const char *list, uint32_t node_id, bool *is_known)
{
	struct span rest = { list, strlen(list) };
	bool found = false;

	*is_known = false;
	while (rest.n) {
		uint64_t first;
		uint64_t last;

		if (!span_number(&rest, &first))
			return false;
		last = first;
		if (span_skip(&rest, "-") && !span_number(&rest, &last))
			return false;
		found |= node_id >= first && node_id <= last;
		*is_known = true;
		if (!span_skip(&rest, ","))
			break;
	}
	return found;
}

bool is_node_allowed(const struct mo_oom_event *event, uint32_t node_id)
{
	bool is_known;

	if (!node_list_has(event->mems_allowed, node_id, &is_known) && is_known)
		return false;
	return node_list_has(event->nodemask, node_id, &is_known) || !is_known;
}
