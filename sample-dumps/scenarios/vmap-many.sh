# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# More than 10,000 areas of vmalloc, vmap() and vm_map_ram(), and a thousand per-CPU allocations, whose pointers are lost.
#: memory 1024
#: own-modules vmap_user

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	start large hold-memory name:large anon:96 sparse:64
	load vmap_user lost_vmalloc=10000 lost_vmap=500 lost_ram=300 freed=200 lost_percpu=1000 charged_percpu=200
	sleep 1
}
