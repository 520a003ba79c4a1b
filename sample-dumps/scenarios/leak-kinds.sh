# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A module loses and keeps memory of every kind in every way, and says which is which.
#: memory 512
#: own-modules keeper loser

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	load keeper
	load loser
	sleep 3
	cat /sys/kernel/debug/loser >/run/record/leak-kinds
	sleep 1
}
