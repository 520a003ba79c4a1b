/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks what roots lead to: one pass over the pages that hold roots, each thread following what it meets at once, as
 * deep as it goes. What a thread cannot hold on its stack it leaves to the next round, which all threads share.
 */
#include <memopsy/parallel.h>
#include <stdlib.h>

#include "dead_words.h"
#include "gathering.h"
#include "grown.h"
#include "nodes.h"
#include "sheaves.h"
#include "words.h"

#define SCAN_GRAIN_PAGES 4096  /* 16 MiB: small enough that no thread waits long for the last one */
#define VIEW_PAGES 64          /* scanned before what they lead to is followed */
#define ROUND_GRAIN_OBJECTS 256
#define COPY_BYTES 4096        /* objects up to this size are looked at whole, even where views are of single pages */

struct marking {
	struct leaks_state *state;
	struct dead_words dead;
	struct marking_thread *threads;
	struct ref_list round;
	struct sheaf_shape sheaves;
};

/* What waits for RCU in a sheaf is on its way out: not lost, and it leads on as long as it is there. */
static void defer_objects(const struct marking *marking, struct marking_thread *thread, const uint8_t *bytes, uint64_t end,
			  struct word_source source)
{
	const struct mo_object_index *index = &marking->state->index;
	uint64_t n_objects = waiting_objects(marking->state, &marking->sheaves, bytes, end);
	size_t n_before = thread->stack.n_refs + thread->left.n_refs;

	scan_words(marking->state, thread, bytes + marking->sheaves.objects_bytes, n_objects * index->word_bytes, source);
	thread->deferred_objects += thread->stack.n_refs + thread->left.n_refs - n_before;
}

static void scan_part(const struct marking *marking, struct marking_thread *thread, const uint8_t *bytes, size_t n_bytes,
		      struct word_source source)
{
	uint64_t end;

	if (is_sheaf(marking->state, &marking->sheaves, bytes, n_bytes, &end)) {
		scan_words(marking->state, thread, bytes, marking->sheaves.objects_bytes, source);
		defer_objects(marking, thread, bytes, end, source);
		bytes += end;
		n_bytes -= end;
		source.kva += end;
	}
	scan_words(marking->state, thread, bytes, n_bytes, source);
}

/* What struct pages of a block lead to, once it is reached itself. */
static void scan_struct_pages(struct leaks_state *state, struct mo_reader *reader, struct marking_thread *thread, uint64_t pfn,
			      uint64_t n_pages)
{
	struct word_source source = { .kva = struct_page_kva(&state->ranges, pfn), .has_no_pages = true,
				      .has_no_numbers = true };
	uint64_t n_bytes = n_pages * state->ranges.page_struct_bytes;

	while (n_bytes) {
		const void *view;
		size_t n_viewed;
		struct mo_error *error = mo_view(reader, source.kva, n_bytes, &view, &n_viewed);

		if (error) {
			mo_error_destroy(error);
			thread->missing_objects++;
			return;
		}
		scan_words(state, thread, view, n_viewed, source);
		source.kva += n_viewed;
		n_bytes -= n_viewed;
	}
}

struct meeting {
	struct leaks_state *state;
	struct marking_thread *thread;
};

static void note_mapped(void *context, uint32_t node)
{
	const struct meeting *meeting = context;
	uint64_t pa = mo_index_pa(&meeting->state->index, meeting->state->index.indexed[node].first_kva);

	note_frame(meeting->state, meeting->thread, pa >> meeting->state->index.page_shift);
}

/* What belongs to a node beside its bytes. */
static struct word_source begin_node(struct leaks_state *state, struct mo_reader *reader, struct marking_thread *thread,
				     struct mo_object_ref ref, uint64_t kva)
{
	const struct mo_indexed_area *area = mo_area_of_node(&state->index, ref.slab);
	struct word_source source = { .kva = kva };

