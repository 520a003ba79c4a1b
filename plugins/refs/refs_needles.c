/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What users are looked for: an address and whatever it lies in, a symbol, a page frame, a struct page. */
#include <inttypes.h>

#include <memopsy/numbers.h>

#include "refs.h"

static struct mo_word_target page_target(const struct mo_references *state, uint64_t pfn)
{
	uint64_t kva = state->index.slabs->direct_map_kva + (pfn << state->index.page_shift);

	return (struct mo_word_target){ .kva = kva, .end_kva = kva + state->index.page_bytes, .first_pa = pfn << state->index.page_shift,
				.is_page = true, .via = MO_NO_REFERENCE };
}

/* What an address belongs to: a slab object, a variable, pages that were taken together; else its page. */
static struct mo_error *target_at(const struct mo_references *state, uint64_t kva, struct mo_word_target *ret)
{
	struct mo_place place;
	uint64_t pa = 0;
	struct mo_error *error = mo_translate(state->reader, kva, &pa, NULL);

	if (error)
		return mo_error_prepend(error, "nothing is at 0x%" PRIx64, kva);
	error = state->places->find(state->places, state->reader, kva, &place);
	if (error)
		return error;
	if (place.kind == MO_PLACE_STRUCT_PAGE)
		*ret = page_target(state, place.pfn_described);
	else if (place.kind == MO_PLACE_NONE || !place.bytes || place.offset_bytes >= place.bytes)
		*ret = (struct mo_word_target){ .kva = kva & ~(state->index.page_bytes - 1), .via = MO_NO_REFERENCE,
					.end_kva = (kva & ~(state->index.page_bytes - 1)) + state->index.page_bytes,
					.first_pa = pa & ~(state->index.page_bytes - 1) };
	else
		*ret = mo_target_of_place(state, &place, pa);
	if (state->is_exact && !ret->is_page) {
		ret->first_pa += kva - ret->kva;
		ret->kva = kva;
	}
	ret->depth = 1;
	return NULL;
}

static struct mo_error *parse_needle(const struct mo_references *state, const char *word, struct mo_word_target *ret)
{
	uint64_t number;

	if (!strncmp(word, "pfn:", 4)) {
		if (!mo_parse_number(word + 4, &number) ||
		    number >= mo_kernel_facts(state->kernel)->end_pfn)
			return mo_error_create(MO_E_INVALID, "\"%s\" is not a page frame of this dump (decimal, or "
							     "hexadecimal with 0x)",
					       word);
		*ret = page_target(state, number);
		ret->depth = 1;
		return NULL;
	}
	if (!mo_parse_address(word, &number)) {
		struct mo_error *error = mo_symbols_find_place(mo_kernel_symbols(state->kernel), word, &number);

		if (error)
			return error;
	}
	return target_at(state, number, ret);
}

struct mo_error *add_needles(struct mo_run *run, struct mo_search *search)
{
	struct mo_error *error = NULL;

	if (!mo_run_argument_count(run))
		return mo_error_create(MO_E_INVALID, "refs needs an address");
	for (size_t i = 0; i < mo_run_argument_count(run) && !error; i++) {
		struct mo_word_target target;

		error = parse_needle(search->state, mo_run_argument(run, i), &target);
		if (!error)
			error = mo_search_add(search, &target);
	}
	return error;
}
