/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_OWNER_H
#define MEMOPSY_PAGE_OWNER_H

/*
 * The model "page_owner": who took each page from the page allocator, where the kernel itself kept a record of it:
 * page_owner (mm/page_owner.c, booted with page_owner=on) and memory allocation profiling (lib/alloc_tag.c, since 6.10,
 * sysctl.vm.mem_profiling=1). Most kernels keep neither: that is a state, no error.
 *
 * Immutable once published; lives until the run ends. Any thread may ask, with a reader of its own.
 */

#include <memopsy/kernel.h>
#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_PAGE_OWNER_MODEL "page_owner"
#define MO_PAGE_OWNER_MODEL_VERSION 1

/* Whether the kernel kept records. Append only. */
enum mo_page_owner_state {
	MO_PAGE_OWNER_NOT_BUILT = 0, /* the kernel was built without it */
	MO_PAGE_OWNER_OFF = 1,       /* built in, and not switched on at boot */
	MO_PAGE_OWNER_ON = 2,
	MO_PAGE_OWNER_UNREADABLE = 3, /* what says so, or where the records lie, could not be read (a finding says what) */
};

/* A stack of the stack depot, innermost frame first. */
struct mo_page_owner_stack {
	uint32_t handle;
	uint32_t caller;             /* index of the frame that called the allocators (page, slab, vmalloc, per-CPU); n_frames: none */
	const uint64_t *frames_kva;  /* return addresses */
	size_t n_frames;             /* 0: the stack could not be read */
	/*
	 * The function of that frame; NULL: in no symbol. Of init code that is gone, what the page's tag says, if it has one
	 * (since 6.10). Lives as long as the model.
	 */
	const char *caller_name;
	const char *caller_module;   /* NULL: the kernel itself */
};

/* Allocated pages of one order and one stack. */
struct mo_page_owner_group {
	uint32_t stack;              /* index of stacks */
	uint16_t order;
	bool has_one_gfp;            /* gfp_mask is that of all of them */
	uint32_t gfp_mask;           /* of the example */
	uint64_t blocks;             /* allocations: page frames aligned to the order, as page_owner itself counts */
	uint64_t pages;              /* page frames with this record */
	uint64_t bytes;
	uint64_t example_pfn;        /* the lowest */
	uint64_t oldest_ns;          /* since boot; both 0: not recorded (5.10) */
	uint64_t newest_ns;
};

/* A place in the source that allocates memory (struct alloc_tag), with what it has allocated and not freed. */
struct mo_alloc_site {
	uint64_t tag_kva;
	int64_t bytes;               /* as the kernel counts: it may be negative for a moment */
	uint64_t calls;
	const char *file;            /* raw bytes; NULL: could not be read. So are the other two */
	const char *function;
	const char *module;          /* NULL: the kernel itself */
	uint32_t line;
	bool is_inaccurate;          /* the kernel could not count all of it (CODETAG_FLAG_INACCURATE) */
	bool is_unreadable;          /* some CPU's counters could not be read: the numbers are those of the others */
	uint64_t page_blocks;        /* blocks of pages whose record says that they were taken here; slab pages are others' */
};

/* What is recorded of one page frame. */
struct mo_page_owner_record {
	uint64_t pfn;
	uint64_t head_pfn;           /* of its block: pfn aligned to the order */
	uint16_t order;
	bool is_recorded;            /* page_owner has a record; else only `site` says something */
	bool is_allocated;           /* false: the record is of the last user, and the page was freed */
	bool has_process;            /* pid, tgid, comm and allocated_ns are recorded (not by 5.10) */
	uint32_t gfp_mask;
	uint32_t handle;             /* of the stack that allocated; 0: none was kept */
	uint32_t free_handle;        /* of the stack that last freed it; 0: none was kept */
	const struct mo_page_owner_stack *stack; /* of `handle`; NULL: no allocated page has it: mo_stack_depot_read() knows */
	int32_t pid;
	int32_t tgid;
	char comm[16];               /* raw bytes, terminated */
	uint64_t allocated_ns;       /* since boot */
	uint64_t freed_ns;
	int16_t migrate_reason;      /* -1: never migrated */
	const struct mo_alloc_site *site; /* kept for the first page of a block alone; NULL: none, or not kept */
};

struct mo_page_owner_model {
	enum mo_page_owner_state state;
	enum mo_page_owner_state sites_state;       /* of memory allocation profiling */

	const struct mo_page_owner_group *groups;   /* most bytes first */
	size_t n_groups;
	const struct mo_page_owner_stack *stacks;   /* ascending by handle; those of the groups */
	size_t n_stacks;
	uint64_t pages;                             /* that are recorded as allocated */
	uint64_t unreadable_pages;                  /* whose record could not be read */

	const struct mo_alloc_site *sites;          /* in the order of /proc/allocinfo */
	size_t n_sites;

	/*
	 * What is recorded of a page frame: a few reads, no scan. MO_E_ABSENT: nothing is (never allocated, or no records
	 * are kept at all). Other errors: it could not be read.
	 */
	struct mo_error *(*find)(const struct mo_page_owner_model *model, struct mo_reader *reader, uint64_t pfn,
				 struct mo_page_owner_record *ret);
};

#ifdef __cplusplus
}
#endif

#endif
