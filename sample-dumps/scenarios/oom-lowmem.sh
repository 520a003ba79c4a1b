# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A module takes all of the zone DMA until its request fails, while the zone above has enough.
#: memory 256
#: own-modules page_asker

run()
{
	start database hold-memory name:database anon:12 children:2
	scores before
	load page_asker order=0 count=100000 flags=dma
	sleep 1
	describe cause=zone constraint=zone order=0 zone=DMA victim_is=none holder=page_asker holder_kind=module events=0 \
		failures=1
}
