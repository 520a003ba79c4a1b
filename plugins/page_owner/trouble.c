/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of the records: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct page_owner_state *state)
{
	mo_trouble_tell(state->run, &state->broken_setup, "page-owner-unreadable",
			"The kernel's page_owner records could not be found.", "Owners of pages are unknown.");
	mo_trouble_tell(state->run, &state->broken_records, "page-ext-unreadable",
			"Some page_owner records (struct page_ext) could not be read.",
			"These pages are missing from page_owner; all its sums are lower bounds.");
	mo_trouble_tell(state->run, &state->broken_stacks, "page-owner-stacks-unreadable",
			"Some allocation stacks could not be read.", "Their groups are shown without a caller.");
	mo_trouble_tell(state->run, &state->broken_sites, "alloc-tags-unreadable",
			"Some alloc_tags of memory allocation profiling could not be read.",
			"They are missing from allocinfo, or incomplete.");
}
