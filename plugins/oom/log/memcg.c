/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a memory cgroup's OOM prints of it: mem_cgroup_print_oom_info() and its successors (mm/memcontrol.c). */
#include "events.h"

#include <string.h>

/* "memory: usage 102400kB, limit 102400kB, failcnt 8"; PAGE_COUNTER_MAX as limit is none. */
static bool take_usage(struct span line, const char *what, struct mo_count *usage, struct mo_count *limit,
		       struct mo_count *failcnt)
{
	struct span at;
	uint64_t value;

	if (!span_skip(&line, what) || !span_skip(&line, ": usage ") || !span_number(&line, &value) || value >> 53)
		return false;
	*usage = mo_exact(value * 1024);
	if (span_find(line, "limit ", NULL, &at) && span_number(&at, &value))
		*limit = value >> 50 ? mo_exact(UINT64_MAX) : mo_exact(value * 1024);
	if (failcnt && span_find(line, "failcnt ", NULL, &at) && span_number(&at, &value))
		*failcnt = mo_exact(value);
	return true;
}

/* Names of memory.stat, in bytes; and those of before 5.2, in KB, on one line. */
static const struct {
	const char *name;
	enum memcg_stat stat;
} stat_names[] = {
	{ "anon", S_ANON }, { "file", S_FILE }, { "shmem", S_SHMEM }, { "kernel_stack", S_KERNEL_STACK },
	{ "pagetables", S_PAGE_TABLES }, { "sec_pagetables", S_SEC_PAGE_TABLES }, { "percpu", S_PERCPU }, { "sock", S_SOCK },
	{ "vmalloc", S_VMALLOC }, { "zswap", S_ZSWAP }, { "file_dirty", S_DIRTY }, { "file_writeback", S_WRITEBACK },
	{ "unevictable", S_UNEVICTABLE }, { "slab_reclaimable", S_SLAB_RECLAIMABLE },
	{ "slab_unreclaimable", S_SLAB_UNRECLAIMABLE }, { "hugetlb", S_HUGETLB },
	{ "kernel", S_KERNEL },
};

static const struct {
	const char *name;
	enum memcg_stat stat;
} old_names[] = {
	{ "rss", S_ANON }, { "cache", S_FILE }, { "shmem", S_SHMEM }, { "dirty", S_DIRTY }, { "writeback", S_WRITEBACK },
	{ "unevictable", S_UNEVICTABLE },
};

static bool take_stat(struct draft *draft, struct span line)
{
	struct span name = span_word(&line);
	uint64_t value;

	span_blanks(&line);
	if (!name.n || !span_number(&line, &value) || line.n || value >> 60)
		return false;
	for (size_t i = 0; i < sizeof(stat_names) / sizeof(stat_names[0]); i++)
		if (span_is(name, stat_names[i].name))
			draft->memcg_stats[stat_names[i].stat] = mo_exact(value);
	return true;
}

/* "Memory cgroup stats for /a: cache:0KB rss:1024KB ..."; the group that has the numbers comes first. */
static bool take_stats_line(struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct span path;

	if (!span_find(line, "Memory cgroup stats for ", NULL, &line) && !span_find(line, "Memory cgroup stats", NULL, &line))
		return false;
	stream->is_memcg_stats = true;
	draft->parts |= PART_MEMCG;
	path = span_until(line, ':');
	if (!draft->memcg.path[0])
		span_copy(path, draft->memcg.path, sizeof(draft->memcg.path));
	/* From 5.2 on the first statistic may have come onto this line. */
	if (path.n + 1 < line.n && !span_has(line, "KB"))
		take_stat(draft, (struct span){ line.at + path.n + 1, line.n - path.n - 1 });
	if (!span_has(line, "KB"))
		return true;
	for (size_t i = 0; i < sizeof(old_names) / sizeof(old_names[0]); i++) {
		struct mo_count kib = span_count_of(line, old_names[i].name);

		if (kib.certainty == MO_EXACT)
			add_to(&draft->memcg_stats[old_names[i].stat], mo_exact(kib.value * 1024));
	}
	return true;
}

static void set_groups(struct draft *draft, struct span task, struct span group)
{
	if (task.n)
		span_copy(task, draft->event.task_memcg, sizeof(draft->event.task_memcg));
	span_copy(group, draft->event.memcg, sizeof(draft->event.memcg));
	span_copy(group, draft->memcg.path, sizeof(draft->memcg.path));
	draft->event.constraint = MO_OOM_MEMCG;
	draft->parts |= PART_MEMCG;
}

/*
 * "Task in /a/b killed as a result of limit of /a" (until 4.18), in pieces where other lines came between them; in 4.19 and 4.20
 * "Memory limit reached of cgroup /a" where nobody can be killed.
 */
static bool take_task_in(struct stream *stream, struct span line)
{
	static const char limit[] = " killed as a result of limit of ";
	struct draft *draft = stream->draft;
	bool was_task_in = stream->is_task_in;
	struct span task;
	struct span group;

	stream->is_task_in = false;
	if (span_skip(&line, "Memory limit reached of cgroup ")) {
		set_groups(draft, (struct span){ line.at, 0 }, line);
		return true;
	}
	if (span_skip(&line, "Task in ")) {
		stream->is_task_in = !span_find(line, limit, &task, &group);
		if (stream->is_task_in)
			span_copy(line, draft->event.task_memcg, sizeof(draft->event.task_memcg));
		else
			set_groups(draft, task, group);
		return true;
	}
	if (!was_task_in || !span_find(line, limit + 1, NULL, &group))
		return false;
	set_groups(draft, (struct span){ line.at, 0 }, group);
	return true;
}

static bool is_usage_of_group(struct span line)
{
	return span_skip(&line, "memory: usage ") && span_has(line, ", limit ") && span_has(line, ", failcnt ");
}

bool take_memcg(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct mo_oom_memcg *memcg;

	/* That a task was killed for a limit is an event, even where the report's beginning is lost. */
	if ((!draft || draft->is_closed) && span_has(line, "Task in ") && span_has(line, " killed as a result of limit of ")) {
		draft = draft_for_numbers(scan, stream);
		if (draft)
			draft->parts |= PART_SUMMARY;
	}
	/* So are the numbers of a group's limit, once a kill follows them. */
	if ((!draft || draft->is_closed) && (is_usage_of_group(line) || span_skip(&(struct span){ line.at, line.n }, "Memory cgroup stats for ")))
		draft = draft_for_numbers(scan, stream);
	if (!draft || (draft->is_closed && !span_has(line, "memory.oom.group set")))
		return false;
	memcg = &draft->memcg;
	if (span_has(line, "are going to be killed due to memory.oom.group set")) {
		memcg->is_group_kill = true;
		return true;
	}
	if (take_usage(line, "memory", &memcg->usage_bytes, &memcg->limit_bytes, &memcg->failcnt) ||
	    take_usage(line, "swap", &memcg->swap_usage_bytes, &memcg->swap_limit_bytes, NULL) ||
	    take_usage(line, "memory+swap", &memcg->memsw_usage_bytes, &memcg->memsw_limit_bytes, NULL) ||
	    take_usage(line, "kmem", &memcg->kmem_usage_bytes, &memcg->kmem_limit_bytes, NULL)) {
		draft->parts |= PART_MEMCG;
		return true;
	}
	if (take_task_in(stream, line) || take_stats_line(stream, line))
		return true;
	if (!stream->is_memcg_stats)
		return false;
	stream->is_memcg_stats = take_stat(draft, line);
	return stream->is_memcg_stats;
}
