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
			"Whose page tables there are could not be read completely.", "Their page tables are missing.");
	mo_trouble_tell(state->run, &sum.outside, "page-tables-outside",
			"Entries of page tables point at tables where no memory is.", "Somebody wrote over these page tables.");
	mo_trouble_tell(state->run, &sum.unreadable, "page-tables-unreadable", "Some page tables could not be read.",
			"What hangs below them is missing from all counts.");
	mo_trouble_tell(state->run, &state->repeated, "page-tables-repeated",
			"Entries of page tables point at tables that are in use elsewhere, or further up.",
			"Somebody wrote over these page tables, or they share a table by mistake.");
	mo_trouble_tell(state->run, &sum.deposits, "page-tables-deposits-broken",
			"Lists of page tables that are kept behind huge pages could not be followed.",
			"Some PTE tables are missing from the counts.");
	mo_trouble_tell_as(state->run, &state->miscounted, &(const struct mo_finding){
		.id = "page-tables-miscounted",
		.severity = MO_NOTICE,
		.confidence = MO_CERTAIN,
		.verdict = "Address spaces count more or fewer page tables than were found.",
		.advice = "They changed while the dump was taken, or page tables are lost.",
	});
}
