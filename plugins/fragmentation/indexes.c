/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's fragmentation indexes (mm/vmstat.c), from nr_free as it takes them. */
#include "fragmentation.h"

struct indexes indexes_of(const struct models *models, size_t zone, unsigned order)
{
	const struct mo_free_area *areas = models->free_areas->zones[zone].orders;
	struct indexes indexes = { .suitable_blocks = mo_exact(0) };
	uint64_t blocks = 0;
	uint64_t pages = 0;
	uint64_t suitable = 0;

	for (unsigned at = 0; at < models->free_areas->n_orders; at++) {
		struct mo_count nr_free = areas[at].nr_free;

		/* No machine has more than 2^44 pages, and the sums below must not overflow. */
		if (nr_free.certainty != MO_EXACT || nr_free.value > 1ull << 44 >> at) {
			indexes.suitable_blocks = mo_unknown();
			return indexes;
		}
		blocks += nr_free.value;
		pages += nr_free.value << at;
		if (at >= order)
			suitable += nr_free.value << (at - order);
	}
	indexes.is_known = true;
	indexes.suitable_blocks = mo_exact(suitable);
	if (suitable)
		indexes.fragmentation = -1000;
	else if (blocks)
		indexes.fragmentation = 1000 - (int64_t)((1000 + pages * 1000 / (1ull << order)) / blocks);
	indexes.unusable = pages ? (pages - (suitable << order)) * 1000 / pages : 1000;
	return indexes;
}
