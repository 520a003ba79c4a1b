/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who points at an mm: every word of every allocated slab object is looked at, on all cores. */
#include <inttypes.h>
#include <stdlib.h>

#include <memopsy/architecture.h>
#include <memopsy/containers.h>
#include <memopsy/parallel.h>
#include <memopsy/walk.h>

#include "gathering.h"

#define GRAIN_SLABS 1024u

struct pass {
	const struct mo_kernel_facts *facts;
	const struct mo_slab_model *slab;
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
			return;
		}
	}
	if (holders->n < MAX_HOLDERS)
		holders->entries[holders->n++] = *found;
	else
		holders->is_full = true;
}

static void scan_words(const struct pass *pass, struct holders *holders, const struct mo_slab *slab, uint64_t object_kva,
		       uint64_t done, const uint8_t *bytes, size_t n_bytes)
{
	uint64_t first = pass->orphans[0].kva;
	uint64_t last = pass->orphans[pass->n_orphans - 1].kva;

	for (size_t at = 0; at + pass->facts->pointer_bytes <= n_bytes; at += pass->facts->pointer_bytes) {
		const struct orphan *orphan;
		uint64_t word = mo_word_at(pass->facts, bytes + at);

		if (word < first || word > last)
			continue;
		orphan = orphan_at(pass->orphans, pass->n_orphans, word);
		if (orphan && orphan->kva != object_kva) /* an mm points at itself */
			add(holders, &(struct holder){ .orphan = (uint32_t)(orphan - pass->orphans), .cache = slab->cache,
						       .offset_bytes = (uint32_t)(done + at), .n_objects = 1,
						       .example_kva = object_kva, .cpu = -1 });
	}
}

static void scan_object(const struct pass *pass, struct holders *holders, struct mo_reader *reader,
			const struct mo_slab *slab, uint32_t index)
{
	uint64_t kva = mo_object_kva(pass->slab, slab, index);
	uint64_t n_bytes = pass->slab->caches[slab->cache].object_bytes;
	size_t word_bytes = pass->facts->pointer_bytes;

	for (uint64_t done = 0; done + word_bytes <= n_bytes;) {
		const void *bytes = NULL;
		size_t n = 0;
		struct mo_error *error = mo_view(reader, kva + done, (size_t)(n_bytes - done), &bytes, &n);

		if (error || n < word_bytes) { /* left out of the dump: whatever it points at, nobody can say */
			mo_error_destroy(error);
			return;
		}
		scan_words(pass, holders, slab, kva, done, bytes, n);
		done += n & ~(word_bytes - 1);
	}
}

static struct mo_error *scan_slabs(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	const struct pass *pass = context;

	for (uint64_t i = first; i < first + n_items; i++) {
		const struct mo_slab *slab = &pass->slab->slabs[i];

		if (!slab->has_states || slab->cache == MO_SLAB_NO_CACHE)
			continue;
		for (uint32_t j = 0; j < slab->objects; j++)
			if (mo_object_state_of(pass->slab, slab, j) == MO_OBJECT_ALLOCATED)
				scan_object(pass, &pass->threads[thread_index], reader, slab, j);
	}
	return NULL;
}

struct mo_error *find_holders(struct mo_run *run, const struct orphan *orphans, size_t n_orphans, struct holders *ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(run));
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(run));
	struct pass pass = { .facts = facts, .slab = mo_run_model_of(run, MO_SLAB_MODEL), .orphans = orphans, .n_orphans = n_orphans };
	struct mo_error *error = NULL;

	if (!n_orphans)
		return NULL;
	pass.threads = calloc(n_threads, sizeof(*pass.threads));
	if (!pass.threads)
		return mo_error_no_memory();
	for (unsigned i = 0; !error && i < n_threads; i++) {
		pass.threads[i].entries = calloc(MAX_HOLDERS, sizeof(*pass.threads[i].entries));
		if (!pass.threads[i].entries)
			error = mo_error_no_memory();
	}
	if (!error)
		error = mo_parallel_scan(mo_run_kernel(run), mo_run_progress(run), "objects", 0, pass.slab->n_slabs, GRAIN_SLABS,
					 scan_slabs, &pass);
	for (unsigned i = 0; i < n_threads; i++) {
		for (size_t j = 0; !error && j < pass.threads[i].n; j++)
			add(ret, &pass.threads[i].entries[j]);
		ret->is_full |= pass.threads[i].is_full;
		free(pass.threads[i].entries);
	}
	free(pass.threads);
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