	if (area && area->is_mapping)
		for_each_mapped_block(state, reader, area, note_mapped, &(struct meeting){ .state = state, .thread = thread });
	if (mo_is_slab_node(&state->index, ref.slab)) {
		source.has_no_frames = true;
		source.may_be_root_table = state->has_root_tables_in_slabs;
		if (state->index.slabs->slabs[ref.slab].cache == state->ranges.area_cache)
			source.area_bytes = 2 * state->index.word_bytes;
	} else if (mo_is_block_node(&state->index, ref.slab)) {
		source.may_be_table = true;
		scan_struct_pages(state, reader, thread, mo_index_pa(&state->index, kva) >> state->index.page_shift,
				  state->index.indexed[ref.slab].size_bytes >> state->index.page_shift);
	}
	return source;
}

enum root_kind { NO_ROOT, ROOT_WORDS, ROOT_ADDRESSES, ROOT_TABLE };

/* Words of pages, but for those that nobody will read. */
static void scan_live_words(const struct marking *marking, struct marking_thread *thread, const uint8_t *bytes, size_t n_bytes,
			    uint64_t pa, struct word_source source)
{
	const struct leaks_state *state = marking->state;
	const struct dead_range *dead = next_dead(&marking->dead, pa);
	const struct dead_range *end = marking->dead.ranges + marking->dead.n;
	uint64_t end_pa = pa + n_bytes;

	while (pa < end_pa) {
		uint64_t stop_pa = dead && dead < end && dead->pa < end_pa ? dead->pa : end_pa;

		if (stop_pa > pa) {
			source.kva = state->index.slabs->direct_map_kva + pa;
			scan_words(marking->state, thread, bytes, stop_pa - pa, source);
			bytes += stop_pa - pa;
			pa = stop_pa;
		}
		if (pa < end_pa) {
			uint64_t next_pa = dead->end_pa < end_pa ? dead->end_pa : end_pa;

			bytes += next_pa - pa;
			pa = next_pa;
			dead++;
		}
	}
}

static uint32_t source_cache(const struct leaks_state *state, struct mo_object_ref ref)
{
	const struct mo_slab_model *slabs = state->index.slabs;

	return mo_is_slab_node(&state->index, ref.slab) ? slabs->slabs[ref.slab].cache : (uint32_t)slabs->n_caches;
}

/* Of a kernel that runs: an object that was free when its slab was looked at, and is still. */
static bool is_still_free(const struct leaks_state *state, struct mo_reader *reader, struct mo_object_ref ref)
{
	const struct mo_slab_model *slabs = state->index.slabs;

	return mo_index_state(&state->index, ref) != MO_OBJECT_ALLOCATED && mo_is_slab_node(&state->index, ref.slab) &&
	       mo_index_state(&state->index, ref) != MO_OBJECT_UNKNOWN && slabs->looks_free &&
	       slabs->looks_free(slabs, reader, &slabs->slabs[ref.slab], ref.index);
}

/* The words of one object, in the pieces that views give; what cannot be read of it is counted. */
static void scan_object(const struct marking *marking, struct mo_reader *reader, struct marking_thread *thread,
			struct mo_object_ref ref)
{
	struct leaks_state *state = marking->state;
	bool is_area = mo_area_of_node(&state->index, ref.slab);
	struct word_source source;
	uint8_t copy[COPY_BYTES];
	uint64_t kva;
	uint64_t n_bytes;

