/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Android's killers: lmkd, and the driver before it (drivers/staging/android/lowmemorykiller.c, until 4.11).
 */
#include "killers.h"

#include <string.h>

static struct mo_count kib_before(struct span line, const char *key)
{
	uint64_t kib;

	return span_find(line, key, NULL, &line) && span_number(&line, &kib) && kib < 1ull << 42 ? mo_exact(kib * 1024) :
												     mo_unknown();
}

/*
 * lmkd: "Kill 'com.a' (123), uid 10123, oom_score_adj 900 to free 45678kB rss, 0kB swap; reason: min watermark is
 * breached" (Android 11), "Killing 'com.a' (123), uid 10123, adj 900" and then "to free 45678kB on behalf of ..."
 * before. The driver: "Killing 'com.a' (123) (tgid 123), adj 900," and further lines, before 3.10 "send sigkill to 123
 * (com.a), adj 9, size 1234" with the size in pages.
 */
static bool take_lmk_kill(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span comm;
	struct span at;
	struct draft *draft;
	struct mo_count freed;
	uint64_t pages;
	int32_t pid;
	bool is_old = span_find(line, "send sigkill to ", NULL, &rest);

	if (is_old) {
		if (!span_int(&rest, &pid) || pid <= 0 || !span_skip(&rest, " (") || !span_find(rest, "), ", &comm, &rest) ||
		    !span_has(rest, "adj "))
			return false;
	} else if ((!span_find(line, "Killing '", NULL, &rest) && !span_find(line, "Kill '", NULL, &rest)) ||
		   !span_find(rest, "' (", &comm, &rest) || !span_int(&rest, &pid) || pid <= 0 || !span_has(rest, "adj ")) {
		return false;
	}
	draft = killer_event(scan, stream, !is_old && span_has(rest, "uid ") ? "lmkd" : "lowmemorykiller", pid);
	if (!draft)
		return true;
	killer_victim(draft, comm);
	draft->event.constraint = MO_OOM_GLOBAL;
	if (is_old && span_find(rest, "size ", NULL, &at) && span_number(&at, &pages) && pages < 1ull << 40)
		draft->event.bytes = mo_exact(pages * scan->page_bytes);
	freed = kib_before(rest, "to free ");
	if (freed.certainty == MO_EXACT)
		draft->event.bytes = freed;
	if (draft->n_kills && span_find(rest, "adj ", NULL, &at))
		draft->kills[0].has_adj = span_int(&at, &draft->kills[0].oom_score_adj);
	if (span_find(rest, "reason: ", NULL, &at))
		span_copy(at, draft->event.reason, sizeof(draft->event.reason));
	return true;
}

/*
 * "to free 123kB on behalf of 'kswapd0' (62) because", "cache 1kB is below limit 2kB for oom_score_adj 0": of the kill
 * before.
 */
static bool take_lmk_details(struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct span rest;
	struct span comm;
	struct mo_count freed;

	if (!draft || draft->event.kind != MO_OOM_USERSPACE_KILL)
		return false;
	freed = kib_before(line, "to free ");
	if (freed.certainty == MO_EXACT) {
		draft->event.bytes = freed;
		if (span_find(line, "on behalf of '", NULL, &rest) && span_find(rest, "' (", &comm, &rest)) {
			span_copy(comm, draft->event.comm, sizeof(draft->event.comm));
			draft->event.has_request = true;
			draft->event.has_pid = span_int(&rest, &draft->event.pid);
		}
		return true;
	}
	if (!span_find(line, "cache ", NULL, &rest) || !span_has(rest, " is below limit "))
		return false;
	span_blanks(&line);
	span_copy(line, draft->event.reason, sizeof(draft->event.reason));
	return true;
}

bool take_lmk(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_lmk_kill(scan, stream, line) || take_lmk_details(stream, line);
}
