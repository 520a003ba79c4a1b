# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A module keeps many objects on a list, in an xarray, a hash table, an rbtree, a maple tree and an array.
#: memory 512
#: own-modules grower

run()
{
	start database hold-memory name:database "anon:$(share 4)" "shared:$(share 1)" children:2
	load grower
	sleep 2
}
