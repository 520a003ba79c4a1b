# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A tree of memory cgroups of version 1: its own hierarchy, with limits, one that is full, and swap counted with memory.
#: memory 512
#: kernel-modules ext4
#: swap-disk 64
#: data-disk 48

groups=/sys/fs/cgroup

# shellcheck disable=SC2016
enter='echo $$ >"/sys/fs/cgroup/$0/cgroup.procs"; exec "$@"'

run()
{
	data_disk=$(find_disk data)
	swap_disk=$(find_disk swap)
	mkdir -p /data /mnt/tmpfs
	mount -t ext4 "$data_disk" /data
	mkswap "$swap_disk" >/dev/null && swapon "$swap_disk"
	mount -t tmpfs tmpfs /mnt/tmpfs
	umount $groups
	mount -t cgroup -o memory cgroup $groups || say "no memory controller of version 1"
	mkdir -p $groups/shop/web $groups/shop/database $groups/tight $groups/empty
	echo 160M >$groups/shop/memory.limit_in_bytes
	echo 100M >$groups/shop/web/memory.soft_limit_in_bytes
	echo 16M >$groups/tight/memory.limit_in_bytes
	start web sh -c "$enter" shop/web hold-memory name:web anon:6 memfd:2 map:/data/medium threads:3 children:2
	start database sh -c "$enter" shop/database hold-memory name:database anon:12 shared:4 pageout:3 pipe:8
	start holder sh -c "$enter" tight hold-memory name:holder anon:6 oom_score_adj:-1000
	sh -c "$enter" tight cat /data/large >/dev/null
	sleep 1
}
