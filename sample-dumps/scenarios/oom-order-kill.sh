# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Much is free, in single pages, and nothing larger at all: the kernel kills processes for four pages in a row, and it
# does not help. (A request of order 5 fails first, without a kill.)
#: memory 256
#: own-modules page_taker page_asker

run()
{
	start database hold-memory name:database anon:12 children:2
	load page_taker pin_percent=96
	scores before
	load page_asker order=5 count=3000 flags=kernel
	sleep 1
	describe cause=fragmentation constraint=order order=2 victim_comm=database victim_is=bystander holder=page_taker \
		holder_kind=module events=3 failures=1
}
