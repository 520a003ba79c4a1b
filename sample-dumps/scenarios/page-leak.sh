# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A module takes blocks of several orders from the page allocator and forgets some of them.
#: memory 512
#: own-modules page_taker

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	load page_taker lost_of_order=3000,500,200,100,0,20,0,0,0,3 kept_of_order=1000,100,50,0,10
	sleep 1
}
