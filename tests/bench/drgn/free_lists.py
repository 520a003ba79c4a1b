# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The buddy allocator's free lists walked, by drgn: the subject of /proc/buddyinfo.

from drgn.helpers.linux.list import list_for_each
from drgn.helpers.linux.mmzone import for_each_online_pgdat

for pgdat in for_each_online_pgdat():
    for zone in pgdat.node_zones:
        if not zone.present_pages:
            continue
        blocks = [
            sum(sum(1 for _ in list_for_each(head.address_of_())) for head in area.free_list) for area in zone.free_area
        ]
        counts = "".join(f"{count:7}" for count in blocks)
        print(f"Node {pgdat.node_id.value_()}, zone {zone.name.string_().decode():>8}{counts}")