	if (ref.slab == STRANGER) {
		scan_stranger(state, reader, thread, ref.index);
		return;
	}
	if (state->is_live && is_still_free(state, reader, ref))
		return;
	thread->source_cache = source_cache(state, ref);
	mo_object_span(&state->index, ref, &kva, &n_bytes);
	source = begin_node(state, reader, thread, ref, kva);
	while (n_bytes) {
		const void *view;
		size_t n_viewed = 0;
		struct mo_error *error = view_node(state, reader, ref, source.kva, n_bytes, &view, &n_viewed);

		if (!error && n_viewed < n_bytes && n_bytes <= sizeof(copy) && !is_area) {
			error = mo_read_pa(reader, mo_index_pa(&state->index, source.kva), copy, n_bytes);
			view = copy;
			n_viewed = n_bytes;
		}
		if (error) {
			mo_error_destroy(error);
			thread->missing_objects++;
			return;
		}
		if (marking->dead.n && (mo_is_slab_node(&state->index, ref.slab) ? marking->dead.has_objects : !is_area))
			scan_live_words(marking, thread, view, n_viewed, mo_index_pa(&state->index, source.kva), source);
		else
			scan_part(marking, thread, view, n_viewed, source);
		source.kva += n_viewed;
		source.area_bytes = 0;
		n_bytes -= n_viewed;
	}
}

static struct mo_error *follow(const struct marking *marking, struct mo_reader *reader, struct marking_thread *thread)
{
	while (thread->stack.n_refs) {
		struct mo_object_ref ref = thread->stack.refs[--thread->stack.n_refs];

		scan_object(marking, reader, thread, ref);
	}
	thread->source_cache = (uint32_t)marking->state->index.slabs->n_caches;
	return thread->is_out_of_memory ? mo_error_no_memory() : NULL;
}

/*
 * Pages one after the other whose words are roots. Of a page that the dump has in part (firmware had the rest) the part is
 * scanned, and nothing is missing.
 */
static struct mo_error *scan_roots(const struct marking *marking, struct mo_reader *reader, struct marking_thread *thread,
				   uint64_t pfn, uint64_t n_pages, enum root_kind kind)
{
	struct leaks_state *state = marking->state;
	uint64_t page_bytes = state->index.page_bytes;
	uint64_t pa = pfn << state->index.page_shift;
	uint64_t end_pa = pa + n_pages * page_bytes;
	struct mo_error *error = NULL;

	thread->root_pages += n_pages;
	while (pa < end_pa && !error) {
		uint64_t n_wanted = end_pa - pa < VIEW_PAGES * page_bytes ? end_pa - pa : VIEW_PAGES * page_bytes;
		const void *view;
		size_t n_bytes = 0;

		error = mo_view_pa(reader, pa, n_wanted, &view, &n_bytes);
		if (error) {
			mo_error_destroy(error);
			error = NULL;
			thread->missing_pages += !(pa % page_bytes) &&
						 mo_kernel_frame_presence(mo_run_kernel(state->run), pa >> state->index.page_shift) !=
							 MO_FRAME_HOLE;
			pa += page_bytes - pa % page_bytes;
			continue;
		}
		if (kind == ROOT_TABLE)
			scan_table(state, thread, view, n_bytes);
		else
			scan_live_words(marking, thread, view, n_bytes, pa, (struct word_source){ .has_no_numbers = kind == ROOT_ADDRESSES });
		mo_view_done(reader, view, n_bytes);
		pa += n_bytes;
		error = follow(marking, reader, thread);
	}
	return error;
}

/*
 * A slab whose objects are not known one by one is scanned as the other pages are; so is what may be a node of its own but
 * was not told to be one. Struct pages are scanned apart where it is known which page each is of.
 */
static enum root_kind root_kind(const struct leaks_state *state, uint8_t class, uint64_t pfn)
{
	uint64_t at = pfn - state->index.first_pfn;

