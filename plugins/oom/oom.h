/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OOM_H
#define OOM_H

/*
 * What the plugin makes of the log and the dump, for its own views: every time that memory ran out or was refused, as far as both still
 * tell, and what followed from the numbers of that moment.
 *
 * Immutable once gathered; lives until the run ends. Texts are raw bytes of the dump unless they are said to be words of
 * this list. Sizes of an event are those that the log printed at the event, never those of the dump, unless `source` says so.
 * Reads what mm/oom_kill.c, mm/page_alloc.c, mm/show_mem.c and mm/memcontrol.c print, in all forms since 3.10.
 */

#include <memopsy/report.h>

#define MO_OOM_NONE UINT32_MAX
#define MO_OOM_ORDERS 32
#define MO_OOM_RESERVES 8
#define MO_OOM_COUNTERS 19

/* The lists that a zone's free blocks are on, as letters in the log. */
enum { MO_OOM_LIST_ORDINARY = 1, MO_OOM_LIST_HIGHATOMIC = 2, MO_OOM_LIST_CMA = 4, MO_OOM_LIST_ISOLATED = 8 };

enum mo_oom_kind {
	MO_OOM_UNKNOWN = 0,          /* "unknown": the log was cut before it says */
	MO_OOM_KILL,                 /* "oom-kill" */
	MO_OOM_PANIC,                /* "oom-panic": panic_on_oom, or nobody left to kill */
	MO_OOM_NO_VICTIM,            /* "oom-no-victim": the OOM killer found nobody, and the kernel went on */
	MO_OOM_ALLOCATION_FAILURE,   /* "allocation-failure": the page allocator gave up and said so */
	MO_OOM_VMALLOC_FAILURE,      /* "vmalloc-failure" */
	MO_OOM_SLAB_FAILURE,         /* "slab-failure": SLUB could not get a slab */
	MO_OOM_REFUSAL,              /* "refusal": an address space was not allowed to grow (overcommit, rlimit) */
	MO_OOM_STALL,                /* "stall": a request had to wait for long, and went on waiting (4.9 to 4.14) */
	MO_OOM_SWIOTLB_FAILURE,      /* "swiotlb-failure": no bounce buffer for a device */
	MO_OOM_CMA_FAILURE,          /* "cma-failure": no contiguous piece in the area that is kept for such */
	MO_OOM_HUGETLB_SHORTAGE,     /* "hugetlb-shortage": the pool got fewer huge pages than were asked for */
	MO_OOM_RECLAIM_LOCKUP,       /* "reclaim-lockup": a CPU did nothing but free memory for long */
	MO_OOM_RECLAIM_HANG,         /* "reclaim-hang": a task waited for long while it freed memory */
	MO_OOM_USERSPACE_KILL,       /* "userspace-kill": systemd-oomd, earlyoom, lmkd, or Android's driver killed */
	MO_OOM_EVICTION,             /* "eviction": kubelet ended a pod to get memory back */
	MO_OOM_CONTAINER_OOM,        /* "container-oom": a container's manager says that the kernel killed in it */
	MO_OOM_N_KINDS,
};

/* What was short. */
enum mo_oom_constraint {
	MO_OOM_CONSTRAINT_UNKNOWN = 0, /* "unknown" */
	MO_OOM_GLOBAL,               /* "global": every zone of the machine that the request may use */
	MO_OOM_MEMCG,                /* "memcg": the limit of a memory cgroup */
	MO_OOM_CPUSET,               /* "cpuset" */
	MO_OOM_MEMPOLICY,            /* "mempolicy" */
	MO_OOM_NODE,                 /* "node": the request was for one node, others had memory */
	MO_OOM_ZONE,                 /* "zone": lowmem or DMA is exhausted, higher zones are not */
	MO_OOM_ORDER,                /* "order": enough is free, in pieces that are too small */
	MO_OOM_RESERVE,              /* "reserve": what is free is kept for others: below min, highatomic, CMA */
	MO_OOM_LIMIT,                /* "limit": overcommit, an rlimit, vm.max_map_count, address space */
	MO_OOM_NOTHING_SHORT,        /* "none": called by hand while enough was free */
	MO_OOM_N_CONSTRAINTS,
};

