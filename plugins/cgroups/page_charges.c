/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which group each page frame is charged to, from one pass over all struct pages: page->mem_cgroup in 5.10, since then
 * page->memcg_data, a pointer with flags that leads to a struct mem_cgroup, or by way of a struct obj_cgroup (kernel
 * pages; in 7.x pages of users too). All pages of a folio are charged as their head is. Slab pages have a vector of
 * their objects' owners there: see object_charges.c.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/parallel.h>

#define GRAIN_PAGES 32768u
#define VECTOR_BIT 1u /* MEMCG_DATA_OBJCGS, MEMCG_DATA_OBJEXTS */

struct pass {
	const struct cgroups_state *state;
	const struct mo_mem_map_model *mem_map;
	const struct mo_memmap *memmap;
	struct thread {
		uint64_t *pages;         /* n_groups times MO_N_PAGE_CLASSES */
		struct charge_lookup lookup;
		struct mo_trouble trouble;
		uint64_t stray_pages;
		uint32_t head_group;     /* of the page before: tails follow it */
		bool head_is_charged;
	} *threads;
};

static bool may_be_charged(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_FREE_BUDDY:
	case MO_PAGE_FREE_PCP:
	case MO_PAGE_SLAB:
	case MO_PAGE_UNKNOWN:
	case MO_PAGE_RESERVED:
	case MO_PAGE_HOLE:
	case MO_PAGE_MEM_MAP:
	case MO_PAGE_KERNEL_TEXT:
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
	case MO_PAGE_GUARD:
	case MO_PAGE_UNACCEPTED:
		return false;
	default:
		return true;
	}
}

static void count_page(struct thread *thread, const struct cgroups_layout *layout, const uint8_t *page, uint8_t class)
{
	if (!mo_page_is_tail(layout->page, page, false)) {
		uint64_t data = may_be_charged((enum mo_page_class)class) ? mo_get(&layout->page->field.memcg, page) : 0;

		thread->head_is_charged = data && !(data & VECTOR_BIT);
		if (thread->head_is_charged)
			thread->head_group = group_of_charge(&thread->lookup, data & MO_CHARGE_POINTER_BITS);
	}
	if (!thread->head_is_charged || class >= MO_N_PAGE_CLASSES)
		return;
	if (thread->head_group == MO_CGROUP_NONE)
		thread->stray_pages++;
	else
		thread->pages[(size_t)thread->head_group * MO_N_PAGE_CLASSES + class]++;
}

/* Struct pages from a view, or one at a time where a view ends within one. Returns for how many that went well. */
static uint64_t count_some(struct pass *pass, struct thread *thread, struct mo_reader *reader, uint64_t page_kva,
			   uint64_t n_pages, const uint8_t *classes)
{
	const struct cgroups_layout *layout = pass->state->layout;
	uint64_t page_bytes = layout->page->struct_bytes;
	uint8_t single[MO_PAGE_STRUCT_BYTES_MAX];
	const void *bytes = NULL;
	size_t n_bytes = 0;
	struct mo_error *error = mo_view(reader, page_kva, (size_t)(n_pages * page_bytes), &bytes, &n_bytes);

	if (!error && n_bytes < page_bytes) {
		error = mo_read(reader, page_kva, single, (size_t)page_bytes);
		bytes = single;
		n_bytes = (size_t)page_bytes;
	}
	if (error) {
		mo_trouble_note(&thread->trouble, error);
		thread->head_is_charged = false;
		return 0;
	}
	for (uint64_t i = 0; i < n_bytes / page_bytes; i++)
		count_page(thread, layout, (const uint8_t *)bytes + i * page_bytes, classes[i]);
	if (bytes != single)
		mo_view_done(reader, bytes, n_bytes);
	return n_bytes / page_bytes;
}

static void count_run(struct pass *pass, struct thread *thread, struct mo_reader *reader, const struct mo_memmap_run *run,
		      uint64_t first, uint64_t end)
{
	const struct mo_page_shape *shape = pass->state->layout->page;

	for (size_t i = 0; i < pass->mem_map->n_runs; i++) {
		const struct mo_page_run *classes = &pass->mem_map->runs[i];
		uint64_t from = classes->first_pfn > first ? classes->first_pfn : first;
		uint64_t to = classes->first_pfn + classes->n_pages < end ? classes->first_pfn + classes->n_pages : end;

		thread->head_is_charged = false;
		while (from < to) {
			uint64_t page_kva = run->first_page_kva + (from - run->first_pfn) * shape->struct_bytes;
			uint64_t n = count_some(pass, thread, reader, page_kva, to - from,
						classes->classes + (from - classes->first_pfn));

			/* What cannot be read is a page of struct pages, or more. */
			from += n ? n : (shape->page_bytes - page_kva % shape->page_bytes + shape->struct_bytes - 1) /
						shape->struct_bytes;
		}
	}
}

