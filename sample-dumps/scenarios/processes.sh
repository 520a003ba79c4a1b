# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Memory of processes in all its forms: forked and shared, files, tmpfs, locked, huge pages of both kinds, merged by
# KSM, anonymous and shared memory in swap on zram, and mappings of every kind (map-kinds).
#: memory 512
#: kernel-modules ext4 zram lzo lzo-rle
#: data-disk 48

# Merges until nothing more is found, then stands still: nothing shall move while it is recorded.
merge_equal_pages()
{
	echo 20000 >/sys/kernel/mm/ksm/pages_to_scan
	echo 1 >/sys/kernel/mm/ksm/run
	merged=-1
	tries=0
	until [ "$(cat /sys/kernel/mm/ksm/pages_sharing)" = "$merged" ] || [ $tries = 20 ]; do
		merged=$(cat /sys/kernel/mm/ksm/pages_sharing)
		tries=$((tries + 1))
		sleep 1
	done
	echo 0 >/sys/kernel/mm/ksm/run
	say "KSM: $(cat /sys/kernel/mm/ksm/pages_shared) shared, $merged sharing"
}

run()
{
	mkdir -p /data /mnt/tmpfs /mnt/huge
	mount -t ext4 "$(find_disk data)" /data
	mount -t tmpfs -o size=64M tmpfs /mnt/tmpfs
	mount -t tmpfs -o size=32M,huge=always tmpfs /mnt/huge
	echo 96M >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
	echo 18 >/proc/sys/vm/nr_hugepages
	echo madvise >/sys/kernel/mm/transparent_hugepage/enabled
	echo 1 >/proc/sys/vm/unprivileged_userfaultfd 2>/dev/null
	dd if=/dev/urandom of=/mnt/tmpfs/file bs=1M count=3 2>/dev/null
	dd if=/dev/zero of=/mnt/huge/file bs=1M count=6 2>/dev/null

	start family hold-memory name:family anon:8 shared:4 sysv:2 map:/data/large private:/data/small threads:3 children:4
	start locker hold-memory name:locker mlock:3 oom_score_adj:-500
	start huge hold-memory name:huge thp:8 children:2 dirty:/mnt/huge/file oom_score_adj:200
	start pool hold-memory name:pool hugetlb:4 children:1
	start merged hold-memory name:merged merge:4 children:1
	start merged-too hold-memory name:merged-too merge:6
	start swapped hold-memory name:swapped anon:2 pageout:6 noiseout:2 children:2
	start swapped-shared hold-memory name:swapped-shared shmemout:4 children:1
	start tmpfs hold-memory name:tmpfs map:/mnt/tmpfs/file memfd:2 deleted:/mnt/tmpfs/deleted
	start sparse hold-memory name:sparse sparse:4 tables:1 read:1 untouched:16
	start kinds map-kinds /mnt/tmpfs
	start kinds-on-disk map-kinds /data
	merge_equal_pages
	sync
	sleep 1
	say "$(grep -E '^(SwapTotal|SwapFree|HugePages_)' /proc/meminfo | tr -s ' \n' ' ')"
	describe processes=13 "huge_pool_pages=$(cat /proc/sys/vm/nr_hugepages)" \
		"ksm_sharing=$(cat /sys/kernel/mm/ksm/pages_sharing)"
}