	/* The kernel's own page tables map everything. Some of them lie in its image and in what booting took. */
	if (state->kernel_tables && at < state->index.n_pages && state->kernel_tables[at / 64] >> at % 64 & 1)
		return NO_ROOT;
	switch (class) {
	case MO_PAGE_KERNEL_DATA:
		return is_constant_page(state, pfn) ? NO_ROOT : ROOT_WORDS;
	case MO_PAGE_SLAB:
	case MO_PAGE_DIRECT:
	case MO_PAGE_LARGE_KMALLOC:
	case MO_PAGE_VMALLOC:
		return at < state->index.n_pages && state->index.slab_of_page[at] ? NO_ROOT : ROOT_WORDS;
	case MO_PAGE_PAGE_TABLE:
		return state->kernel_tables ? ROOT_TABLE : ROOT_WORDS;
	case MO_PAGE_MEM_MAP:
		return state->ranges.memmap ? NO_ROOT : ROOT_WORDS;
	case MO_PAGE_RESERVED:
		/* What booting left there are numbers of its own time. */
		return ROOT_ADDRESSES;
	default:
		return mo_is_root_class((enum mo_page_class)class) ? ROOT_WORDS : NO_ROOT;
	}
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	const struct marking *marking = context;
	struct leaks_state *state = marking->state;
	const struct mo_mem_map_model *mem_map = state->mem_map;
	struct mo_error *error = NULL;

	for (size_t i = 0; i < mem_map->n_runs && mem_map->runs[i].first_pfn < first + n_items && !error; i++) {
		const struct mo_page_run *run = &mem_map->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;

		while (pfn < end && !error) {
			enum root_kind kind = root_kind(state, run->classes[pfn - run->first_pfn], pfn);
			uint64_t start = pfn++;

			while (pfn < end && root_kind(state, run->classes[pfn - run->first_pfn], pfn) == kind)
				pfn++;
			if (kind != NO_ROOT)
				error = scan_roots(marking, reader, &marking->threads[thread_index], start, pfn - start,
						   kind);
		}
	}
	return error;
}

/* Struct pages lead to inodes, buffer heads and cgroups; those of blocks only if the block itself is reached. */
static struct mo_error *scan_memmap_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
					  uint64_t n_items)
{
	const struct marking *marking = context;
	struct leaks_state *state = marking->state;
	const struct mo_object_index *index = &state->index;
	struct marking_thread *thread = &marking->threads[thread_index];
	struct mo_error *error = NULL;

	for (uint64_t pfn = first; pfn < first + n_items && !error;) {
		uint64_t start = pfn;

		while (pfn < first + n_items && (pfn >= index->n_pages || !index->slab_of_page[pfn] ||
						 !mo_is_block_node(index, index->slab_of_page[pfn] - 1)))
			pfn++;
		if (pfn > start)
			scan_struct_pages(state, reader, thread, start, pfn - start);
		else
			pfn++;
		error = follow(marking, reader, thread);
	}
	return error;
}

static struct mo_error *scan_memmap(struct marking *marking)
{
	const struct leaks_state *state = marking->state;
	const struct mo_memmap *memmap = state->ranges.memmap;
	struct mo_error *error = NULL;

	for (size_t i = 0; memmap && i < memmap->n_runs && !error; i++)
		error = mo_parallel_scan(mo_run_kernel(state->run), mo_run_progress(state->run), "looking for leaks",
					 memmap->runs[i].first_pfn, memmap->runs[i].first_pfn + memmap->runs[i].n_pages,
					 SCAN_GRAIN_PAGES, scan_memmap_chunk, marking);
	return error;
}

static struct mo_error *follow_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				     uint64_t n_items)
{
	const struct marking *marking = context;
	struct marking_thread *thread = &marking->threads[thread_index];

	for (uint64_t i = 0; i < n_items; i++)
		scan_object(marking, reader, thread, marking->round.refs[first + i]);
	return follow(marking, reader, thread);
}

/* Objects that may be allocated or not lead on as roots do: nothing is called lost that one of them may hold. */
static struct mo_error *begin_with_unknown(struct marking *marking)
{
	struct leaks_state *state = marking->state;
	const struct mo_slab_model *slabs = state->index.slabs;

