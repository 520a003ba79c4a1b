# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
# A process bound itself to one of two nodes (set_mempolicy): that one is full, the other one is free.
#: memory 512
#: numa yes

run()
{
	start elsewhere hold-memory name:elsewhere anon:20
	scores before
	hold-memory name:bound bind:1 anon:400 &
	wait $!
	sleep 1
	scores after
	describe cause=process constraint=mempolicy order=0 victim_comm=bound victim_is=consumer holder=bound \
		holder_kind=process node=1 events=1
}
