# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The vmalloc areas with pages and caller, by drgn: the subject of /proc/vmallocinfo.

from drgn.helpers.linux.mm import for_each_vmap_area



def symbol_name(address):
    try:
        return prog.symbol(address).name
    except LookupError:
        return hex(address)


for area in for_each_vmap_area():
    start, end = area.va_start.value_(), area.va_end.value_()
    text = f"0x{start:x}-0x{end:x} {end - start:8}"
    vm = area.vm
    if vm:
        text += f" {symbol_name(vm.caller.value_())} pages={vm.nr_pages.value_()}"
    print(text)