	for (uint32_t i = 0; i < slabs->n_slabs; i++) {
		struct mo_object_ref ref = { .slab = i };

		if (slabs->slabs[i].fault == MO_SLAB_SOUND)
			continue;
		for (; ref.index < state->index.indexed[i].objects; ref.index++) {
			if (mo_index_state(&state->index, ref) != MO_OBJECT_UNKNOWN)
				continue;
			if (slabs->slabs[i].fault == MO_SLAB_MOVED)
				state->model.moved_objects++;
			else
				state->model.unknown_objects++;
			if (!append_ref(&marking->round, ref))
				return mo_error_no_memory();
		}
	}
	return NULL;
}

/* What threads left becomes the next round. */
static struct mo_error *collect_round(struct marking *marking, unsigned n_threads)
{
	marking->round.n_refs = 0;
	for (unsigned i = 0; i < n_threads; i++) {
		struct ref_list *left = &marking->threads[i].left;

		for (size_t k = 0; k < left->n_refs; k++)
			if (!append_ref(&marking->round, left->refs[k]))
				return mo_error_no_memory();
		left->n_refs = 0;
	}
	return NULL;
}

/* What CPUs had in their registers, in the dump's byte order as all words are. */
static struct mo_error *scan_registers(struct marking *marking)
{
	struct leaks_state *state = marking->state;
	const struct mo_object_index *index = &state->index;
	struct mo_cpu_registers registers;
	struct mo_error *error = NULL;

	for (size_t cpu = 0; !error && mo_kernel_registers(mo_run_kernel(state->run), cpu, &registers); cpu++) {
		uint8_t words[sizeof(registers.words)];

		for (size_t i = 0; i < registers.n_words; i++) {
			uint64_t word = index->is_swapped ? __builtin_bswap64(registers.words[i]) : registers.words[i];

			memcpy(words + i * sizeof(word), &word, sizeof(word));
		}
		if (index->word_bytes == sizeof(uint64_t))
			scan_words(state, &marking->threads[0], words, registers.n_words * sizeof(uint64_t),
				   (struct word_source){ .has_no_frames = true });
		state->model.register_sets++;
		error = follow(marking, mo_run_reader(state->run), &marking->threads[0]);
	}
	return error;
}

static struct mo_error *follow_rounds(struct marking *marking, unsigned n_threads)
{
	struct leaks_state *state = marking->state;
	struct mo_error *error = collect_round(marking, n_threads);

	while (!error && marking->round.n_refs) {
		error = mo_parallel_scan(mo_run_kernel(state->run), mo_run_progress(state->run), "following pointers", 0,
					 marking->round.n_refs, ROUND_GRAIN_OBJECTS, follow_chunk, marking);
		if (!error)
			error = collect_round(marking, n_threads);
	}
	return error;
}

static struct mo_error *scan_all_roots(struct marking *marking)
{
	const struct mo_mem_map_model *mem_map = marking->state->mem_map;
	struct mo_run *run = marking->state->run;
	struct mo_error *error = mo_parallel_scan_frames(mo_run_kernel(run), mo_run_progress(run), "looking for leaks", mem_map->runs,
							 mem_map->n_runs, sizeof(*mem_map->runs), SCAN_GRAIN_PAGES, scan_chunk,
							 marking);

	return error ? error : scan_memmap(marking);
}

/* Everything reached, in the nodes of a stretch, once more. */
static struct mo_error *remark_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	const struct marking *marking = context;
	const struct leaks_state *state = marking->state;

	for (uint64_t i = first; i < first + n_items; i++) {
		const struct mo_indexed_slab *node = &state->index.indexed[i];
		struct mo_object_ref ref = { .slab = (uint32_t)i };

		for (; ref.index < node->objects; ref.index++)
			if (is_marked(state, node->first_object + ref.index))
				scan_object(marking, reader, &marking->threads[thread_index], ref);
	}
	return follow(marking, reader, &marking->threads[thread_index]);
}

/*
 * A kernel that runs: what was looked at while it led elsewhere may by now be the only one that leads to others (a busy area that
 * became the head of the list of those to be purged). So all that was reached is looked at once more, roots and all.
 */
