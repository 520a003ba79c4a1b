# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Zones with their watermarks and counters, by drgn: the subject of /proc/zoneinfo.

from drgn.helpers.linux.mmzone import for_each_online_pgdat, high_wmark_pages, low_wmark_pages, min_wmark_pages
from drgn.helpers.linux.vmstat import zone_page_state

items = [(name, value) for name, value in prog.type("enum zone_stat_item").enumerators if not name.endswith("_ITEMS")]
for pgdat in for_each_online_pgdat():
    for zone in pgdat.node_zones:
        if not zone.present_pages:
            continue
        print(f"Node {pgdat.node_id.value_()}, zone {zone.name.string_().decode():>8}")
        print(f"        min {min_wmark_pages(zone)}  low {low_wmark_pages(zone)}  high {high_wmark_pages(zone)}")
        print(f"        spanned {zone.spanned_pages.value_()}  present {zone.present_pages.value_()}")
        for name, value in items:
            print(f"      {name.lower()} {zone_page_state(zone, value)}")
