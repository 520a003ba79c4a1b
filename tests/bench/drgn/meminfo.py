# SPDX-License-Identifier: LGPL-2.1-or-later
#
# /proc/meminfo by drgn, all lines, with the layout of 5.10 to 7.2: what `memopsy meminfo` prints. It is here to be
# compared with in speed, and as a second implementation when the two disagree about a number.

from drgn.helpers.linux.block import nr_blockdev_pages
from drgn.helpers.linux.hugetlb import hugetlb_total_pages
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import totalram_pages, vm_commit_limit, vm_memory_committed
from drgn.helpers.linux.mmzone import for_each_online_pgdat
from drgn.helpers.linux.swap import total_swapcache_pages

page_kb = prog["PAGE_SIZE"].value_() >> 10
node_items = dict(prog.type("enum node_stat_item").enumerators)
zone_items = dict(prog.type("enum zone_stat_item").enumerators)


def node(item):
    return max(0, prog["vm_node_stat"][node_items[item]].counter.value_()) if item in node_items else 0


def zone(item):
    return max(0, prog["vm_zone_stat"][zone_items[item]].counter.value_()) if item in zone_items else 0


def symbol(name):
    try:
        return prog[name]
    except KeyError:
        return None


def number(name):
    value = symbol(name)
    if value is None:
        return 0
    return (value.counter if value.type_.type_name().startswith("atomic") else value).value_()


def has_enumerator(enum, name):
    return any(enumerator.name == name for enumerator in prog.type(enum).enumerators)


def low_watermarks():
    low = prog.constant("WMARK_LOW")
    pages = 0
    for pgdat in for_each_online_pgdat():
        for z in pgdat.node_zones:
            pages += (z._watermark[low] + z.watermark_boost).value_()
    return pages


