/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "grown.h"
#include "words.h"

#include <stdlib.h>

#define STACK_OBJECTS 65536         /* what a thread keeps to itself */
#define ROUND_NUMBER 0xffffull      /* numbers without these bits are sizes and limits far more often than an object's address */
#define ENTRIES_AT_ONCE 128u

bool append_ref(struct ref_list *list, struct mo_object_ref ref)
{
	if (list->n_refs == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 1024;
		struct mo_object_ref *refs = realloc(list->refs, n_slots * sizeof(*refs));

		if (!refs)
			return false;
		list->refs = refs;
		list->n_slots = n_slots;
	}
	list->refs[list->n_refs++] = ref;
	return true;
}

static void note_bit(uint64_t *bits, uint64_t at)
{
	uint64_t bit = 1ull << at % 64;

	if (!(__atomic_load_n(&bits[at / 64], __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(&bits[at / 64], bit, __ATOMIC_RELAXED);
}

/*
 * What a kernel that runs has allocated since its free lists were walked leads on as well: whoever moves what hangs on it makes
 * new nodes for that (maple trees, xarrays). Whether it still looks free is seen when it is scanned.
 */
static bool leads_on(const struct leaks_state *state, struct mo_object_ref ref)
{
	enum mo_object_state object = mo_index_state(&state->index, ref);

	if (object == MO_OBJECT_ALLOCATED)
		return true;
	/* Those of slabs that moved were looked at in the beginning: they may have been taken since, and lead elsewhere. */
	return state->is_live && state->index.slabs->looks_free &&
	       (object == MO_OBJECT_UNKNOWN || object == MO_OBJECT_FREE || object == MO_OBJECT_FREE_CPU ||
		object == MO_OBJECT_FREE_CPU_PARTIAL);
}

/* A word that points into a node. */
static void meet(struct leaks_state *state, struct marking_thread *thread, uint32_t node, uint64_t word)
{
	struct mo_object_ref ref = { .slab = node };
	uint64_t object;
	uint64_t bit;

	if (mo_is_slab_node(&state->index, node) ? !mo_pointed_object(&state->index, node, word, &ref.index) :
						!state->index.indexed[node].objects)
		return;
	object = state->index.indexed[node].first_object + ref.index;
	bit = 1ull << object % 64;
	if (is_marked(state, object) || !leads_on(state, ref))
		return;
	if (__atomic_fetch_or(&state->marked[object / 64], bit, __ATOMIC_RELAXED) & bit)
		return; /* another thread was faster */
	if (thread->reached_from && mo_is_slab_node(&state->index, node))
		count_grown(state, thread, node);
	if (!append_ref(thread->stack.n_refs < STACK_OBJECTS ? &thread->stack : &thread->left, ref))
		thread->is_out_of_memory = true;
}

void note_frame(struct leaks_state *state, struct marking_thread *thread, uint64_t pfn)
{
	uint64_t at = pfn - state->index.first_pfn;
	uint32_t node = at < state->index.n_pages ? state->index.slab_of_page[at] : 0;

	if (node && mo_is_block_node(&state->index, node - 1))
		meet(state, thread, node - 1, 0);
}

/* Which area an address lies in; the number of areas: in none. */
static uint32_t find_area(const struct mo_object_index *index, uint64_t word)
{
	uint32_t low = 0;
	uint32_t high = index->n_areas;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct mo_indexed_area *area = &index->areas[middle];

		if (word < area->first_kva)
			high = middle;
		else if (word >= area->end_kva)
			low = middle + 1;
		else
			return middle;
	}
	return index->n_areas;
}

static void note_area(struct leaks_state *state, struct marking_thread *thread, uint64_t word, uint64_t source_kva)
{
	const struct mo_object_index *index = &state->index;
	uint32_t area = find_area(index, word);

	/* Every area's own struct vm_struct points at it: that keeps none. */
	if (area < index->n_areas && source_kva - index->areas[area].vm_kva >= state->ranges.vm_bytes)
		meet(state, thread, index->n_slabs + index->n_blocks + area, word);
}

bool node_at(const struct leaks_state *state, uint64_t word, struct mo_object_ref *ret)
{
	const struct mo_object_index *index = &state->index;
	const struct reference_ranges *ranges = &state->ranges;
	uint32_t node = mo_pointed_slab(index, word);
	struct mo_object_ref ref = { .slab = node - 1 };

	if (node && mo_is_slab_node(index, node - 1)) {
		if (!mo_pointed_object(index, node - 1, word, &ref.index))
			return false;
	} else if (!node && word - ranges->first_page_kva < ranges->page_bytes) {
		uint64_t pfn = (word - ranges->first_page_kva) / ranges->page_struct_bytes;

		node = pfn < index->n_pages ? index->slab_of_page[pfn] : 0;
		if (!node || !mo_is_block_node(index, node - 1))
			return false;
		ref.slab = node - 1;
	} else if (!node && word - ranges->first_area_kva < ranges->area_bytes) {
		uint32_t area = find_area(index, word);

		if (area == index->n_areas)
			return false;
		ref.slab = index->n_slabs + index->n_blocks + area;
	} else if (!node) {
		return false;
	}
	*ret = ref;
	return true;
}

struct mo_error *view_node(const struct leaks_state *state, struct mo_reader *reader, struct mo_object_ref ref, uint64_t kva,
			   uint64_t n_bytes, const void **ret, size_t *n_bytes_ret)
{
	if (mo_area_of_node(&state->index, ref.slab))
		return mo_view(reader, kva, n_bytes, ret, n_bytes_ret);
	return mo_view_pa(reader, mo_index_pa(&state->index, kva), n_bytes, ret, n_bytes_ret);
}

static bool is_in_one_object(const struct mo_object_index *index, uint32_t slab, uint64_t kva, uint64_t n_bytes)
{
	uint32_t first;
	uint32_t last;

	return mo_pointed_slab(index, kva) == slab + 1 && mo_pointed_slab(index, kva + n_bytes - 1) == slab + 1 &&
	       mo_pointed_object(index, slab, kva, &first) && mo_pointed_object(index, slab, kva + n_bytes - 1, &last) && first == last;
}

/*
 * A struct page, its low bits apart. Of a block it is a reference; of a slab only if offset and length stand behind it, as
 * in struct scatterlist, struct bio_vec and skb_frag_t.
 */
static void note_page(struct leaks_state *state, struct marking_thread *thread, uint64_t word, const uint8_t *behind,
		      size_t n_behind, struct word_source source)
{
	const struct mo_object_index *index = &state->index;
	uint64_t offset = word - state->ranges.first_page_kva;
	uint64_t pfn = offset / state->ranges.page_struct_bytes;
	uint32_t node = pfn < index->n_pages ? index->slab_of_page[pfn] : 0;
	uint32_t pair[2];
	uint64_t kva;

	if (!node || mo_area_of_node(index, node - 1))
		return;
	if (!mo_is_slab_node(index, node - 1)) {
		meet(state, thread, node - 1, word);
		return;
	}
	if (source.has_no_pages || offset % state->ranges.page_struct_bytes > 3 || n_behind < sizeof(pair))
		return;
	memcpy(pair, behind, sizeof(pair));
	kva = index->first_kva + (pfn << index->page_shift);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = index->is_swapped ? __builtin_bswap32(pair[i]) : pair[i];
		uint64_t length = index->is_swapped ? __builtin_bswap32(pair[1 - i]) : pair[1 - i];

		/* The whole of it lies in one object, and buffers are aligned. */
		if (length && !(at & 3) && at + length <= MO_INDEX_SLAB_BYTES_MAX && is_in_one_object(index, node - 1, kva + at, length))
			meet(state, thread, node - 1, kva + at);
	}
}

static void note_weak(struct leaks_state *state, uint32_t node, uint32_t object)
{
	uint64_t number = state->index.indexed[node].first_object + object;

	__atomic_fetch_or(&state->weak[number / 64], 1ull << number % 64, __ATOMIC_RELAXED);
}

/*
 * A number that may be the physical address of an object or of a page, or a page frame number. In blocks, which may be page
 * tables of devices, entries are addresses, too.
 */
static inline void note_number(struct leaks_state *state, uint64_t word, struct word_source source)
{
	const struct mo_object_index *index = &state->index;
	uint64_t pfn = (word & state->ranges.entries.pa_mask) >> index->page_shift;
	uint32_t node = pfn < index->n_pages ? index->slab_of_page[pfn] : 0;
	struct mo_object_ref ref = { .slab = node - 1 };
	uint64_t kva;
	uint64_t n_bytes;

	if (node && mo_is_slab_node(index, node - 1)) {
		if (word & ROUND_NUMBER && mo_pointed_object(index, node - 1, index->first_kva + word, &ref.index)) {
			mo_object_span(index, ref, &kva, &n_bytes);
			if (kva == index->first_kva + word)
				note_weak(state, node - 1, ref.index);
		}
	} else if (pfn < index->n_pages && (!(word & (index->page_bytes - 1)) ||
					    (source.may_be_table && word & state->ranges.entries.present_mask))) {
		note_bit(state->seen_addresses, pfn);
	}
	if (word < index->n_pages && !source.has_no_frames)
		note_bit(state->seen_pfns, word);
}

/* An entry that leads to a table of the next level, as the kernel writes these. */
static inline bool is_table_entry(const struct mo_entry_words *entries, uint64_t word)
{
	return (word & entries->table_mask) == entries->table_bits;
}

/*
 * A slab's own struct page leads to its first object (SLAB's s_mem) and to free ones: that keeps none. But the vector of its
 * objects' owners may be one of its objects, too; the pointer to that has bit 0 set.
 */
static inline bool is_own_page(const struct mo_object_index *index, const struct reference_ranges *ranges, uint64_t kva,
			       uint64_t word, uint32_t node)
{
	uint64_t pfn = (kva - ranges->first_page_kva) / ranges->page_struct_bytes;

	return !(word & 1) && pfn < index->n_pages && index->slab_of_page[pfn] == node && mo_is_slab_node(index, node - 1);
}

#define ZERO_BYTES 64

/* Half of the kernel's words are 0: so many of them are passed over at once. */
static inline bool is_zero(const uint8_t *bytes)
{
	uint64_t words[ZERO_BYTES / 8];
	uint64_t any = 0;

	memcpy(words, bytes, sizeof(words));
	for (unsigned i = 0; i < ZERO_BYTES / 8; i++)
		any |= words[i];
	return !any;
}

/* A word that is lower than all addresses. */
static inline void note_low(struct leaks_state *state, struct marking_thread *thread, uint64_t word, struct word_source source)
{
	if ((source.may_be_table || source.may_be_root_table) && is_table_entry(&state->ranges.entries, word))
		note_frame(state, thread, (word & state->ranges.entries.pa_mask) >> state->index.page_shift);
	/* Small numbers are numbers. */
	else if (word - state->ranges.least_number < state->ranges.physical_bytes && !source.has_no_numbers)
		note_number(state, word, source);
}

void scan_words(struct leaks_state *state, struct marking_thread *thread, const uint8_t *bytes, size_t n_bytes,
		struct word_source source)
{
	const struct mo_object_index index = state->index;
	const struct reference_ranges ranges = state->ranges;

	thread->scanned_bytes += n_bytes;
	for (size_t at = 0; at + index.word_bytes <= n_bytes; at += index.word_bytes) {
		uint64_t word;
		uint32_t node;

		if (at % ZERO_BYTES == 0)
			while (at + ZERO_BYTES < n_bytes && is_zero(bytes + at))
				at += ZERO_BYTES;
		word = mo_index_word(&index, bytes + at);
		if (word < ranges.floor_kva) {
			if (word >= ranges.least_number)
				note_low(state, thread, word, source);
			continue;
		}
		node = mo_pointed_slab(&index, word);
		if (node) {
			if (!source.has_no_pages || !is_own_page(&index, &ranges, source.kva + at, word, node))
				meet(state, thread, node - 1, word);
			if (mo_is_block_node(&index, node - 1))
				note_bit(state->pointed, (word - index.first_kva) >> index.page_shift);
		}
		else if (state->strangers && word - index.first_kva < index.n_pages << index.page_shift)
			meet_stranger(state, thread, (word - index.first_kva) >> index.page_shift);
		/* Struct pages first: areas lie on both sides of them. */
		else if (word - ranges.first_page_kva < ranges.page_bytes)
			note_page(state, thread, word, bytes + at + index.word_bytes, n_bytes - at - index.word_bytes, source);
		else if (word - ranges.first_area_kva < ranges.area_bytes && at >= source.area_bytes)
			note_area(state, thread, word, source.kva + at);
	}
}

void scan_table(struct leaks_state *state, struct marking_thread *thread, const uint8_t *bytes, size_t n_bytes)
{
	const struct mo_object_index *index = &state->index;
	const struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned entry_bytes = mo_entry_bytes(kernel);

	/* Which level's it is nobody says: so all entries are read as those of pages. */
	while (n_bytes >= entry_bytes) {
		struct mo_page_entry entries[ENTRIES_AT_ONCE];
		unsigned n = n_bytes / entry_bytes < ENTRIES_AT_ONCE ? (unsigned)(n_bytes / entry_bytes) : ENTRIES_AT_ONCE;
		unsigned n_found = mo_decode_entries(kernel, 0, bytes, n, entries);

		for (unsigned i = 0; i < n_found; i++)
			if (entries[i].kind != MO_ENTRY_SWAP)
				note_frame(state, thread, entries[i].pa >> index->page_shift);
		bytes += (size_t)n * entry_bytes;
		n_bytes -= (size_t)n * entry_bytes;
	}
}