/* What held the memory. */
enum mo_oom_cause {
	MO_OOM_CAUSE_UNKNOWN = 0,    /* "unknown" */
	MO_OOM_ANON,                 /* "anon" */
	MO_OOM_SHMEM,                /* "shmem": tmpfs, memfd, SysV, shared anonymous */
	MO_OOM_FILE,                 /* "file": page cache that could not be dropped */
	MO_OOM_DIRTY,                /* "dirty": waits for being written */
	MO_OOM_MLOCKED,              /* "mlocked": mlocked or otherwise unevictable */
	MO_OOM_HUGETLB,              /* "hugetlb" */
	MO_OOM_SLAB,                 /* "slab": unreclaimable slab */
	MO_OOM_SLAB_RECLAIMABLE,     /* "slab-reclaimable" */
	MO_OOM_PAGE_TABLES,          /* "page-tables" */
	MO_OOM_KERNEL_STACKS,        /* "kernel-stacks" */
	MO_OOM_VMALLOC,              /* "vmalloc" */
	MO_OOM_PERCPU,               /* "percpu" */
	MO_OOM_ZSWAPPED,             /* "compressed": zram, zswap */
	MO_OOM_BALLOON,              /* "balloon" */
	MO_OOM_SOCKETS,              /* "sockets" (of a memory cgroup) */
	MO_OOM_KERNEL,               /* "kernel" (of a memory cgroup): what has no statistic of its own */
	MO_OOM_UNACCOUNTED,          /* "unaccounted": taken from the page allocator directly, by drivers for example */
	MO_OOM_PCP,                  /* "free-pcp": free, on lists of single CPUs */
	MO_OOM_FREE,                 /* "free" */
	MO_OOM_FRAGMENTATION,        /* "fragmentation": of an event; no row has it */
	MO_OOM_COMMITMENT,           /* "commitment": committed, not used; likewise */
	MO_OOM_N_CAUSES,
};

/* The watermark test of a zone (judge/watermark_test.c). */
enum mo_oom_zone_verdict {
	MO_OOM_ZONE_UNKNOWN = 0,     /* not known: no word */
	MO_OOM_ZONE_PASSES,          /* "passes" */
	MO_OOM_ZONE_WATERMARK,       /* "watermark": less than the mark is free */
	MO_OOM_ZONE_BELOW_HIGH,      /* "below high": above min, and the last attempt is against the high watermark */
	MO_OOM_ZONE_RESERVED,        /* "reserved": enough is free, all of it on lists that are kept for others */
	MO_OOM_ZONE_NO_BLOCK,        /* "no block": enough is free, and no block of the order */
	MO_OOM_ZONE_OTHER_ZONE,      /* "other zone": the request may not use it */
	MO_OOM_ZONE_OTHER_NODE,      /* "other node": likewise */
	MO_OOM_N_ZONE_VERDICTS,
};

/* Why a process could not be chosen. */
enum mo_oom_exempt {
	MO_OOM_NOT_EXEMPT = 0,       /* it could: no word */
	MO_OOM_EXEMPT_BY_ADJ,        /* oom_score_adj is -1000 */
	MO_OOM_EXEMPT_DYING,         /* killed before, and still there */
	MO_OOM_EXEMPT_EMPTY,         /* it has no memory left, and the kernel says that it found nobody */
	MO_OOM_EXEMPT_BY_KERNEL,     /* the kernel says that it found nobody, and the log does not show why */
	MO_OOM_N_EXEMPT,
};

/* Where numbers come from. */
enum mo_oom_source {
	MO_OOM_SOURCE_UNKNOWN = 0,   /* no word */
	MO_OOM_OF_LOG,               /* "log": of the moment of the event */
	MO_OOM_OF_DUMP,              /* "dump": of the moment of the dump */
	MO_OOM_OF_LOG_AND_DUMP,      /* "log and dump" */
	MO_OOM_N_SOURCES,
};

/* What a holder is. */
enum mo_oom_holder_kind {
	MO_OOM_NO_HOLDER = 0,        /* not known: no word */
	MO_OOM_PROCESS,              /* "process" */
	MO_OOM_PROCESSES,            /* "processes": of one name */
	MO_OOM_CACHE,                /* "cache": of slab */
	MO_OOM_HOLDER_FILE,          /* "file" */
	MO_OOM_MOUNT,                /* "mount": where a file system is mounted */
	MO_OOM_POOL,                 /* "pool": of huge pages */
	MO_OOM_MODULE,               /* "module" */
	MO_OOM_CALLER,               /* "caller": a function of the kernel */
	MO_OOM_OWNER,                /* "owner": whoever points at the memory */
	MO_OOM_N_HOLDER_KINDS,
};