def available():
    low = low_watermarks()
    pages = zone("NR_FREE_PAGES") - number("totalreserve_pages")
    cache = node("NR_ACTIVE_FILE") + node("NR_INACTIVE_FILE")
    pages += cache - min(cache // 2, low)
    reclaimable = node("NR_SLAB_RECLAIMABLE_B") + node("NR_KERNEL_MISC_RECLAIMABLE")
    pages += reclaimable - min(reclaimable // 2, low)
    return max(pages, 0)


def zswap_pool_kb():
    total = symbol("zswap_pool_total_size")
    if total is not None:
        return total.value_() >> 10
    pages = 0
    for pool in list_for_each_entry("struct zswap_pool", prog["zswap_pools"].address_of_(), "list"):
        try:
            pages += pool.zs_pool.pages_allocated.counter.value_()
        except AttributeError:
            if pool.zpool.driver.type.string_() != b"zsmalloc":
                raise
            pages += prog.object("struct zs_pool", address=pool.zpool.pool).pages_allocated.counter.value_()
    return pages * page_kb


def vmalloc_total_kb():
    five_levels = symbol("__pgtable_l5_enabled")
    terabytes = 12800 if five_levels is not None and five_levels.value_() else 32
    return ((terabytes << 40) - 1) >> 10


def line(label, kb, width=8):
    print(f"{label:<16}{kb:{width}} kB")


def pages_line(label, pages):
    line(label, pages * page_kb)


def print_common():
    cached = node("NR_FILE_PAGES") - total_swapcache_pages() - nr_blockdev_pages()
    pages_line("MemTotal:", totalram_pages())
    pages_line("MemFree:", zone("NR_FREE_PAGES"))
    pages_line("MemAvailable:", available())
    pages_line("Buffers:", nr_blockdev_pages())
    pages_line("Cached:", max(cached, 0))
    pages_line("SwapCached:", total_swapcache_pages())
    pages_line("Active:", node("NR_ACTIVE_ANON") + node("NR_ACTIVE_FILE"))
    pages_line("Inactive:", node("NR_INACTIVE_ANON") + node("NR_INACTIVE_FILE"))
    pages_line("Active(anon):", node("NR_ACTIVE_ANON"))
    pages_line("Inactive(anon):", node("NR_INACTIVE_ANON"))
    pages_line("Active(file):", node("NR_ACTIVE_FILE"))
    pages_line("Inactive(file):", node("NR_INACTIVE_FILE"))
    pages_line("Unevictable:", node("NR_UNEVICTABLE"))
    pages_line("Mlocked:", zone("NR_MLOCK"))
    pages_line("SwapTotal:", number("total_swap_pages"))
    pages_line("SwapFree:", number("nr_swap_pages"))
    if has_enumerator("enum vm_event_item", "ZSWPIN"):
        line("Zswap:", zswap_pool_kb())
        pages_line("Zswapped:", number("zswap_stored_pages"))


def print_kernel():
    reclaimable = node("NR_SLAB_RECLAIMABLE_B")
    pages_line("Dirty:", node("NR_FILE_DIRTY"))
    pages_line("Writeback:", node("NR_WRITEBACK"))
    pages_line("AnonPages:", node("NR_ANON_MAPPED"))
    pages_line("Mapped:", node("NR_FILE_MAPPED"))
    pages_line("Shmem:", node("NR_SHMEM"))
    pages_line("KReclaimable:", reclaimable + node("NR_KERNEL_MISC_RECLAIMABLE"))
    pages_line("Slab:", reclaimable + node("NR_SLAB_UNRECLAIMABLE_B"))
    pages_line("SReclaimable:", reclaimable)
    pages_line("SUnreclaim:", node("NR_SLAB_UNRECLAIMABLE_B"))
    line("KernelStack:", node("NR_KERNEL_STACK_KB"))
    pages_line("PageTables:", node("NR_PAGETABLE") if "NR_PAGETABLE" in node_items else zone("NR_PAGETABLE"))
    if "NR_SECONDARY_PAGETABLE" in node_items:
        pages_line("SecPageTables:", node("NR_SECONDARY_PAGETABLE"))
    pages_line("NFS_Unstable:", 0)
    pages_line("Bounce:", zone("NR_BOUNCE"))
    pages_line("WritebackTmp:", node("NR_WRITEBACK_TEMP"))
    pages_line("CommitLimit:", vm_commit_limit())
    pages_line("Committed_AS:", vm_memory_committed())
    line("VmallocTotal:", vmalloc_total_kb())
    pages_line("VmallocUsed:", node("NR_VMALLOC") or number("nr_vmalloc_pages"))
    pages_line("VmallocChunk:", 0)
    pages_line("Percpu:", number("pcpu_nr_populated") * number("pcpu_nr_units"))
    if number("early_memtest_done"):
        size = number("early_memtest_bad_size")
        line("EarlyMemtestBad:", max(size >> 10, 1 if size else 0), 8)
    if symbol("num_poisoned_pages") is not None:
        line("HardwareCorrupted:", number("num_poisoned_pages") * page_kb, 6)


def print_configured():
    if symbol("transparent_hugepage_flags") is not None:
        # Before 5.11 (the counters then lay beside a zone's NR_PAGETABLE) these were counted in huge pages.
        unit = 512 if "NR_PAGETABLE" in zone_items else 1
        pages_line("AnonHugePages:", node("NR_ANON_THPS") * unit)
        pages_line("ShmemHugePages:", node("NR_SHMEM_THPS") * unit)
        pages_line("ShmemPmdMapped:", node("NR_SHMEM_PMDMAPPED") * unit)
        pages_line("FileHugePages:", node("NR_FILE_THPS") * unit)
        pages_line("FilePmdMapped:", node("NR_FILE_PMDMAPPED") * unit)
    if symbol("cma_area_count") is not None:
        pages_line("CmaTotal:", number("totalcma_pages"))
        pages_line("CmaFree:", zone("NR_FREE_CMA_PAGES"))
    if "NR_UNACCEPTED" in zone_items:
        pages_line("Unaccepted:", zone("NR_UNACCEPTED"))
    for label, item in (
        ("Balloon:", "NR_BALLOON_PAGES"),
        ("GPUActive:", "NR_GPU_ACTIVE"),
        ("GPUReclaim:", "NR_GPU_RECLAIM"),
    ):
        if item in node_items:
            pages_line(label, node(item))


def print_huge():
    if symbol("hstates") is None:
        return
    default = prog["hstates"][prog["default_hstate_idx"]]
    print(f"HugePages_Total:   {default.nr_huge_pages.value_():5}")
    print(f"HugePages_Free:    {default.free_huge_pages.value_():5}")
    print(f"HugePages_Rsvd:    {default.resv_huge_pages.value_():5}")
    print(f"HugePages_Surp:    {default.surplus_huge_pages.value_():5}")
    pages_line("Hugepagesize:", 1 << default.order.value_())
    pages_line("Hugetlb:", hugetlb_total_pages())


def print_direct_map():
    counts = symbol("direct_pages_count")
    if counts is None:
        return
    line("DirectMap4k:", counts[1].value_() << 2)
    line("DirectMap2M:", counts[2].value_() << 11)
    if number("direct_gbpages"):
        line("DirectMap1G:", counts[3].value_() << 20)


print_common()
print_kernel()
print_configured()
print_huge()
print_direct_map()
