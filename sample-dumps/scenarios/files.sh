# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Everything that the page cache can hold: ext4 on a disk and on a loop device, tmpfs (one with huge pages, one that is
# over-mounted), a bind mount, deleted files that are held, memfd, System V and shared anonymous memory, hugetlbfs, dirty and
# mapped pages, names that a terminal would rather not see, and 20,000 names that do not exist.
#: memory 512
#: kernel-modules ext4 loop
#: data-disk 64

run()
{
	mkdir -p /data /mnt/small /mnt/thp /mnt/loop /mnt/bound /mnt/huge /mnt/under
	# Nothing is written back while the truth is recorded.
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs
	echo 360000 >/proc/sys/vm/dirty_expire_centisecs
	mount -t ext4 "$(find_disk data)" /data
	mount -t tmpfs -o size=24M small /mnt/small
	mount -t tmpfs -o size=48M,huge=always thp /mnt/thp
	mount -t tmpfs -o size=8M under /mnt/under
	dd if=/dev/urandom of=/mnt/under/hidden bs=4k count=77 2>/dev/null
	mount -t tmpfs -o size=8M over /mnt/under
	dd if=/dev/urandom of=/mnt/under/seen bs=4k count=33 2>/dev/null
	dd if=/dev/zero of=/mnt/small/disk bs=1M count=8 2>/dev/null
	losetup /dev/loop0 /mnt/small/disk && mke2fs /dev/loop0 >/dev/null 2>&1 && mount -t ext4 /dev/loop0 /mnt/loop
	mkdir -p /mnt/loop/a/b/c
	dd if=/dev/urandom of=/mnt/loop/a/b/c/deep bs=4k count=101 2>/dev/null
	mount --bind /data/tree /mnt/bound
	dd if=/dev/urandom of=/mnt/small/three bs=4k count=768 2>/dev/null
	dd if=/dev/urandom of="/mnt/small/with
newline" bs=4k count=5 2>/dev/null
	dd if=/dev/urandom of="$(printf '/mnt/small/\033[31mred\377')" bs=4k count=6 2>/dev/null
	dd if=/dev/urandom of=/mnt/thp/six bs=1M count=6 2>/dev/null
	echo 8 >/proc/sys/vm/nr_hugepages
	mount -t hugetlbfs none /mnt/huge && fallocate -l 4M /mnt/huge/two
	echo 1 >/sys/kernel/mm/ksm/run
	echo 20 >/sys/kernel/mm/ksm/sleep_millisecs
	echo 5000 >/sys/kernel/mm/ksm/pages_to_scan

	start mapper hold-memory name:mapper anon:4 shared:3 sysv:2 memfd:1 map:/data/large map:/mnt/thp/six dirty:/data/medium \
		private:/data/small children:3
	start holder hold-memory name:holder open:/data/tree/file-60 deleted:/data/gone deleted:/mnt/small/lost memfd:2
	start merger hold-memory name:merger merge:2 thp:4 hugetlb:4 children:1
	sync
	dd if=/dev/zero of=/data/dirty bs=64k count=24 2>/dev/null
	cat /mnt/bound/file-1* >/dev/null
	for name in $(seq 1 20000); do
		[ -e "/data/tree/absent-$name" ]
	done
	export RECORD_FILES="/data /mnt /run /programs"
	# Equal pages are merged in the second round of the daemon.
	tries=0
	until [ "$(cat /sys/kernel/mm/ksm/pages_sharing)" -gt 500 ] || [ $tries -gt 30 ]; do
		tries=$((tries + 1))
		sleep 1
	done
	echo 0 >/sys/kernel/mm/ksm/run
	sleep 1
}
