# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Limits of memory cgroups. First a job in a group that is removed afterwards; then a group whose tasks are killed all
# at once (memory.oom.group); last, and this is what is asked for, one task of several in a group with a limit. The
# machine itself has enough memory all the time.
#: memory 320

root=/sys/fs/cgroup

# in_group GROUP PROGRAM ARGUMENTS...
in_group()
{
	group=$1
	shift
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"
}

group() # PATH LIMIT
{
	mkdir -p "$root/$1"
	[ -z "$2" ] || echo "$2" >"$root/$1/memory.max"
}

run()
{
	echo +memory >$root/cgroup.subtree_control
	mkdir -p $root/batch $root/pods $root/services
	for name in batch pods services; do
		echo +memory >$root/$name/cgroup.subtree_control
	done
	start outside hold-memory name:outside anon:40

	group batch/job-1 12M
	in_group $root/batch/job-1 eat-memory &
	wait $!
	rmdir $root/batch/job-1 || say "job-1 is still there"

	group pods/pod-7 24M
	echo 1 >$root/pods/pod-7/memory.oom.group
	start sidecar in_group $root/pods/pod-7 hold-memory name:sidecar anon:4
	in_group $root/pods/pod-7 eat-memory &
	wait $!
	sleep 1

	echo 60M >$root/services/memory.max
	group services/web 40M
	start web in_group $root/services/web hold-memory name:web anon:10 shared:2 children:3
	start cache in_group $root/services/web hold-memory name:cache anon:6 oom_score_adj:-800
	scores before
	in_group $root/services/web eat-memory &
	wait $!
	sleep 1
	scores after
	describe cause=process constraint=memcg order=0 victim_comm=eat-memory victim_is=consumer holder=eat-memory \
		holder_kind=process group=/services/web limit_mib=40 events=3 removed_group=/batch/job-1 \
		oom_group=/pods/pod-7
}
