/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an OOM ends: the summary line, kills, the reaper, panics (mm/oom_kill.c). */
#include "events.h"

#include <string.h>

#define SAME_OOM_NS 30000000000ull

/* "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=x,pid=1,uid=0" */
static bool take_summary(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct mo_oom_event *event;
	struct span at;
	struct span part;
	struct draft *draft;

	if (!span_find(line, "oom-kill:constraint=", NULL, &line))
		return false;
	draft = draft_for_numbers(scan, stream);
	if (!draft)
		return true;
	draft->parts |= PART_SUMMARY;
	event = &draft->event;
	span_copy(span_until(line, ','), draft->constraint_text, sizeof(draft->constraint_text));
	if (span_find(line, ",nodemask=", NULL, &at) && span_find(at, ",cpuset=", &part, NULL))
		span_copy(part, event->nodemask, sizeof(event->nodemask));
	if (span_find(line, ",cpuset=", NULL, &at) && span_find(at, ",mems_allowed=", &part, &at)) {
		span_copy(part, event->cpuset, sizeof(event->cpuset));
		if (span_find(at, ",oom_memcg=", &part, NULL) || span_find(at, ",global_oom", &part, NULL))
			span_copy(part, event->mems_allowed, sizeof(event->mems_allowed));
	}
	if (span_find(line, ",oom_memcg=", NULL, &at) && span_find(at, ",task_memcg=", &part, NULL))
		span_copy(part, event->memcg, sizeof(event->memcg));
	if (span_find(line, ",task_memcg=", NULL, &at) && span_find(at, ",task=", &part, NULL))
		span_copy(part, event->task_memcg, sizeof(event->task_memcg));
	/* Names may hold commas: what is numbers comes last. */
	if (span_find_last(line, ",pid=", &part, &at))
		draft->has_summary_pid = span_int(&at, &draft->summary_pid);
	if (draft->has_summary_pid && span_find(part, ",task=", NULL, &part))
		span_copy(part, draft->summary_comm, sizeof(draft->summary_comm));
	return true;
}

static struct mo_count kib_in_bytes(struct span line, const char *key)
{
	struct mo_count kib = span_count_of(line, key);

	kib.value *= 1024;
	return kib;
}

/* "123 (comm)", RHEL 6 "123, UID 0, (comm)"; a comm may hold any byte, so the numbers behind it end it. */
static bool take_pid_and_comm(struct span *rest, struct span behind, int32_t *pid, char *comm, size_t comm_bytes)
{
	struct span name;
	struct span behind_uid;

	if (!span_int(rest, pid) || *pid <= 0)
		return false;
	if (span_skip(rest, ", UID ") && span_find(*rest, ", (", NULL, &behind_uid))
		*rest = behind_uid;
	else if (!span_skip(rest, " ("))
		return false;
	name = (struct span){ rest->at, (size_t)(behind.at - rest->at) };
	while (name.n && name.at[name.n - 1] != ')')
		name.n--;
	if (name.n)
		name.n--;
	span_copy(name, comm, comm_bytes);
	return true;
}

static struct mo_oom_kill *kill_of(struct draft *draft, int32_t pid)
{
	for (size_t i = 0; i < draft->n_kills; i++)
		if (draft->kills[i].pid == pid)
			return &draft->kills[i];
	return NULL;
}

static struct mo_oom_kill *add_kill(struct log_scan *scan, struct draft *draft, int32_t pid)
{
	struct mo_oom_kill *kills = grow(scan, draft->kills, draft->n_kills, &draft->kills_room, sizeof(*kills));

	if (!kills)
		return NULL;
	draft->kills = kills;
	kills = &kills[draft->n_kills++];
	*kills = (struct mo_oom_kill){ .pid = pid };
	return kills;
}

/* The summary is printed of a victim that is chosen: a report that ends behind it has killed that one. */
void take_victim_of_summary(struct log_scan *scan, struct draft *draft)
{
	struct mo_oom_kill *kill;

	if (draft->n_kills || !draft->has_summary_pid || draft->summary_pid <= 0 || draft->event.kind != MO_OOM_UNKNOWN)
		return;
	kill = add_kill(scan, draft, draft->summary_pid);
	if (!kill)
		return;
	snprintf(kill->comm, sizeof(kill->comm), "%s", draft->summary_comm);
	draft->event.kind = MO_OOM_KILL;
	draft->is_cut_at_summary = true;
}

