# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash disable=SC2154
# Tasks that wait for a mutex and for semaphores, and one that reclaims memory and waits for the mutex in a shrinker. The
# kernel has written every task's stack into its log (SysRq-t).
#: memory 256
#: own-modules blocker
#: append log_buf_len=2M

run()
{
	reserve 40
	start database hold-memory name:database "anon:$(share 10)" children:2
	load blocker
	eat-memory &
	sleep 6
	settle
	echo 1 >/proc/sys/kernel/sysrq
	echo t >/proc/sysrq-trigger
	sleep 1
	describe reclaimer=eat-memory holder=mutex-holder module=blocker mutex=blocker_mutex written=blocker_written read=blocker_read
}
