# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# 1,000 processes with 100 VMAs each that map 4 GiB in all: for benchmarks of what walks page tables.
#: memory 3072

run()
{
	# Their smaps would be 100 MB of truth.
	export RECORD_SUMS_ONLY=yes RECORD_MIB=64
	start many many-processes 1000 94 4
	sleep 1
}
