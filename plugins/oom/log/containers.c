/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What those who run containers say: kubelet that evicts a pod to get memory back (pkg/kubelet/eviction), and kubelet,
 * containerd and Docker that saw the kernel kill in a container. The kernel's own report says more: where the log has
 * it, too, theirs is no event of its own.
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
 * '"Eviction manager: attempting to reclaim" resourceName="memory"' (1.19 on), "eviction manager: attempting to reclaim
 * memory" before; then '"Eviction manager: pod is evicted successfully" pod="default/a"', "eviction manager: pod
 * a_default(uid) is evicted successfully".
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

/* Of a unit systemd says twice that something was killed. */
static bool is_unit_noted(const struct log_scan *scan, struct span unit)
{
	for (size_t i = scan->n_drafts; i-- > 0;) {
		const struct mo_oom_event *event = &scan->drafts[i]->event;

		if (event->kind == MO_OOM_CONTAINER_OOM && span_is(unit, event->subject) &&
		    scan->time_ns - event->time_ns <= SAME_KILL_NS)
			return true;
	}
	return false;
}

/* systemd-oomd's own word of it, by the group that ends in the unit's name. */
static bool is_unit_killed(const struct log_scan *scan, struct span unit)
{
	char name[160];

	span_copy(unit, name, sizeof(name));
	for (size_t i = scan->n_drafts; i-- > 0;) {
		const struct mo_oom_event *event = &scan->drafts[i]->event;

		if (event->kind == MO_OOM_USERSPACE_KILL && !strcmp(event->killer, "systemd-oomd") &&
		    scan->time_ns - event->time_ns <= SAME_KILL_NS &&
		    span_has((struct span){ event->subject, strlen(event->subject) }, name))
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
 * containerd: 'TaskOOM event container_id:\"0a1b\"' (1.7), 'TaskOOM event &TaskOOM{ContainerID:0a1b,' before. Docker's
 * events: "container oom 0a1b (image=..., name=...)".
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

static bool has_killed(const struct draft *draft, int32_t pid)
{
	for (size_t i = 0; i < draft->n_kills; i++)
		if (draft->kills[i].pid == pid)
			return true;
	return false;
}

/* The kernel's report of that kill, or the word of it that kubelet has said before. */
static bool is_system_oom_told(const struct log_scan *scan, struct span comm, int32_t pid)
{
	for (size_t i = scan->n_drafts; i-- > 0;) {
		const struct draft *draft = scan->drafts[i];

		if (scan->time_ns - draft->event.time_ns > SAME_KILL_NS)
			continue;
		if (draft->event.kind == MO_OOM_KILL && (pid <= 0 || has_killed(draft, pid)))
			return true;
		if (draft->event.kind == MO_OOM_CONTAINER_OOM && draft->event.constraint == MO_OOM_GLOBAL &&
		    (!comm.n || span_is(comm, draft->event.subject)))
			return true;
	}
	return false;
}

/*
 * Who was killed, as kubelet says it: "Got sys oom event: &{1234 java 2020-01-02 ..." (until 1.20), '"Got sys oom
 * event" event={Pid:1234 ProcessName:java TimeOfDeath:...' behind it, "Got sys oom event from cadvisor: ..." without a
 * name (until 1.14); "System OOM encountered, victim process: java, pid: 1234", and from cadvisor "System OOM
 * encountered:  process pid 1234, process name: java".
 */
static bool find_system_victim(struct span line, struct span *comm, int32_t *pid)
{
	struct span rest;

	*comm = (struct span){ line.at, 0 };
	*pid = 0;
	if (span_find(line, "System OOM encountered", NULL, &line)) {
		if (span_find(line, "victim process: ", NULL, &rest) && span_find(rest, ", pid: ", comm, &rest))
			span_int(&rest, pid);
		else if (span_find(line, "process pid ", NULL, &rest) && span_int(&rest, pid) &&
			 span_find(rest, "process name: ", NULL, &rest))
			*comm = rest;
		return true;
	}
	if (!span_find(line, "Got sys oom event", NULL, &line))
		return false;
	if (span_find(line, "Pid:", NULL, &rest) && span_int(&rest, pid) && span_skip(&rest, " ProcessName:"))
		span_find(rest, " TimeOfDeath:", comm, NULL);
	else if (span_find(line, ": &{", NULL, &rest) && span_int(&rest, pid) && span_skip(&rest, " "))
		*comm = span_until(rest, ' ');
	return true;
}

static bool take_system_oom(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm;
	struct draft *draft;
	int32_t pid;

	if (!span_has(line, "ys oom event") && !span_has(line, "ystem OOM encountered"))
		return false;
	if (!find_system_victim(line, &comm, &pid) || is_system_oom_told(scan, comm, pid))
		return true;
	draft = open_note(scan, stream, MO_OOM_CONTAINER_OOM, "kubelet");
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.constraint = MO_OOM_GLOBAL;
	span_copy(comm, draft->event.subject, sizeof(draft->event.subject));
	return true;
}

/*
 * systemd: "a.service: A process of this unit has been killed by the OOM killer." (243 on), "a.service: systemd-oomd
 * killed 3 process(es) in this unit." (248 on), "a.service: Failed with result 'oom-kill'.": of a journal that has one
 * unit's entries alone.
 */
static bool take_unit(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span unit;
	struct draft *draft;
	bool is_oomd = span_find(line, ": systemd-oomd killed ", &unit, NULL);

	if (!is_oomd && !span_find(line, ": A process of this unit has been killed by the OOM killer", &unit, NULL) &&
	    !span_find(line, ": Failed with result 'oom-kill'", &unit, NULL))
		return false;
	if (!is_oomd && (is_told(scan, unit) || is_unit_noted(scan, unit)))
		return true;
	if (is_oomd && is_unit_killed(scan, unit))
		return true;
	draft = open_note(scan, stream, is_oomd ? MO_OOM_USERSPACE_KILL : MO_OOM_CONTAINER_OOM,
			  is_oomd ? "systemd-oomd" : "systemd");
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.constraint = is_oomd ? MO_OOM_GLOBAL : MO_OOM_CONSTRAINT_UNKNOWN;
	span_copy(unit, draft->event.subject, sizeof(draft->event.subject));
	return true;
}

/*
 * What `kubectl describe` and `docker inspect` show: "Reason:       OOMKilled", "reason: OOMKilled", '"OOMKilled":
 * true,'
 */
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
	       take_unit(scan, stream, line) || take_state(scan, stream, line);
}
