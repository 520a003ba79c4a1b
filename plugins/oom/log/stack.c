/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who asked: the line of CPU and process (dump_stack_print_info(), lib/dump_stack.c; before 3.11 of each architecture's
 * own) and the call trace in the forms of x86, arm, arm64, ppc64 and s390.
 */
#include "events.h"

#include <string.h>

/* "3.10.0-957.el7.x86_64" of "... Not tainted 3.10.0-957.el7.x86_64 #1 SMP": the word before the build's number. */
static void take_release(struct draft *draft, struct span line)
{
	struct span before;

	if (draft->release[0] || !span_find(line, " #", &before, NULL))
		return;
	for (size_t n = before.n; n > 0; n--) {
		if (before.at[n - 1] != ' ' && before.at[n - 1] != '(')
			continue;
		before = (struct span){ before.at + n, before.n - n };
		break;
	}
	if (before.n && *before.at >= '2' && *before.at <= '9' && memchr(before.at, '.', before.n))
		span_copy(before, draft->release, sizeof(draft->release));
}

/* A comm may hold blanks: it ends where the next field begins. */
static struct span comm_of(struct span rest)
{
	static const char *const next[] = { " Not tainted", " Tainted: ", " Kdump: " };
	struct span comm;

	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++)
		if (span_find(rest, next[i], &comm, NULL))
			return comm;
	return span_until(rest, ' ');
}

/* One of them may be cut. */
static bool is_same_comm(const char *comm, struct span other)
{
	size_t n = strlen(comm);

	return !memcmp(comm, other.at, n < other.n ? n : other.n);
}

/*
 * "CPU: 0 UID: 0 PID: 120 Comm: eat-memory Not tainted 6.12.0 #1"; UID since 6.11; before 3.11 "Pid: 120, comm:
 * eat-memory Not tainted 2.6.32 #1". s390 and arm had "CPU: 0 Not tainted (3.4.0 #1)", s390 with "Process java (pid:
 * 1234, ..." below.
 */
static bool take_cpu_line(struct stream *stream, struct span line)
{
	struct mo_oom_event *event = &stream->draft->event;
	bool is_old = span_skip(&line, "Pid: ");
	struct span rest = line;
	struct span comm;
	int32_t pid;

	if (!is_old && !span_skip(&line, "CPU: "))
		return false;
	take_release(stream->draft, line);
	if ((!is_old && !span_find(line, "PID: ", NULL, &rest)) || !span_int(&rest, &pid) ||
	    (!span_find(rest, "Comm: ", NULL, &comm) && !span_find(rest, "comm: ", NULL, &comm)))
		return true;
	comm = comm_of(comm);
	/* Somebody else's, whose lines came between: so is the trace below it. */
	stream->is_foreign_trace = (event->comm[0] && !is_same_comm(event->comm, comm)) || (event->has_pid && event->pid != pid);
	if (stream->is_foreign_trace)
		return true;
	event->has_pid = true;
	event->pid = pid;
	if (!event->comm[0])
		span_copy(comm, event->comm, sizeof(event->comm));
	return true;
}

/* khungtaskd's second line has the release alone: "      Tainted: P   OE    4.15.0-96-generic #97-Ubuntu". */
static bool take_taint_line(struct draft *draft, struct span line)
{
	span_blanks(&line);
	if (draft->event.kind != MO_OOM_RECLAIM_HANG || (!span_skip(&line, "Tainted: ") && !span_skip(&line, "Not tainted ")))
		return false;
	take_release(draft, (struct span){ line.at - 1, line.n + 1 });
	return true;
}

static bool take_process_line(struct draft *draft, struct span line)
{
	struct span pid;

	if (!span_skip(&line, "Process ") || !span_find(line, " (pid: ", &line, &pid))
		return false;
	if (!draft->event.has_pid)
		draft->event.has_pid = span_int(&pid, &draft->event.pid);
	return true;
}

static bool begins_with_one_of(struct span name, const char *const *literals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct span rest = name;

		if (span_skip(&rest, literals[i]))
			return true;
	}
	return false;
}

