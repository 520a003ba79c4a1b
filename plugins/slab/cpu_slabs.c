/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each CPU keeps of each cache (struct kmem_cache_cpu, until 6.19): the slab that it allocates from, with a free
 * list of its own, and a chain of partial slabs.
 */
#include "gathering.h"

#include <inttypes.h>

#define MAX_CPU_PARTIAL (1u << 20)

typedef void (*cpu_slab_function)(struct slab_state *state, uint32_t cache, uint64_t cpu_slab_kva);

static const char *name_of(const struct slab_state *state, uint32_t cache)
{
	return state->caches[cache].name ? state->caches[cache].name : "?";
}

/* Where a CPU cannot be asked, `untold` objects of the cache more may be free than look so. */
static void for_each_cpu_of(struct slab_state *state, uint32_t cache, const struct mo_set *cpus, cpu_slab_function function,
			    uint32_t untold)
{
	uint64_t percpu_kva = 0;
	uint64_t cpu_slab_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->cache.cpu_slab, state->caches[cache].cache_kva,
					       &percpu_kva);

	for (int cpu = mo_set_next(cpus, 0); cpu >= 0 && !error && percpu_kva; cpu = mo_set_next(cpus, (unsigned)cpu + 1)) {
		error = mo_percpu(state->reader, percpu_kva, (unsigned)cpu, &cpu_slab_kva);
		if (!error)
			function(state, cache, cpu_slab_kva);
	}
	if (error)
		state->caches[cache].untold_objects += untold;
	note_trouble(state, mo_error_prepend(error, "the CPUs' slabs of cache %s", name_of(state, cache)));
}

static void for_each_cpu_slab(struct slab_state *state, cpu_slab_function function, bool are_lists)
{
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&state->layout->cache.cpu_slab) || !mo_has(&state->layout->cpu.freelist) ||
	    !mo_has(&state->layout->cpu.slab))
		return;
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	if (error) {
		note_trouble(state, mo_error_prepend(error, "the possible CPUs"));
		return;
	}
	for (size_t i = 0; i < state->model.n_caches; i++)
		if (state->caches[i].size_bytes)
			for_each_cpu_of(state, (uint32_t)i, &cpus, function, are_lists ? state->caches[i].objects_per_slab : 0);
}

bool read_cpu_slab(const struct slab_state *state, struct mo_reader *reader, uint32_t cache, unsigned cpu, struct cpu_slab_words *ret)
{
	const struct slab_layout *layout = state->layout;
	uint64_t percpu_kva = 0;
	uint64_t kva = 0;
	struct mo_error *error;

	*ret = (struct cpu_slab_words){ .freelist_kva = 0 };
	if (!mo_has(&layout->cache.cpu_slab) || !mo_has(&layout->cpu.freelist) || !mo_has(&layout->cpu.slab))
		return false;
	error = mo_read_field(reader, &layout->cache.cpu_slab, state->caches[cache].cache_kva, &percpu_kva);
	if (!error && percpu_kva)
		error = mo_percpu(reader, percpu_kva, cpu, &kva);
	for (unsigned i = 0; i < CPU_SLAB_WORDS && !error && kva; i++)
		error = mo_read_pointer(reader, kva + i * state->shape.word_bytes, &ret->words[i]);
	if (!error && kva)
		error = mo_read_field(reader, &layout->cpu.freelist, kva, &ret->freelist_kva);
	if (!error && kva)
		error = mo_read_field(reader, &layout->cpu.slab, kva, &ret->slab_kva);
	return !mo_error_destroy(error) && kva;
}

static void mark(struct slab_state *state, uint32_t cache, uint64_t page_kva, enum mo_slab_place place)
{
	struct mo_slab *slab = slab_of_page(state, page_kva);

	if (slab && slab->cache == cache)
		slab->place = (uint8_t)place;
	else
		note_trouble(state, mo_error_create(MO_E_CORRUPT, "a CPU holds 0x%" PRIx64 ", which is no slab of cache %s",
						    page_kva, name_of(state, cache)));
}

