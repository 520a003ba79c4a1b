/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removed groups and what pins them; what is worth a finding; the section of the report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups_views.h"
#include "pins.h"

#define SECTION_GROUPS 10
#define DESCRIBED_CACHES 4
#define NOTABLE_DYING_BYTES (64u << 20)

enum { COLUMN_GROUP, COLUMN_BYTES, COLUMN_ANON, COLUMN_FILE, COLUMN_SHMEM, COLUMN_KERNEL, COLUMN_OBJECTS, COLUMN_SLAB,
       COLUMN_SWAP, COLUMN_REFERENCES, COLUMN_MEMCG, COLUMN_CACHES, COLUMN_PINS, N_COLUMNS };

#define HIDDEN .flags = MO_COLUMN_HIDDEN

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_GROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT,
			   .help = "the path it had" },
	[COLUMN_BYTES] = { .key = "charged_bytes", .heading = "CHARGED", .kind = MO_CELL_BYTES,
			   .help = "pages and objects charged to it, descendants excluded" },
	[COLUMN_ANON] = { .key = "anon_pages", .heading = "ANON PAGES", .kind = MO_CELL_COUNT, .help = "anonymous pages" },
	[COLUMN_FILE] = { .key = "file_pages", .heading = "FILE PAGES", .kind = MO_CELL_COUNT,
			  .help = "page cache pages of files" },
	[COLUMN_SHMEM] = { .key = "shmem_pages", .heading = "SHMEM PAGES", .kind = MO_CELL_COUNT,
			   .help = "pages of shared memory and tmpfs" },
	[COLUMN_KERNEL] = { .key = "kernel_pages", .heading = "KERNEL PAGES", .kind = MO_CELL_COUNT,
			    .help = "pages of the kernel, without slab" },
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT, .help = "slab objects" },
	[COLUMN_SLAB] = { .key = "slab_bytes", .heading = "SLAB", .kind = MO_CELL_BYTES, HIDDEN,
			  .help = "bytes of these objects" },
	[COLUMN_SWAP] = { .key = "swap_bytes", .heading = "SWAP", .kind = MO_CELL_BYTES, HIDDEN,
			  .help = "swap by its counter; swap entries pin it as well" },
	[COLUMN_REFERENCES] = { .key = "references", .heading = "REFS", .kind = MO_CELL_COUNT, .help = "css.refcnt" },
	[COLUMN_MEMCG] = { .key = "memcg", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS, HIDDEN, .help = "where it is" },
	[COLUMN_CACHES] = { .key = "caches", .heading = "CACHES", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			    .help = "the caches with most of these objects" },
	[COLUMN_PINS] = { .key = "held_by", .heading = "HELD BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			  .help = "other references that pin it" },
};

const struct mo_table_spec dying_table = {
	.name = "dying",
	.title = "Dying memory cgroups",
	.help = "Removed memory cgroups that stay in memory, pinned by what is charged to them.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

void describe_caches(const struct mo_slab_model *slab, const struct mo_cgroup *group, char *text, size_t n_bytes)
{
	size_t at = 0;

	*text = '\0';
	for (size_t i = 0; slab && i < group->n_caches && i < DESCRIBED_CACHES && at < n_bytes; i++) {
		const char *name = slab->caches[group->caches[i].cache].name;
		int n = snprintf(text + at, n_bytes - at, "%s%s %" PRIu64, i ? ", " : "", name ? name : "?",
				 group->caches[i].n_objects);

		at += n > 0 ? (size_t)n : 0;
	}
}

static struct mo_count charged_bytes(const struct mo_run *run, const struct mo_cgroup *group)
{
	return mo_count_add(bytes_of_pages(run, group->charged_sum_pages), group->charged_slab_bytes);
}

static void put_one(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group,
		    const struct group_pins *pins)
{
	char caches[256];
	char held_by[128];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_GROUP] = mo_cell_text(group->path),
		[COLUMN_BYTES] = mo_cell_number(charged_bytes(run, group)),
		[COLUMN_ANON] = mo_cell_number(group->charged_anon_pages),
		[COLUMN_FILE] = mo_cell_number(group->charged_file_pages),
		[COLUMN_SHMEM] = mo_cell_number(group->charged_shmem_pages),
		[COLUMN_KERNEL] = mo_cell_number(group->charged_kernel_pages),
		[COLUMN_OBJECTS] = mo_cell_number(group->charged_objects),
		[COLUMN_SLAB] = mo_cell_number(group->charged_slab_bytes),
		[COLUMN_SWAP] = mo_cell_number(bytes_of_pages(run, group->swap.usage_pages)),
		[COLUMN_REFERENCES] = mo_cell_number(group->references),
		[COLUMN_MEMCG] = mo_cell_number(mo_exact(group->memcg_kva)),
	};

	describe_caches(mo_run_model_of(run, MO_SLAB_MODEL), group, caches, sizeof(caches));
	cells[COLUMN_CACHES] = mo_cell_text(caches);
	describe_pins(pins, held_by, sizeof(held_by));
	cells[COLUMN_PINS] = mo_cell_text(held_by);
	mo_report_row(report, cells);
}

