# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A small machine in good order that memopsy looks at while it runs: what moves in it is for tests/guest/live-runs to start.
#: memory 512
#: kernel-modules dummy zram
#: append movablecore=256M

run()
{
	start database hold-memory name:database "anon:$(share 2)" "shared:$(share 1)" children:1
	sleep 1
}
