/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a huge page is mapped, the kernel keeps a PTE table in hand for the time when it must be split
 * (pgtable_trans_huge_deposit(), mm/pgtable-generic.c): a ring of struct pages without a head, one of which the struct
 * page of the PMD table, or the mm, points to.
 */
#include "gathering.h"

#include <inttypes.h>

#define MAX_DEPOSITS 512u            /* of one PMD table: an entry each */
#define MAX_DEPOSITS_OF_MM (1u << 20)

static struct mo_error *take_ring(struct page_tables_state *state, struct mo_reader *reader, struct thread_tables *found,
				  uint32_t owner, uint64_t first_page_kva, uint64_t most)
{
	uint64_t lru_bytes = state->layout->ptdesc.ring.offset_bytes;
	uint64_t page_kva = first_page_kva;
	struct mo_error *error = NULL;
	struct mo_error *memory = NULL;

	for (uint64_t n = 0; page_kva && !error && !memory; n++) {
		struct mo_page_table table = { .owner = owner, .is_deposited = true };
		uint64_t next_kva = 0;
		bool is_new = false;

		if (n == most) {
			error = mo_error_create(MO_E_LIMIT, "more than %" PRIu64 " page tables are deposited", most);
			break;
		}
		error = mo_page_to_pfn(state->memmap, page_kva, &table.pfn);
		if (!error)
			memory = take_table(state, found, &table, 0, &is_new);
		if (!error)
			error = mo_read_pointer(reader, page_kva + lru_bytes, &next_kva);
		if (error || memory)
			break;
		state->owners[owner].deposited++;
		page_kva = next_kva - lru_bytes;
		if (page_kva == first_page_kva || !is_new)
			break;
	}
	mo_trouble_note(&found->deposits,
		     mo_error_prepend(error, "the page tables deposited from struct page 0x%" PRIx64 " on", first_page_kva));
	return memory;
}

struct mo_error *take_deposits(struct page_tables_state *state, struct mo_reader *reader, struct thread_tables *found,
			       uint32_t owner, uint64_t pmd_pfn)
{
	const struct page_tables_layout *layout = state->layout;
	uint64_t page_kva = 0;
	uint64_t first_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->ptdesc.deposited) || !mo_has(&layout->ptdesc.ring))
		return NULL;
	error = mo_pfn_to_page(state->memmap, pmd_pfn, &page_kva);
	if (!error)
		error = mo_read_field(reader, &layout->ptdesc.deposited, page_kva, &first_kva);
	if (error) {
		mo_trouble_note(&found->deposits, mo_error_prepend(error, "the PMD table in page frame 0x%" PRIx64, pmd_pfn));
		return NULL;
	}
	return take_ring(state, reader, found, owner, first_kva, MAX_DEPOSITS);
}

struct mo_error *take_deposits_of_mm(struct page_tables_state *state, struct mo_reader *reader, struct thread_tables *found,
				     uint32_t owner)
{
	const struct page_tables_layout *layout = state->layout;
	uint64_t first_kva = 0;
	struct mo_error *error;

	if (mo_has(&layout->ptdesc.deposited) || !mo_has(&layout->mm_deposited) || !mo_has(&layout->ptdesc.ring) ||
	    !state->owners[owner].mm_kva)
		return NULL;
	error = mo_read_field(reader, &layout->mm_deposited, state->owners[owner].mm_kva, &first_kva);
	if (error) {
		mo_trouble_note(&found->deposits, error);
		return NULL;
	}
	return take_ring(state, reader, found, owner, first_kva, MAX_DEPOSITS_OF_MM);
}
