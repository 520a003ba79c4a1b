/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ZONES_ZONEINFO_H
#define ZONES_ZONEINFO_H

/* What the two halves of `memopsy zoneinfo` share: the rows and the lines that they become. */

#include "gathering.h"

enum {
	ZONEINFO_NODE,
	ZONEINFO_ZONE,
	ZONEINFO_PART,
	ZONEINFO_CPU,
	ZONEINFO_FIELD,
	ZONEINFO_VALUE,
	ZONEINFO_EXACT,
	ZONEINFO_INDEX,
	ZONEINFO_LAST,
	N_ZONEINFO_COLUMNS
};

/* What a row speaks of: its column "part". */
enum zoneinfo_part {
	PART_ZONE,       /* the zone itself; its index in the node */
	PART_NODE,       /* the node's counters, with the first zone that has pages */
	PART_PAGES,      /* free pages, watermarks, sizes */
	PART_PROTECTION, /* lowmem_reserve[] */
	PART_COUNTER,    /* the zone's counters */
	PART_NUMA,       /* its NUMA events */
	PART_CPU,        /* a CPU whose page set follows */
	PART_PAGESET,
	PART_THRESHOLD,
	PART_END,        /* what stands at the end of a zone */
	N_PARTS
};
extern const char *const zoneinfo_parts[N_PARTS];

/* Which lines this kernel prints, and how. */
struct zoneinfo_form {
	bool has_boost, has_promo, has_cma;
	bool has_pageset_limits;  /* high_min and high_max */
	bool has_highatomic;      /* reserved_highatomic */
	bool has_free_highatomic;
	bool is_wide;             /* the fields of a page set stand further to the right */
};

/* How a row becomes its line. */
void (*zoneinfo_line(bool is_wide, bool is_exact))(const struct mo_cell *cells, struct mo_line *line);

#endif
