# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Swap on zram, which is memory too, is full of one process's pages; another process is killed.
#: memory 256
#: kernel-modules zram lzo lzo-rle

run()
{
	free_mib=$(available)
	swap_mib=$((free_mib * 45 / 100))
	echo "${swap_mib}M" >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
	reserve 12
	half=$((swap_mib / 2))
	start cold hold-memory name:cold "noiseout:$half" "noiseout:$((half + 4))" oom_score_adj:-1000
	start web hold-memory name:web anon:4 children:2
	scores before
	eat-memory &
	wait $!
	settle
	scores after
	describe cause=swap-full constraint=global order=0 victim_comm=eat-memory victim_is=either holder=cold \
		holder_kind=process events=1 "held_mib=$swap_mib" swap_kind=zram
}