/* Functions of the allocator and of printing, and those that only pass a request on: not who asked. */
static bool is_allocator(struct span name)
{
	static const char *const inner[] = {
		"dump_stack", "__dump_stack", "dump_backtrace", "unwind_backtrace", "show_trace", "dump_header",
		"oom_kill_process", "out_of_memory", "__out_of_memory", "mem_cgroup_out_of_memory", "warn_alloc", "__alloc_pages", "alloc_pages",
		"alloc_page_vma", "__alloc_page", "__folio_alloc", "folio_alloc", "__alloc_frozen_pages", "alloc_frozen_pages",
		"vma_alloc_folio", "__get_free_pages", "get_zeroed_page", "kmalloc", "__kmalloc", "kmem_cache_alloc",
		"___kmalloc", "__do_kmalloc", "allocate_slab", "new_slab", "___slab_alloc", "__slab_alloc", "try_charge",
		"mem_cgroup_charge", "__mem_cgroup_charge", "charge_memcg", "mem_cgroup_try_charge", "mem_cgroup_oom", "panic",
		"show_stack", "__show_mem", "obj_cgroup_charge", "__memcg_kmem_charge", "krealloc", "kvmalloc", "__kvmalloc",
		"__vmalloc", "vmalloc", "vzalloc", "refill_objs", "__kmem_cache_alloc", "mem_cgroup_handle_over",
		"check_panic_on_oom", "vpanic", "__refill_objects", "new_slab_objects", "__mem_cgroup_try_charge",
		"mem_cgroup_newpage_charge", "mem_cgroup_cache_charge", "cache_alloc_refill", "cache_grow", "kmem_getpages",
		"fallback_alloc", "____cache_alloc", "slab_alloc", "slab_out_of_memory", "show_mem", "alloc_slab_page", "slob_", "refill_objects",
		"refill_sheaf", "alloc_full_sheaf", "alloc_from_pcs", "__pcs_", "__kmem_cache_", "__filemap_get_folio",
		"filemap_alloc_folio", "pagecache_get_page", "__page_cache_alloc", "page_cache_alloc", "page_cache_ra_",
		"do_sync_mmap_readahead", "__do_page_cache_readahead", "ondemand_readahead", "force_page_cache_",
		"__memcg_slab_post", "memcg_slab_post", "memcg_alloc_slab", "__add_to_page_cache", "add_to_page_cache",
		"__filemap_add_folio", "filemap_add_folio", "__dma_direct_alloc", "dma_direct_alloc", "dma_alloc_",
		"dma_pool_alloc",
	};

	return begins_with_one_of(name, inner, sizeof(inner) / sizeof(inner[0]));
}

/* Those of them that are asked, and not what prints the report or only stands around it. */
static bool is_entry(struct span name)
{
	return (span_has(name, "alloc") && !span_has(name, "warn_alloc")) || span_has(name, "charge") ||
	       span_has(name, "mem_cgroup") || span_has(name, "out_of_memory") || span_has(name, "oom_kill") ||
	       span_has(name, "page");
}

/* Where traces end: a request is nobody's who is told as one of these. */
static bool is_root(struct span name)
{
	static const char *const roots[] = { "kthread", "ret_from_fork", "worker_thread", "entry_", "do_syscall_64", "start_" };

	return begins_with_one_of(name, roots, sizeof(roots) / sizeof(roots[0]));
}

/* Functions that free memory for somebody, of kswapd and of whoever asks (mm/vmscan.c, mm/compaction.c). */
static bool is_reclaim(struct span name)
{
	static const char *const functions[] = {
		"shrink_node", "shrink_zone", "shrink_slab", "shrink_lruvec", "shrink_list", "shrink_page_list",
		"shrink_folio_list", "shrink_inactive_list", "shrink_active_list", "shrink_many", "shrink_one",
		"shrink_all_zones", "do_shrink_slab", "do_try_to_free_pages", "try_to_free_", "try_to_shrink_lruvec", "evict_folios",
		"balance_pgdat", "kswapd", "compact_zone", "isolate_lru_", "isolate_migratepages", "isolate_freepages",
		"__alloc_pages_direct_reclaim", "__perform_reclaim", "reclaim_", "do_reclaim", "get_scan_count",
	};

	return begins_with_one_of(name, functions, sizeof(functions) / sizeof(functions[0]));
}

/*
 * Addresses before the name: "[<ffffffff81686e7f>] ", ppc64 "[c000000001f5a770] [c0000000000f0a00] ", s390 "([<000>] ".
 */
static void skip_addresses(struct span *name)
{
	struct span end;

	for (span_blanks(name); span_skip(name, "(") || (name->n && *name->at == '['); span_blanks(name))
		if (name->n && *name->at == '[' && span_find(*name, "]", NULL, &end))
			*name = end;
		else if (name->n && *name->at == '[')
			return;
}

/*
 * The function that a frame is in; *is_unsure: one that only lay on the stack. arm has the caller on the same line:
 * "[<c0>] (f+0x1/0x2) from [<c1>] (g+0x3/0x4)", later "f from g+0x3/0x4". ppc64's old names begin with a dot.
 */
static bool frame_of(struct span line, struct span *name, bool *is_unsure)
{
	struct span before;

	skip_addresses(&line);
	*is_unsure = span_skip(&line, "? ");
	span_skip(&line, ".");
	if (span_find(line, " from ", &before, NULL))
		line = before;
	else if (!span_has(line, "+0x"))
		return false;
	*name = span_until(line, '+');
	if (name->n && name->at[name->n - 1] == ')')
		name->n--;
	return name->n && !memchr(name->at, ' ', name->n);
}

