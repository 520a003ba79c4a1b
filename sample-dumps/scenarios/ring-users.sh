# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Pages that the kernel shares with a process: the rings of io_uring, a buffer of perf events, full pipes; and compressed
# pages of zram.
#: memory 384
#: kernel-modules zram lzo lzo-rle

run()
{
	echo 64M >/sys/block/zram0/disksize
	dd if=/bin/busybox of=/dev/zram0 bs=4096 count=400 2>/dev/null
	start rings ring-users 4096 64 16
	sleep 1
	# shellcheck disable=SC2046
	set -- $(cat /sys/block/zram0/mm_stat)
	# shellcheck disable=SC2046
	describe zram_original_bytes="$1" zram_compressed_bytes="$2" zram_used_bytes="$3" $(cat /run/ready/rings)
}
