/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log_feed.h"

#include <string.h>

#define MS 1000000ull

struct log_scan new_scan(void)
{
	return (struct log_scan){ .page_bytes = 4096, .time_ns = 1000 * MS };
}

static void feed_with(struct log_scan *scan, bool has_caller, uint32_t caller, const char *text)
{
	while (*text) {
		const char *end = strchrnul(text, '\n');
		struct log_line line = { .text = { text, (size_t)(end - text) }, .time_ns = scan->time_ns + MS,
					 .sequence = scan->sequence + 1, .has_caller = has_caller, .caller = caller };

		log_scan_line(scan, &line);
		text = *end ? end + 1 : end;
	}
}

void feed(struct log_scan *scan, const char *text)
{
	feed_with(scan, false, 0, text);
}

void feed_as(struct log_scan *scan, uint32_t caller, const char *text)
{
	feed_with(scan, true, caller, text);
}

void wait_seconds(struct log_scan *scan, unsigned seconds)
{
	scan->time_ns += seconds * 1000 * MS;
}
