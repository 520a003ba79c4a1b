/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Daemons that kill before the kernel's OOM killer has to: systemd-oomd, oomd, earlyoom, nohang. All say it in words of
 * their own, of which a line needs enough to be taken for one of theirs.
 */
#include "killers.h"

#include <string.h>

#define SAME_KILL_NS 60000000000ull
#define SAME_ACTION_NS 30000000000ull /* what was said before a kill is of it for so long */

struct draft *killer_event(struct log_scan *scan, struct stream *stream, const char *killer, int32_t pid)
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

void killer_victim(struct draft *draft, struct span comm)
{
	if (draft->n_kills)
		span_copy(comm, draft->kills[0].comm, sizeof(draft->kills[0].comm));
}

/* What was said in the lines before a kill, of which it is told now. */
static void take_notes(const struct log_scan *scan, struct stream *stream, struct draft *draft)
{
	struct killer_notes *notes = &stream->notes;

	if (notes->time_ns + SAME_ACTION_NS >= scan->time_ns && !draft->event.reason[0])
		snprintf(draft->event.reason, sizeof(draft->event.reason), "%s", notes->reason);
	notes->reason[0] = '\0';
}

static void note_reason(const struct log_scan *scan, struct stream *stream, struct span why)
{
	span_blanks(&why);
	span_copy(why, stream->notes.reason, sizeof(stream->notes.reason));
	stream->notes.time_ns = scan->time_ns;
}

static bool is_reason_of_oomd(struct span why)
{
	return span_has(why, "memory pressure for") || span_has(why, "memory used (") || span_has(why, "swap used (");
}

/* "1.5G", "512.0M", "4K", "12B" */
static struct mo_count bytes_of_size(struct span text)
{
	static const char units[] = "BKMGT";
	uint64_t whole, tenths = 0;
	const char *unit;
	unsigned shift;

	if (!span_number(&text, &whole) || whole >> 20)
		return mo_unknown();
	if (span_skip(&text, ".") && (!span_number(&text, &tenths) || tenths > 9))
		return mo_unknown();
	unit = text.n ? strchr(units, *text.at) : NULL;
	if (!unit || !*unit)
		return mo_unknown();
	shift = 10 * (unsigned)(unit - units);
	return mo_exact((whole << shift) + (tenths << shift) / 10);
}

/*
 * Of the cgroups that it considered, which systemd-oomd lists before the kill: "\tPath: /a", "\t\tCurrent Memory Usage:
 * 1.5G". The last of them is the one.
 */
static bool take_oomd_candidate(struct stream *stream, struct span line)
{
	struct span rest = line;

	span_blanks(&rest);
	if (span_skip(&rest, "Path: /")) {
		stream->notes.group[0] = '/';
		span_copy(rest, stream->notes.group + 1, sizeof(stream->notes.group) - 1);
		stream->notes.group_bytes = mo_unknown();
		return true;
	}
	if (!stream->notes.group[0] || !span_skip(&rest, "Current Memory Usage: "))
		return false;
	stream->notes.group_bytes = bytes_of_size(rest);
	return true;
}

static void set_group(struct stream *stream, struct draft *draft, struct span group)
{
	span_copy(group, draft->event.subject, sizeof(draft->event.subject));
	span_copy(group, draft->event.task_memcg, sizeof(draft->event.task_memcg));
	if (stream->notes.group[0] && span_is(group, stream->notes.group))
		draft->event.bytes = stream->notes.group_bytes;
	stream->notes.group[0] = '\0';
}

/*
 * "Killed /user.slice/a due to memory pressure for /user.slice being 65.32% > 50.00% for > 20s with reclaim activity",
 * "Killed /a due to memory used (1) / total (2) and swap used (3) / total (4) being more than 90.00%" (systemd 248 on;
 * before without the used memory; since 258 "Marked /a for killing due to ...").
 */