struct mo_error *put_dying(struct mo_run *run, struct mo_report *report)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	size_t n = 0;
	size_t n_reparented = 0;
	struct group_pins *pins = find_pins(run);

	if (!pins)
		return mo_error_no_memory();
	mo_report_table_begin(report, &dying_table);
	for (size_t i = 0; i < model->n_cgroups; i++) {
		if (!model->cgroups[i].is_dying)
			continue;
		n++;
		n_reparented += !charged_bytes(run, &model->cgroups[i]).value;
		if (!mo_run_is_report(run) || n <= mo_run_report_rows(run, SECTION_GROUPS))
			put_one(run, report, &model->cgroups[i], &pins[i]);
	}
	mo_report_table_end(report);
	if (n_reparented)
		mo_report_note(report, "Nothing is charged to %zu of %zu directly: their charges were reparented when "
			       "they were removed; references or child groups pin them. `memopsy refs` with the address of "
			       "one (--columns +memcg) lists everything that points at it.", n_reparented, n);
	free(pins);
	return NULL;
}

/*
 * Whether processes of a group were killed because it, or a group above it, was at its limit. MEMCG_OOM_KILL counts those
 * too that were killed because the machine or a cpuset's nodes had no memory (__oom_kill_process() in mm/oom_kill.c).
 */
static bool was_killed_for_a_limit(const struct mo_cgroups_model *model, const struct mo_cgroup *group)
{
	if (!group->local_events[MO_CGROUP_EVENT_OOM_KILL].value)
		return false;
	while (!group->local_events[MO_CGROUP_EVENT_OOM].value) {
		if (group->parent == MO_CGROUP_NONE)
			return false;
		group = &model->cgroups[group->parent]; /* parents come before their children: this ends */
	}
	return true;
}

static void judge_full(struct mo_run *run, const char *view, const struct mo_cgroup *group)
{
	struct mo_evidence evidence[] = {
		{ "group", MO_CELL_TEXT, mo_cell_text(group->path) },
		{ "usage", MO_CELL_BYTES, mo_cell_number(bytes_of_pages(run, group->memory.usage_pages)) },
		{ "limit", MO_CELL_BYTES, mo_cell_number(bytes_of_pages(run, group->memory.max_pages)) },
		{ "processes killed", MO_CELL_COUNT, mo_cell_number(group->local_events[MO_CGROUP_EVENT_OOM_KILL]) },
	};
	bool killed = was_killed_for_a_limit(mo_run_model(run), group);
	struct mo_finding finding = {
		.id = killed ? "cgroup-oom" : "cgroup-full",
		.severity = killed ? MO_WARNING : MO_NOTICE,
		.verdict = killed ? "A memory cgroup ran out of memory, and processes in it were killed." :
				    "A memory cgroup is close to its limit.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "Compare its limit (memory.max) with the working set of its processes: `memopsy cgroups PATH`.",
	};

	mo_run_judge(run, view, &finding);
}

static bool is_full(const struct mo_cgroup *group)
{
	const struct mo_page_counter *memory = &group->memory;

	return memory->usage_pages.certainty == MO_EXACT && memory->max_pages.certainty == MO_EXACT &&
	       memory->max_pages.value != UINT64_MAX && memory->max_pages.value &&
	       memory->usage_pages.value >= memory->max_pages.value - memory->max_pages.value / 32;
}

static void judge_groups(struct mo_run *run, const char *view)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	struct mo_count dying = mo_exact(0);
	uint64_t n_dying = 0;

	for (size_t i = 0; i < model->n_cgroups; i++) {
		const struct mo_cgroup *group = &model->cgroups[i];

		if (group->parent != MO_CGROUP_NONE && (is_full(group) || was_killed_for_a_limit(model, group)))
			judge_full(run, view, group);
		if (group->is_dying) {
			dying = mo_count_add(dying, charged_bytes(run, group));
			n_dying++;
		}
	}
	if (n_dying && dying.value >= NOTABLE_DYING_BYTES) {
		const struct mo_evidence evidence[] = {
			{ "groups", MO_CELL_COUNT, mo_cell_number(mo_exact(n_dying)) },
			{ "charged", MO_CELL_BYTES, mo_cell_number(dying) },
		};
		const struct mo_finding finding = {
			.id = "dying-cgroups", .severity = MO_NOTICE, 
			.verdict = "Dying memory cgroups hold memory.", .evidence = evidence, .n_evidence = 2,
			.advice = "`memopsy cgroups --dying` shows what pins them.",
		};

		mo_run_judge(run, view, &finding);
	}
}

/* The command lists all groups, the section those that matter: both have what is found of them. */
struct mo_error *judge_cgroups(struct mo_run *run)
{
	judge_groups(run, "cgroups");
	judge_groups(run, "memory_cgroups");
	return NULL;
}

void note_stray_charges(const struct mo_cgroups_model *model, struct mo_report *report)
{
	if (model->stray_pages || model->stray_objects)
		mo_report_note(report, "%" PRIu64 " pages and %" PRIu64 " objects are charged to memory cgroups that "
									"are not in the tree.",
			       model->stray_pages, model->stray_objects);
}

struct mo_error *show_cgroups_section(struct mo_run *run, struct mo_report *report)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	size_t n_dying = 0;
	struct mo_error *error;

	if (model->n_cgroups < 2) /* the root alone says nothing */
		return NULL;
	for (size_t i = 0; i < model->n_cgroups; i++)
		n_dying += model->cgroups[i].is_dying;
	error = put_groups(run, report, mo_run_report_rows(run, SECTION_GROUPS));
	if (error)
		return error;
	mo_report_note(report, "%zu memory cgroups, %zu of them dying; the largest are shown.",
		       model->n_cgroups, n_dying);
	if (n_dying)
		error = put_dying(run, report);
	mo_run_show_findings(run, report);
	note_stray_charges(model, report);
	return error;
}
