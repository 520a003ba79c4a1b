# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A process touches one page in each 2 MiB of a huge sparse mapping: its memory is page tables. It may not be killed.
#: memory 256

run()
{
	echo never >/sys/kernel/mm/transparent_hugepage/enabled
	free_mib=$(available)
	reserve 16
	start mapper hold-memory name:mapper anon:2 "tables:$((free_mib * 60 / 100))" oom_score_adj:-1000
	start web hold-memory name:web anon:4 children:2
	scores before
	eat-memory &
	wait $!
	settle
	scores after
	describe cause=page-tables constraint=global order=0 victim_comm=eat-memory victim_is=bystander holder=mapper \
		holder_kind=process events=1 "held_mib=$((free_mib * 60 / 100))"
}
