/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_CLI_LIVE_H
#define MO_CLI_LIVE_H

/*
 * What a command does differently where it looks at the running kernel: it steps aside, says what it will cost, and says
 * afterwards how much moved while it looked.
 */

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

/* Whether the command's dump is the running kernel. */
bool mo_cli_is_live(const struct mo_cli *cli);

/*
 * Before the dump is opened: lowers priority (nice 10 at least, I/O class idle) unless --no-nice, and says what a look for leaks will
 * cost, where one is to come. Nothing of a dump. What cannot be lowered stays.
 */
void mo_live_begin(const struct mo_cli *cli);

/* Counters of the running kernel, as /proc/vmstat and /proc/stat have them. What is not known is MO_UNKNOWN. */
enum mo_live_counter {
	MO_LIVE_FREE, MO_LIVE_ANON, MO_LIVE_FILE, MO_LIVE_SHMEM, MO_LIVE_SLAB_RECLAIMABLE, MO_LIVE_SLAB_UNRECLAIMABLE,
	MO_LIVE_PAGE_TABLES, MO_LIVE_KERNEL_STACK, /* pages each; the stacks in KiB */
	MO_LIVE_ALLOCATIONS, MO_LIVE_FREES,        /* events: blocks of pages taken, given back */
	MO_LIVE_FORKS,
	MO_N_LIVE_COUNTERS,
};

struct mo_live_counters {
	struct mo_count counts[MO_N_LIVE_COUNTERS];
	struct mo_count total_pages; /* MemTotal */
	uint64_t taken_ns;           /* of the monotonic clock */
};

void mo_live_counters_read(struct mo_live_counters *ret);
/* The same out of texts; each may be NULL. */
void mo_live_counters_parse(const char *vmstat, const char *stat, const char *meminfo, uint64_t page_bytes,
			    struct mo_live_counters *ret);

/*
 * How much of memory can have changed hands between two moments, in thousandths of a per cent of what did not: 100000 is
 * all of it the same. Each freed block of pages counts, also where the same page was freed again and again, so it is a lower bound.
 * False: not known.
 */
bool mo_live_score(const struct mo_live_counters *before, const struct mo_live_counters *after, unsigned *ret);

/* Tables "consistency" and "consistency_counters" and a note. */
void mo_live_write_consistency(struct mo_report *report, const struct mo_live_counters *before,
			       const struct mo_live_counters *after);

#endif