/* The event that a kill ends: the open one, unless that has had its kill and is not for a whole group. */
static struct draft *draft_of_kill(struct log_scan *scan, struct stream *stream, int32_t pid)
{
	struct draft *draft = stream->draft;
	bool is_failure = draft && draft->event.kind >= MO_OOM_ALLOCATION_FAILURE;

	if (draft && !is_failure && !draft->is_ignored && scan->time_ns - draft->last_time_ns < SAME_OOM_NS &&
	    (!draft->is_closed || draft->memcg.is_group_kill || kill_of(draft, pid)))
		return draft;
	return open_draft(scan, stream, MO_OOM_UNKNOWN);
}

/*
 * What stands behind the comm of a kill: ", UID 0, total-vm:" (RHEL 7) or " total-vm:" (" vsz:" in 2.6.34 and 2.6.35); or
 * " score 12 or sacrifice child". 2.6.32 says no more than the comm.
 */
static bool find_behind(struct span rest, struct span *behind)
{
	struct span before;

	if (!span_find_last(rest, ") total-vm:", &before, NULL) && !span_find_last(rest, "), UID", &before, NULL) &&
	    !span_find_last(rest, ") score ", &before, NULL) && !span_find_last(rest, ") vsz:", &before, NULL) &&
	    !span_find_last(rest, "), ", &before, NULL) && !span_find_last(rest, ")", &before, NULL))
		return false;
	*behind = (struct span){ before.at + before.n + 1, rest.n - before.n - 1 };
	return true;
}

static void take_sizes(struct mo_oom_kill *kill, struct span behind)
{
	struct span at;

	kill->total_vm_bytes = kib_in_bytes(behind, "total-vm");
	if (kill->total_vm_bytes.certainty == MO_UNKNOWN)
		kill->total_vm_bytes = kib_in_bytes(behind, "vsz");
	kill->anon_bytes = kib_in_bytes(behind, "anon-rss");
	kill->file_bytes = kib_in_bytes(behind, "file-rss");
	kill->shmem_bytes = kib_in_bytes(behind, "shmem-rss");
	kill->pgtables_bytes = kib_in_bytes(behind, "pgtables");
	if (span_find(behind, "oom_score_adj:", NULL, &at))
		kill->has_adj = span_int(&at, &kill->oom_score_adj);
}

/* ", UID:0 pgtables:" (5.3), RHEL 7 "(x), UID 0, total-vm:", RHEL 6 "12, UID 0, (x)" */
static void take_uid(struct mo_oom_kill *kill, struct span line)
{
	struct span at;
	uint64_t uid;

	if ((span_find_last(line, ", UID:", NULL, &at) || span_find(line, ", UID ", NULL, &at)) && span_number(&at, &uid)) {
		kill->has_uid = true;
		kill->uid = (uint32_t)uid;
	}
}

/*
 * The words of a kill and of a plan to kill; 2.6.32: "kill process 1 (x) score 9 or a child", and "Killed process 1 (x)" alone.
 */
static bool find_kill(struct span line, struct span *before, struct span *rest, bool *is_plan)
{
	*is_plan = span_find(line, "Kill process ", before, rest) ||
		   (span_find(line, "ut of memory: kill process ", before, rest) && span_has(*rest, " score "));
	return *is_plan || (span_find(line, "Killed process ", before, rest) && (!before->n || span_has(*before, "emory")));
}

/*
 * Since 5.2 "Out of memory: Killed process 1 (x) total-vm:..."; before, "...: Kill process 1 (x) score 9 or sacrifice child"
 * and then "Killed process 2 (y) total-vm:...", which may name a child.
 */
