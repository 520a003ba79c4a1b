/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PINS_H
#define PINS_H

/*
 * What holds removed groups besides what is charged to them: groups below, and the contexts in which their dirty pages are
 * written back (struct bdi_writeback, mm/backing-dev.c), which stay as long as inodes are attached to them.
 */

#include "gathering.h"

struct group_pins {
	uint64_t groups;             /* directly below */
	uint64_t contexts;           /* struct bdi_writeback */
	uint64_t inodes;             /* attached to these */
};

/* One for each group; NULL: no memory. To be freed. What cannot be read is not counted. */
struct group_pins *find_pins(struct mo_run *run);
/* "1 group below, 1 writeback context with 3 inodes"; empty: nothing known. */
void describe_pins(const struct group_pins *pins, char *text, size_t n_bytes);

#endif
