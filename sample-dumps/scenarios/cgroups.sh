# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A tree of memory cgroups: limits and protections of every kind, one that is full and had its processes killed, slab
# objects by the thousand, and groups that were removed while memory is still charged to them. And tasks that share an
# mm or have namespaces of their own.
#: memory 512
#: kernel-modules ext4
#: swap-disk 64
#: data-disk 48

groups=/sys/fs/cgroup

group() # PATH: with the memory controller for its children
{
	mkdir -p "$groups/$1"
	echo +memory >"$groups/$1/cgroup.subtree_control"
}

# Enters a group and becomes the command: of sh -c "$enter" PATH COMMAND...
# shellcheck disable=SC2016
enter='echo $$ >"/sys/fs/cgroup/$0/cgroup.procs"; exec "$@"'

run()
{
	data_disk=$(find_disk data)
	swap_disk=$(find_disk swap)
	mkdir -p /data /mnt/tmpfs
	mount -t ext4 "$data_disk" /data
	mkswap "$swap_disk" >/dev/null && swapon "$swap_disk"
	mount -t tmpfs -o size=64M,nr_inodes=100000 tmpfs /mnt/tmpfs
	echo +memory >$groups/cgroup.subtree_control
	group shop
	echo 160M >$groups/shop/memory.max
	echo 8M >$groups/shop/memory.low
	mkdir -p $groups/shop/web $groups/shop/database $groups/empty
	echo 40M >$groups/shop/web/memory.high
	echo 4M >$groups/shop/web/memory.min
	echo 1 >$groups/shop/database/memory.oom.group
	echo 32M >$groups/shop/database/memory.swap.max
	mkdir -p $groups/files $groups/tight /mnt/tmpfs/many /mnt/tmpfs/gone
	echo 16M >$groups/tight/memory.max
	echo 0 >$groups/tight/memory.swap.max

	start web sh -c "$enter" shop/web hold-memory name:web anon:6 memfd:2 map:/data/medium threads:3 children:2
	start database sh -c "$enter" shop/database hold-memory name:database anon:12 shared:4 pageout:3 pipe:8
	# One process is killed by the group's limit; another holds most of what it may have.
	start holder sh -c "$enter" tight hold-memory name:holder anon:12 oom_score_adj:-1000
	sh -c "$enter" tight eat-memory
	say "eat-memory in a group of 16 MiB ended with $?"
	sh -c "$enter" tight cat /data/large >/dev/null
	start files sh -c "$enter" files make-files /mnt/tmpfs/many 3000 100

	# Removed, with page cache of a file and of tmpfs, and inodes, still charged.
	group gone
	mkdir -p $groups/gone/inner
	sh -c "$enter" gone/inner cat /data/small /data/tree/file-50 >/dev/null
	sh -c "$enter" gone/inner dd if=/dev/zero of=/mnt/tmpfs/left-behind bs=1M count=3 2>/dev/null
	start gone sh -c "$enter" gone/inner make-files /mnt/tmpfs/gone 500
	sleep 1
	rmdir $groups/gone/inner $groups/gone
	start namespaces unshare -m -n -p -f -i -u hold-memory name:namespaced anon:1
	start user-namespace unshare -U -r hold-memory name:own-users anon:1
	start sharing hold-memory name:sharing anon:1 clone:1 zombie:1 orphan:2
	sleep 1
}
