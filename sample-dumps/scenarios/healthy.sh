# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A machine in good order: processes that share memory, files read and written, tmpfs, locked memory, some swap.
#: memory 512
#: kernel-modules ext4 zram
#: swap-disk 64
#: data-disk 48

run()
{
	swap_disk=$(find_disk swap)
	data_disk=$(find_disk data)
	mkdir -p /data /mnt/tmpfs
	mount -t ext4 "$data_disk" /data
	mkswap "$swap_disk" >/dev/null && swapon "$swap_disk"
	mount -t tmpfs -o size=32M tmpfs /mnt/tmpfs
	dd if=/dev/urandom of=/mnt/tmpfs/file-of-3-MiB bs=1M count=3 2>/dev/null
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p /sys/fs/cgroup/services
	echo +memory >/sys/fs/cgroup/services/cgroup.subtree_control
	mkdir -p /sys/fs/cgroup/services/database
	# Off by default below 512 MiB.
	echo madvise >/sys/kernel/mm/transparent_hugepage/enabled

	start database sh -c 'echo $$ >/sys/fs/cgroup/services/database/cgroup.procs; exec hold-memory name:database \
		anon:24 shared:4 sysv:2 map:/data/large threads:3 children:4'
	start locker hold-memory name:locker mlock:3 oom_score_adj:-500
	start files hold-memory name:files open:/data/medium private:/data/small deleted:/data/deleted memfd:1 read:1
	start swapped hold-memory name:swapped anon:2 pageout:4
	start plumbing hold-memory name:plumbing pipe:4 socket:4 zombie:1 untouched:8
	start huge hold-memory name:huge thp:4 sparse:3 oom_score_adj:200
	cat /data/tree/* >/dev/null
	find /data /proc/sys -type f >/dev/null 2>&1
	sync
	dd if=/dev/zero of=/data/dirty bs=64k count=24 2>/dev/null
	sleep 1
}