static bool is_frame_of_arm(struct span line)
{
	span_blanks(&line);
	return (line.n && *line.at == '[' && span_has(line, ") from [<")) ||
	       (span_has(line, " from ") && span_has(line, "+0x") && !span_has(line, ": "));
}

/* "do_eat+0x2d/0xa0 [leaker]", with a build-id behind the name since 5.15: the innermost module is who asked. */
static void take_frame_module(struct mo_oom_event *event, struct span frame)
{
	struct span name;

	if (event->function_module[0] || !span_find(frame, "+0x", NULL, &frame) || !span_find(frame, " [", NULL, &name))
		return;
	name = span_until(name, ']');
	if (name.n && *name.at != '<')
		span_copy(span_until(name, ' '), event->function_module, sizeof(event->function_module));
}

/* How a task goes to sleep: what it waits for is further out. */
static bool is_sleep(struct span name)
{
	static const char *const functions[] = {
		"__schedule", "schedule", "io_schedule", "__switch_to", "preempt_schedule", "bit_wait", "__wait_on_bit",
		"out_of_line_wait", "__wait_for_common", "wait_for_common", "__mutex_lock", "mutex_lock", "__down", "down",
		"rwsem_", "call_rwsem_", "wake_bit_function", "prepare_to_wait", "__mutex_", "rt_mutex", "__rt_mutex",
		"context_switch",
	};

	return begins_with_one_of(name, functions, sizeof(functions) / sizeof(functions[0]));
}

/* Frames count once an entry of the allocator was met: what stands before is the report's own, or another trace's. */
static void take_frame(struct draft *draft, struct span line)
{
	struct mo_oom_event *event = &draft->event;
	bool is_lockup = event->kind == MO_OOM_RECLAIM_LOCKUP || event->kind == MO_OOM_RECLAIM_HANG;
	struct span name;
	bool is_unsure;

	if (!frame_of(line, &name, &is_unsure))
		return;
	if (!is_lockup && is_allocator(name)) {
		draft->is_past_entry |= is_entry(name);
		/* A report that is cut may have no other word of it. */
		if (!is_unsure && event->kind < MO_OOM_ALLOCATION_FAILURE && span_has(name, "mem_cgroup_out_of_memory") &&
		    event->constraint == MO_OOM_CONSTRAINT_UNKNOWN)
			event->constraint = MO_OOM_MEMCG;
		return;
	}
	if (event->kind == MO_OOM_RECLAIM_HANG && !is_unsure && !event->subject[0] && !is_sleep(name))
		span_copy(name, event->subject, sizeof(event->subject));
	if (is_unsure || (is_lockup ? !is_reclaim(name) : !draft->is_past_entry || is_root(name)))
		return;
	draft->is_unproven = false;
	take_frame_module(event, line);
	if (!event->function[0])
		span_copy(name, event->function, sizeof(event->function));
}

/*
 * Where the CPU was: "RIP: 0010:shrink_slab+0x1a5/0x2f0", until 4.9 "RIP: 0010:[<ffffffff8119>]  [<ffffffff8119>]
 * f+0x1/0x2".
 */
static void take_instruction(struct draft *draft, struct span line)
{
	struct span rest;

	if (draft->event.kind != MO_OOM_RECLAIM_LOCKUP)
		return;
	if (span_find(line, "RIP: ", NULL, &rest) || span_find(line, "pc : ", NULL, &rest) ||
	    span_find(line, "NIP [", NULL, &rest)) {
		while (span_find(rest, "] ", NULL, &rest))
			;
		if (span_find(rest, "0010:", NULL, &line))
			rest = line;
		take_frame(draft, rest);
	}
}

bool take_stack(struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;

	if (take_cpu_line(stream, line) || take_process_line(draft, line) || take_taint_line(draft, line))
		return true;
	if (span_has(line, "Call Trace:") || span_has(line, "Call trace:") || span_has(line, "Backtrace:")) {
		/* Another event's, which has its process's line and not its trace yet. */
		stream->is_trace = !stream->is_foreign_trace && (draft->event.has_pid || !stream->is_before_trace);
		return true;
	}
	if (span_has(line, "</TASK>") || span_has(line, "RIP: ") || span_has(line, "Mem-Info:"))
		stream->is_trace = false;
	take_instruction(draft, line);
	if ((stream->is_trace && (span_has(line, "+0x") || span_has(line, "<TASK>"))) || is_frame_of_arm(line)) {
		stream->is_before_trace = false;
		take_frame(draft, line);
		return true;
	}
	return false;
}
