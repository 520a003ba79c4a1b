/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy cgroups`: the tree as a table. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/numbers.h>

#include "cgroups_views.h"

enum { COLUMN_USAGE, COLUMN_LIMIT, COLUMN_MAX, COLUMN_MIN, COLUMN_LOW, COLUMN_HIGH, COLUMN_SWAP, COLUMN_ANON, COLUMN_FILE,
       COLUMN_SHMEM, COLUMN_KERNEL, COLUMN_SLAB, COLUMN_PAGES, COLUMN_CHARGED, COLUMN_OOM, COLUMN_KILLED, COLUMN_PROCESSES,
       COLUMN_DYING, COLUMN_ID, COLUMN_MEMCG, COLUMN_GROUP, N_COLUMNS };

#define HIDDEN .flags = MO_COLUMN_HIDDEN

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_USAGE] = { .key = "usage_bytes", .heading = "USAGE", .kind = MO_CELL_BYTES,
			   .help = "as the kernel counts it, descendants included (memory.current)" },
	[COLUMN_LIMIT] = { .key = "limit", .heading = "LIMIT", .kind = MO_CELL_TEXT, .help = "memory.max, \"max\": none" },
	[COLUMN_MAX] = { .key = "max_bytes", .heading = "MAX", .kind = MO_CELL_BYTES, HIDDEN,
			 .help = "memory.max as a number; unknown if there is none" },
	[COLUMN_MIN] = { .key = "min_bytes", .heading = "MIN", .kind = MO_CELL_BYTES, HIDDEN, .help = "memory.min" },
	[COLUMN_LOW] = { .key = "low_bytes", .heading = "LOW", .kind = MO_CELL_BYTES, HIDDEN, .help = "memory.low" },
	[COLUMN_HIGH] = { .key = "high_bytes", .heading = "HIGH", .kind = MO_CELL_BYTES, HIDDEN,
			  .help = "memory.high; unknown if there is none" },
	[COLUMN_SWAP] = { .key = "swap_bytes", .heading = "SWAP", .kind = MO_CELL_BYTES,
			  .help = "memory.swap.current; with cgroup v1, memory and swap" },
	[COLUMN_ANON] = { .key = "anon_bytes", .heading = "ANON", .kind = MO_CELL_BYTES, .help = "anon of memory.stat" },
	[COLUMN_FILE] = { .key = "file_bytes", .heading = "FILE", .kind = MO_CELL_BYTES,
			  .help = "file of memory.stat: page cache, shared memory and tmpfs" },
	[COLUMN_SHMEM] = { .key = "shmem_bytes", .heading = "SHMEM", .kind = MO_CELL_BYTES, HIDDEN,
			   .help = "of these shared memory and tmpfs" },
	[COLUMN_KERNEL] = { .key = "kernel_bytes", .heading = "KERNEL", .kind = MO_CELL_BYTES,
			    .help = "kernel of memory.stat; without such a line, the sum of slab, kernel_stack and percpu" },
	[COLUMN_SLAB] = { .key = "charged_slab_bytes", .heading = "SLAB", .kind = MO_CELL_BYTES, HIDDEN,
			  .help = "slab objects charged, counted one by one, descendants included" },
	[COLUMN_PAGES] = { .key = "charged_pages", .heading = "PAGES", .kind = MO_CELL_COUNT, HIDDEN,
			   .help = "page frames charged, counted one by one, descendants included" },
	[COLUMN_CHARGED] = { .key = "charged_bytes", .heading = "CHARGED", .kind = MO_CELL_BYTES,
			     .help = "these pages and objects together" },
	[COLUMN_OOM] = { .key = "oom", .heading = "OOM", .kind = MO_CELL_COUNT, HIDDEN,
			 .help = "how often it ran out of memory (memory.events: oom)" },
	[COLUMN_KILLED] = { .key = "oom_kill", .heading = "KILLED", .kind = MO_CELL_COUNT, HIDDEN,
			    .help = "processes killed by the OOM killer (memory.events: oom_kill)" },
	[COLUMN_PROCESSES] = { .key = "processes", .heading = "PROCS", .kind = MO_CELL_COUNT, .help = "processes in it" },
	[COLUMN_DYING] = { .key = "dying", .heading = "DYING", .kind = MO_CELL_BOOL, HIDDEN,
			   .help = "removed, but pinned by charges or references" },
	[COLUMN_ID] = { .key = "inode", .heading = "INODE", .kind = MO_CELL_COUNT, HIDDEN,
			.help = "inode number of its directory, as kpagecgroup has it" },
	[COLUMN_MEMCG] = { .key = "memcg", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS, HIDDEN, .help = "where it is" },
	[COLUMN_GROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT,
			   .help = "its path" },
};

const struct mo_table_spec cgroups_table = {
	.name = "cgroups",
	.title = "Memory cgroups",
	.help = "The memory controller's tree: the kernel's counters, beside the pages and objects charged.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

const struct mo_option cgroups_options[N_CGROUPS_OPTIONS] = {
	{ .name = "stat", .help = "with a path: its memory.stat, as the file prints it" },
	{ .name = "dying", .help = "dying groups (removed, still in memory), and what pins them" },
	{ .name = "top", .kind = MO_OPTION_NUMBER, .value = "N", .help = "only the N largest groups" },
};

struct mo_count bytes_of_pages(const struct mo_run *run, struct mo_count pages)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;

	if (pages.certainty == MO_UNKNOWN || pages.value > UINT64_MAX / page_bytes)
		return mo_unknown();
	pages.value *= page_bytes;
	return pages;
}

struct mo_cell limit_cell(const struct mo_run *run, struct mo_count pages, char *room, size_t n_bytes)
{
	struct mo_count bytes = bytes_of_pages(run, pages);

	if (pages.certainty != MO_EXACT)
		return mo_cell_unknown();
	if (bytes.certainty != MO_EXACT)
		snprintf(room, n_bytes, "max");
	else
		mo_format_bytes(room, n_bytes, bytes.value, false);
	return mo_cell_text(room);
}

struct mo_count kernel_bytes(const struct mo_cgroup *group)
{
	struct mo_count kernel = stat_value(group, "kernel");

	if (kernel.certainty != MO_UNKNOWN)
		return kernel;
	kernel = mo_count_add(stat_value(group, "slab"),
			      mo_count_add(stat_value(group, "kernel_stack"), stat_value(group, "percpu")));
	if (kernel.certainty == MO_EXACT)
		kernel.certainty = MO_AT_LEAST;
	return kernel;
}

struct mo_count process_count(const struct mo_run *run, const struct mo_cgroup *group)
{
	const struct mo_cgroups_model *model = mo_run_model(run);

	return model->is_v2 && mo_run_model_of(run, MO_TASKS_MODEL) ? mo_exact(group->n_tasks) : mo_unknown();
}

struct mo_error *sum_charges(const struct mo_cgroups_model *model, struct charge_sum **ret)
{
	struct charge_sum *sums = calloc(model->n_cgroups + 1, sizeof(*sums));

	if (!sums)
		return mo_error_no_memory();
	for (size_t i = 0; i < model->n_cgroups; i++)
		sums[i] = (struct charge_sum){ model->cgroups[i].charged_sum_pages, model->cgroups[i].charged_slab_bytes };
	for (size_t i = model->n_cgroups; i-- > 0;) {
		uint32_t parent = model->cgroups[i].parent;

		if (parent == MO_CGROUP_NONE)
			continue;
		sums[parent].pages = mo_count_add(sums[parent].pages, sums[i].pages);
		sums[parent].slab_bytes = mo_count_add(sums[parent].slab_bytes, sums[i].slab_bytes);
	}
	*ret = sums;
	return NULL;
}

static void put_group(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group,
		      const struct charge_sum *sum)
{
	struct mo_cell cells[N_COLUMNS];
	char limit[32];

	cells[COLUMN_USAGE] = mo_cell_number(bytes_of_pages(run, group->memory.usage_pages));
	cells[COLUMN_LIMIT] = limit_cell(run, group->memory.max_pages, limit, sizeof(limit));
	cells[COLUMN_MAX] = mo_cell_number(bytes_of_pages(run, group->memory.max_pages));
	cells[COLUMN_MIN] = mo_cell_number(bytes_of_pages(run, group->memory.min_pages));
	cells[COLUMN_LOW] = mo_cell_number(bytes_of_pages(run, group->memory.low_pages));
	cells[COLUMN_HIGH] = mo_cell_number(bytes_of_pages(run, group->high_pages));
	cells[COLUMN_SWAP] = mo_cell_number(bytes_of_pages(run, group->swap.usage_pages));
	cells[COLUMN_ANON] = mo_cell_number(stat_value(group, "anon"));
	cells[COLUMN_FILE] = mo_cell_number(stat_value(group, "file"));
	cells[COLUMN_SHMEM] = mo_cell_number(stat_value(group, "shmem"));
	cells[COLUMN_KERNEL] = mo_cell_number(kernel_bytes(group));
	cells[COLUMN_SLAB] = mo_cell_number(sum->slab_bytes);
	cells[COLUMN_PAGES] = mo_cell_number(sum->pages);
	cells[COLUMN_CHARGED] = mo_cell_number(mo_count_add(bytes_of_pages(run, sum->pages), sum->slab_bytes));
	cells[COLUMN_OOM] = mo_cell_number(group->events_oom);
	cells[COLUMN_KILLED] = mo_cell_number(group->events_oom_kill);
	cells[COLUMN_PROCESSES] = mo_cell_number(process_count(run, group));
	cells[COLUMN_DYING] = mo_cell_number(mo_exact(group->is_dying));
	cells[COLUMN_ID] = mo_cell_number(group->cgroup_id ? mo_exact(group->cgroup_id) : mo_unknown());
	cells[COLUMN_MEMCG] = mo_cell_number(mo_exact(group->memcg_kva));
	cells[COLUMN_GROUP] = mo_cell_text(group->path);
	mo_report_row(report, cells);
}

struct order {
	uint64_t pages;
	uint32_t group;
};

static int compare_orders(const void *left, const void *right)
{
	const struct order *a = left;
	const struct order *b = right;

	if (a->pages != b->pages)
		return a->pages > b->pages ? -1 : 1;
	return a->group < b->group ? -1 : a->group > b->group;
}

struct mo_error *put_groups(struct mo_run *run, struct mo_report *report, uint64_t most)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	struct order *orders = calloc(model->n_cgroups + 1, sizeof(*orders));
	struct charge_sum *sums = NULL;
	struct mo_error *error = orders ? sum_charges(model, &sums) : mo_error_no_memory();

	if (error) {
		free(orders);
		return error;
	}
	for (uint32_t i = 0; i < model->n_cgroups; i++)
		orders[i] = (struct order){ model->cgroups[i].memory.usage_pages.value, i };
	if (most < model->n_cgroups)
		qsort(orders, model->n_cgroups, sizeof(*orders), compare_orders);
	mo_report_table_begin(report, &cgroups_table);
	for (size_t i = 0; i < model->n_cgroups && i < most; i++)
		put_group(run, report, &model->cgroups[orders[i].group], &sums[orders[i].group]);
	mo_report_table_end(report);
	free(orders);
	free(sums);
	return NULL;
}

/* By its path, or by the address of its struct mem_cgroup; one that lives goes before one of that name that does not. */
static struct mo_error *find_group(const struct mo_cgroups_model *model, const char *word, const struct mo_cgroup **ret)
{
	const struct mo_cgroup *found = NULL;
	uint64_t kva = 0;
	bool is_address = !strncmp(word, "0x", 2) && mo_parse_address(word, &kva);
	size_t n = strlen(word);

	while (n > 1 && word[n - 1] == '/')
		n--;
	for (size_t i = 0; i < model->n_cgroups; i++) {
		const struct mo_cgroup *group = &model->cgroups[i];
		const char *path = group->path ? group->path : "";
		bool is_named = strlen(path) == n && !strncmp(path, word, n);

		if (!is_named && *word != '/' && *path == '/')
			is_named = strlen(path + 1) == n && !strncmp(path + 1, word, n);
		if (is_address ? group->memcg_kva == kva : is_named)
			if (!found || (group->is_online && !found->is_online))
				found = group;
	}
	if (!found)
		return mo_error_create(MO_E_ABSENT, "no memory cgroup \"%s\"", word);
	*ret = found;
	return NULL;
}

struct mo_error *show_cgroups(struct mo_run *run, struct mo_report *report)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	const struct mo_cgroup *group = NULL;
	struct mo_error *error;
	uint64_t most = UINT64_MAX;

	if (mo_run_argument_count(run)) {
		if (mo_run_flag(run, "dying"))
			return mo_error_create(MO_E_INVALID, "--dying takes no path");
		error = find_group(model, mo_run_argument(run, 0), &group);
		return error ? error : show_group(run, report, group);
	}
	if (mo_run_flag(run, "stat"))
		return mo_error_create(MO_E_INVALID, "--stat needs a path");
	if (mo_run_flag(run, "dying"))
		return put_dying(run, report);
	(void)mo_run_number(run, "top", &most);
	error = put_groups(run, report, most);
	if (error)
		return error;
	mo_run_show_findings(run, report);
	note_stray_charges(model, report);
	return NULL;
}
