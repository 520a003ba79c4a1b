/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CGROUPS_GATHERING_H
#define CGROUPS_GATHERING_H

/*
 * The model while it is being built, in this order: the tree of groups (tree.c), what each group's structs say
 * (group_read.c), memory.stat (stat_lines.c, stats.c), what pages and objects say (page_charges.c, object_charges.c) and
 * which processes are where (processes.c).
 *
 * What cannot be read is counted, and told in one finding a kind; it never ends the gathering.
 */

#include <memopsy/cgroups.h>
#include <memopsy/mem_map.h>
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>
#include <memopsy/slab.h>
#include <memopsy/tasks.h>
#include <memopsy/trouble.h>
#include <memopsy/walk.h>

#include "cgroups_layout.h"

#define MAX_GROUPS (1u << 20)
#define MAX_GROUP_DEPTH 256u
#define MAX_STAT_LINES 256u
#define MAX_STAT_NAME_BYTES 48u
#define MAX_STAT_ITEMS 4096u /* of a kernel's enumerations */

/* One line of memory.stat: the sum of so many counters, times a factor. */
#define MAX_STAT_TERMS 4
struct stat_line {
	char name[MAX_STAT_NAME_BYTES];
	struct {
		bool is_event;
		uint32_t index;      /* into state or events */
	} terms[MAX_STAT_TERMS];
	unsigned n_terms;
	uint64_t factor;
	bool is_bytes;
};

struct stat_lines {
	struct stat_line lines[MAX_STAT_LINES];
	size_t n;
	uint32_t n_state, n_events;  /* how many counters of each kind a group has */
};

struct cgroups_state {
	struct mo_cgroups_model model; /* first: the published model is this state */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct cgroups_layout *layout;
	const struct mo_slab_model *slab;   /* NULL: could not be had */
	const struct mo_tasks_model *tasks; /* the same */
	struct mo_cgroup *groups;
	size_t n_groups, n_allocated;
	char **paths;                /* one per group */
	struct group_key {
		uint64_t memcg_kva;
		uint32_t group;
	} *by_address;               /* ascending */
	struct stat_lines *lines;
	struct mo_cgroup_stat *stats; /* n_groups times lines->n */
	uint64_t *charged_pages;     /* n_groups times MO_N_PAGE_CLASSES */
	struct mo_cgroup_cache *caches;
	struct mo_trouble broken_lists, unreadable_groups, unreadable_stats, unreadable_charges;
};

void report_trouble(struct cgroups_state *state);

/* An error means that there is no tree at all, or no memory. */
struct mo_error *gather_tree(struct cgroups_state *state) MO_MUST_USE;
void read_group(struct cgroups_state *state, struct mo_cgroup *group);
struct mo_error *gather_stats(struct cgroups_state *state) MO_MUST_USE;
struct mo_error *gather_page_charges(struct cgroups_state *state) MO_MUST_USE;
struct mo_error *gather_object_charges(struct cgroups_state *state) MO_MUST_USE;
void count_processes(struct cgroups_state *state);

/* Which lines memory.stat has here, and which counters they are made of. */
struct mo_error *find_stat_lines(struct cgroups_state *state) MO_MUST_USE;

/* The group of a struct mem_cgroup; MO_CGROUP_NONE: none of the tree. */
uint32_t group_of_memcg(const struct cgroups_state *state, uint64_t memcg_kva);

/*
 * What charges point at, a struct mem_cgroup or a struct obj_cgroup, and the group behind it: a thread's own table of
 * those that it met lately.
 */
#define CHARGE_SLOTS 4096u
struct charge_lookup {
	const struct cgroups_state *state;
	struct mo_reader *reader;
	uint64_t last_kva;
	uint32_t last_group;
	struct group_key slots[CHARGE_SLOTS];
};
uint32_t group_of_charge(struct charge_lookup *lookup, uint64_t kva);

/* A line of memory.stat by its name; NULL: this kernel has none. */
const struct mo_cgroup_stat *find_stat(const struct mo_cgroup *group, const char *name);
/* Its value; unknown if there is none. */
struct mo_count stat_value(const struct mo_cgroup *group, const char *name);

/* The views. */
extern const struct mo_table_spec cgroups_table, cgroup_table, cgroup_events_table, cgroup_stat_table,
	cgroup_stat_lines_table, cgroup_pages_table, cgroup_caches_table, dying_table;
#define N_CGROUPS_OPTIONS 3
extern const struct mo_option cgroups_options[N_CGROUPS_OPTIONS];
struct mo_error *show_cgroups(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_group(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group) MO_MUST_USE;
struct mo_error *show_cgroups_section(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *put_dying(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *judge_cgroups(struct mo_run *run) MO_MUST_USE;
void note_stray_charges(const struct mo_cgroups_model *model, struct mo_report *report);

/* In bytes, of pages; "max" is unknown to arithmetic and has a cell of its own. */
struct mo_count bytes_of_pages(const struct mo_run *run, struct mo_count pages);

#endif
