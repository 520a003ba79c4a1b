# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A group is bound to one of two nodes (cpuset.mems): that one is full, the other one is free.
#: memory 512
#: numa yes

run()
{
	root=/sys/fs/cgroup
	echo "+cpuset +memory" >$root/cgroup.subtree_control
	mkdir -p $root/pinned
	echo 1 >$root/pinned/cpuset.mems
	echo 1 >$root/pinned/cpuset.cpus
	start neighbour sh -c "echo \$\$ >$root/pinned/cgroup.procs; exec hold-memory name:neighbour anon:20"
	start elsewhere hold-memory name:elsewhere anon:20
	scores before
	sh -c "echo \$\$ >$root/pinned/cgroup.procs; exec eat-memory" &
	wait $!
	sleep 1
	scores after
	describe cause=process constraint=cpuset order=0 victim_comm=eat-memory victim_is=consumer holder=eat-memory \
		holder_kind=process node=1 group=/pinned events=1
}