static bool take_oomd(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span group;
	struct span why;
	struct draft *draft;

	if (span_find(line, "Marked /", NULL, &why))
		line = why;
	else if (!span_find(line, "Killed /", NULL, &line))
		return false;
	if ((!span_find(line, " for killing due to ", &group, &why) && !span_find(line, " due to ", &group, &why)) ||
	    !is_reason_of_oomd(why))
		return false;
	draft = killer_event(scan, stream, "systemd-oomd", 0);
	if (!draft)
		return true;
	set_group(stream, draft, (struct span){ group.at - 1, group.n + 1 });
	span_copy(why, draft->event.reason, sizeof(draft->event.reason));
	draft->event.constraint = MO_OOM_GLOBAL;
	if (span_find(why, "memory pressure for ", NULL, &why) && span_find(why, " being ", &group, NULL)) {
		span_copy(group, draft->event.memcg, sizeof(draft->event.memcg));
		draft->event.constraint = MO_OOM_MEMCG;
	}
	return true;
}

/*
 * oomd (not systemd's), into the kernel's log: "oomd kill: 81.28 80.05 42.78 system.slice/a 123456 ruleset:[x] ...
 * killer:kill_by_...": pressure over 10, 60 and 300 s, the cgroup, its bytes.
 */
static bool take_other_oomd(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span pressure, group, word;
	uint64_t bytes;
	struct draft *draft;

	if (!span_find(line, "oomd kill: ", NULL, &line) || !span_has(line, "ruleset:["))
		return false;
	pressure = span_word(&line);
	span_word(&line);
	span_word(&line);
	group = span_word(&line);
	word = span_word(&line);
	if (!group.n || !memchr(pressure.at, '.', pressure.n) || !span_number(&word, &bytes) || bytes >> 50)
		return false;
	draft = killer_event(scan, stream, "oomd", 0);
	if (!draft)
		return true;
	set_group(stream, draft, group);
	draft->event.bytes = mo_exact(bytes);
	draft->event.constraint = MO_OOM_GLOBAL;
	snprintf(draft->event.reason, sizeof(draft->event.reason), "memory pressure %.*s %% over 10 s",
		 (int)(pressure.n < 16 ? pressure.n : 16), pressure.at);
	return true;
}

/*
 * 'sending SIGTERM to process 123 uid 1000 "firefox": oom_score 900, oom_score_adj 300, VmRSS 1234 MiB' (the uid since
 * 1.3, "badness" until 1.7), before 1.2 "Killing process 123 firefox".
 */
static bool take_earlyoom_kill(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest = line;
	struct span comm;
	uint64_t mib;
	struct draft *draft;
	int32_t pid;
	bool is_old = stream->program && !strcmp(stream->program, "earlyoom") && span_skip(&rest, "Killing process ");

	if (is_old) {
		if (!span_int(&rest, &pid) || pid <= 0 || !span_skip(&rest, " "))
			return false;
		comm = rest;
	} else if (!span_find(line, "sending SIG", NULL, &rest) || !span_find(rest, " to process ", NULL, &rest) ||
		   !span_int(&rest, &pid) || pid <= 0 || !span_find(rest, "\"", NULL, &rest) ||
		   !span_find(rest, "\": ", &comm, &rest)) {
		return false;
	}
	draft = killer_event(scan, stream, "earlyoom", pid);
	if (!draft)
		return true;
	killer_victim(draft, comm);
	take_notes(scan, stream, draft);
	draft->event.constraint = MO_OOM_GLOBAL;
	if (!is_old && span_find(rest, "VmRSS ", NULL, &rest) && span_number(&rest, &mib) && mib < 1u << 30)
		draft->event.bytes = mo_exact(mib << 20);
	return true;
}

/*
 * earlyoom -k has the kernel kill: "kill_process: successfully triggered kernel OOM killer" (1.0 on), "Invoking oom
 * killer: done" before. The kernel's own report says the rest; which of the two comes first in a log depends on who
 * writes it.
 */
static bool take_trigger(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft;

	if (!span_has(line, "successfully triggered kernel OOM killer") && !span_has(line, "Invoking oom killer:"))
		return false;
	draft = killer_event(scan, stream, "earlyoom", 0);
	if (!draft)
		return true;
	draft->is_trigger = true;
	take_notes(scan, stream, draft);
	draft->event.constraint = MO_OOM_GLOBAL;
	return true;
}

/*
 * What became of a kill: "kill failed: Operation not permitted"; "dryrun, not actually sending any signal" comes before
 * it would.
 */
static bool take_earlyoom_outcome(struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;

	if (!draft || draft->event.kind != MO_OOM_USERSPACE_KILL || strcmp(draft->event.killer, "earlyoom"))
		return false;
	if (span_has(line, "dryrun, not actually sending any signal"))
		draft->is_ignored = true;
	else if (span_has(line, "kill failed: "))
		draft->is_failed_kill = true;
	else
		return false;
	return true;
}

