# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Most of the memory was given to the pool of huge pages, and nobody uses it; an ordinary process is killed for it.
#: memory 256

run()
{
	free_mib=$(available)
	echo "$((free_mib * 60 / 100 / 2))" >/proc/sys/vm/nr_hugepages
	pool_mib=$(($(cat /proc/sys/vm/nr_hugepages) * 2))
	reserve 16
	start database hold-memory name:database anon:8 hugetlb:4 oom_score_adj:-500
	start web hold-memory name:web anon:6 children:2
	scores before
	eat-memory &
	wait $!
	settle
	scores after
	describe cause=hugetlb constraint=global order=0 victim_comm=eat-memory victim_is=bystander holder=hugepages \
		holder_kind=pool events=1 "held_mib=$pool_mib" used_mib=4
}
