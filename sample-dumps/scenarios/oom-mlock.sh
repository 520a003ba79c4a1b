# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# There is swap, but a process that may not be killed has locked most of the memory; another is killed.
#: memory 256
#: swap-disk 48

run()
{
	swap_disk=$(find_disk swap)
	mkswap "$swap_disk" >/dev/null && swapon "$swap_disk"
	free_mib=$(available)
	reserve 12
	start locker hold-memory name:locker "mlock:$((free_mib * 62 / 100))" oom_score_adj:-1000
	start web hold-memory name:web anon:4 children:2
	scores before
	eat-memory &
	wait $!
	settle
	scores after
	describe cause=mlock constraint=global order=0 victim_comm=eat-memory victim_is=either holder=locker \
		holder_kind=process events=1 "held_mib=$((free_mib * 62 / 100))"
}
