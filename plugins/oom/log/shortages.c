/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory of its own kind that ran out, whatever else is free: bounce buffers (kernel/dma/swiotlb.c; lib/swiotlb.c
 * before 4.18), the area for contiguous memory (mm/cma.c), the pool of huge pages (mm/hugetlb.c). And CPUs that did
 * nothing but free memory (kernel/watchdog.c).
 */
#include "events.h"

#include <string.h>

static struct draft *open_shortage(struct log_scan *scan, struct stream *stream, enum mo_oom_kind kind)
{
	struct draft *draft = open_draft(scan, stream, kind);

	if (!draft)
		return NULL;
	draft->parts |= PART_HEADER;
	draft->event.has_request = true;
	draft->event.constraint = MO_OOM_LIMIT;
	return draft;
}

/*
 * "nvme 0000:00:04.0: swiotlb buffer is full (sz: 65536 bytes), total 32768 (slots), used 245 (slots)"; without the
 * slots before 5.0; "DMA: Out of SW-IOMMU space for 65536 bytes at device 0000:00:1f.2" before 4.16.
 */
static bool take_swiotlb(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span device;
	struct span rest;
	uint64_t bytes, total, used;
	bool is_old = span_find(line, "Out of SW-IOMMU space for ", NULL, &rest);
	struct draft *draft;

	if (!is_old && (!span_find(line, "swiotlb buffer is full", &device, &rest) || !span_find(rest, "(sz: ", NULL, &rest)))
		return false;
	if (!span_number(&rest, &bytes))
		return false;
	draft = open_shortage(scan, stream, MO_OOM_SWIOTLB_FAILURE);
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.bytes = mo_exact(bytes);
	if (is_old) {
		if (span_find(rest, "at device ", NULL, &device))
			span_copy(device, draft->event.subject, sizeof(draft->event.subject));
		return true;
	}
	while (device.n && (device.at[device.n - 1] == ' ' || device.at[device.n - 1] == ':'))
		device.n--;
	span_copy(device, draft->event.subject, sizeof(draft->event.subject));
	if (span_find(rest, "total ", NULL, &device) && span_number(&device, &total) &&
	    span_find(rest, "used ", NULL, &device) && span_number(&device, &used))
		snprintf(draft->event.reason, sizeof(draft->event.reason), "%llu of %llu slots of 2 KiB were in use",
			 (unsigned long long)used, (unsigned long long)total);
	return true;
}

/* "cma: cma_alloc: reserved: alloc failed, req-size: 2048 pages, ret: -12"; without the area's name before 5.17. */
static bool take_cma(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span name;
	uint64_t pages;
	int32_t code;
	struct draft *draft;

	if (!span_find(line, "alloc failed, req-size: ", &name, &rest) || !span_number(&rest, &pages) || pages >> 40)
		return false;
	draft = open_shortage(scan, stream, MO_OOM_CMA_FAILURE);
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.bytes = mo_exact(pages * scan->page_bytes);
	if (span_find(name, "cma_alloc: ", NULL, &name) || span_find(name, "cma_alloc(): ", NULL, &name) ||
	    span_find(name, "__cma_alloc: ", NULL, &name))
		span_copy(span_until(name, ':'), draft->event.subject, sizeof(draft->event.subject));
	if (!span_find(rest, "ret: ", NULL, &rest) || !span_int(&rest, &code))
		return true;
	snprintf(draft->event.reason, sizeof(draft->event.reason), "%s",
		 code == -12 ? "no free range of that size in it (ret -12)" :
		 code == -16 ? "pages there could not be moved away (ret -16)" :
			       "the kernel gives another reason");
	return true;
}

