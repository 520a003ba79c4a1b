/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What users are looked for: an address and whatever it lies in, a symbol, a page frame, a struct page. */
#include <inttypes.h>

#include <memopsy/numbers.h>

#include "refs.h"

static struct target page_target(const struct refs_state *state, uint64_t pfn)
{
	uint64_t kva = state->index.slabs->direct_map_kva + (pfn << state->index.page_shift);

	return (struct target){ .kva = kva, .end_kva = kva + state->index.page_bytes, .first_pa = pfn << state->index.page_shift,
				.is_page = true, .via = NO_REFERENCE };
}

/* What an address belongs to: a slab object, a variable, pages that were taken together; else its page. */
static struct mo_error *target_at(const struct refs_state *state, uint64_t kva, struct target *ret)
{
	struct mo_place place;
	uint64_t pa = 0;
	struct mo_error *error = mo_translate(mo_run_reader(state->run), kva, &pa, NULL);

	if (error)
		return mo_error_prepend(error, "there is nothing at 0x%" PRIx64, kva);
	error = state->places->find(state->places, mo_run_reader(state->run), kva, &place);
	if (error)
		return error;
	if (place.kind == MO_PLACE_STRUCT_PAGE)
		*ret = page_target(state, place.pfn_described);
	else if (place.kind == MO_PLACE_NONE || !place.bytes || place.offset_bytes >= place.bytes)
		*ret = (struct target){ .kva = kva & ~(state->index.page_bytes - 1), .via = NO_REFERENCE,
					.end_kva = (kva & ~(state->index.page_bytes - 1)) + state->index.page_bytes,
					.first_pa = pa & ~(state->index.page_bytes - 1) };
	else
		*ret = target_of_place(state, &place, pa);
	if (state->is_exact && !ret->is_page) {
		ret->first_pa += kva - ret->kva;
		ret->kva = kva;
	}
	ret->depth = 1;
	return NULL;
}

static struct mo_error *parse_needle(const struct refs_state *state, const char *word, struct target *ret)
{
	uint64_t number;

	if (!strncmp(word, "pfn:", 4)) {
		if (!mo_parse_number(word + 4, &number) ||
		    number >= mo_kernel_facts(mo_run_kernel(state->run))->end_pfn)
			return mo_error_create(MO_E_INVALID, "\"%s\" is no page frame of this dump (decimal, or hexadecimal with 0x)",
					       word);
		*ret = page_target(state, number);
		ret->depth = 1;
		return NULL;
	}
	if (!mo_parse_address(word, &number)) {
		struct mo_error *error = mo_symbols_find_place(mo_kernel_symbols(mo_run_kernel(state->run)), word, &number);

		if (error)
			return error;
	}
	return target_at(state, number, ret);
}

struct mo_error *add_needles(struct search *search)
{
	struct mo_run *run = search->state->run;
	struct mo_error *error = NULL;

	if (!mo_run_argument_count(run))
		return mo_error_create(MO_E_INVALID, "refs needs an address");
	for (size_t i = 0; i < mo_run_argument_count(run) && !error; i++) {
		struct target target;

		error = parse_needle(search->state, mo_run_argument(run, i), &target);
		if (!error)
			error = add_target(search, &target);
	}
	return error;
}
