/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COMPARE_ENTRIES_H
#define MO_COMPARE_ENTRIES_H

/* What a report says holds memory, as entries that another report's can be held against: one for each thing with a name. */

#include <memopsy/containers.h>

#include "report_file.h"

/* In the order in which they are shown. */
enum mo_holding {
	MO_HOLDING_CLASS,           /* of page frames: together they are the machine's memory */
	MO_HOLDING_LOST,            /* what leaks calls lost, by cache and owner */
	MO_HOLDING_CACHE,           /* a slab cache */
	MO_HOLDING_OWNER,           /* of kernel memory that is not slab */
	MO_HOLDING_PROCESS,
	MO_HOLDING_CGROUP,          /* with its descendants */
	MO_HOLDING_FILE,
	MO_HOLDING_MOUNT,
	MO_HOLDING_MODULE,
	MO_HOLDING_COUNTER,         /* of /proc/meminfo */
	MO_N_HOLDINGS,
};

struct mo_entry {
	char *key;                /* by which it is found in the other report */
	char *name;               /* for people */
	const char *module;       /* NULL: none, or not known */
	struct mo_count bytes;
	struct mo_count pieces;   /* objects, pages, processes; unknown where there is no such number */
};

struct mo_entries {
	struct mo_entry *items;   /* by key */
	size_t count;
	size_t capacity;
	bool is_there;            /* the report has the table */
	bool may_be_cut;          /* and may have left out rows of it */
};

const char *mo_holding_word(enum mo_holding kind); /* "slab cache" */

/*
 * by_pid: processes are told apart by PID and start, as in two reports of one boot; else all of a name are one. without_offsets:
 * names of symbols lose what is behind them (+0x20/0x80), as between two kernels.
 */
struct mo_entries_how {
	bool by_pid;
	bool without_offsets;
};

struct mo_error *mo_entries_read(const struct mo_report_file *file, enum mo_holding kind, struct mo_entries_how how,
				 struct mo_entries *ret) MO_MUST_USE;
void mo_entries_deinit(struct mo_entries *entries);

#endif