/* "2.00 MiB" (4.17), "2 MB" before */
static bool take_unit_bytes(struct span *rest, uint64_t *bytes)
{
	uint64_t whole, fraction;

	if (!span_number(rest, &whole))
		return false;
	if (span_skip(rest, "."))
		span_number(rest, &fraction);
	span_blanks(rest);
	if (span_skip(rest, "KiB") || span_skip(rest, "KB") || span_skip(rest, "kB"))
		*bytes = whole << 10;
	else if (span_skip(rest, "MiB") || span_skip(rest, "MB"))
		*bytes = whole << 20;
	else if (span_skip(rest, "GiB") || span_skip(rest, "GB"))
		*bytes = whole << 30;
	else
		return false;
	return whole < 1u << 20;
}

/* "HugeTLB: allocating 1024 of page size 2.00 MiB failed.  Only allocated 512 hugepages." (3.14 on) */
static bool take_hugetlb(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	uint64_t wanted, got, page_bytes;
	struct draft *draft;

	if (!span_find(line, "HugeTLB: allocating ", NULL, &rest) || !span_number(&rest, &wanted) ||
	    !span_skip(&rest, " of page size ") || !take_unit_bytes(&rest, &page_bytes) ||
	    !span_find(rest, "Only allocated ", NULL, &rest) || !span_number(&rest, &got) || wanted >> 24 || got > wanted)
		return false;
	draft = open_shortage(scan, stream, MO_OOM_HUGETLB_SHORTAGE);
	stream->draft = NULL;
	if (!draft)
		return true;
	draft->event.bytes = mo_exact(wanted * page_bytes);
	draft->event.allocated_bytes = mo_exact(got * page_bytes);
	snprintf(draft->event.subject, sizeof(draft->event.subject), "%llu KiB", (unsigned long long)page_bytes / 1024);
	return true;
}

bool take_shortage(struct log_scan *scan, struct stream *stream, struct span line)
{
	return take_swiotlb(scan, stream, line) || take_cma(scan, stream, line) || take_hugetlb(scan, stream, line);
}

/* An event only if its trace shows that it is about memory. */
static void open_unproven(struct log_scan *scan, struct stream *stream, enum mo_oom_kind kind, struct span comm, struct span pid,
			  uint64_t seconds)
{
	struct draft *draft = open_draft(scan, stream, kind);

	if (!draft)
		return;
	draft->parts |= PART_HEADER;
	draft->is_unproven = true;
	draft->event.has_request = true;
	draft->event.waited_ns = seconds * 1000000000;
	span_copy(comm, draft->event.comm, sizeof(draft->event.comm));
	draft->event.has_pid = span_int(&pid, &draft->event.pid);
}

/*
 * khungtaskd (kernel/hung_task.c): "INFO: task kswapd0:139 blocked for more than 120 seconds.", "INFO: task a:1 blocked
 * in I/O wait for more than 120 seconds." (6.18); a comm may hold colons. Its trace has to show that it is about
 * memory, too.
 */
static bool take_hung_task(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span comm;
	struct span pid;
	uint64_t seconds;

	if (!span_find(line, "INFO: task ", NULL, &rest) || !span_find(rest, " blocked ", &comm, &rest) ||
	    !span_find(rest, "for more than ", NULL, &rest) || !span_number(&rest, &seconds) || seconds > UINT32_MAX ||
	    !span_skip(&rest, " seconds") || !span_find_last(comm, ":", &comm, &pid))
		return false;
	open_unproven(scan, stream, MO_OOM_RECLAIM_HANG, comm, pid, seconds);
	return true;
}

/*
 * "watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kswapd0:34]"; only one whose trace frees memory becomes an event.
 */
bool take_lockup(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct span rest;
	struct span comm;
	struct span pid;
	uint64_t seconds;

	if (take_hung_task(scan, stream, line))
		return true;
	if (!span_find(line, "BUG: soft lockup - CPU#", NULL, &rest) || !span_find(rest, " stuck for ", NULL, &rest) ||
	    !span_number(&rest, &seconds) || seconds > UINT32_MAX || !span_find(rest, "[", NULL, &rest) ||
	    !span_find_last(rest, ":", &comm, &pid))
		return false;
	open_unproven(scan, stream, MO_OOM_RECLAIM_LOCKUP, comm, pid, seconds);
	return true;
}
