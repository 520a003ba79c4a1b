/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first line of an event, and what is said of the request in those that follow: dump_header() (mm/oom_kill.c),
 * warn_alloc() (mm/page_alloc.c; warn_alloc_failed() before 4.10), slab_out_of_memory() (mm/slub.c), mm/vmalloc.c.
 */
#include "events.h"

#include <string.h>

/* "0x140dca(GFP_KERNEL|__GFP_ZERO)"; the names since 4.6. */
static void take_gfp(struct mo_oom_event *event, struct span *rest)
{
	event->has_gfp = span_number(rest, &event->gfp);
	if (event->has_gfp && span_skip(rest, "("))
		span_copy(span_until(*rest, ')'), event->gfp_text, sizeof(event->gfp_text));
}

static void take_order(struct mo_oom_event *event, struct span *rest)
{
	event->has_order = span_int(rest, &event->order) && event->order >= -1 && event->order < MO_OOM_ORDERS;
	if (!event->has_order)
		event->order = 0;
}

/* From 4.14 to 4.19 the node mask stands between the flags and the order. */
static void take_invoked(struct draft *draft, struct span comm, struct span rest)
{
	struct mo_oom_event *event = &draft->event;
	struct span at;

	draft->parts |= PART_HEADER;
	event->has_request = true;
	span_copy(comm, event->comm, sizeof(event->comm));
	take_gfp(event, &rest);
	if (span_find(rest, "order=", NULL, &at))
		take_order(event, &at);
	if (span_find(rest, "nodemask=", NULL, &at))
		span_copy(span_until(at, ','), event->nodemask, sizeof(event->nodemask));
}

/* How much of a span is a list of node numbers, as "0-1,3" of "0-1,3,global_oom". */
static struct span node_list(struct span span)
{
	size_t n = 0;
	size_t end = 0;

	while (n < span.n && ((span.at[n] >= '0' && span.at[n] <= '9') || span.at[n] == '-' || span.at[n] == ',')) {
		n++;
		end = span.at[n - 1] == ',' ? end : n;
	}
	return (struct span){ span.at, end };
}

static void take_places(struct mo_oom_event *event, struct span rest)
{
	struct span at;
	struct span cpuset;

	if (span_find(rest, "nodemask=", NULL, &at) && span_find(at, ",cpuset=", &cpuset, NULL))
		span_copy(cpuset, event->nodemask, sizeof(event->nodemask));
	if (span_find(rest, "cpuset=", NULL, &at) &&
	    (span_find(at, ",mems_allowed=", &cpuset, &rest) || span_find(at, " mems_allowed=", &cpuset, &rest))) {
		span_copy(cpuset, event->cpuset, sizeof(event->cpuset));
		/* "0-1,3,oom_memcg=...": the list ends before the next word. */
		span_copy(node_list(rest), event->mems_allowed, sizeof(event->mems_allowed));
	}
}

/* "COMM: page allocation failure: order:4, mode:0x..."; "page allocation stalls for 10000ms, order:..." (4.9 to 4.14). */
static bool take_failure(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm;
	struct span rest;
	struct span at;
	struct draft *draft;

	if (!span_find(line, ": page allocation failure", &comm, &rest) &&
	    !span_find(line, ": page allocation stalls for ", &comm, &rest))
		return false;
	if (!span_find(rest, "order:", NULL, &at))
		return false;
	draft = open_draft(scan, stream, MO_OOM_ALLOCATION_FAILURE);
	if (!draft)
		return true;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	span_copy(comm, draft->event.comm, sizeof(draft->event.comm));
	take_order(&draft->event, &at);
	if (span_find(rest, "mode:", NULL, &at))
		take_gfp(&draft->event, &at);
	take_places(&draft->event, rest);
	return true;
}

/* "SLUB: Unable to allocate memory on node -1, gfp=0x...(GFP_ATOMIC)"; since 6.13 with the CPU. */
static bool take_slub(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct draft *draft;

	if (!span_find(line, "Unable to allocate memory on ", NULL, &rest) || !span_find(rest, "gfp=", NULL, &rest))
		return false;
	draft = open_draft(scan, stream, MO_OOM_SLAB_FAILURE);
	if (!draft)
		return true;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	take_gfp(&draft->event, &rest);
	return true;
}

#define MAX_ADDRESS_BITS 52 /* no kernel has more physical memory than that */

/*
 * "COMM: vmalloc error: size 4096, ..." (5.13), "COMM: vmalloc: allocation failure: 4096 bytes, ..." before, "vmap allocation
 * for size 4096 failed: ..." where no addresses are left.
 */
static bool take_vmalloc(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm = { line.at, 0 };
	struct span rest;
	struct span at;
	uint64_t bytes = 0;
	struct draft *draft;

	if (!span_find(line, ": vmalloc error: size ", &comm, &rest) && !span_find(line, ": vmalloc size ", &comm, &rest) &&
	    !span_find(line, "vmalloc: allocation failure: ", &comm, &rest) &&
	    !span_find(line, "vmap allocation for size ", NULL, &rest))
		return false;
	if (!span_number(&rest, &bytes))
		return false;
	draft = open_draft(scan, stream, MO_OOM_VMALLOC_FAILURE);
	if (!draft)
		return true;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	draft->event.bytes = mo_exact(bytes);
	span_copy(span_until(comm, ':'), draft->event.comm, sizeof(draft->event.comm));
	if (span_find(rest, "page order ", NULL, &at))
		take_order(&draft->event, &at);
	if (span_find(rest, "mode:", NULL, &at))
		take_gfp(&draft->event, &at);
	draft->is_too_large = span_has(rest, "exceeds total pages") || bytes >> MAX_ADDRESS_BITS;
	if (span_has(line, "vmap allocation for size ") || draft->is_too_large)
		draft->event.constraint = MO_OOM_LIMIT;
	take_places(&draft->event, rest);
	return true;
}