/* What is missing of an event's report. */
enum mo_oom_gap {
	MO_OOM_NO_GAP = 0,
	MO_OOM_GAP_MIXED,            /* two reports are mixed */
	MO_OOM_GAP_BEGINNING,        /* its beginning */
	MO_OOM_GAP_REPORT,           /* all of the report: suppressed or lost */
	MO_OOM_GAP_END,              /* what happened */
	MO_OOM_GAP_NUMBERS,          /* Mem-Info, or the group's statistics */
	MO_OOM_GAP_CUT_LINE,         /* the end of one of its lines */
	MO_OOM_GAP_RUNNING,          /* nothing was printed yet when the dump was taken */
	MO_OOM_N_GAPS,
};

enum mo_oom_role {
	MO_OOM_ROLE_UNKNOWN = 0,     /* "unknown" */
	MO_OOM_CONSUMER,             /* "consumer": the victim was what held most */
	MO_OOM_BYSTANDER,            /* "bystander": something else holds more */
};

/* A zone as the log printed it (pages), and the watermark test. */
struct mo_oom_zone {
	uint32_t node_id;
	char name[16];
	struct mo_count free_pages, min_pages, low_pages, high_pages, boost_pages; /* min, low, high: with the boost */
	struct mo_count reserved_highatomic_pages, free_highatomic_pages, free_cma_pages, free_pcp_pages;
	struct mo_count present_pages, managed_pages;
	uint64_t lowmem_reserve_pages[MO_OOM_RESERVES];
	uint32_t n_lowmem_reserve;
	uint64_t free_blocks[MO_OOM_ORDERS];
	bool has_usable[MO_OOM_ORDERS]; /* of that order, on lists that an ordinary request may take from */
	uint32_t n_orders;           /* 0: the lists are not in the log */
	unsigned lists;              /* MO_OOM_LIST_...: where its free blocks are; 0: not known */
	struct mo_count counters_kib[MO_OOM_COUNTERS]; /* by enum counter; unknown: its line does not have that */
	/* The test: free > mark + reserve + unusable, and a block of that order. */
	struct mo_count mark_pages;  /* what of the min watermark this request has to leave */
	struct mo_count reserve_pages;
	struct mo_count unusable_pages;
	enum mo_oom_zone_verdict verdict;
};

/* A process of the log's task table, or of the dump. */
struct mo_oom_candidate {
	int32_t pid;
	int32_t tgid;
	uint32_t uid;
	int32_t oom_score_adj;
	char comm[64];
	struct mo_count total_vm_pages, rss_pages, anon_pages, file_pages, shmem_pages, swap_pages, pgtables_bytes;
	bool has_badness;
	int64_t badness_pages;       /* oom_badness() */
	struct mo_count oom_score;   /* what /proc/PID/oom_score would have said; unknown for kernels before 5.9 */
	enum mo_oom_exempt exempt;
	bool is_victim;
};

struct mo_oom_kill {
	int32_t pid;
	char comm[64];
	struct mo_count total_vm_bytes, anon_bytes, file_bytes, shmem_bytes, pgtables_bytes;
	struct mo_count score;       /* older kernels print it */
	bool has_adj;
	int32_t oom_score_adj;
	bool has_uid;
	uint32_t uid;
	bool is_reaped, is_unreapable, was_exiting;
	struct mo_count left_bytes;  /* still resident after the reaper had been there */
};

