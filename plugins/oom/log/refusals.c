/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was refused although memory was free, where the kernel says so: address space (__vm_enough_memory(), may_expand_vm()),
 * tasks (the pids controller).
 */
#include "events.h"

/* A line is all that there is of it: the stream has no event open afterwards. NULL: as open_draft(). */
static struct draft *open_refusal(struct log_scan *scan, struct stream *stream, enum mo_oom_cause cause)
{
	struct draft *draft = open_draft(scan, stream, MO_OOM_REFUSAL);

	stream->draft = NULL;
	if (!draft)
		return NULL;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	draft->event.constraint = MO_OOM_LIMIT;
	draft->event.cause = cause;
	return draft;
}

/* "__vm_enough_memory: pid: 12, comm: x, bytes: 4096 not enough memory for the allocation" (6.7 on) */
static bool take_overcommit(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span part;
	uint64_t bytes;
	struct draft *draft;
	int32_t pid;

	if (!span_find(line, "__vm_enough_memory: pid: ", NULL, &rest) || !span_int(&rest, &pid) ||
	    !span_find(rest, " not enough memory", &rest, NULL))
		return false;
	draft = open_refusal(scan, stream, MO_OOM_COMMITMENT);
	if (!draft)
		return true;
	draft->event.has_pid = true;
	draft->event.pid = pid;
	if (span_find(rest, "comm: ", NULL, &part) && span_find_last(part, ", ", &part, &rest))
		span_copy(part, draft->event.comm, sizeof(draft->event.comm));
	if ((span_find(rest, "bytes: ", NULL, &rest) || span_find(rest, "no. of pages: ", NULL, &rest)) &&
	    span_number(&rest, &bytes))
		draft->event.bytes = mo_exact(bytes);
	return true;
}

/* "mmap: x (12): VmData 8192 exceed data ulimit 4096. Update limits or use boot option ignore_rlimit_data." (4.5 on) */
static bool take_data_limit(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span before;
	struct span rest;
	struct span pid;
	uint64_t bytes;
	struct draft *draft;

	if (!span_find(line, "): VmData ", &before, &rest) || !span_has(rest, "exceed data ulimit"))
		return false;
	draft = open_refusal(scan, stream, MO_OOM_COMMITMENT);
	if (!draft)
		return true;
	if (span_number(&rest, &bytes))
		draft->event.bytes = mo_exact(bytes);
	if (span_find(rest, "data ulimit ", NULL, &rest) && span_number(&rest, &bytes))
		draft->event.total_bytes = mo_exact(bytes);
	if (span_find_last(before, " (", &before, &pid)) {
		span_skip(&before, "mmap: ");
		span_copy(before, draft->event.comm, sizeof(draft->event.comm));
		draft->event.has_pid = span_int(&pid, &draft->event.pid);
	}
	span_copy((struct span){ "RLIMIT_DATA", 11 }, draft->event.cache, sizeof(draft->event.cache));
	return true;
}

/* "cgroup: fork rejected by pids controller in /box": the first time that a group is at its pids.max (4.3 on) */
static bool take_pids_limit(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span path;
	struct draft *draft;

	if (!span_find(line, "cgroup: fork rejected by pids controller in ", NULL, &path))
		return false;
	draft = open_refusal(scan, stream, MO_OOM_CAUSE_UNKNOWN);
	if (!draft)
		return true;
	draft->event.is_task_limit = true;
	span_copy(path, draft->event.memcg, sizeof(draft->event.memcg));
	return true;
}

bool take_refusal(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_overcommit(scan, stream, line) || take_data_limit(scan, stream, line) ||
	       take_pids_limit(scan, stream, line);
}
