/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page frames of the kernel image that were constant before the first object was: they point at none. */
#include "gathering.h"

/* The page frames that lie wholly between two symbols of the kernel image, which is contiguous in memory. */
static void set_constant(struct leaks_state *state, struct mo_reader *reader, unsigned which, const struct mo_address *from,
			 const struct mo_address *to)
{
	uint64_t in_page = (1ull << state->index.page_shift) - 1;
	uint64_t pa;
	struct mo_error *error;

	if (!mo_has(from) || !mo_has(to) || to->kva <= from->kva)
		return;
	error = mo_translate(reader, from->kva, &pa, NULL);
	if (!error)
		state->constant[which] = (struct constant_pages){
			.first_pfn = (pa + in_page) >> state->index.page_shift,
			.end_pfn = (pa + (to->kva - from->kva)) >> state->index.page_shift,
		};
	mo_error_destroy(error);
}

/* In between read-only data lies what changed until booting was over: without its borders none of it is constant. */
void find_constant_pages(struct leaks_state *state)
{
	const struct leaks_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);

	set_constant(state, reader, CONSTANT_BEFORE_INIT, &layout->rodata_start, &layout->ro_after_init_start);
	set_constant(state, reader, CONSTANT_BEHIND_INIT, &layout->ro_after_init_end, &layout->rodata_end);
	set_constant(state, reader, CONSTANT_ORC, &layout->orc_start, &layout->orc_end);
}

bool is_constant_page(const struct leaks_state *state, uint64_t pfn)
{
	for (unsigned i = 0; i < N_CONSTANT; i++)
		if (pfn >= state->constant[i].first_pfn && pfn < state->constant[i].end_pfn)
			return true;
	return false;
}
