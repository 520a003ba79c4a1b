# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Ten million small objects on lists of a module, and a few thousand that it lost: what the size of a machine costs.
#: memory 4096
#: own-modules leaker

run()
{
	load leaker lost_kmalloc_192=4000 lost_leak_obj=4000 kept=5000000
}
