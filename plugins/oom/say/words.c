/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table of words for each enumeration of the model, as tables and JSON have them. */
#include "gathering.h"

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
	[MO_OOM_RECLAIM_HANG] = "reclaim-hang",
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

const char *const zone_verdict_words[MO_OOM_N_ZONE_VERDICTS] = {
	[MO_OOM_ZONE_PASSES] = "passes",	 [MO_OOM_ZONE_WATERMARK] = "watermark",
	[MO_OOM_ZONE_BELOW_HIGH] = "below high", [MO_OOM_ZONE_RESERVED] = "reserved",
	[MO_OOM_ZONE_NO_BLOCK] = "no block",	 [MO_OOM_ZONE_OTHER_ZONE] = "other zone",
	[MO_OOM_ZONE_OTHER_NODE] = "other node",
};

const char *const exempt_words[MO_OOM_N_EXEMPT] = {
	[MO_OOM_EXEMPT_BY_ADJ] = "oom_score_adj is -1000",
	[MO_OOM_EXEMPT_DYING] = "killed before, its memory is being given back",
	[MO_OOM_EXEMPT_EMPTY] = "it has no memory left",
	[MO_OOM_EXEMPT_BY_KERNEL] = "the kernel found that it cannot be killed",
};

const char *const fate_words[MO_OOM_N_EXEMPT] = {
	[MO_OOM_NOT_EXEMPT] = "",	 [MO_OOM_EXEMPT_BY_ADJ] = "exempt", [MO_OOM_EXEMPT_DYING] = "dying",
	[MO_OOM_EXEMPT_EMPTY] = "empty", [MO_OOM_EXEMPT_BY_KERNEL] = "unkillable",
};

const char *const source_words[MO_OOM_N_SOURCES] = {
	[MO_OOM_OF_LOG] = "log", [MO_OOM_OF_DUMP] = "dump", [MO_OOM_OF_LOG_AND_DUMP] = "log and dump",
};

const char *const holder_kind_words[MO_OOM_N_HOLDER_KINDS] = {
	[MO_OOM_PROCESS] = "process", [MO_OOM_PROCESSES] = "processes", [MO_OOM_CACHE] = "cache",
	[MO_OOM_HOLDER_FILE] = "file", [MO_OOM_MOUNT] = "mount", [MO_OOM_POOL] = "pool",
	[MO_OOM_MODULE] = "module", [MO_OOM_CALLER] = "caller", [MO_OOM_OWNER] = "owner",
};

const char *const gap_words[MO_OOM_N_GAPS] = {
	[MO_OOM_GAP_MIXED] = "two reports are mixed in the log: numbers may be of the other one",
	[MO_OOM_GAP_BEGINNING] = "the beginning of its report is no longer in the log",
	[MO_OOM_GAP_REPORT] =
		"the kernel printed no report of it (it prints ten in five seconds at most), or the log has lost it",
	[MO_OOM_GAP_END] = "the log ends, or was cut, before it says what happened",
	[MO_OOM_GAP_NUMBERS] = "the report's numbers are missing from the log",
	[MO_OOM_GAP_CUT_LINE] = "a line of its report was cut, and what stood at its end is not known",
	[MO_OOM_GAP_RUNNING] = "it was happening when the dump was taken, and had printed nothing yet",
};

const char *const swap_words[] = { [SWAP_STATE_ABSENT] = "absent", [SWAP_STATE_FULL] = "full", [SWAP_STATE_FREE] = "free" };

enum swap_state swap_of(const struct mo_oom_event *event)
{
	if (event->swap_total_bytes.certainty != MO_EXACT || event->swap_free_bytes.certainty != MO_EXACT)
		return SWAP_STATE_UNKNOWN;
	if (!event->swap_total_bytes.value)
		return SWAP_STATE_ABSENT;
	/* A few pages are always left in clusters that another CPU keeps. */
	return event->swap_free_bytes.value <= event->swap_total_bytes.value / 50 ? SWAP_STATE_FULL : SWAP_STATE_FREE;
}