/* One kind of memory, in bytes at the event. */
struct mo_oom_share {
	enum mo_oom_cause cause;
	struct mo_count bytes;
	bool is_of_machine;          /* the report has it of the whole machine alone; how much lay in the scope is not known */
	uint32_t percent_thousandths; /* of what there is (machine or limit) */
	const char *ordinary;        /* what an ordinary machine shows: "< 5 %" */
	enum mo_oom_holder_kind holder_kind;
	char holder[160];            /* empty: not known */
	struct mo_count holder_bytes;
	uint32_t n_holders;          /* of "processes": how many */
	int32_t holder_pid;          /* of a process; 0: not known */
	struct mo_count holder_swap_bytes; /* what it has in swap beside that; unknown: nothing, or not known */
	bool is_more_now;            /* the dump shows more of the holder than there was of this kind at the event */
	bool is_sum_of_rss;          /* holder_bytes counts pages that the processes share more than once */
	char second[160];            /* of comparable size; empty: nobody */
	struct mo_count second_bytes;
	int32_t second_pid;          /* of a process; 0: it is none */
	struct mo_count unused_bytes; /* of a pool: what of it is free */
	enum mo_oom_source holder_source; /* unknown: no holder */
	char module[64];             /* that the holder's memory points into, or that owns it; empty: none, or not known */
	enum mo_oom_source source;   /* of the bytes */
};

struct mo_oom_memcg {
	char path[256];
	struct mo_count usage_bytes, limit_bytes, failcnt;
	struct mo_count swap_usage_bytes, swap_limit_bytes; /* v2 */
	struct mo_count memsw_usage_bytes, memsw_limit_bytes, kmem_usage_bytes, kmem_limit_bytes; /* v1 */
	bool is_group_kill;          /* memory.oom.group */
};

struct mo_oom_event {
	enum mo_oom_kind kind;
	enum mo_oom_constraint constraint;
	enum mo_oom_cause cause;
	enum mo_oom_role role;
	uint64_t time_ns;
	bool has_time;
	char clock[32];              /* of a text's own, as far as it says; empty: it has none */
	char host[64];               /* of a text that names it; empty: not said */
	enum mo_oom_gap gap;
	/* The request. */
	bool has_request;
	char comm[64];
	bool has_pid;
	int32_t pid;
	bool has_gfp;
	uint64_t gfp;
	char gfp_text[192];          /* by this kernel's own names; empty: not known */
	bool has_order;
	int32_t order;               /* -1: SysRq-f */
	struct mo_count bytes;       /* of a vmalloc or a refusal; of a userspace kill what the victim had */
	struct mo_count allocated_bytes; /* what of `bytes` there was: a vmalloc, a pool of huge pages */
	uint64_t waited_ns;          /* of a stall, so far; of a lockup */
	char killer[32];             /* who killed or says so, if it was not the kernel's OOM killer: "earlyoom"; empty */
	char subject[160];           /* whom it killed, if no process is named: group, pod, container; of swiotlb the device */
	char reason[256];            /* as it says itself */
	char cpuset[128];
	char mems_allowed[64];
	char nodemask[64];
	char memcg[256];             /* that ran into its limit; empty: none */
	char task_memcg[256];        /* of the victim */
	char function[64];           /* who was allocating, of the call trace: the first name behind the allocator */
	char function_module[64];    /* the first module on that stack; empty: none */
	char cache[64];              /* of a slab failure; of a refusal the limit ("RLIMIT_DATA") */
	bool is_task_limit;          /* a refusal: of a new task, by the pids controller of the group `memcg` */
	/* What there was. */
	struct mo_count total_bytes; /* managed memory, or the limit */
	struct mo_count free_bytes;
	struct mo_count swap_total_bytes, swap_free_bytes;
	const struct mo_oom_memcg *memcg_numbers; /* NULL: none */
	const struct mo_oom_zone *zones;
	size_t n_zones;
	const struct mo_oom_share *shares; /* largest first; the cause is what exceeds the ordinary by most */
	size_t n_shares;
	const struct mo_oom_candidate *candidates; /* highest badness first */
	size_t n_candidates;
	const struct mo_oom_kill *kills;
	size_t n_kills;
	uint32_t n_repeats;          /* of failures alike, told once: this one included */
	uint64_t freed_bytes;        /* what the victims had */
	enum mo_oom_source source;
};

struct mo_oom_model {
	const struct mo_oom_event *events; /* oldest first */
	size_t n_events;
	uint32_t worst;              /* the event to tell first; MO_OOM_NONE: nothing ran out */
	struct mo_count kills_counted; /* oom_kill of /proc/vmstat: since boot, with what the log has lost */
	uint64_t kills_logged;
	bool is_log_whole;           /* the log begins at boot and all of it could be read */
	bool has_log;
};

#endif
