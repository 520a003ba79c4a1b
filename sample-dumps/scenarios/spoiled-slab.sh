# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A module writes behind, before and after the time of its slab objects, and frees one twice.
#: memory 512
#: own-modules spoiler
#: append slub_debug=FZPU,spoiled_debug,kmalloc-128

run()
{
	load spoiler
	sleep 1
}
