/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MMS_GATHERING_H
#define MMS_GATHERING_H

/* Address spaces that no task has any more: allocated objects of the cache mm_struct, and who still points at them. */

#include <memopsy/layout.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/tasks.h>

#define MM_CACHE "mm_struct"
#define MAX_ORPHANS 65536u
#define MAX_HOLDERS 4096u /* of a thread: kinds of places that point at orphans */

struct mms_layout {
	struct mo_field users, count, pgtables_bytes, total_vm;
	struct mo_field counters;    /* rss_stat: struct mm_rss_stat until 6.1, since 6.2 struct percpu_counter[] */
	struct mo_field counts;      /* of struct mm_rss_stat */
	struct mo_constant file_pages, anon_pages, shmem_pages;
	struct mo_field active_mm, private_data, vm_mm; /* of task_struct, file, vm_area_struct */
	struct mo_address poking_mm, cpu_tlbstate;
	struct mo_field loaded_mm;
};

extern const struct mo_need_table mms_needs;

struct orphan {
	uint64_t kva;
	struct mo_count users, count, pgtables_bytes, total_vm_pages, rss_pages;
};

/* So many objects of a cache point at an orphan from this offset; or a variable does. */
struct holder {
	uint32_t orphan;
	uint32_t cache;              /* of the model "slab" */
	uint32_t offset_bytes;
	uint64_t n_objects;
	uint64_t example_kva;        /* one of them */
	const char *variable;        /* NULL: slab objects */
	int cpu;                     /* of a per-CPU variable; -1: none */
};

struct holders {
	struct holder *entries;      /* MAX_HOLDERS of them */
	size_t n;
	bool is_full;
};

/* The scan of all allocated objects; orphans are ascending by address. */
struct mo_error *find_holders(struct mo_run *run, const struct orphan *orphans, size_t n_orphans,
			      struct holders *ret) MO_MUST_USE;
/* The same in variables that are known to hold an mm without a task. */
void find_variables(struct mo_run *run, const struct orphan *orphans, size_t n_orphans, struct holders *ret);

/* Resident pages as the mm counts them; what CPUs and threads have not added yet may be missing. */
struct mo_count read_rss(struct mo_run *run, uint64_t mm_kva);

/* The plugin's own model. */
struct mms_state {
	bool has_cache;              /* else it is not known which address spaces there are */
	struct orphan *orphans;      /* ascending by address */
	size_t n_orphans;
};
struct mo_error *gather_mms(struct mo_run *run, void **model_ret) MO_MUST_USE;
struct mo_error *judge_mms(struct mo_run *run) MO_MUST_USE;
void release_mms(void *model);

extern const struct mo_table_spec mms_table;
struct mo_error *show_mms(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
