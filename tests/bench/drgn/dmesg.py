# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The kernel log, by drgn.

from drgn.helpers.linux.printk import print_dmesg

print_dmesg()