bool take_opening(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm;
	struct span rest;

	if (span_find(line, " invoked oom-killer: gfp_mask=", &comm, &rest)) {
		if (open_draft(scan, stream, MO_OOM_UNKNOWN))
			take_invoked(stream->draft, comm, rest);
		return true;
	}
	return take_failure(scan, stream, line) || take_slub(scan, stream, line) || take_vmalloc(scan, stream, line);
}

/* "CPU: 0 UID: 0 PID: 120 Comm: eat-memory Not tainted ..."; UID since 6.11. */
static bool take_cpu_line(struct draft *draft, struct span line)
{
	struct span rest;

	if (!span_skip(&line, "CPU: ") || !span_find(line, "PID: ", NULL, &rest))
		return false;
	draft->event.has_pid = span_int(&rest, &draft->event.pid);
	if (draft->event.has_pid && !draft->event.comm[0] && span_find(rest, "Comm: ", NULL, &rest))
		span_copy(span_until(rest, ' '), draft->event.comm, sizeof(draft->event.comm));
	return true;
}

/* Functions of the allocator and of printing, and those that only pass a request on: not who asked. */
static bool is_allocator(struct span name)
{
	static const char *const inner[] = {
		"dump_stack", "dump_header", "oom_kill_process", "out_of_memory", "mem_cgroup_out_of_memory", "warn_alloc",
		"__alloc_pages", "alloc_pages", "__folio_alloc", "folio_alloc", "__alloc_frozen_pages", "alloc_frozen_pages",
		"vma_alloc_folio", "__get_free_pages", "get_zeroed_page", "kmalloc", "__kmalloc", "kmem_cache_alloc",
		"___kmalloc", "__do_kmalloc", "allocate_slab", "new_slab", "___slab_alloc", "__slab_alloc", "try_charge",
		"mem_cgroup_charge", "__mem_cgroup_charge", "charge_memcg", "mem_cgroup_try_charge", "mem_cgroup_oom", "panic",
		"show_stack", "__show_mem", "obj_cgroup_charge", "__memcg_kmem_charge", "krealloc", "kvmalloc", "__kvmalloc",
		"__vmalloc", "vmalloc", "vzalloc", "refill_objs", "__kmem_cache_alloc", "mem_cgroup_handle_over",
		"check_panic_on_oom", "vpanic", "__refill_objects", "new_slab_objects", "refill_objects", "refill_sheaf",
		"alloc_full_sheaf", "alloc_from_pcs", "__pcs_", "__kmem_cache_", "slab_alloc", "alloc_slab_page",
		"__filemap_get_folio", "filemap_alloc_folio", "pagecache_get_page", "__page_cache_alloc", "page_cache_ra_",
		"do_sync_mmap_readahead", "__do_page_cache_readahead", "ondemand_readahead", "force_page_cache_",
	};

	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		struct span rest = name;

		if (span_skip(&rest, inner[i]))
			return true;
	}
	return false;
}

/* "do_eat+0x2d/0xa0 [leaker]", with a build-id behind the name since 5.15: the innermost module is who asked. */
static void take_frame_module(struct mo_oom_event *event, struct span frame)
{
	struct span name;

	if (event->function_module[0] || !span_find(frame, " [", NULL, &name))
		return;
	name = span_until(name, ']');
	span_copy(span_until(name, ' '), event->function_module, sizeof(event->function_module));
}

/* " __folio_alloc+0x17/0x50"; before 4.x with the address in front. */
static bool take_trace_line(struct stream *stream, struct span line)
{
	struct span name = line;

	span_blanks(&name);
	if (span_skip(&name, "[<") && !span_find(name, "] ", NULL, &name))
		return false;
	if (span_skip(&name, "? "))
		return true;
	if (!span_has(name, "+0x"))
		return true;
	take_frame_module(&stream->draft->event, name);
	if (stream->draft->event.function[0])
		return true;
	name = span_until(name, '+');
	if (!name.n || is_allocator(name))
		return true;
	span_copy(name, stream->draft->event.function, sizeof(stream->draft->event.function));
	return true;
}

bool take_request_details(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct span rest;

	(void)scan;
	if (!draft || draft->is_closed || !(draft->parts & PART_HEADER))
		return false;
	if (take_cpu_line(draft, line))
		return true;
	if (span_has(line, "Call Trace:")) {
		stream->is_trace = true;
		return true;
	}
	if (span_has(line, "</TASK>") || span_has(line, "RIP: ") || span_has(line, "Mem-Info:"))
		stream->is_trace = false;
	if (stream->is_trace && (span_has(line, "+0x") || span_has(line, "<TASK>")))
		return take_trace_line(stream, line);
	if (span_has(line, "COMPACTION is disabled")) {
		draft->is_compaction_off = true;
		return true;
	}
	if (span_has(line, " cpuset=") && span_has(line, " mems_allowed=")) {
		take_places(&draft->event, line);
		return true;
	}
	if (draft->event.kind == MO_OOM_SLAB_FAILURE && span_find(line, "cache: ", NULL, &rest)) {
		span_copy(span_until(rest, ','), draft->event.cache, sizeof(draft->event.cache));
		if (span_find(line, "default order: ", NULL, &rest))
			take_order(&draft->event, &rest);
		return true;
	}
	return false;
}
