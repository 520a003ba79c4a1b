# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A memory cgroup whose job is killed at its limit and started again, thirty times, as a service manager would. The
# first kills come so fast that not all have a report (the kernel prints ten in five seconds at most). All reports
# together are more than the kernel log holds, so the oldest are overwritten, one of them in part.
#: memory 320

root=/sys/fs/cgroup
kills=30

job()
{
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0/cgroup.procs"; exec eat-memory' $root/services/worker &
	wait $!
}

run()
{
	echo +memory >$root/cgroup.subtree_control
	mkdir -p $root/services
	echo +memory >$root/services/cgroup.subtree_control
	mkdir -p $root/services/worker
	echo 16M >$root/services/worker/memory.max
	start outside hold-memory name:outside anon:40
	n=0
	while [ $n -lt $kills ]; do
		[ $n -lt 13 ] || usleep 600000
		job
		n=$((n + 1))
	done
	# What others print takes more of the log's room.
	echo on >/proc/sys/kernel/printk_devkmsg
	n=0
	while [ $n -lt 520 ]; do
		echo "<6>service-manager: worker: restart job $n is at its end, and this line has about a hundred characters" >/dev/kmsg
		n=$((n + 1))
	done
	sleep 5
	job
	sleep 1
	describe cause=process constraint=memcg order=0 victim_comm=eat-memory victim_is=consumer holder=eat-memory \
		holder_kind=process group=/services/worker limit_mib=16 "kills=$((kills + 1))"
}
