# SPDX-License-Identifier: LGPL-2.1-or-later
#
# All counters of /proc/vmstat that drgn has helpers for.

from drgn.helpers.linux.vmstat import global_node_page_state, global_vm_event_state, global_zone_page_state


def print_all(enum, last, state):
    for name, value in prog.type(enum).enumerators:
        if value < prog.constant(last):
            print(name.lower(), state(prog, value))


print_all("enum zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", global_zone_page_state)
print_all("enum node_stat_item", "NR_VM_NODE_STAT_ITEMS", global_node_page_state)
print_all("enum vm_event_item", "NR_VM_EVENT_ITEMS", global_vm_event_state)
