/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LOG_HOSTS_H
#define MO_LOG_HOSTS_H

/*
 * The machines whose lines a log holds, and which boot of each a line is of: a new one begins where the kernel's clock
 * falls back, where the journal's boot id changes, at a banner, and where journalctl says so.
 */

#include "peel.h"

#define MO_LOG_MAX_HOSTS 4096     /* lines of further ones count as of a machine without a name */
#define MO_LOG_HOST_SLOTS 16384   /* a power of two */

struct log_host {
	char name[64];             /* empty: lines that name no host */
	uint32_t boot;             /* from 0 */
	uint64_t n_lines;          /* of this boot */
	uint64_t last_ns;          /* newest stamp of this boot */
	bool has_time;
	char boot_id[33];
	bool has_sequence;
	uint64_t last_sequence;
};

struct log_hosts {
	struct log_host **items;   /* each stays where it is */
	size_t n, room;
	struct log_host *last;     /* found the last time */
	uint16_t slots[MO_LOG_HOST_SLOTS]; /* by the name's hash: 1 + index of the item; 0: none */
};

void log_hosts_deinit(struct log_hosts *hosts);

/* NULL: no memory. */
struct log_host *log_host_of(struct log_hosts *hosts, struct cursor name);

/* journalctl's "-- Boot ... --" or "-- Reboot --". */
void log_hosts_reboot(struct log_hosts *hosts);

/*
 * Notes a line of the kernel's, and in which boot it is. Returns how many records netconsole's numbers say were lost
 * before it.
 */
uint64_t log_host_line(struct log_host *host, const struct peeled *line);

#endif
