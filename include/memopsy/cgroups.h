/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_CGROUPS_H
#define MEMOPSY_CGROUPS_H

/*
 * The model "cgroups": the memory controller's tree (struct mem_cgroup, include/linux/memcontrol.h; struct page_counter,
 * include/linux/page_counter.h): limits, usage and statistics as the kernel counted them, and the pages and slab
 * objects that are charged to each, counted by us.
 *
 * Immutable once published; lives until the run ends.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_CGROUPS_MODEL "cgroups"
#define MO_CGROUPS_MODEL_VERSION 1

#define MO_CGROUP_NONE UINT32_MAX

/* One struct page_counter, in pages. PAGE_COUNTER_MAX ("max") is UINT64_MAX. */
struct mo_page_counter {
	struct mo_count usage_pages;
	struct mo_count watermark_pages;
	struct mo_count min_pages;
	struct mo_count low_pages;
	struct mo_count max_pages;
	struct mo_count failcnt;
};

/* One line of memory.stat: hierarchical, as /sys/fs/cgroup prints it, and of this group alone. */
struct mo_cgroup_stat {
	const char *name;                /* "anon" */
	struct mo_count value;           /* in the unit that the file has: bytes, or events; with descendants */
	struct mo_count own_value;       /* of the group alone */
	bool is_bytes;
};

/* The lines of memory.events and memory.swap.events. Append only. */
enum mo_cgroup_event {
	MO_CGROUP_EVENT_LOW = 0,
	MO_CGROUP_EVENT_HIGH,
	MO_CGROUP_EVENT_MAX,
	MO_CGROUP_EVENT_OOM,
	MO_CGROUP_EVENT_OOM_KILL,
	MO_CGROUP_EVENT_OOM_GROUP_KILL,
	MO_CGROUP_EVENT_SWAP_HIGH,
	MO_CGROUP_EVENT_SWAP_MAX,
	MO_CGROUP_EVENT_SWAP_FAIL,
	MO_CGROUP_EVENT_SOCK_THROTTLED,
	MO_N_CGROUP_EVENTS,
};

/* Objects of one slab cache that are charged to a group. */
struct mo_cgroup_cache {
	uint32_t cache;                  /* index into the model "slab" */
	uint64_t n_objects;
	uint64_t bytes;                  /* as the kernel charges them: with the pointer that each has in its slab's vector */
};

struct mo_cgroup {
	uint64_t memcg_kva;              /* struct mem_cgroup */
	uint64_t cgroup_kva;
	uint32_t parent;                 /* index; MO_CGROUP_NONE: the root */
	uint32_t depth;
	uint64_t id;                     /* of mem_cgroup_id() */
	uint64_t cgroup_id;              /* the inode number of its directory; 0: not known */
	const char *path;                /* "/system.slice/x.service"; raw bytes; NULL: not known */
	bool is_online;
	bool is_dying;                   /* removed, and pinned by what is charged to it */
	bool has_oom_group;              /* memory.oom.group */
	struct mo_page_counter memory;
	struct mo_page_counter swap;     /* v2: memory.swap; v1: memsw */
	struct mo_page_counter kernel_memory; /* v1: memory.kmem */
	struct mo_count high_pages;      /* memory.high: memcg->high, later memory.high */
	struct mo_count references;      /* css.refcnt: of dying ones, what pins them */
	struct mo_count events_oom;      /* memory.events, hierarchical: oom */
	struct mo_count events_oom_kill;
	struct mo_count events_max;
	struct mo_count events_high;
	struct mo_count events_low;
	const struct mo_cgroup_stat *stats; /* in the order of memory.stat */
	size_t n_stats;
	/* Counted from the pages' and objects' own charge: of this group alone. */
	struct mo_count charged_anon_pages;
	struct mo_count charged_file_pages;  /* page cache without shmem */
	struct mo_count charged_shmem_pages;
	struct mo_count charged_kernel_pages; /* page tables, stacks and others charged by page */
	struct mo_count charged_slab_bytes;  /* objects charged one by one */
	uint32_t n_tasks;                /* processes in it */
	/* All of memory.events, unknown where this kernel has no such line; and those of the group alone. */
	struct mo_count events[MO_N_CGROUP_EVENTS];
	struct mo_count local_events[MO_N_CGROUP_EVENTS];
	struct mo_count swap_high_pages;
	/* Charged page frames by enum mo_page_class (mem_map.h); slab pages are not among them. NULL: not counted. */
	const uint64_t *charged_pages;
	struct mo_count charged_sum_pages;   /* the sum of these */
	struct mo_count charged_objects;
	const struct mo_cgroup_cache *caches; /* the largest first */
	size_t n_caches;
};

struct mo_cgroups_model {
	const struct mo_cgroup *cgroups; /* a parent before its children, in the order of the tree */
	size_t n_cgroups;
	bool is_v2;                      /* the memory controller is on the unified hierarchy */
	bool is_complete;
	uint64_t stray_pages;            /* charged to what is no group of this tree */
	uint64_t stray_objects;
};

#ifdef __cplusplus
}
#endif

#endif
