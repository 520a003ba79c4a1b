# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The same lines as crash's `kmem -i`, by drgn's helpers.

from drgn.helpers.linux.block import nr_blockdev_pages
from drgn.helpers.linux.hugetlb import hugetlb_total_usage
from drgn.helpers.linux.mm import totalram_pages, vm_commit_limit, vm_memory_committed
from drgn.helpers.linux.slab import slab_total_usage
from drgn.helpers.linux.swap import swap_total_usage, total_swapcache_pages
from drgn.helpers.linux.vmstat import global_node_page_state, nr_free_pages

free = nr_free_pages()
buffers = nr_blockdev_pages()
huge = hugetlb_total_usage()
swap = swap_total_usage()
print("TOTAL MEM   ", totalram_pages())
print("FREE        ", free)
print("USED        ", totalram_pages() - free)
print("BUFFERS     ", buffers)
print("CACHED      ", global_node_page_state(prog["NR_FILE_PAGES"]) - total_swapcache_pages() - buffers)
print("SLAB        ", slab_total_usage().total_pages)
print("TOTAL HUGE  ", huge.pages)
print("HUGE FREE   ", huge.free_pages)
print("TOTAL SWAP  ", swap.pages)
print("SWAP USED   ", swap.used_pages)
print("COMMIT LIMIT", vm_commit_limit())
print("COMMITTED   ", vm_memory_committed())