static void mark_cpu_slab(struct slab_state *state, uint32_t cache, uint64_t cpu_slab_kva)
{
	const struct slab_layout *layout = state->layout;
	uint64_t slab_kva = 0;
	uint64_t first_kva = 0;
	struct mo_chain_walk walk;
	struct mo_error *error = mo_read_field(state->reader, &layout->cpu.slab, cpu_slab_kva, &slab_kva);

	if (!error && mo_has(&layout->cpu.partial) && mo_has(&layout->slab.next))
		error = mo_read_field(state->reader, &layout->cpu.partial, cpu_slab_kva, &first_kva);
	if (!error && slab_kva)
		mark(state, cache, slab_kva, MO_SLAB_CPU);
	if (!error && first_kva) {
		mo_chain_begin(&walk, state->reader, first_kva, layout->slab.next.offset_bytes, MAX_CPU_PARTIAL);
		while (mo_chain_next(&walk, &slab_kva))
			mark(state, cache, slab_kva, MO_SLAB_CPU_PARTIAL);
		error = mo_chain_end(&walk);
	}
	note_trouble(state, mo_error_prepend(error, "a CPU's slabs of cache %s", name_of(state, cache)));
}

void mark_cpu_slabs(struct slab_state *state)
{
	for_each_cpu_slab(state, mark_cpu_slab, false);
}

static void walk_cpu_freelist(struct slab_state *state, uint32_t cache, uint64_t cpu_slab_kva)
{
	const struct slab_layout *layout = state->layout;
	struct slab_wrong wrong = { .fault = MO_SLAB_SOUND };
	uint64_t freelist_kva = 0;
	uint64_t slab_kva = 0;
	struct mo_slab *slab;
	struct mo_error *error = mo_read_field(state->reader, &layout->cpu.freelist, cpu_slab_kva, &freelist_kva);

	if (!error && freelist_kva)
		error = mo_read_field(state->reader, &layout->cpu.slab, cpu_slab_kva, &slab_kva);
	if (error || !freelist_kva) {
		if (error)
			state->caches[cache].untold_objects += state->caches[cache].objects_per_slab;
		note_trouble(state, mo_error_prepend(error, "a CPU's free list of cache %s", name_of(state, cache)));
		return;
	}
	slab = slab_kva ? slab_of_page(state, slab_kva) : NULL;
	if (!slab || slab->cache != cache || !slab->has_states) {
		state->caches[cache].untold_objects += state->caches[cache].objects_per_slab;
		note_trouble(state, mo_error_create(MO_E_CORRUPT, "a CPU's free list of cache %s (0x%" PRIx64 ") has no slab",
						    name_of(state, cache), freelist_kva));
		return;
	}
	walk_freelist(state, state->reader, slab, freelist_kva, MO_OBJECT_FREE_CPU, &wrong);
	if (wrong.fault == MO_SLAB_SOUND)
		return;
	/* Which of the slab's other objects are on that list nothing else says. */
	forget_untold(state, state->reader, slab, wrong.fault);
	note_wrong(state, slab, &wrong);
}

/* A frozen slab is some CPU's. If it is of none that could be asked, any of its objects may be on the list of another. */
static void forget_slabs_of_untold_cpus(struct slab_state *state)
{
	for (size_t i = 0; i < state->model.n_slabs; i++) {
		struct mo_slab *slab = &state->slabs[i];
		struct slab_wrong wrong = { .fault = MO_SLAB_UNREADABLE, .cache = slab->cache };

		if (!slab->is_frozen || slab->place != MO_SLAB_FULL || slab->fault != MO_SLAB_SOUND || !slab->has_states ||
		    !state->caches[slab->cache].untold_objects)
			continue;
		forget_rest(state, slab);
		note_wrong(state, slab, &wrong);
	}
}

void walk_cpu_freelists(struct slab_state *state)
{
	for_each_cpu_slab(state, walk_cpu_freelist, true);
	forget_slabs_of_untold_cpus(state);
}
