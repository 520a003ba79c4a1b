/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first line of an event, and what is said of the request in those that follow: dump_header() (mm/oom_kill.c),
 * warn_alloc() (mm/page_alloc.c; warn_alloc_failed() before 4.10), slab_out_of_memory() (mm/slub.c), mm/vmalloc.c.
 */
#include "events.h"

#include <string.h>

#define SAME_LINES_NS 1000000000ull

/* Blanks before a report's first line, which has none of its own. */
static size_t take_indent(struct span *comm)
{
	size_t n = comm->n;

	span_blanks(comm);
	return n - comm->n;
}

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

/* In kernels where the node mask stands before the order: "nodemask=0,2-3, order=0", from 4.9 to 4.19 with two blanks. */
static void take_nodemask(struct mo_oom_event *event, struct span rest)
{
	struct span mask;

	if (!span_find(rest, "nodemask=", NULL, &rest))
		return;
	if (!span_find(rest, ", ", &mask, NULL))
		mask = span_until(rest, ' ');
	span_copy(mask, event->nodemask, sizeof(event->nodemask));
}

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
	take_nodemask(event, rest);
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

/* Until 4.8 vmalloc()'s line came first, and the one with who asked and the flags behind it. */
static struct draft *vmalloc_before(struct log_scan *scan, struct stream *stream)
{
	struct draft *draft = stream->draft;

	return draft && draft->event.kind == MO_OOM_VMALLOC_FAILURE && !draft->event.comm[0] && !draft->event.has_gfp &&
	       draft->parts == PART_HEADER && scan->time_ns - draft->last_time_ns < SAME_LINES_NS ? draft : NULL;
}

/*
 * "COMM: page allocation failure: order:4, mode:0x..." (before 3.1 "failure. order:"); "COMM: page allocation stalls for
 * 10000ms, order:0, mode:0x..." (4.9 to 4.14): has not failed, and goes on trying.
 */
static bool take_failure(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm;
	struct span rest;
	struct span at;
	struct draft *draft;
	uint64_t ms = 0;
	bool is_stall = false;

	if (!span_find(line, ": page allocation failure", &comm, &rest) &&
	    !(is_stall = span_find(line, ": page allocation stalls for ", &comm, &rest) && span_number(&rest, &ms)))
		return false;
	if (!span_find(rest, "order:", NULL, &at))
		return false;
	stream->indent += take_indent(&comm);
	draft = vmalloc_before(scan, stream);
	if (!draft)
		draft = open_draft(scan, stream, is_stall ? MO_OOM_STALL : MO_OOM_ALLOCATION_FAILURE);
	if (!draft)
		return true;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	draft->event.waited_ns = ms < UINT32_MAX ? ms * 1000000 : 0;
	span_copy(comm, draft->event.comm, sizeof(draft->event.comm));
	span_blanks(&at);
	take_order(&draft->event, &at);
	if (span_find(rest, "mode:", NULL, &at))
		take_gfp(&draft->event, &at);
	take_places(&draft->event, rest);
	return true;
}

/*
 * "SLUB: Unable to allocate memory on node -1, gfp=0x...(GFP_ATOMIC)"; since 6.13 with the CPU; before 4.6 "(gfp=0x20)". SLAB
 * (until 6.7) has the same words.
 */
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
 * "COMM: vmalloc error: size 4096, ..." (5.13), "COMM: vmalloc size 4096 allocation failure: ..." (5.11), before that
 * "vmalloc: allocation failure: 4096 bytes" or ", allocated 8192 of 16384 bytes" (with the comm since 4.9). "vmap allocation
 * for size 4096 failed: ..." and "vmalloc_node_range for size 4096 failed: Address range restricted ..." (6.13): no addresses
 * are left.
 */
static bool find_vmalloc(struct span line, struct span *comm, struct span *rest)
{
	*comm = (struct span){ line.at, 0 };
	if (span_find(line, "vmap allocation for size ", NULL, rest) ||
	    span_find(line, "vmalloc_node_range for size ", NULL, rest))
		return true;
	if (span_find(line, "vmalloc: allocation failure", comm, rest))
		return span_skip(rest, ": ") || span_skip(rest, ", allocated ");
	return span_find(line, ": vmalloc error: size ", comm, rest) || span_find(line, ": vmalloc size ", comm, rest);
}

static bool take_vmalloc(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm;
	struct span rest;
	struct span at;
	uint64_t bytes = 0;
	uint64_t all;
	struct draft *draft;

	if (!span_has(line, "vma") || !find_vmalloc(line, &comm, &rest) || !span_number(&rest, &bytes))
		return false;
	draft = open_draft(scan, stream, MO_OOM_VMALLOC_FAILURE);
	if (!draft)
		return true;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	if (span_skip(&rest, " of ") && span_number(&rest, &all) && bytes <= all) {
		draft->event.allocated_bytes = mo_exact(bytes);
		bytes = all;
	}
	draft->event.bytes = mo_exact(bytes);
	if (comm.n > 2 || (comm.n && comm.at[comm.n - 1] != ' '))
		span_copy((struct span){ comm.at, comm.n - (comm.at[comm.n - 1] == ' ' ? 2 : 0) }, draft->event.comm,
			  sizeof(draft->event.comm));
	if (span_find(rest, "page order ", NULL, &at))
		take_order(&draft->event, &at);
	if (span_find(rest, "mode:", NULL, &at))
		take_gfp(&draft->event, &at);
	draft->is_too_large = span_has(rest, "exceeds total pages") || bytes >> MAX_ADDRESS_BITS;
	if (span_has(line, "vmap allocation for size ") || span_has(line, "vmalloc_node_range for size ") || draft->is_too_large)
		draft->event.constraint = MO_OOM_LIMIT;
	take_places(&draft->event, rest);
	return true;
}

bool take_opening(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span comm;
	struct span rest;

	if (span_find(line, " invoked oom-killer: gfp_mask=", &comm, &rest)) {
		stream->indent += take_indent(&comm);
		if (open_draft(scan, stream, MO_OOM_UNKNOWN))
			take_invoked(stream->draft, comm, rest);
		return true;
	}
	return take_failure(scan, stream, line) || take_slub(scan, stream, line) || take_vmalloc(scan, stream, line);
}

bool take_request_details(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;
	struct span rest;

	(void)scan;
	if (!draft || draft->is_closed || !(draft->parts & PART_HEADER))
		return false;
	if (take_stack(stream, line))
		return true;
	/* Where another line came between the pieces that from 4.9 to 4.19 made up the first one. */
	if (!draft->event.has_order && span_find(line, "order=", &rest, NULL) && span_has(line, ", oom_score_adj=")) {
		span_find(line, "order=", NULL, &rest);
		take_order(&draft->event, &rest);
		return true;
	}
	/* Mail broke it behind the order. */
	rest = line;
	if (!draft->event.has_gfp && draft->event.kind == MO_OOM_ALLOCATION_FAILURE && span_skip(&rest, "mode:")) {
		take_gfp(&draft->event, &rest);
		take_places(&draft->event, rest);
		return true;
	}
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
		if (span_find(line, "default order: ", NULL, &rest) || span_find(line, ", order: ", NULL, &rest))
			take_order(&draft->event, &rest);
		return true;
	}
	return false;
}
