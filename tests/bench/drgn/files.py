# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every inode with pages in the page cache and its path, by drgn: most pages first, the first fifty.

from drgn.helpers.linux.fs import inode_path
from drgn.helpers.linux.list import list_for_each_entry

cached = []
for block in list_for_each_entry("struct super_block", prog["super_blocks"].address_of_(), "s_list"):
    for inode in list_for_each_entry("struct inode", block.s_inodes.address_of_(), "i_sb_list"):
        pages = inode.i_data.nrpages.value_()
        if pages:
            cached.append((pages, inode))
cached.sort(key=lambda row: -row[0])
for pages, inode in cached[:50]:
    print(f"{pages << 2:9} {(inode_path(inode) or b'').decode(errors='replace')}")
