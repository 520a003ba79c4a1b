/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who kills beside the kernel's OOM killer: systemd-oomd, earlyoom, Android's lmkd, and Android's driver before it
 * (drivers/staging/android/lowmemorykiller.c, until 4.11). All say it in words of their own, of which a line needs enough to be
 * taken for one of theirs.
 */
#include "events.h"

#include <string.h>

#define SAME_KILL_NS 60000000000ull

/* The event of a kill; a second signal to the same process is the same kill. */
static struct draft *open_kill(struct log_scan *scan, struct stream *stream, const char *killer, int32_t pid)
{
	struct draft *draft = stream->draft;
	struct mo_oom_kill *kills;

	if (draft && draft->event.kind == MO_OOM_USERSPACE_KILL && pid && draft->n_kills && draft->kills[0].pid == pid &&
	    !strcmp(draft->event.killer, killer) && scan->time_ns - draft->event.time_ns < SAME_KILL_NS)
		return draft;
	draft = open_draft(scan, stream, MO_OOM_USERSPACE_KILL);
	if (!draft)
		return NULL;
	draft->parts |= PART_HEADER | PART_KILL;
	snprintf(draft->event.killer, sizeof(draft->event.killer), "%s", killer);
	if (!pid)
		return draft;
	kills = grow(scan, draft->kills, draft->n_kills, &draft->kills_room, sizeof(*kills));
	if (!kills)
		return NULL;
	draft->kills = kills;
	draft->kills[draft->n_kills++] = (struct mo_oom_kill){ .pid = pid };
	return draft;
}

static void set_victim(struct draft *draft, struct span comm)
{
	if (draft->n_kills)
		span_copy(comm, draft->kills[0].comm, sizeof(draft->kills[0].comm));
}

/*
 * "Killed /user.slice/a due to memory pressure for /user.slice being 65.32% > 50.00% for > 20s with reclaim activity", "Killed /a
 * due to memory used (1) / total (2) and swap used (3) / total (4) being more than 90.00%" (systemd 248 on; before without
 * the used memory).
 */
static bool take_oomd(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span group;
	struct span why;
	struct draft *draft;

	if (!span_find(line, "Killed /", NULL, &line) || !span_find(line, " due to ", &group, &why) ||
	    !(span_has(why, "memory pressure for") || span_has(why, "memory used (") || span_has(why, "swap used (")))
		return false;
	draft = open_kill(scan, stream, "systemd-oomd", 0);
	if (!draft)
		return true;
	group = (struct span){ group.at - 1, group.n + 1 };
	span_copy(group, draft->event.subject, sizeof(draft->event.subject));
	span_copy(group, draft->event.task_memcg, sizeof(draft->event.task_memcg));
	span_copy(why, draft->event.reason, sizeof(draft->event.reason));
	draft->event.constraint = MO_OOM_GLOBAL;
	if (span_find(why, "memory pressure for ", NULL, &why) && span_find(why, " being ", &group, NULL)) {
		span_copy(group, draft->event.memcg, sizeof(draft->event.memcg));
		draft->event.constraint = MO_OOM_MEMCG;
	}
	return true;
}

/*
 * 'sending SIGTERM to process 123 uid 1000 "firefox": oom_score 900, oom_score_adj 300, VmRSS 1234 MiB' (the uid since 1.3,
 * "badness" until 1.7); "low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%" comes before.
 */
static bool take_earlyoom(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span comm;
	struct span why = { line.at, 0 };
	uint64_t mib;
	struct draft *draft;
	int32_t pid;

	if (!span_find(line, "sending SIG", &why, &rest) || !span_find(rest, " to process ", NULL, &rest) ||
	    !span_int(&rest, &pid) || pid <= 0 || !span_find(rest, "\"", NULL, &rest) || !span_find(rest, "\": ", &comm, &rest))
		return false;
	draft = open_kill(scan, stream, "earlyoom", pid);
	if (!draft)
		return true;
	set_victim(draft, comm);
	draft->event.constraint = MO_OOM_GLOBAL;
	if (span_find(rest, "VmRSS ", NULL, &rest) && span_number(&rest, &mib) && mib < 1u << 30)
		draft->event.bytes = mo_exact(mib << 20);
	return true;
}

static struct mo_count kib_before(struct span line, const char *key)
{
	uint64_t kib;

	return span_find(line, key, NULL, &line) && span_number(&line, &kib) && kib < 1ull << 42 ? mo_exact(kib * 1024) :
												     mo_unknown();
}

/*
 * lmkd: "Kill 'com.a' (123), uid 10123, oom_score_adj 900 to free 45678kB rss, 0kB swap; reason: min watermark is breached"
 * (Android 11), "Killing 'com.a' (123), uid 10123, adj 900" and then "to free 45678kB on behalf of ..." before. The driver:
 * "Killing 'com.a' (123) (tgid 123), adj 900," and further lines, before 3.10 "send sigkill to 123 (com.a), adj 9, size 1234" with
 * the size in pages.
 */
static bool take_lmk(struct log_scan *scan, struct stream *stream, struct span line)
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
	draft = open_kill(scan, stream, !is_old && span_has(rest, "uid ") ? "lmkd" : "lowmemorykiller", pid);
	if (!draft)
		return true;
	set_victim(draft, comm);
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

/* "to free 123kB on behalf of 'kswapd0' (62) because", "cache 1kB is below limit 2kB for oom_score_adj 0": of the kill before. */
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

bool take_killer(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_oomd(scan, stream, line) || take_earlyoom(scan, stream, line) || take_lmk(scan, stream, line) ||
	       take_lmk_details(stream, line);
}
