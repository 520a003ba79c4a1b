# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash disable=SC2154
# The OOM killer panics instead of killing: the dump shows the moment of failure. The machine stands in its panic when
# the dump is taken, so the truth was recorded a little before: what memory the scenario had by then, and its processes.
#: memory 512
#: append panic=0
#: dump-when Kernel panic - not syncing: Out of memory

run()
{
	start database hold-memory name:database "anon:$(share 6)" "shared:$(share 1)" children:2
	start protected hold-memory name:protected "anon:$(share 10)" oom_score_adj:-900
	start cache hold-memory name:cache "anon:$(share 3)" "memfd:$(share 3)" oom_score_adj:100
	echo 2 >/proc/sys/vm/panic_on_oom
	scores before
	describe cause=process constraint=global order=0 victim_is=none holder=eat-memory holder_kind=process events=1 panic=1
	RECORD_WITHOUT_STOP=yes record-truth snapshot "$truth_disk" >/dev/null
	eat-memory
}
