# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A memory cgroup at its limit: what it is charged for is a file on a tmpfs, not the process that is killed.
#: memory 256

root=/sys/fs/cgroup

run()
{
	echo +memory >$root/cgroup.subtree_control
	mkdir -p $root/backup
	echo 48M >$root/backup/memory.max
	mkdir -p /mnt/scratch
	mount -t tmpfs -o size=36M tmpfs /mnt/scratch
	sh -c "echo \$\$ >$root/backup/cgroup.procs; dd if=/dev/zero of=/mnt/scratch/archive.tar bs=64k 2>/dev/null"
	start agent sh -c "echo \$\$ >$root/backup/cgroup.procs; exec hold-memory name:agent anon:2"
	scores before
	sh -c "echo \$\$ >$root/backup/cgroup.procs; exec eat-memory" &
	wait $!
	sleep 1
	scores after
	describe cause=tmpfs constraint=memcg order=0 victim_comm=eat-memory victim_is=bystander \
		holder=/mnt/scratch/archive.tar holder_kind=file group=/backup limit_mib=48 events=1 held_mib=36
}
