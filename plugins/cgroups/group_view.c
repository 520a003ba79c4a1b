/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy cgroups PATH`: everything that is known of one group. */
#include <inttypes.h>
#include <stdlib.h>

#include "cgroups_views.h"

enum { COLUMN_GROUP, COLUMN_DYING, COLUMN_USAGE, COLUMN_PEAK, COLUMN_MAX, COLUMN_HIGH, COLUMN_LOW, COLUMN_MIN, COLUMN_FAILCNT,
       COLUMN_SWAP, COLUMN_SWAP_PEAK, COLUMN_SWAP_MAX, COLUMN_SWAP_HIGH, COLUMN_KMEM, COLUMN_CHARGED_PAGES,
       COLUMN_CHARGED_SLAB, COLUMN_PERCPU, COLUMN_SOCK, COLUMN_REST, COLUMN_PROCESSES, COLUMN_OOM_GROUP, COLUMN_ID,
       COLUMN_INODE, COLUMN_REFERENCES, COLUMN_MEMCG, COLUMN_CGROUP, COLUMN_MAX_BYTES, COLUMN_HIGH_BYTES, COLUMN_LOW_BYTES,
       COLUMN_MIN_BYTES, COLUMN_SWAP_MAX_BYTES, COLUMN_SWAP_HIGH_BYTES, N_COLUMNS };

/* The limits once more, as exact numbers. */
#define EXACT(column, key_, heading_, help_) \
	[COLUMN_##column##_BYTES] = { .key = key_, .heading = heading_, .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN, \
				      .help = help_ " as a number; unknown if there is none" }

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_GROUP] = { .key = "cgroup", .heading = "Group", .kind = MO_CELL_TEXT, .help = "its path" },
	[COLUMN_DYING] = { .key = "dying", .heading = "Dying", .kind = MO_CELL_BOOL,
			   .help = "removed, but pinned by charges or references" },
	[COLUMN_USAGE] = { .key = "usage_bytes", .heading = "Usage", .kind = MO_CELL_BYTES, .help = "memory.current" },
	[COLUMN_PEAK] = { .key = "peak_bytes", .heading = "Peak", .kind = MO_CELL_BYTES, .help = "memory.peak (watermark)" },
	[COLUMN_MAX] = { .key = "limit", .heading = "Limit", .kind = MO_CELL_TEXT, .help = "memory.max" },
	[COLUMN_HIGH] = { .key = "high_limit", .heading = "High", .kind = MO_CELL_TEXT, .help = "memory.high" },
	[COLUMN_LOW] = { .key = "low_limit", .heading = "Low", .kind = MO_CELL_TEXT, .help = "memory.low" },
	[COLUMN_MIN] = { .key = "min_limit", .heading = "Min", .kind = MO_CELL_TEXT, .help = "memory.min" },
	[COLUMN_FAILCNT] = { .key = "failcnt", .heading = "Failed charges", .kind = MO_CELL_COUNT,
			     .help = "memory.failcnt (cgroup v1)" },
	[COLUMN_SWAP] = { .key = "swap_bytes", .heading = "Swap", .kind = MO_CELL_BYTES,
			  .help = "memory.swap.current; with cgroup v1, memory and swap" },
	[COLUMN_SWAP_PEAK] = { .key = "swap_peak_bytes", .heading = "Swap peak", .kind = MO_CELL_BYTES,
			       .help = "memory.swap.peak" },
	[COLUMN_SWAP_MAX] = { .key = "swap_limit", .heading = "Swap limit", .kind = MO_CELL_TEXT, .help = "memory.swap.max" },
	[COLUMN_SWAP_HIGH] = { .key = "swap_high_limit", .heading = "Swap high", .kind = MO_CELL_TEXT,
			       .help = "memory.swap.high" },
	[COLUMN_KMEM] = { .key = "kmem_bytes", .heading = "Kernel memory", .kind = MO_CELL_BYTES,
			  .help = "memory.kmem.usage_in_bytes (cgroup v1)" },
	[COLUMN_CHARGED_PAGES] = { .key = "charged_pages_bytes", .heading = "Charged pages", .kind = MO_CELL_BYTES,
				   .help = "page frames charged to it and its descendants, counted one by one" },
	[COLUMN_CHARGED_SLAB] = { .key = "charged_slab_bytes", .heading = "Charged objects", .kind = MO_CELL_BYTES,
				  .help = "slab objects charged to it and its descendants, counted one by one" },
	[COLUMN_PERCPU] = { .key = "percpu_bytes", .heading = "Per-CPU memory", .kind = MO_CELL_BYTES,
			    .help = "charged by bytes: percpu of memory.stat" },
	[COLUMN_SOCK] = { .key = "sock_bytes", .heading = "Sockets", .kind = MO_CELL_BYTES,
			  .help = "charged without a page: sock of memory.stat" },
	[COLUMN_REST] = { .key = "rest_bytes", .heading = "Not attributed", .kind = MO_CELL_SIGNED,
			  .help = "usage less the four above: per-CPU charge stocks, and pages without a memory "
				  "cgroup on them" },
	[COLUMN_PROCESSES] = { .key = "processes", .heading = "Processes", .kind = MO_CELL_COUNT, .help = "processes in it" },
	[COLUMN_OOM_GROUP] = { .key = "oom_group", .heading = "Killed as a group", .kind = MO_CELL_BOOL,
			       .help = "memory.oom.group" },
	[COLUMN_ID] = { .key = "id", .heading = "ID", .kind = MO_CELL_COUNT, .help = "mem_cgroup_id()" },
	[COLUMN_INODE] = { .key = "inode", .heading = "Inode", .kind = MO_CELL_COUNT, .help = "of its directory" },
	[COLUMN_REFERENCES] = { .key = "references", .heading = "References", .kind = MO_CELL_COUNT,
				.help = "of a dying one: css.refcnt" },
	[COLUMN_MEMCG] = { .key = "memcg", .heading = "struct mem_cgroup", .kind = MO_CELL_ADDRESS, .help = "where it is" },
	[COLUMN_CGROUP] = { .key = "cgroup_kva", .heading = "struct cgroup", .kind = MO_CELL_ADDRESS, .help = "where it is" },
	EXACT(MAX, "max_bytes", "Limit (bytes)", "memory.max"),
	EXACT(HIGH, "high_bytes", "High (bytes)", "memory.high"),
	EXACT(LOW, "low_bytes", "Low (bytes)", "memory.low"),
	EXACT(MIN, "min_bytes", "Min (bytes)", "memory.min"),
	EXACT(SWAP_MAX, "swap_max_bytes", "Swap limit (bytes)", "memory.swap.max"),
	EXACT(SWAP_HIGH, "swap_high_bytes", "Swap high (bytes)", "memory.swap.high"),
};

const struct mo_table_spec cgroup_table = {
	.name = "cgroup",
	.title = "Memory cgroup",
	.help = "One group: limits, usage and charges.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_RECORD | MO_TABLE_NO_TITLE,
};

enum { EVENT_NAME, EVENT_COUNT, EVENT_OWN, EVENT_WHAT, N_EVENT_COLUMNS };

static const struct mo_column event_columns[N_EVENT_COLUMNS] = {
	[EVENT_NAME] = { .key = "event", .heading = "EVENT", .kind = MO_CELL_TEXT,
			 .help = "as memory.events has it; swap.NAME: as memory.swap.events has it" },
	[EVENT_COUNT] = { .key = "count", .heading = "COUNT", .kind = MO_CELL_COUNT, .help = "descendants included" },
	[EVENT_OWN] = { .key = "own_count", .heading = "LOCAL", .kind = MO_CELL_COUNT,
			.help = "of this group only (memory.events.local)" },
	[EVENT_WHAT] = { .key = "what", .heading = "MEANING", .kind = MO_CELL_TEXT, .help = "what the event means" },
};

const struct mo_table_spec cgroup_events_table = {
	.name = "memory_events",
	.title = "memory.events",
	.help = "The events that this kernel counts.",
	.columns = event_columns,
	.n_columns = N_EVENT_COLUMNS,
};

enum { STAT_NAME, STAT_VALUE, STAT_OWN, STAT_IS_BYTES, N_STAT_COLUMNS };

static const struct mo_column stat_columns[N_STAT_COLUMNS] = {
	[STAT_NAME] = { .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .help = "as the file has it" },
	[STAT_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_COUNT,
			 .help = "descendants included, in the file's unit: bytes, or events" },
	[STAT_OWN] = { .key = "own_value", .heading = "LOCAL", .kind = MO_CELL_COUNT, .help = "of this group only" },
	[STAT_IS_BYTES] = { .key = "is_bytes", .heading = "BYTES", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			    .help = "whether it is in bytes" },
};

const struct mo_table_spec cgroup_stat_table = {
	.name = "memory_stat",
	.title = "memory.stat",
	.help = "The lines of memory.stat, with the per-CPU deltas not yet flushed.",
	.columns = stat_columns,
	.n_columns = N_STAT_COLUMNS,
};

static void stat_line(const struct mo_cell *cells, struct mo_line *line)
{
	if (cells[STAT_VALUE].as.number.certainty == MO_UNKNOWN)
		mo_line_printf(line, "%s ?\n", cells[STAT_NAME].as.text.bytes);
	else
		mo_line_printf(line, "%s %" PRIu64 "\n", cells[STAT_NAME].as.text.bytes, cells[STAT_VALUE].as.number.value);
}

const struct mo_table_spec cgroup_stat_lines_table = {
	.name = "memory_stat_lines",
	.title = "memory.stat",
	.help = "With --stat: as the file prints it.",
	.columns = stat_columns,
	.n_columns = N_STAT_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = stat_line,
};

enum { PAGES_KIND, PAGES_PAGES, PAGES_BYTES, N_PAGES_COLUMNS };

static const struct mo_column pages_columns[N_PAGES_COLUMNS] = {
	[PAGES_KIND] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "as in usage" },
	[PAGES_PAGES] = { .key = "pages", .heading = "PAGES", .kind = MO_CELL_COUNT, .help = "charged to this group only" },
	[PAGES_BYTES] = { .key = "bytes", .heading = "MEMORY", .kind = MO_CELL_BYTES, .help = "their size" },
};

const struct mo_table_spec cgroup_pages_table = {
	.name = "charged_pages",
	.title = "Pages charged to this group only",
	.help = "Counted from the struct pages.",
	.columns = pages_columns,
	.n_columns = N_PAGES_COLUMNS,
};

enum { CACHE_NAME, CACHE_OBJECTS, CACHE_BYTES, N_CACHE_COLUMNS };

static const struct mo_column cache_columns[N_CACHE_COLUMNS] = {
	[CACHE_NAME] = { .key = "cache", .heading = "CACHE", .kind = MO_CELL_TEXT, .help = "slab cache" },
	[CACHE_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT,
			    .help = "charged to this group only" },
	[CACHE_BYTES] = { .key = "bytes", .heading = "MEMORY", .kind = MO_CELL_BYTES,
			  .help = "as the kernel charges them: size and one pointer each" },
};

const struct mo_table_spec cgroup_caches_table = {
	.name = "charged_caches",
	.title = "Slab objects charged to this group only",
	.help = "Counted from the objects' charges (obj_cgroups, obj_exts).",
	.columns = cache_columns,
	.n_columns = N_CACHE_COLUMNS,
};

static void put_stats(struct mo_report *report, const struct mo_cgroup *group, const struct mo_table_spec *table)
{
	mo_report_table_begin(report, table);
	for (size_t i = 0; i < group->n_stats; i++) {
		const struct mo_cell cells[N_STAT_COLUMNS] = {
			[STAT_NAME] = mo_cell_text(group->stats[i].name),
			[STAT_VALUE] = mo_cell_number(group->stats[i].value),
			[STAT_OWN] = mo_cell_number(group->stats[i].own_value),
			[STAT_IS_BYTES] = mo_cell_number(mo_exact(group->stats[i].is_bytes)),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

static void put_events(struct mo_report *report, const struct mo_cgroup *group)
{
	static const char *const words[MO_N_CGROUP_EVENTS][2] = {
		[MO_CGROUP_EVENT_LOW] = { "low", "reclaimed although below memory.low" },
		[MO_CGROUP_EVENT_HIGH] = { "high", "throttled at memory.high" },
		[MO_CGROUP_EVENT_MAX] = { "max", "about to go over memory.max" },
		[MO_CGROUP_EVENT_OOM] = { "oom", "out of memory" },
		[MO_CGROUP_EVENT_OOM_KILL] = { "oom_kill", "a process was OOM-killed" },
		[MO_CGROUP_EVENT_OOM_GROUP_KILL] = { "oom_group_kill", "the whole group was OOM-killed (memory.oom.group)" },
		[MO_CGROUP_EVENT_SWAP_HIGH] = { "swap.high", "over memory.swap.high" },
		[MO_CGROUP_EVENT_SWAP_MAX] = { "swap.max", "about to go over memory.swap.max" },
		[MO_CGROUP_EVENT_SWAP_FAIL] = { "swap.fail", "a page could not be swapped out (limit or no space)" },
		[MO_CGROUP_EVENT_SOCK_THROTTLED] = { "sock_throttled", "sockets were throttled" },
	};

	mo_report_table_begin(report, &cgroup_events_table);
	for (unsigned i = 0; i < MO_N_CGROUP_EVENTS; i++) {
		const struct mo_cell cells[N_EVENT_COLUMNS] = {
			[EVENT_NAME] = mo_cell_text(words[i][0]),
			[EVENT_COUNT] = mo_cell_number(group->events[i]),
			[EVENT_OWN] = mo_cell_number(group->local_events[i]),
			[EVENT_WHAT] = mo_cell_text(words[i][1]),
		};

		if (group->events[i].certainty != MO_UNKNOWN)
			mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

static void put_pages(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group)
{
	const struct mo_mem_map_model *mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);

	mo_report_table_begin(report, &cgroup_pages_table);
	for (unsigned i = 0; group->charged_pages && mem_map && i < MO_N_PAGE_CLASSES; i++) {
		const struct mo_cell cells[N_PAGES_COLUMNS] = {
			[PAGES_KIND] = mo_cell_text(mem_map->classes[i].title),
			[PAGES_PAGES] = mo_cell_number(mo_exact(group->charged_pages[i])),
			[PAGES_BYTES] = mo_cell_number(bytes_of_pages(run, mo_exact(group->charged_pages[i]))),
		};

		if (group->charged_pages[i])
			mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

static void put_caches(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group)
{
	const struct mo_slab_model *slab = mo_run_model_of(run, MO_SLAB_MODEL);

	mo_report_table_begin(report, &cgroup_caches_table);
	for (size_t i = 0; slab && i < group->n_caches; i++) {
		const struct mo_cell cells[N_CACHE_COLUMNS] = {
			[CACHE_NAME] = mo_cell_text(slab->caches[group->caches[i].cache].name),
			[CACHE_OBJECTS] = mo_cell_number(mo_exact(group->caches[i].n_objects)),
			[CACHE_BYTES] = mo_cell_number(mo_exact(group->caches[i].bytes)),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

/* What the counter has beyond what could be counted. */
static void set_balance(struct mo_run *run, const struct mo_cgroup *group, const struct charge_sum *sum,
			struct mo_cell *cells)
{
	struct mo_count usage = bytes_of_pages(run, group->memory.usage_pages);
	struct mo_count percpu = stat_value(group, "percpu");
	struct mo_count sock = stat_value(group, "sock");
	struct mo_count pages = bytes_of_pages(run, sum->pages);
	struct mo_count all = mo_count_add(mo_count_add(pages, sum->slab_bytes), mo_count_add(percpu, sock));

	cells[COLUMN_CHARGED_PAGES] = mo_cell_number(pages);
	cells[COLUMN_CHARGED_SLAB] = mo_cell_number(sum->slab_bytes);
	cells[COLUMN_PERCPU] = mo_cell_number(percpu);
	cells[COLUMN_SOCK] = mo_cell_number(sock);
	cells[COLUMN_REST] = mo_cell_unknown();
	/* The root's counter knows little: charges that end there are not counted. */
	if (usage.certainty == MO_EXACT && all.certainty == MO_EXACT && group->parent != MO_CGROUP_NONE)
		cells[COLUMN_REST] = mo_cell_signed((int64_t)(usage.value - all.value));
}

static void put_record(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group,
		       const struct charge_sum *sum)
{
	struct mo_cell cells[N_COLUMNS];
	char limits[6][32];

	cells[COLUMN_GROUP] = mo_cell_text(group->path);
	cells[COLUMN_DYING] = mo_cell_number(mo_exact(group->is_dying));
	cells[COLUMN_USAGE] = mo_cell_number(bytes_of_pages(run, group->memory.usage_pages));
	cells[COLUMN_PEAK] = mo_cell_number(bytes_of_pages(run, group->memory.watermark_pages));
	cells[COLUMN_MAX] = limit_cell(run, group->memory.max_pages, limits[0], sizeof(limits[0]));
	cells[COLUMN_HIGH] = limit_cell(run, group->high_pages, limits[1], sizeof(limits[1]));
	cells[COLUMN_LOW] = limit_cell(run, group->memory.low_pages, limits[2], sizeof(limits[2]));
	cells[COLUMN_MIN] = limit_cell(run, group->memory.min_pages, limits[3], sizeof(limits[3]));
	cells[COLUMN_MAX_BYTES] = mo_cell_number(bytes_of_pages(run, group->memory.max_pages));
	cells[COLUMN_HIGH_BYTES] = mo_cell_number(bytes_of_pages(run, group->high_pages));
	cells[COLUMN_LOW_BYTES] = mo_cell_number(bytes_of_pages(run, group->memory.low_pages));
	cells[COLUMN_MIN_BYTES] = mo_cell_number(bytes_of_pages(run, group->memory.min_pages));
	cells[COLUMN_SWAP_MAX_BYTES] = mo_cell_number(bytes_of_pages(run, group->swap.max_pages));
	cells[COLUMN_SWAP_HIGH_BYTES] = mo_cell_number(bytes_of_pages(run, group->swap_high_pages));
	cells[COLUMN_FAILCNT] = mo_cell_number(group->memory.failcnt);
	cells[COLUMN_SWAP] = mo_cell_number(bytes_of_pages(run, group->swap.usage_pages));
	cells[COLUMN_SWAP_PEAK] = mo_cell_number(bytes_of_pages(run, group->swap.watermark_pages));
	cells[COLUMN_SWAP_MAX] = limit_cell(run, group->swap.max_pages, limits[4], sizeof(limits[4]));
	cells[COLUMN_SWAP_HIGH] = limit_cell(run, group->swap_high_pages, limits[5], sizeof(limits[5]));
	cells[COLUMN_KMEM] = mo_cell_number(bytes_of_pages(run, group->kernel_memory.usage_pages));
	set_balance(run, group, sum, cells);
	cells[COLUMN_PROCESSES] = mo_cell_number(process_count(run, group));
	cells[COLUMN_OOM_GROUP] = mo_cell_number(mo_exact(group->has_oom_group));
	cells[COLUMN_ID] = mo_cell_number(mo_exact(group->id));
	cells[COLUMN_INODE] = mo_cell_number(group->cgroup_id ? mo_exact(group->cgroup_id) : mo_unknown());
	cells[COLUMN_REFERENCES] = mo_cell_number(group->references);
	cells[COLUMN_MEMCG] = mo_cell_number(mo_exact(group->memcg_kva));
	cells[COLUMN_CGROUP] = mo_cell_number(mo_exact(group->cgroup_kva));
	mo_report_record(report, &cgroup_table, cells);
}

struct mo_error *show_group(struct mo_run *run, struct mo_report *report, const struct mo_cgroup *group)
{
	const struct mo_cgroups_model *model = mo_run_model(run);
	struct charge_sum *sums = NULL;
	struct mo_error *error;

	if (mo_run_flag(run, "stat")) {
		put_stats(report, group, &cgroup_stat_lines_table);
		if (!model->is_v2)
			mo_report_note(report, "The memory controller is on a cgroup v1 hierarchy, whose memory.stat has other "
				       "lines: these are the lines of v2.");
		return NULL;
	}
	error = sum_charges(model, &sums);
	if (error)
		return error;
	put_record(run, report, group, &sums[group - model->cgroups]);
	free(sums);
	put_events(report, group);
	put_stats(report, group, &cgroup_stat_table);
	put_pages(run, report, group);
	put_caches(run, report, group);
	return NULL;
}