static struct mo_error *scan_pages(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct pass *pass = context;
	struct thread *thread = &pass->threads[thread_index];

	thread->lookup.reader = reader;
	for (size_t i = 0; i < pass->memmap->n_runs; i++) {
		const struct mo_memmap_run *run = &pass->memmap->runs[i];
		uint64_t from = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages;

		if (end > first + n_items)
			end = first + n_items;
		if (from < end)
			count_run(pass, thread, reader, run, from, end);
	}
	return NULL;
}

static void sum_up(struct cgroups_state *state, bool is_partial)
{
	for (size_t i = 0; i < state->n_groups; i++) {
		const uint64_t *pages = state->charged_pages + i * MO_N_PAGE_CLASSES;
		struct mo_cgroup *group = &state->groups[i];
		uint64_t anon = pages[MO_PAGE_ANON] + pages[MO_PAGE_ANON_THP] + pages[MO_PAGE_SWAP_CACHE];
		uint64_t file = pages[MO_PAGE_FILE] + pages[MO_PAGE_FILE_THP];
		uint64_t shmem = pages[MO_PAGE_SHMEM] + pages[MO_PAGE_SHMEM_THP];
		uint64_t sum = 0;

		for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
			sum += pages[class];
		group->charged_pages = pages;
		group->charged_anon_pages = is_partial ? mo_at_least(anon) : mo_exact(anon);
		group->charged_file_pages = is_partial ? mo_at_least(file) : mo_exact(file);
		group->charged_shmem_pages = is_partial ? mo_at_least(shmem) : mo_exact(shmem);
		group->charged_kernel_pages = is_partial ? mo_at_least(sum - anon - file - shmem) :
							   mo_exact(sum - anon - file - shmem);
		group->charged_sum_pages = is_partial ? mo_at_least(sum) : mo_exact(sum);
	}
}

static void merge_threads(struct cgroups_state *state, struct pass *pass, unsigned n_threads)
{
	size_t n = state->n_groups * MO_N_PAGE_CLASSES;
	uint64_t n_before = state->unreadable_charges.n;

	for (unsigned i = 0; i < n_threads; i++) {
		struct thread *thread = &pass->threads[i];

		for (size_t j = 0; j < n; j++)
			state->charged_pages[j] += thread->pages[j];
		state->model.stray_pages += thread->stray_pages;
		mo_trouble_merge(&state->unreadable_charges, &thread->trouble);
	}
	sum_up(state, state->unreadable_charges.n != n_before);
}

struct mo_error *gather_page_charges(struct cgroups_state *state)
{
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(state->run));
	struct pass pass = { .state = state, .mem_map = mo_run_model_of(state->run, MO_MEM_MAP_MODEL) };
	size_t n = state->n_groups * MO_N_PAGE_CLASSES;
	struct mo_error *error = mo_memmap(state->reader, &pass.memmap);

	if (error || !pass.mem_map || !mo_has(&state->layout->page->field.memcg) || !pass.memmap->n_runs) {
		mo_trouble_note(&state->unreadable_charges, error);
		return NULL;
	}
	state->charged_pages = calloc(n, sizeof(uint64_t));
	pass.threads = calloc(n_threads, sizeof(*pass.threads));
	if (!state->charged_pages || !pass.threads)
		error = mo_error_no_memory();
	for (unsigned i = 0; !error && i < n_threads; i++) {
		pass.threads[i].lookup.state = state;
		pass.threads[i].pages = calloc(n, sizeof(uint64_t));
		if (!pass.threads[i].pages)
			error = mo_error_no_memory();
	}
	if (!error)
		error = mo_parallel_scan_frames(mo_run_kernel(state->run), mo_run_progress(state->run), "charged pages",
						pass.memmap->runs, pass.memmap->n_runs, sizeof(*pass.memmap->runs),
						GRAIN_PAGES, scan_pages, &pass);
	if (!error)
		merge_threads(state, &pass, n_threads);
	for (unsigned i = 0; pass.threads && i < n_threads; i++) {
		mo_error_destroy(pass.threads[i].trouble.first);
		free(pass.threads[i].pages);
	}
	free(pass.threads);
	return error;
}
