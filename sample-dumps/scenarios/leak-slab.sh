# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A module loses 4000 objects of kmalloc-192 and 4000 of a cache of its own, and keeps 500 of each.
#: memory 512
#: own-modules leaker

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	load leaker lost_kmalloc_192=4000 lost_leak_obj=4000 kept=500
	sleep 1
}
