/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of kinds, constraints, causes and roles, as tables and JSON have them. */
#include "gathering.h"

#include <string.h>

const char *const kind_words[MO_OOM_N_KINDS] = {
	[MO_OOM_UNKNOWN] = "unknown",
	[MO_OOM_KILL] = "oom-kill",
	[MO_OOM_PANIC] = "oom-panic",
	[MO_OOM_NO_VICTIM] = "oom-no-victim",
	[MO_OOM_ALLOCATION_FAILURE] = "allocation-failure",
	[MO_OOM_VMALLOC_FAILURE] = "vmalloc-failure",
	[MO_OOM_SLAB_FAILURE] = "slab-failure",
	[MO_OOM_REFUSAL] = "refusal",
	[MO_OOM_STALL] = "stall",
	[MO_OOM_SWIOTLB_FAILURE] = "swiotlb-failure",
	[MO_OOM_CMA_FAILURE] = "cma-failure",
	[MO_OOM_HUGETLB_SHORTAGE] = "hugetlb-shortage",
	[MO_OOM_RECLAIM_LOCKUP] = "reclaim-lockup",
	[MO_OOM_USERSPACE_KILL] = "userspace-kill",
	[MO_OOM_EVICTION] = "eviction",
	[MO_OOM_CONTAINER_OOM] = "container-oom",
};

const char *const constraint_words[MO_OOM_N_CONSTRAINTS] = {
	[MO_OOM_CONSTRAINT_UNKNOWN] = "unknown", [MO_OOM_GLOBAL] = "global", [MO_OOM_MEMCG] = "memcg",
	[MO_OOM_CPUSET] = "cpuset", [MO_OOM_MEMPOLICY] = "mempolicy", [MO_OOM_NODE] = "node", [MO_OOM_ZONE] = "zone",
	[MO_OOM_ORDER] = "order", [MO_OOM_RESERVE] = "reserve", [MO_OOM_LIMIT] = "limit", [MO_OOM_NOTHING_SHORT] = "none",
};

const char *const cause_words[MO_OOM_N_CAUSES] = {
	[MO_OOM_CAUSE_UNKNOWN] = "unknown", [MO_OOM_ANON] = "anon", [MO_OOM_SHMEM] = "shmem", [MO_OOM_FILE] = "file",
	[MO_OOM_DIRTY] = "dirty", [MO_OOM_MLOCKED] = "mlocked", [MO_OOM_HUGETLB] = "hugetlb", [MO_OOM_SLAB] = "slab",
	[MO_OOM_SLAB_RECLAIMABLE] = "slab-reclaimable", [MO_OOM_PAGE_TABLES] = "page-tables",
	[MO_OOM_KERNEL_STACKS] = "kernel-stacks", [MO_OOM_VMALLOC] = "vmalloc", [MO_OOM_PERCPU] = "percpu",
	[MO_OOM_ZSWAPPED] = "compressed", [MO_OOM_BALLOON] = "balloon", [MO_OOM_SOCKETS] = "sockets",
	[MO_OOM_KERNEL] = "kernel", [MO_OOM_UNACCOUNTED] = "unaccounted", [MO_OOM_PCP] = "free-pcp", [MO_OOM_FREE] = "free",
	[MO_OOM_FRAGMENTATION] = "fragmentation", [MO_OOM_COMMITMENT] = "commitment",
};

const char *cause_word(const struct mo_oom_event *event)
{
	return event->constraint == MO_OOM_NOTHING_SHORT ? "none" : cause_words[event->cause];
}

const char *const cause_kinds[MO_OOM_N_CAUSES] = {
	[MO_OOM_CAUSE_UNKNOWN] = "unknown",
	[MO_OOM_ANON] = "anonymous memory",
	[MO_OOM_SHMEM] = "tmpfs and shared",
	[MO_OOM_FILE] = "page cache",
	[MO_OOM_DIRTY] = "dirty page cache",
	[MO_OOM_MLOCKED] = "locked (mlock)",
	[MO_OOM_HUGETLB] = "hugetlb pool",
	[MO_OOM_SLAB] = "unreclaimable slab",
	[MO_OOM_SLAB_RECLAIMABLE] = "reclaimable slab",
	[MO_OOM_PAGE_TABLES] = "page tables",
	[MO_OOM_KERNEL_STACKS] = "kernel stacks",
	[MO_OOM_VMALLOC] = "vmalloc",
	[MO_OOM_PERCPU] = "per-CPU memory",
	[MO_OOM_ZSWAPPED] = "compressed swap",
	[MO_OOM_BALLOON] = "balloon",
	[MO_OOM_SOCKETS] = "socket buffers",
	[MO_OOM_KERNEL] = "other kernel memory",
	[MO_OOM_UNACCOUNTED] = "in no counter",
	[MO_OOM_PCP] = "free, on per-CPU lists",
	[MO_OOM_FREE] = "free",
	[MO_OOM_FRAGMENTATION] = "fragmentation",
	[MO_OOM_COMMITMENT] = "committed memory",
};

const char *const cause_titles[MO_OOM_N_CAUSES] = {
	[MO_OOM_CAUSE_UNKNOWN] = "What held the memory",
	[MO_OOM_ANON] = "Anonymous memory of processes",
	[MO_OOM_SHMEM] = "Shared memory (tmpfs, memfd, SysV)",
	[MO_OOM_FILE] = "Page cache",
	[MO_OOM_DIRTY] = "Dirty page cache (waits for writeback)",
	[MO_OOM_MLOCKED] = "Locked memory (mlock and the like)",
	[MO_OOM_HUGETLB] = "The hugetlb pool",
	[MO_OOM_SLAB] = "Kernel objects (unreclaimable slab)",
	[MO_OOM_SLAB_RECLAIMABLE] = "Kernel caches (reclaimable slab)",
	[MO_OOM_PAGE_TABLES] = "Page tables",
	[MO_OOM_KERNEL_STACKS] = "Kernel stacks",
	[MO_OOM_VMALLOC] = "vmalloc",
	[MO_OOM_PERCPU] = "The per-CPU allocator",
	[MO_OOM_ZSWAPPED] = "Compressed swap (zram, zswap)",
	[MO_OOM_BALLOON] = "The balloon",
	[MO_OOM_SOCKETS] = "Socket buffers",
	[MO_OOM_UNACCOUNTED] = "Memory allocated directly from the buddy allocator (in no counter)",
	[MO_OOM_PCP] = "Free pages on per-CPU lists",
	[MO_OOM_FREE] = "Free pages",
	[MO_OOM_FRAGMENTATION] = "Fragmentation",
	[MO_OOM_KERNEL] = "Other kernel memory (without a statistic of its own)",
	[MO_OOM_COMMITMENT] = "Committed memory",
};

const char *const role_words[] = { "unknown", "consumer", "bystander" };

const char *swap_word(const struct mo_oom_event *event)
{
	if (event->swap_total_bytes.certainty != MO_EXACT || event->swap_free_bytes.certainty != MO_EXACT)
		return NULL;
	if (!event->swap_total_bytes.value)
		return "absent";
	/* A few pages are always left in clusters that another CPU keeps. */
	return event->swap_free_bytes.value <= event->swap_total_bytes.value / 50 ? "full" : "free";
}

bool is_word(const char *word, const char *what)
{
	return word && !strcmp(word, what);
}