static bool take_killed(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span before;
	struct span rest;
	struct span behind;
	struct span at;
	struct mo_oom_kill *kill;
	struct draft *draft;
	int32_t pid = 0;
	char comm[sizeof(kill->comm)];
	bool is_plan;

	if (!find_kill(line, &before, &rest, &is_plan))
		return false;
	if (!find_behind(rest, &behind) || !take_pid_and_comm(&rest, behind, &pid, comm, sizeof(comm)))
		return false;
	draft = draft_of_kill(scan, stream, pid);
	if (!draft)
		return true;
	draft->event.kind = MO_OOM_KILL;
	draft->parts |= PART_KILL;
	draft->is_allocating_task |= span_has(before, "oom_kill_allocating_task");
	if (span_has(line, "emory cgroup out of memory") && draft->event.constraint == MO_OOM_CONSTRAINT_UNKNOWN)
		draft->event.constraint = MO_OOM_MEMCG;
	kill = kill_of(draft, pid);
	/* The plan was for the parent, and a child was taken in its place. */
	if (!kill && draft->n_kills && draft->kills[0].total_vm_bytes.certainty == MO_UNKNOWN && !draft->is_closed)
		kill = &draft->kills[0];
	if (!kill)
		kill = add_kill(scan, draft, pid);
	if (!kill)
		return true;
	kill->pid = pid;
	span_copy((struct span){ comm, strlen(comm) }, kill->comm, sizeof(kill->comm));
	draft->is_old_badness |= span_has(behind, " or a child");
	if (is_plan && span_find(behind, "score ", NULL, &at)) {
		uint64_t score;

		kill->score = span_number(&at, &score) ? mo_exact(score) : mo_unknown();
		return true;
	}
	take_sizes(kill, behind);
	take_uid(kill, line);
	draft->n_kill_lines++;
	draft->is_closed = true;
	return true;
}

/* "oom_reaper: reaped process 1 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"; any later thread may say it. */
static bool take_reaped(struct log_scan *scan, struct span line)
{
	bool could = true;
	struct span rest;
	int32_t pid;

	if (!span_find(line, "oom_reaper: reaped process ", NULL, &rest)) {
		could = false;
		if (!span_find(line, "oom_reaper: unable to reap pid:", NULL, &rest))
			return false;
	}
	if (!span_int(&rest, &pid))
		return true;
	for (size_t i = scan->n_drafts; i-- > 0;) {
		struct mo_oom_kill *kill = kill_of(scan->drafts[i], pid);

		if (!kill)
			continue;
		kill->is_reaped = could;
		kill->is_unreapable = !could;
		if (could)
			kill->left_bytes = mo_count_add(kib_in_bytes(rest, "anon-rss"),
							mo_count_add(kib_in_bytes(rest, "file-rss"),
								     kib_in_bytes(rest, "shmem-rss")));
		break;
	}
	return true;
}

/* "Out of memory: OOM victim 12 (x) is already exiting. Skip killing the task" (5.11) */
static bool take_exiting(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span behind;
	struct mo_oom_kill *kill;
	struct draft *draft;
	int32_t pid = 0;
	char comm[sizeof(kill->comm)];

	if (!span_find(line, "OOM victim ", NULL, &rest) || !span_find(rest, " is already exiting", NULL, &behind) ||
	    !take_pid_and_comm(&rest, behind, &pid, comm, sizeof(comm)))
		return false;
	draft = draft_of_kill(scan, stream, pid);
	kill = draft ? add_kill(scan, draft, pid) : NULL;
	if (!kill)
		return true;
	draft->event.kind = MO_OOM_KILL;
	draft->parts |= PART_KILL;
	draft->is_closed = true;
	kill->was_exiting = true;
	span_copy((struct span){ comm, strlen(comm) }, kill->comm, sizeof(kill->comm));
	return true;
}

static bool take_panic(struct log_scan *scan, struct stream *stream, struct span line)
{
	bool is_panic = span_has(line, "Kernel panic - not syncing: ") && !span_has(line, "---[ end");
	bool is_deadlock = is_panic && span_has(line, "System is deadlocked on memory");
	bool is_nobody = span_has(line, "Out of memory and no killable processes");
	bool is_oom_panic = is_panic && (is_deadlock || is_nobody || span_has(line, "not syncing: Out of memory") ||
					 span_has(line, "not syncing: out of memory"));
	struct draft *draft;

	if (!is_oom_panic && !is_nobody)
		return false;
	draft = stream->draft;
	if (!draft || draft->event.kind >= MO_OOM_ALLOCATION_FAILURE || draft->is_closed)
		draft = open_draft(scan, stream, MO_OOM_UNKNOWN);
	if (!draft)
		return true;
	draft->parts |= PART_KILL;
	draft->had_nobody |= is_nobody || is_deadlock;
	draft->event.kind = is_oom_panic ? MO_OOM_PANIC : MO_OOM_NO_VICTIM;
	draft->is_closed = is_oom_panic;
	return true;
}

bool take_kill(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_summary(scan, stream, line) || take_reaped(scan, line) || take_exiting(scan, stream, line) ||
	       take_killed(scan, stream, line) || take_panic(scan, stream, line);
}
