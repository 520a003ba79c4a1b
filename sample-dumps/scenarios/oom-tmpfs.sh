# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A file on a tmpfs fills memory; a process that has little to do with it is killed, and the file is still there.
#: memory 256

run()
{
	free_mib=$(available)
	database_mib=$((free_mib * 16 / 100))
	tmpfs_mib=$((free_mib - 16 - database_mib / 2))
	mkdir -p /mnt/logs
	mount -t tmpfs -o "size=${tmpfs_mib}M" tmpfs /mnt/logs
	mkdir -p /mnt/logs/service
	reserve 16
	start database hold-memory name:database "anon:$database_mib"
	start small hold-memory name:small anon:3 oom_score_adj:-900
	scores before
	echo "a short one" >/mnt/logs/service/start.log
	dd if=/dev/zero of=/mnt/logs/service/debug.log bs=64k 2>/dev/null
	settle
	scores after
	describe cause=tmpfs constraint=global order=0 victim_comm=database victim_is=bystander \
		holder=/mnt/logs/service/debug.log holder_kind=file events=1 \
		"held_mib=$(($(stat -c %s /mnt/logs/service/debug.log) / 1048576))"
}
