# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# Much is free, in single pages: a module's request of order 5 fails, and nothing is killed for it. (Some blocks are
# given back: starting a process needs more than single pages.)
#: memory 256
#: own-modules page_taker page_asker

run()
{
	start database hold-memory name:database anon:12 children:2
	load page_taker pin_percent=88
	scores before
	load page_asker order=5 count=3000 give_back=90 flags=kernel
	sleep 1
	describe cause=fragmentation constraint=order order=5 victim_is=none holder=page_taker holder_kind=module events=0 \
		failures=1
}
