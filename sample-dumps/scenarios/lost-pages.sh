# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A module takes memory in every way and forgets it: pages of several orders, blank and with words that point at the
# module, areas of vmalloc, pages that vmap maps. Some it keeps.
#: memory 512
#: own-modules page_taker

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	load page_taker lost_of_order=1000,200,100,50,0,10,0,0,0,1 kept_of_order=500,50,20,0,5 \
		signed_of_order=300,100,40,20,10 lost_vmalloc=40 lost_vmap=20
	sleep 1
}
