/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who points at an mm: every word of the pages of slabs is looked at, and those that point at one are told by object. */
#include <stdlib.h>

#include <memopsy/containers.h>
#include <memopsy/object_index.h>
#include <memopsy/walk.h>
#include <memopsy/word_pass.h>

#include "gathering.h"

enum { IS_SLAB = 1 }; /* what a page is to the pass */

struct search {
	const struct mo_object_index *index;
	const struct orphan *orphans;
	size_t n_orphans;
	struct holders *threads;
};

static const struct orphan *orphan_at(const struct orphan *orphans, size_t n_orphans, uint64_t kva)
{
	size_t low = mo_lower_bound(n_orphans, at, orphans[at].kva < kva);

	return low < n_orphans && orphans[low].kva == kva ? &orphans[low] : NULL;
}

static void add(struct holders *holders, const struct holder *found)
{
	for (size_t i = 0; i < holders->n; i++) {
		struct holder *known = &holders->entries[i];

		if (known->orphan == found->orphan && known->cache == found->cache && known->cpu == found->cpu &&
		    known->offset_bytes == found->offset_bytes && known->variable == found->variable) {
			known->n_objects += found->n_objects;
			if (found->example_kva < known->example_kva)
				known->example_kva = found->example_kva;
			return;
		}
	}
	if (holders->n < MAX_HOLDERS)
		holders->entries[holders->n++] = *found;
	else
		holders->is_full = true;
}

/* A word that is the address of an orphan, if it lies in an allocated object: in one that is free it is a remnant. */
static void add_word(const struct search *search, struct holders *holders, uint64_t kva, const struct orphan *orphan)
{
	const struct mo_object_index *index = search->index;
	uint32_t number = mo_pointed_slab(index, kva);
	struct mo_object_ref ref = { .slab = number - 1 };
	uint64_t object_kva, n_bytes;

	if (!number || !mo_pointed_object(index, ref.slab, kva, &ref.index) || mo_index_state(index, ref) != MO_OBJECT_ALLOCATED)
		return;
	mo_object_span(index, ref, &object_kva, &n_bytes);
	if (kva - object_kva >= n_bytes || object_kva == orphan->kva) /* an mm points at itself */
		return;
	add(holders, &(struct holder){ .orphan = (uint32_t)(orphan - search->orphans),
				       .cache = index->slabs->slabs[ref.slab].cache, .offset_bytes = (uint32_t)(kva - object_kva),
				       .n_objects = 1, .example_kva = object_kva, .cpu = -1 });
}

static bool look(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	const struct search *search = context;
	uint64_t first = search->orphans[0].kva;
	uint64_t span = search->orphans[search->n_orphans - 1].kva - first;
	size_t word_bytes = search->index->word_bytes;

	for (size_t at = 0; at + word_bytes <= view->n_bytes; at += word_bytes) {
		uint64_t word = mo_index_word(search->index, view->bytes + at);
		const struct orphan *orphan = word - first <= span ? orphan_at(search->orphans, search->n_orphans, word) : NULL;

		if (orphan)
			add_word(search, &search->threads[thread_index], search->index->slabs->direct_map_kva + view->pa + at,
				 orphan);
	}
	return true;
}

/* The pages of slabs, without what the model mem_map would cost. */
static struct mo_error *scan_slabs(struct mo_run *run, struct search *search)
{
	const struct mo_object_index *index = search->index;
	uint8_t *classes = calloc(index->n_pages + 1, sizeof(*classes));
	struct mo_page_run pages = { .first_pfn = index->first_pfn, .n_pages = index->n_pages, .classes = classes };
	struct mo_word_pass pass = { .kernel = mo_run_kernel(run), .progress = mo_run_progress(run), .phase = "objects",
				     .runs = &pages, .n_runs = 1, .kinds = { [MO_PAGE_SLAB] = IS_SLAB }, .look = look,
				     .context = search };
	uint64_t n_missing_pages = 0; /* whatever they point at, nobody can say */
	struct mo_error *error;

	if (!classes)
		return mo_error_no_memory();
	for (uint64_t i = 0; i < index->n_pages; i++)
		if (index->slab_of_page[i])
			classes[i] = MO_PAGE_SLAB;
	error = mo_scan_words(&pass, &n_missing_pages);
	free(classes);
	return error;
}

struct mo_error *find_holders(struct mo_run *run, const struct orphan *orphans, size_t n_orphans, struct holders *ret)
{
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(run));
	struct mo_object_index index;
	struct search search = { .index = &index, .orphans = orphans, .n_orphans = n_orphans };
	struct mo_error *error;

	if (!n_orphans)
		return NULL;
	error = mo_object_index_build(mo_run_kernel(run), mo_run_model_of(run, MO_SLAB_MODEL), &index);
	if (error)
		return error;
	search.threads = calloc(n_threads, sizeof(*search.threads));
	error = search.threads ? NULL : mo_error_no_memory();
	for (unsigned i = 0; !error && i < n_threads; i++) {
		search.threads[i].entries = calloc(MAX_HOLDERS, sizeof(*search.threads[i].entries));
		if (!search.threads[i].entries)
			error = mo_error_no_memory();
	}
	if (!error)
		error = scan_slabs(run, &search);
	for (unsigned i = 0; search.threads && i < n_threads; i++) {
		for (size_t j = 0; !error && j < search.threads[i].n; j++)
			add(ret, &search.threads[i].entries[j]);
		ret->is_full |= search.threads[i].is_full;
		free(search.threads[i].entries);
	}
	free(search.threads);
	mo_object_index_deinit(&index);
	return error;
}

static void check_variable(struct mo_run *run, const struct orphan *orphans, size_t n_orphans, const char *name, int cpu,
			   uint64_t kva, struct holders *ret)
{
	const struct orphan *orphan = NULL;
	uint64_t mm_kva = 0;
	struct mo_error *error = mo_read_pointer(mo_run_reader(run), kva, &mm_kva);

	if (!error)
		orphan = orphan_at(orphans, n_orphans, mm_kva);
	if (orphan)
		add(ret, &(struct holder){ .orphan = (uint32_t)(orphan - orphans), .cache = MO_SLAB_NO_CACHE, .n_objects = 1,
					   .example_kva = kva, .variable = name, .cpu = cpu });
	mo_error_destroy(error);
}

void find_variables(struct mo_run *run, const struct orphan *orphans, size_t n_orphans, struct holders *ret)
{
	const struct mms_layout *layout = mo_run_layout(run);
	struct mo_set cpus;
	struct mo_error *error;

	if (mo_has(&layout->poking_mm))
		check_variable(run, orphans, n_orphans, layout->poking_mm.name, -1, layout->poking_mm.kva, ret);
	if (!mo_has(&layout->cpu_tlbstate) || !mo_has(&layout->loaded_mm))
		return;
	error = mo_cpus(mo_run_reader(run), MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;
		struct mo_error *missing = mo_percpu(mo_run_reader(run), layout->cpu_tlbstate.kva, (unsigned)cpu, &kva);

		if (!missing)
			check_variable(run, orphans, n_orphans, "cpu_tlbstate.loaded_mm", cpu,
				       mo_field_kva(&layout->loaded_mm, kva), ret);
		mo_error_destroy(missing);
	}
	mo_error_destroy(error);
}
