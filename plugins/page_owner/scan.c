/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One parallel pass over the records of all page frames. */
#include "gathering.h"

#include <memopsy/parallel.h>

#include <inttypes.h>
#include <stdlib.h>

#define PIECES_A_SECTION 4u
#define BYTES_A_READ 65536u
#define MAX_ORDER 20u /* MAX_PAGE_ORDER is 10, and more on some machines */

struct thread_sums {
	struct group_table table;
	struct group run;        /* of the records that came last; pages 0: none */
	struct mo_trouble broken;
	uint64_t unreadable_pages;
	uint64_t *page_blocks;   /* by site */
	uint8_t *bytes;          /* BYTES_A_READ of them */
};

struct scan {
	const struct page_owner_state *state;
	struct thread_sums *threads;
	unsigned n_threads;
};

static struct mo_error *end_run(struct thread_sums *sums)
{
	struct mo_error *error = sums->run.pages ? add_group(&sums->table, &sums->run) : NULL;

	sums->run.pages = 0;
	return error;
}

static struct mo_error *add_owner(const struct page_owner_state *state, struct thread_sums *sums, const uint8_t *ext,
				  uint64_t pfn)
{
	const struct page_owner_layout *layout = state->layout;
	const uint8_t *owner = ext + state->owner_offset;
	uint64_t ns = mo_has(&layout->owner.ns) ? mo_get(&layout->owner.ns, owner) : 0;
	uint32_t handle = (uint32_t)mo_get(&layout->owner.handle, owner);
	uint32_t gfp_mask = (uint32_t)mo_get(&layout->owner.gfp_mask, owner);
	uint16_t order = (uint16_t)mo_get(&layout->owner.order, owner);
	struct group *run = &sums->run;
	struct mo_error *error;

	if (order > MAX_ORDER) {
		sums->unreadable_pages++;
		mo_trouble_note(&sums->broken, mo_error_create(MO_E_CORRUPT, "page frame 0x%" PRIx64 " has order %u", pfn, order));
		return NULL;
	}
	if (!run->pages || run->handle != handle || run->order != order) {
		error = end_run(sums);
		if (error)
			return error;
		*run = (struct group){ .handle = handle, .order = order, .has_one_gfp = true, .gfp_mask = gfp_mask,
				       .example_pfn = pfn, .oldest_ns = ns, .newest_ns = ns };
	}
	run->has_one_gfp &= run->gfp_mask == gfp_mask;
	run->blocks += !(pfn & ((1ull << order) - 1));
	run->pages++;
	run->oldest_ns = ns < run->oldest_ns ? ns : run->oldest_ns;
	run->newest_ns = ns > run->newest_ns ? ns : run->newest_ns;
	return NULL;
}

static struct mo_error *add_record(const struct page_owner_state *state, struct mo_reader *reader, struct thread_sums *sums,
				   const uint8_t *ext, uint64_t pfn)
{
	const struct page_owner_layout *layout = state->layout;
	const uint8_t *owner = ext + state->owner_offset;

	if (state->has_tag_refs) {
		size_t site = site_of_ext(state, ext);

		if (site < state->n_sites)
			sums->page_blocks[site]++;
	}
	if (!state->has_owners || !has_ext_flag(state, ext, &layout->flag_owner) ||
	    !has_ext_flag(state, ext, &layout->flag_allocated))
		return NULL;
	if (may_be_free((uint16_t)mo_get(&layout->owner.order, owner), (uint32_t)mo_get(&layout->owner.gfp_mask, owner)) &&
	    is_free_after_all(state, reader, pfn))
		return NULL;
	return add_owner(state, sums, ext, pfn);
}

/*
 * Where a bulk read failed: reads the records that lie in the same memory page, and returns how many. If not even those
 * are there, *step_ret leads behind that page, and twice as far after each failure in a row, so that a section whose records
 * lie in nowhere costs a few tries only.
 */
static uint64_t read_one_page(const struct page_owner_state *state, struct mo_reader *reader, struct thread_sums *sums,
			      uint64_t kva, uint64_t most, unsigned n_failed, uint64_t *step_ret)
{
	uint64_t page_bytes = mo_kernel_facts(mo_reader_kernel(reader))->page_bytes;
	uint64_t n = (page_bytes - kva % page_bytes) / state->ext_bytes;
	uint64_t behind = page_bytes * (1ull << (n_failed < 32 ? n_failed : 32)) - kva % page_bytes;
	struct mo_error *error;

	n = n ? n : 1; /* it straddles */
	n = n < most ? n : most;
	error = mo_read(reader, kva, sums->bytes, (size_t)(n * state->ext_bytes));
	*step_ret = error ? (behind + state->ext_bytes - 1) / state->ext_bytes : n;
	if (!error)
		return n;
	mo_trouble_note(&sums->broken, mo_error_prepend(error, "cannot read the struct page_ext at 0x%" PRIx64, kva));
	return 0;
}

