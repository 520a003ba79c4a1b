# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# 200,000 small files looked up: inodes and dentries fill the slab caches; and names that do not exist.
#: memory 1024

run()
{
	mkdir -p /mnt/files
	mount -t tmpfs -o size=70%,nr_inodes=300000 tmpfs /mnt/files
	start files make-files /mnt/files 200000
	for name in $(seq 1 3000); do
		[ -e "/mnt/files/absent-$name" ]
	done
	sleep 1
}
