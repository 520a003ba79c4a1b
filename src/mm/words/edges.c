/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every pointer of the kernel's memory, sorted by what it points at and packed: of each the difference of its word to
 * the one before, and of its place likewise, as numbers of as many bytes as they need. Blocks of them begin anew.
 */
#include <memopsy/containers.h>
#include <memopsy/parallel.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "reference_scan.h"

#define BLOCK_EDGES 512
#define EDGES_MAX (1ull << 28)
#define NUMBER_BYTES_MAX 10

struct packing {
	struct mo_edge_block *blocks;
	size_t n_blocks, n_block_slots;
	uint8_t *bytes;
	size_t n_bytes, n_byte_slots;
	uint64_t n_edges;
	struct edge last;
	unsigned word_bytes;
};

static int compare_edges(const void *left, const void *right)
{
	const struct edge *a = left;
	const struct edge *b = right;

	if (a->word != b->word)
		return a->word < b->word ? -1 : 1;
	return (a->pa > b->pa) - (a->pa < b->pa);
}

static struct mo_error *sort_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct edge_list *lists = context;

	(void)reader;
	(void)thread_index;
	for (uint64_t i = first; i < first + n_items; i++)
		if (lists[i].n)
			qsort(lists[i].edges, lists[i].n, sizeof(*lists[i].edges), compare_edges);
	return NULL;
}

static size_t put_number(uint8_t *at, uint64_t number)
{
	size_t n = 0;

	for (; number >> 7; number >>= 7)
		at[n++] = (uint8_t)(number | 0x80);
	at[n++] = (uint8_t)number;
	return n;
}

/* False: the bytes end before the number does. */
static bool get_number(const uint8_t *bytes, size_t n_bytes, size_t *at, uint64_t *ret)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64 && *at < n_bytes; shift += 7) {
		uint8_t byte = bytes[(*at)++];

		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = number;
			return true;
		}
	}
	return false;
}

