/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The unit of the counters of transparent huge pages, and what the views share in printing numbers. */
#include <memopsy/architecture.h>

#include "gathering.h"

bool counts_huge_pages(const struct zones_layout *layout)
{
	return mo_has(&layout->memory_stat_ratio);
}

unsigned huge_page_shift(const struct zones_state *state)
{
	return mo_pmd_order(mo_run_kernel(state->run));
}

bool is_huge_page_item(const struct zones_layout *layout, size_t node_item)
{
	static const enum node_item huge[] = { AT_NR_ANON_THPS, AT_NR_FILE_THPS, AT_NR_SHMEM_THPS, AT_NR_SHMEM_PMDMAPPED,
					       AT_NR_FILE_PMDMAPPED };

	if (!mo_has(&layout->thp_flags) || counts_huge_pages(layout))
		return false;
	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		const struct mo_constant *item = &layout->node_items[huge[i]];

		if (mo_has(item) && item->value >= 0 && (uint64_t)item->value == node_item)
			return true;
	}
	return false;
}

struct digits digits_of(const struct mo_cell *cell)
{
	struct mo_count number = cell->as.number;
	struct digits digits = { "?" };

	if (number.certainty != MO_UNKNOWN)
		snprintf(digits.text, sizeof(digits.text), "%s%llu", number.certainty == MO_AT_LEAST ? ">=" : "",
			 (unsigned long long)number.value);
	return digits;
}
