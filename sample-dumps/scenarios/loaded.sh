# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A big machine under load: many files, hence inodes and dentries; many processes; a module with many objects.
#: memory 4096
#: kernel-modules ext4
#: own-modules leaker page_taker
#: data-disk 48

run()
{
	mkdir -p /mnt/files /mnt/cache /data
	mount -t ext4 "$(find_disk data)" /data
	mount -t tmpfs -o size=60%,nr_inodes=2000000 tmpfs /mnt/files
	start files make-files /mnt/files 150000 512
	start database hold-memory name:database anon:64 shared:32 sysv:8 map:/data/large threads:8 children:24
	start workers hold-memory name:workers anon:8 memfd:16 children:24
	start locker hold-memory name:locker mlock:64 oom_score_adj:-500
	start large hold-memory name:large anon:600 sparse:64
	start plumbing hold-memory name:plumbing pipe:64 socket:200
	cat /data/tree/* >/dev/null
	load leaker lost_kmalloc_192=150000 lost_leak_obj=100000 kept=100000
	load page_taker lost_of_order=30000,5000,2000,1000,0,20 kept_of_order=10000,1000,500,0,100
	sleep 1
}