static bool take_earlyoom(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;

	if ((span_find(line, "ow memory! ", NULL, &rest) && span_has(rest, " limits: mem ")) ||
	    span_find(line, "Out of memory! avail: ", NULL, &rest)) {
		note_reason(scan, stream, rest);
		return true;
	}
	return take_earlyoom_kill(scan, stream, line) || take_trigger(scan, stream, line) ||
	       take_earlyoom_outcome(stream, line);
}

/*
 * nohang: "Process with highest badness (found in 12ms):" and below it "  PID: 123, Name: firefox, badness: 900"; " 
 * MemAvailable [12 MiB, 1 %] <= hard_threshold_min_mem [...]"; "  Vm, MiB:   Size: 9, RSS: 8, Swap: 0"; "  Sending
 * SIGTERM to the victim".
 */
static bool take_nohang(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct killer_notes *notes = &stream->notes;
	struct span rest = line;
	struct span comm;
	struct draft *draft;
	uint64_t mib;

	if (!stream->program || strcmp(stream->program, "nohang"))
		return false;
	span_blanks(&rest);
	if (span_skip(&rest, "PID: ") && span_int(&rest, &notes->pid) && span_find(rest, "ame: ", NULL, &rest) &&
	    (span_find(rest, ", badness:", &comm, NULL) || span_find(rest, ", state:", &comm, NULL))) {
		span_copy(comm, notes->comm, sizeof(notes->comm));
		return true;
	}
	if (span_has(line, "_threshold_m") && span_has(line, "MemAvail")) {
		note_reason(scan, stream, line);
		return true;
	}
	if (span_find(line, "Vm, MiB:", NULL, &rest) && span_find(rest, "RSS: ", NULL, &rest)) {
		notes->victim_bytes = span_number(&rest, &mib) && mib < 1u << 30 ? mo_exact(mib << 20) : mo_unknown();
		return true;
	}
	if (!span_find(line, "ending SIG", NULL, &rest) || !span_has(rest, "to the victim") || notes->pid <= 0)
		return false;
	draft = killer_event(scan, stream, "nohang", notes->pid);
	if (!draft)
		return true;
	killer_victim(draft, (struct span){ notes->comm, strlen(notes->comm) });
	take_notes(scan, stream, draft);
	draft->event.constraint = MO_OOM_GLOBAL;
	draft->event.bytes = notes->victim_bytes;
	notes->victim_bytes = mo_unknown();
	return true;
}

bool take_killer(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_oomd(scan, stream, line) || take_other_oomd(scan, stream, line) || take_earlyoom(scan, stream, line) ||
	       take_nohang(scan, stream, line) || take_lmk(scan, stream, line) || take_oomd_candidate(stream, line);
}

/* The kernel's OOM that a daemon asked for; it may stand before the daemon's word of it or behind. */
static struct draft *triggered_by(struct log_scan *scan, size_t trigger)
{
	const struct draft *of = scan->drafts[trigger];

	for (size_t i = trigger ? trigger - 1 : 0; i < scan->n_drafts && i <= trigger + 1; i++) {
		struct draft *draft = scan->drafts[i];
		uint64_t from = draft->event.time_ns < of->event.time_ns ? draft->event.time_ns : of->event.time_ns;
		uint64_t to = draft->event.time_ns < of->event.time_ns ? of->event.time_ns : draft->event.time_ns;

		if (draft->event.kind < MO_OOM_ALLOCATION_FAILURE && draft->event.has_order && draft->event.order == -1 &&
		    to - from < SAME_ACTION_NS && !strcmp(draft->event.host, of->event.host))
			return draft;
	}
	return NULL;
}

void join_triggers(struct log_scan *scan)
{
	for (size_t i = 0; i < scan->n_drafts; i++) {
		struct draft *trigger = scan->drafts[i];
		struct draft *kernels = trigger->is_trigger ? triggered_by(scan, i) : NULL;

		if (!kernels)
			continue;
		memcpy(kernels->event.killer, trigger->event.killer, sizeof(kernels->event.killer));
		memcpy(kernels->event.reason, trigger->event.reason, sizeof(kernels->event.reason));
		trigger->is_ignored = true;
	}
}
