/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespaces of a task: struct nsproxy, struct pid and struct cred, as /proc/PID/ns and NSpid of status show them. */
#include "gathering.h"

#define MAX_PID_NS_LEVEL 32u /* include/linux/pid_namespace.h */

/* A number; 0 if this kernel has no such member or it could not be read: namespaces are not worth a finding. */
static uint64_t take(const struct tasks_state *state, const struct mo_field *field, uint64_t object_kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !field->width_bytes || !object_kva)
		return 0;
	error = mo_read_field(state->reader, field, object_kva, &value);
	return mo_error_destroy(error) ? 0 : value;
}

static void take_proxy(const struct tasks_state *state, uint64_t nsproxy_kva, struct namespaces *namespaces)
{
	const struct tasks_layout *layout = state->layout;
	const struct {
		enum task_namespace which;
		const struct mo_field *pointer, *inode;
	} members[] = {
		{ NS_MNT, &layout->ns.mnt, &layout->ns.mnt_inode },
		{ NS_NET, &layout->ns.net, &layout->ns.net_inode },
		{ NS_CGROUP, &layout->ns.cgroup, &layout->ns.cgroup_inode },
		{ NS_IPC, &layout->ns.ipc, &layout->ns.ipc_inode },
		{ NS_UTS, &layout->ns.uts, &layout->ns.uts_inode },
	};

	if (nsproxy_kva == namespaces->nsproxy_kva)
		return;
	namespaces->nsproxy_kva = nsproxy_kva;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		namespaces->inodes[members[i].which] =
			take(state, members[i].inode, take(state, members[i].pointer, nsproxy_kva));
}

/* task_active_pid_ns(): that of the last of the task's numbers. */
static void take_pid(const struct tasks_state *state, uint64_t pid_kva, struct namespaces *namespaces)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t level = take(state, &layout->ns.level, pid_kva);
	uint64_t upid_kva;

	namespaces->inodes[NS_PID] = 0;
	namespaces->inner_pid = -1;
	if (!pid_kva || level > MAX_PID_NS_LEVEL || !mo_has(&layout->ns.level) || !mo_has(&layout->ns.numbers) ||
	    !mo_has(&layout->ns.upid) || !mo_has(&layout->ns.nr))
		return;
	upid_kva = pid_kva + layout->ns.numbers.offset_bytes + level * layout->ns.upid.bytes;
	namespaces->inner_pid = (int32_t)take(state, &layout->ns.nr, upid_kva);
	namespaces->inodes[NS_PID] = take(state, &layout->ns.pid_inode, take(state, &layout->ns.ns, upid_kva));
}

void read_namespaces(const struct tasks_state *state, const struct mo_task *task, struct namespaces *namespaces)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t user_ns_kva = take(state, &layout->ns.user_ns, take(state, &layout->task.cred, task->kva));

	take_proxy(state, take(state, &layout->ns.nsproxy, task->kva), namespaces);
	take_pid(state, take(state, &layout->ns.thread_pid, task->kva), namespaces);
	namespaces->inodes[NS_USER] = take(state, &layout->ns.user_inode, user_ns_kva);
}
