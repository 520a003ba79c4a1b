# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A module loses slab objects until the OOM killer ends a process, and some more; the slab stays.
#: memory 256
#: own-modules leaker

run()
{
	free_mib=$(available)
	database_mib=$((free_mib * 16 / 100))
	slab_mib=$((free_mib - 16 - database_mib * 2 / 3))
	reserve 16
	start database hold-memory name:database "anon:$database_mib"
	start small hold-memory name:small anon:3 oom_score_adj:-900
	scores before
	# 21 objects of 192 bytes in each page
	load leaker "lost_kmalloc_192=$((slab_mib * 256 * 21))" lost_leak_obj=100 kept=100
	settle
	scores after
	describe cause=slab constraint=global order=0 "victim_comm=$(last_victim)" victim_is=bystander \
		holder=kmalloc-192 holder_kind=cache holder_module=leaker "held_mib=$slab_mib"
}