static struct mo_error *remark(struct marking *marking, unsigned n_threads)
{
	const struct leaks_state *state = marking->state;
	struct mo_error *error = NULL;

	for (unsigned i = 0; i < state->n_remarks && !error; i++) {
		error = scan_all_roots(marking);
		if (!error)
			error = mo_parallel_scan(mo_run_kernel(state->run), mo_run_progress(state->run), "following pointers", 0,
						 mo_n_index_nodes(&state->index), ROUND_GRAIN_OBJECTS, remark_chunk, marking);
		if (!error)
			error = follow_rounds(marking, n_threads);
	}
	return error;
}

static struct mo_error *mark_all(struct marking *marking, unsigned n_threads)
{
	struct leaks_state *state = marking->state;
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	struct mo_progress *progress = mo_run_progress(state->run);
	struct mo_error *error = begin_with_unknown(marking);

	if (!error)
		error = scan_registers(marking);
	if (!error && marking->round.n_refs)
		error = mo_parallel_scan(kernel, progress, "following objects of unknown state", 0, marking->round.n_refs,
					 ROUND_GRAIN_OBJECTS, follow_chunk, marking);
	if (!error)
		error = scan_all_roots(marking);
	if (!error)
		error = follow_rounds(marking, n_threads);
	if (!error)
		error = remark(marking, n_threads);
	return error;
}

static uint64_t *new_bits(uint64_t n)
{
	return calloc(n / 64 + 1, sizeof(uint64_t));
}

/* Bits of objects and of page frames. */
static struct mo_error *make_room(struct leaks_state *state)
{
	const struct mo_object_index *index = &state->index;

	state->marked = new_bits(index->n_objects);
	state->weak = new_bits(index->n_objects);
	if (index->n_blocks)
		state->pointed = new_bits(index->n_pages);
	if (state->ranges.physical_bytes) {
		state->seen_pfns = new_bits(index->n_pages);
		state->seen_addresses = new_bits(index->n_pages);
	}
	if (!state->marked || !state->weak || (index->n_blocks && !state->pointed) ||
	    (state->ranges.physical_bytes && (!state->seen_pfns || !state->seen_addresses)))
		return mo_error_no_memory();
	return NULL;
}

struct mo_error *mark_reached(struct leaks_state *state)
{
	unsigned n_threads = mo_kernel_thread_count(mo_run_kernel(state->run));
	struct marking marking = { .state = state };
	struct mo_error *error;

	error = make_room(state);
	if (error)
		return error;
	marking.threads = aligned_alloc(_Alignof(struct marking_thread), n_threads * sizeof(*marking.threads));
	if (!marking.threads)
		return mo_error_no_memory();
	memset(marking.threads, 0, n_threads * sizeof(*marking.threads));
	error = begin_grown(state, marking.threads, n_threads);
	find_constant_pages(state);
	if (!error)
		error = find_dead_words(state, &marking.dead);
	if (!error)
		error = find_strangers(state);
	if (!error)
		error = mark_kernel_tables(state);
	mark_page_ext(state);
	if (!error)
		error = read_sheaf_shape(state, &marking.sheaves);
	if (!error)
		error = mark_all(&marking, n_threads);
	if (!error)
		spare_uncounted(state);
	end_grown(state, marking.threads, n_threads);
	for (unsigned i = 0; i < n_threads; i++) {
		const struct marking_thread *thread = &marking.threads[i];

		state->model.root_pages += thread->root_pages;
		state->model.missing_pages += thread->missing_pages;
		state->model.missing_objects += thread->missing_objects;
		state->model.scanned_bytes += thread->scanned_bytes;
		state->model.deferred_objects += thread->deferred_objects;
		free(thread->stack.refs);
		free(thread->left.refs);
	}
	free(marking.threads);
	free(marking.round.refs);
	free(marking.dead.ranges);
	free(marking.sheaves.capacities);
	return error;
}