static struct mo_error *scan_frames(const struct page_owner_state *state, struct mo_reader *reader, struct thread_sums *sums,
				    const struct mo_memmap_section *section, uint64_t first_pfn, uint64_t n_pages)
{
	uint64_t most = BYTES_A_READ / state->ext_bytes;
	struct mo_error *error = NULL;
	unsigned n_failed = 0;
	uint64_t done = 0;

	while (done < n_pages && !error) {
		uint64_t kva = page_ext_kva(state, section, first_pfn + done);
		uint64_t left = n_pages - done;
		uint64_t n = left < most ? left : most;
		uint64_t step = n;
		struct mo_error *unread = mo_read(reader, kva, sums->bytes, (size_t)(n * state->ext_bytes));

		if (unread) {
			mo_error_destroy(unread);
			n = read_one_page(state, reader, sums, kva, n, n_failed, &step);
		}
		n_failed = n ? 0 : n_failed + 1;
		for (uint64_t i = 0; i < n && !error; i++)
			error = add_record(state, reader, sums, sums->bytes + i * state->ext_bytes, first_pfn + done + i);
		step = step < left ? step : left;
		sums->unreadable_pages += step - n;
		done += step;
	}
	return error;
}

static struct mo_error *prepare_thread(const struct page_owner_state *state, struct thread_sums *sums)
{
	if (!sums->bytes)
		sums->bytes = malloc(BYTES_A_READ);
	if (!sums->page_blocks)
		sums->page_blocks = calloc(state->n_sites + 1, sizeof(*sums->page_blocks));
	return sums->bytes && sums->page_blocks ? NULL : mo_error_no_memory();
}

/* Items are quarters of sections. */
static struct mo_error *scan_pieces(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				    uint64_t n_items)
{
	struct scan *scan = context;
	const struct page_owner_state *state = scan->state;
	struct thread_sums *sums = &scan->threads[thread_index];
	struct mo_error *error = prepare_thread(state, sums);

	for (uint64_t i = first; i < first + n_items && !error; i++) {
		const struct mo_memmap_section *section = &state->memmap->sections[i / PIECES_A_SECTION];
		uint64_t n_pages = state->memmap->section_pages / PIECES_A_SECTION;
		uint64_t first_pfn = section->first_pfn + i % PIECES_A_SECTION * n_pages;

		/* Bit 0: the section is going offline. */
		if (!section->page_ext_kva || section->page_ext_kva & 1)
			continue;
		error = scan_frames(state, reader, sums, section, first_pfn, n_pages);
		if (!error)
			error = end_run(sums);
	}
	return error;
}

/* Adds a thread's sums to those of all, and frees them. */
static struct mo_error *take_sums(struct page_owner_state *state, struct thread_sums *sums, struct group_table *ret)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < sums->table.n && !error; i++)
		error = add_group(ret, &sums->table.groups[i]);
	for (size_t i = 0; i < state->n_sites && sums->page_blocks; i++)
		state->sites[i].page_blocks += sums->page_blocks[i];
	state->model.unreadable_pages += sums->unreadable_pages;
	if (sums->broken.n) {
		state->broken_records.n += sums->broken.n - 1;
		mo_trouble_note(&state->broken_records, sums->broken.first);
	}
	group_table_deinit(&sums->table);
	free(sums->page_blocks);
	free(sums->bytes);
	return error;
}

struct mo_error *scan_records(struct page_owner_state *state, struct group_table *ret)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	struct scan scan = { .state = state, .n_threads = mo_kernel_thread_count(kernel) };
	struct mo_error *error;

	if (!state->memmap || (!state->has_owners && !state->has_tag_refs))
		return NULL;
	if (state->memmap->section_pages % PIECES_A_SECTION)
		return mo_error_create(MO_E_UNSUPPORTED, "sections of %" PRIu64 " page frames", state->memmap->section_pages);
	scan.threads = calloc(scan.n_threads, sizeof(*scan.threads));
	if (!scan.threads)
		return mo_error_no_memory();
	error = mo_parallel_scan(kernel, mo_run_progress(state->run), "reading page_owner records", 0,
				 (uint64_t)state->memmap->n_sections * PIECES_A_SECTION, 1, scan_pieces, &scan);
	for (unsigned i = 0; i < scan.n_threads; i++) {
		struct mo_error *failed = take_sums(state, &scan.threads[i], ret);

		if (error)
			mo_error_destroy(failed);
		else
			error = failed;
	}
	free(scan.threads);
	return error;
}
