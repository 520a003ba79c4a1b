# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# One process eats all memory until the OOM killer ends it; others have scores of their own. Dumped right after.
#: memory 512

run()
{
	start database hold-memory name:database "anon:$(share 6)" "shared:$(share 1)" children:2
	start protected hold-memory name:protected "anon:$(share 10)" oom_score_adj:-900
	start cache hold-memory name:cache "anon:$(share 3)" "memfd:$(share 3)" oom_score_adj:100
	scores before
	eat-memory &
	wait $!
	say "eat-memory ended with $?"
	sleep 1
	scores after
	describe cause=process constraint=global order=0 victim_comm=eat-memory victim_is=consumer holder=eat-memory \
		holder_kind=process events=1
}