/* Small numbers of either sign become small ones without. */
static uint64_t fold(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unfold(uint64_t folded)
{
	return folded >> 1 ^ (0 - (folded & 1));
}

static bool begin_block(struct packing *packing, uint64_t word)
{
	if (packing->n_blocks == packing->n_block_slots) {
		size_t n_slots = packing->n_block_slots ? packing->n_block_slots * 2 : 1024;
		struct mo_edge_block *blocks = reallocarray(packing->blocks, n_slots, sizeof(*blocks));

		if (!blocks)
			return false;
		packing->blocks = blocks;
		packing->n_block_slots = n_slots;
	}
	packing->blocks[packing->n_blocks++] = (struct mo_edge_block){ .first_word = word, .offset_bytes = packing->n_bytes };
	packing->last = (struct edge){ .word = word };
	return true;
}

static bool pack_edge(struct packing *packing, struct edge edge)
{
	if (!(packing->n_edges++ % BLOCK_EDGES) && !begin_block(packing, edge.word))
		return false;
	if (packing->n_byte_slots - packing->n_bytes < 2 * NUMBER_BYTES_MAX) {
		size_t n_slots = packing->n_byte_slots ? packing->n_byte_slots + packing->n_byte_slots / 2 : 1u << 20;
		uint8_t *bytes = realloc(packing->bytes, n_slots);

		if (!bytes)
			return false;
		packing->bytes = bytes;
		packing->n_byte_slots = n_slots;
	}
	packing->n_bytes += put_number(packing->bytes + packing->n_bytes, edge.word - packing->last.word);
	packing->n_bytes += put_number(packing->bytes + packing->n_bytes, fold((edge.pa - packing->last.pa) / packing->word_bytes));
	packing->last = edge;
	return true;
}

/* Merges the threads' lists, which are sorted. */
static bool pack_all(struct packing *packing, const struct edge_list *lists, unsigned n_lists, size_t *next)
{
	for (;;) {
		const struct edge *least = NULL;
		unsigned from = 0;

		for (unsigned i = 0; i < n_lists; i++) {
			if (next[i] == lists[i].n || (least && compare_edges(&lists[i].edges[next[i]], least) >= 0))
				continue;
			least = &lists[i].edges[next[i]];
			from = i;
		}
		if (!least)
			return true;
		next[from]++;
		if (!pack_edge(packing, *least))
			return false;
	}
}

static struct mo_error *sort_and_pack(const struct mo_references *state, struct edge_list *lists, unsigned n_lists,
				      struct mo_edges *ret)
{
	struct packing packing = { .word_bytes = state->index.word_bytes };
	size_t *next = calloc(n_lists, sizeof(*next));
	struct mo_error *error = next ? NULL : mo_error_no_memory();

	if (!error)
		error = mo_parallel_scan(state->kernel, state->progress, "sorting references", 0, n_lists,
					 1, sort_chunk, lists);
	if (!error && !pack_all(&packing, lists, n_lists, next))
		error = mo_error_no_memory();
	free(next);
	if (error) {
		free(packing.blocks);
		free(packing.bytes);
		return error;
	}
	*ret = (struct mo_edges){ .blocks = packing.blocks, .n_blocks = packing.n_blocks, .own_blocks = packing.blocks,
			       .bytes = packing.bytes, .n_bytes = packing.n_bytes, .own_bytes = packing.bytes,
			       .n_edges = packing.n_edges };
	return NULL;
}

struct mo_error *mo_edges_build(const struct mo_references *state, struct mo_edges *ret)
{
	unsigned n_threads = mo_kernel_thread_count(state->kernel);
	struct edge_list *lists = calloc(n_threads, sizeof(*lists));
	uint64_t n_missing_pages = 0;
	struct mo_edges edges;
	struct mo_error *error;

	if (!lists)
		return mo_error_no_memory();
	error = scan_for_edges(state, EDGES_MAX, lists, &n_missing_pages);
	if (!error)
		error = sort_and_pack(state, lists, n_threads, &edges);
	for (unsigned i = 0; i < n_threads; i++)
		free(lists[i].edges);
	free(lists);
	if (error)
		return error;
	edges.n_missing_pages = n_missing_pages;
	*ret = edges;
	return NULL;
}

void mo_edges_deinit(struct mo_edges *edges)
{
	free(edges->own_blocks);
	free(edges->own_bytes);
	if (edges->map)
		munmap(edges->map, edges->map_bytes);
	*edges = (struct mo_edges){ .n_edges = 0 };
}

/* Whether the dump says what the edges say. */
static bool is_there(const struct mo_references *state, struct edge edge)
{
	uint8_t bytes[8];
	struct mo_error *error = mo_read_pa(state->reader, edge.pa, bytes, state->index.word_bytes);

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	return mo_index_word(&state->index, bytes) == edge.word;
}

static struct mo_error *take_edge(const struct mo_references *state, const struct mo_word_target *target,
				  const struct mo_word_range *range, struct edge edge, struct mo_reference_list *list)
{
	if (edge.pa - target->first_pa < target->end_kva - target->kva || !is_there(state, edge))
		return NULL;
	if (list->n_items >= REFERENCES_MAX)
		list->n_left_out++;
	else if (!append_reference(list, &(const struct mo_reference){ .pa = edge.pa, .word = edge.word, .target = range->target,
								    .way = range->way }))
		return mo_error_no_memory();
	return NULL;
}

/* The last block that begins below a word, where those of that word may begin. */
static size_t block_before(const struct mo_edges *edges, uint64_t word)
{
	size_t low = mo_lower_bound(edges->n_blocks, at, edges->blocks[at].first_word < word);

	return low ? low - 1 : 0;
}

static struct mo_error *find_in_range(const struct mo_references *state, const struct mo_edges *edges,
				      const struct mo_word_target *target, const struct mo_word_range *range, struct mo_reference_list *list)
{
	struct mo_error *error = NULL;

	for (size_t block = block_before(edges, range->first); block < edges->n_blocks && !error; block++) {
		uint64_t end = block + 1 < edges->n_blocks ? edges->blocks[block + 1].offset_bytes : edges->n_bytes;
		struct edge edge = { .word = edges->blocks[block].first_word };
		size_t at = edges->blocks[block].offset_bytes;

		if (edge.word >= range->end || end > edges->n_bytes)
			break;
		while (at < end && !error) {
			uint64_t word_step;
			uint64_t place_step;

			if (!get_number(edges->bytes, end, &at, &word_step) || !get_number(edges->bytes, end, &at, &place_step))
				break;
			edge.word += word_step;
			edge.pa += unfold(place_step) * state->index.word_bytes;
			if (edge.word >= range->end)
				return NULL;
			if (edge.word >= range->first)
				error = take_edge(state, target, range, edge, list);
		}
	}
	return error;
}

struct mo_error *find_in_edges(const struct mo_references *state, const struct mo_edges *edges,
			       const struct mo_word_target *targets, const struct mo_word_ranges *set, struct mo_reference_list *list)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < set->n && !error; i++)
		error = find_in_range(state, edges, &targets[set->ranges[i].target], &set->ranges[i], list);
	list->n_missing_pages = edges->n_missing_pages;
	return error;
}
