# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Many processes with scores of their own. The one that takes most is exempt, so the OOM killer ends others for it,
# one after another: first a small one that volunteered, then a larger one.
#: memory 256

run()
{
	free_mib=$(available)
	reserve 16
	start exempt-idle hold-memory name:exempt-idle anon:3 oom_score_adj:-1000
	start database hold-memory name:database "anon:$((free_mib * 12 / 100))" shared:3 children:2 oom_score_adj:-500
	start web hold-memory name:web "anon:$((free_mib * 6 / 100))" children:3
	start batch hold-memory name:batch "anon:$((free_mib * 10 / 100))" oom_score_adj:300
	start volunteer hold-memory name:volunteer anon:6 oom_score_adj:1000
	start threads hold-memory name:threads anon:4 threads:5 oom_score_adj:-100
	now_mib=$(available)
	scores before
	# Ends when two have been killed for it: it asks for what both had, less a little.
	start hungry sh -c "echo -1000 >/proc/self/oom_score_adj; exec eat-memory $((now_mib + free_mib * 7 / 100))"
	settle
	scores after
	describe cause=process constraint=global order=0 victim_comm=batch victim_is=bystander first_victim_comm=volunteer \
		holder=eat-memory holder_kind=process events=2 "held_mib=$((now_mib + free_mib * 7 / 100))"
}
