# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Much memory is free, and nearly all of it in single pages: a module holds every other page frame.
#: memory 512
#: own-modules page_taker

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	load page_taker pin_percent=96
	sleep 1
}
