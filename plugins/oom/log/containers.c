/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What those who run containers say: kubelet that evicts a pod to get memory back (pkg/kubelet/eviction), and kubelet, containerd
 * and Docker that saw the kernel kill in a container. The kernel's own report says more: where the log has it, too, theirs is
 * no event of its own.
 */
#include "events.h"

#include <string.h>

#define SAME_KILL_NS 60000000000ull

/* Up to the byte that ends it; trailing ones of that kind that are escaped included. */
static struct span quoted(struct span rest)
{
	size_t n = 0;

	while (n < rest.n && rest.at[n] != '"' && rest.at[n] != '\\' && rest.at[n] != ',' && rest.at[n] != '}' &&
	       rest.at[n] != ' ')
		n++;
	return (struct span){ rest.at, n };
}

static struct draft *open_note(struct log_scan *scan, struct stream *stream, enum mo_oom_kind kind, const char *killer)
{
	struct draft *draft = open_draft(scan, stream, kind);

	if (!draft)
		return NULL;
	draft->parts |= PART_HEADER;
	snprintf(draft->event.killer, sizeof(draft->event.killer), "%s", killer);
	return draft;
}

/*
 * '"Eviction manager: attempting to reclaim" resourceName="memory"' (1.19 on), "eviction manager: attempting to reclaim memory"
 * before; then '"Eviction manager: pod is evicted successfully" pod="default/a"', "eviction manager: pod a_default(uid) is
 * evicted successfully".
 */
static bool take_eviction(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct span rest;

	if (!span_find(line, "viction manager: ", NULL, &rest))
		return false;
	if (span_skip(&rest, "attempting to reclaim")) {
		if (!span_has(rest, "memory"))
			return true;
		draft = open_note(scan, stream, MO_OOM_EVICTION, "kubelet");
		if (draft) {
			draft->event.constraint = MO_OOM_GLOBAL;
			draft->is_unproven = true;
		}
		return true;
	}
	if (!draft || draft->event.kind != MO_OOM_EVICTION || draft->event.subject[0] || !span_has(rest, "evicted successfully"))
		return true;
	if (!span_find(rest, "pod=\"", NULL, &line) && !span_find(rest, "pod ", NULL, &line))
		return true;
	span_copy(quoted(line), draft->event.subject, sizeof(draft->event.subject));
	draft->is_unproven = false;
	return true;
}

/* Whether the kernel's report of it is in the log already. */
static bool is_told(const struct log_scan *scan, struct span container)
{
	size_t i = scan->n_drafts;

	while (i-- > 0) {
		const struct draft *draft = scan->drafts[i];
		struct span paths[] = { { draft->event.memcg, strlen(draft->event.memcg) },
					{ draft->event.task_memcg, strlen(draft->event.task_memcg) } };
		char id[65];

		if (draft->event.kind != MO_OOM_KILL || scan->time_ns - draft->event.time_ns > SAME_KILL_NS)
			continue;
		span_copy(container, id, sizeof(id));
		if (!container.n || span_has(paths[0], id) || span_has(paths[1], id))
			return true;
	}
	return false;
}

static bool take_note(struct log_scan *scan, struct stream *stream, const char *who, struct span container)
{
	struct draft *draft;

	if (is_told(scan, container))
		return true;
	draft = open_note(scan, stream, MO_OOM_CONTAINER_OOM, who);
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.constraint = MO_OOM_MEMCG;
	span_copy(container, draft->event.subject, sizeof(draft->event.subject));
	return true;
}

/*
 * containerd: 'TaskOOM event container_id:\"0a1b\"' (1.7), 'TaskOOM event &TaskOOM{ContainerID:0a1b,' before. Docker's events:
 * "container oom 0a1b (image=..., name=...)".
 */
static bool take_task_oom(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;

	if (span_find(line, "TaskOOM event ", NULL, &rest)) {
		if (span_find(rest, "ContainerID:", NULL, &line) || span_find(rest, "container_id:", NULL, &line)) {
			while (span_skip(&line, "\\") || span_skip(&line, "\""))
				;
			return take_note(scan, stream, "containerd", quoted(line));
		}
		return false;
	}
	if (span_find(line, " container oom ", NULL, &rest))
		return take_note(scan, stream, "Docker", quoted(rest));
	return false;
}

/* kubelet: "System OOM encountered, victim process: java, pid: 1234" */
static bool take_system_oom(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span comm;
	struct draft *draft;

	if (!span_find(line, "System OOM encountered, victim process: ", NULL, &rest) || !span_find(rest, ", pid: ", &comm, &rest))
		return false;
	if (is_told(scan, (struct span){ rest.at, 0 }))
		return true;
	draft = open_note(scan, stream, MO_OOM_CONTAINER_OOM, "kubelet");
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.constraint = MO_OOM_GLOBAL;
	span_copy(comm, draft->event.subject, sizeof(draft->event.subject));
	return true;
}

/* What `kubectl describe` and `docker inspect` show: "Reason:       OOMKilled", "reason: OOMKilled", '"OOMKilled": true,' */
static bool take_state(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest = line;
	bool is_docker;

	if (!span_has(line, "OOMKilled"))
		return false;
	span_blanks(&rest);
	is_docker = span_skip(&rest, "\"OOMKilled\": true");
	if (!is_docker) {
		if (!span_skip(&rest, "Reason:") && !span_skip(&rest, "reason:"))
			return false;
		span_blanks(&rest);
		if (!span_is(rest, "OOMKilled"))
			return false;
	}
	return take_note(scan, stream, is_docker ? "Docker" : "Kubernetes", (struct span){ rest.at, 0 });
}

bool take_container(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_eviction(scan, stream, line) || take_task_oom(scan, stream, line) || take_system_oom(scan, stream, line) ||
	       take_state(scan, stream, line);
}
