/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with page tables: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct page_tables_state *state)
{
	struct thread_tables sum = { .tables = NULL };

	for (size_t i = 0; i < state->n_threads; i++) {
		mo_trouble_merge(&sum.outside, &state->threads[i].outside);
		mo_trouble_merge(&sum.unreadable, &state->threads[i].unreadable);
		mo_trouble_merge(&sum.deposits, &state->threads[i].deposits);
	}
	mo_trouble_tell(state->run, &state->unreadable_owners, "page-table-owners-unreadable",
			"The list of address spaces could not be read completely.", "Their page tables are missing.");
	mo_trouble_tell(state->run, &sum.outside, "page-tables-outside",
			"Page-table entries point at tables outside memory.", "These page tables were overwritten.");
	mo_trouble_tell(state->run, &sum.unreadable, "page-tables-unreadable", "Some page tables could not be read.",
			"Tables below them are missing from all counts.");
	mo_trouble_tell(state->run, &state->repeated, "page-tables-repeated",
			"Page-table entries point at tables used elsewhere, or at a higher level.",
			"These page tables were overwritten, or share a table by mistake.");
	mo_trouble_tell(state->run, &sum.deposits, "page-tables-deposits-broken",
			"Lists of deposited page tables could not be followed.",
			"Some PTE tables are missing from the counts.");
	mo_trouble_tell_as(state->run, &state->miscounted, &(const struct mo_finding){
		.id = "page-tables-miscounted",
		.severity = MO_NOTICE,
		.verdict = "pgtables_bytes of some address spaces disagrees with the page tables found.",
		.advice = "They changed while the dump was taken, or page tables were leaked.",
	});
}
