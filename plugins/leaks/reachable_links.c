/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* At which bytes objects of a cache are pointed at, counted in one pass; where there are many such references are links. */
#include <stdlib.h>

#include "reachable.h"

#define MIN_OBJECTS 100u
#define MIN_SHARE 4u           /* one reference for so many objects */
#define MAX_ROOM_BYTES 65536u
#define MAX_WORDS (1u << 20)    /* of all caches together; those of a machine have a tenth of it */

bool locate(const struct reachable *reachable, uint64_t word, struct place_in_cache *ret)
{
	const struct mo_object_index *index = &reachable->refs.index;
	uint32_t slab = mo_pointed_slab(index, word);
	struct mo_object_ref ref = { .slab = slab - 1 };
	enum mo_object_state state;

	if (!slab || !mo_pointed_object(index, ref.slab, word, &ref.index))
		return false;
	state = mo_index_state(index, ref);
	if (state != MO_OBJECT_ALLOCATED && state != MO_OBJECT_UNKNOWN)
		return false;
	ret->cache = index->slabs->slabs[ref.slab].cache;
	ret->number = reachable->slab_numbers[ref.slab] + ref.index;
	ret->offset_bytes = (uint32_t)(word - index->indexed[ref.slab].first_kva -
				       (uint64_t)ref.index * index->indexed[ref.slab].size_bytes);
	return ret->number < reachable->cache_objects[ret->cache];
}

/* Maple nodes are pointed at with their type and slot in the lower bits, so that every byte of a node means the node. */
static uint32_t linked_byte(const struct reachable *reachable, const struct place_in_cache *place)
{
	return reachable->is_node_cache[place->cache] ? 0 : place->offset_bytes & ~7u;
}

/* Which word of a link a reference is: next and prev, or parent, right and left; -1: none. */
static int word_of_link(const struct reachable *reachable, const struct place_in_cache *from, const struct place_in_cache *to)
{
	uint32_t to_byte = linked_byte(reachable, to);

	if (from->cache != to->cache)
		return -1;
	if (reachable->is_node_cache[to->cache])
		return 0;
	return from->offset_bytes >= to_byte && from->offset_bytes - to_byte <= 16 ? (int)(from->offset_bytes - to_byte) / 8 : -1;
}

bool is_link(const struct reachable *reachable, const struct link_kind *kind, const struct place_in_cache *from,
	     const struct place_in_cache *to)
{
	int word = word_of_link(reachable, from, to);

	return word >= 0 && word < (kind->is_tree ? 3 : 2);
}

/* Where a place counts; UINT64_MAX: objects of its cache are too large. */
static uint64_t word_of(const struct reachable *reachable, const struct place_in_cache *place)
{
	uint64_t first = reachable->first_words[place->cache];

	return first == UINT64_MAX ? first : first + linked_byte(reachable, place) / 8;
}

struct link_kind *kind_at(struct reachable *reachable, const struct place_in_cache *place)
{
	uint64_t word = word_of(reachable, place);
	uint8_t kind = word == UINT64_MAX ? 0 : reachable->kind_of_word[word];

	return kind ? &reachable->kinds[kind - 1] : NULL;
}

static bool is_container(const char *name)
{
	return name && (!strcmp(name, "radix_tree_node") || !strcmp(name, "maple_node"));
}

static struct mo_error *make_tables(struct reachable *reachable)
{
	const struct mo_slab_model *slabs = reachable->refs.index.slabs;
	size_t n_caches = slabs->n_caches;

	reachable->n_caches = (uint32_t)n_caches;
	reachable->slab_numbers = calloc(slabs->n_slabs + 1, sizeof(*reachable->slab_numbers));
	reachable->cache_objects = calloc(n_caches + 1, sizeof(*reachable->cache_objects));
	reachable->is_node_cache = calloc(n_caches + 1, sizeof(*reachable->is_node_cache));
	reachable->first_words = calloc(n_caches + 1, sizeof(*reachable->first_words));
	if (!reachable->slab_numbers || !reachable->cache_objects || !reachable->is_node_cache || !reachable->first_words)
		return mo_error_no_memory();
	for (size_t i = 0; i < slabs->n_slabs; i++) {
		uint32_t cache = slabs->slabs[i].cache;
		uint32_t objects = reachable->refs.index.indexed[i].objects;

		if (cache == MO_SLAB_NO_CACHE || !objects || objects > UINT32_MAX - reachable->cache_objects[cache])
			continue;
		reachable->slab_numbers[i] = reachable->cache_objects[cache];
		reachable->cache_objects[cache] += objects;
	}
	for (size_t i = 0; i < n_caches; i++) {
		bool is_counted = slabs->caches[i].size_bytes <= MAX_ROOM_BYTES && reachable->n_words < MAX_WORDS;

		reachable->is_node_cache[i] = is_container(slabs->caches[i].name);
		reachable->first_words[i] = is_counted ? reachable->n_words : UINT64_MAX;
		reachable->n_words += is_counted ? slabs->caches[i].size_bytes / 8 + 1 : 0;
	}
	return NULL;
}

/* References at each word, all and those by each word of a link; of each thread. */
enum { COUNT_ALL, COUNT_FIRST, COUNT_SECOND, COUNT_THIRD, N_COUNTS };
struct counting {
	const struct reachable *reachable;
	uint32_t *counts;
	uint64_t n_of_thread;
};

static bool count_words(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	const struct counting *counting = context;
	const struct reachable *reachable = counting->reachable;
	const struct mo_object_index index = reachable->refs.index;
	uint32_t *counts = counting->counts + thread_index * counting->n_of_thread;

	for (size_t at = 0; at + index.word_bytes <= view->n_bytes; at += index.word_bytes) {
		uint64_t word = mo_index_word(&index, view->bytes + at);
		struct place_in_cache to;
		struct place_in_cache from;
		uint64_t from_kva = index.slabs->direct_map_kva + view->pa + at;
		uint64_t counted;
		bool is_slab;
		int link;

		if (word - index.first_kva >= index.n_pages << index.page_shift || !locate(reachable, word, &to))
			continue;
		is_slab = view->kind == MO_SLAB_WORDS && mo_pointed_slab(&index, from_kva);
		if (is_slab && !locate(reachable, from_kva, &from))
			continue;
		counted = word_of(reachable, &to);
		/* A list head that points at itself is an empty list. */
		if (counted == UINT64_MAX || (is_slab && from.cache == to.cache && from.number == to.number))
			continue;
		counts[N_COUNTS * counted + COUNT_ALL]++;
		link = is_slab ? word_of_link(reachable, &from, &to) : -1;
		if (link >= 0)
			counts[N_COUNTS * counted + COUNT_FIRST + (unsigned)link]++;
	}
	return true;
}

static struct mo_error *add_kind(struct reachable *reachable, uint32_t cache, uint64_t word, const uint32_t *counts)
{
	uint32_t n_objects = reachable->cache_objects[cache];
	const uint32_t *of = &counts[N_COUNTS * word];
	/*
	 * In a tree half of the pointers are to parents, in a list as many lead back as forth. The third word behind a list's
	 * two may be another list's head.
	 */
	bool is_tree = of[COUNT_THIRD] && of[COUNT_SECOND] < of[COUNT_FIRST] / 4 * 3;
	uint64_t n_links = (uint64_t)of[COUNT_FIRST] + of[COUNT_SECOND] + (is_tree ? of[COUNT_THIRD] : 0);
	struct link_kind kind = { .cache = cache, .is_node = reachable->is_node_cache[cache], .n_objects = n_objects,
				  .offset_bytes = (uint32_t)(word - reachable->first_words[cache]) * 8,
				  .is_linked = n_links >= of[COUNT_ALL] / 4, .is_tree = is_tree };

	kind.parents = malloc(((size_t)n_objects + 1) * sizeof(*kind.parents));
	kind.holders = calloc((size_t)n_objects + 1, sizeof(*kind.holders));
	for (uint32_t i = 0; kind.parents && i < n_objects; i++)
		kind.parents[i] = i;
	reachable->kinds[reachable->n_kinds++] = kind;
	reachable->kind_of_word[word] = (uint8_t)reachable->n_kinds;
	return kind.parents && kind.holders ? NULL : mo_error_no_memory();
}

/* The bytes of one cache that are pointed at most. */
static struct mo_error *choose_kinds(struct reachable *reachable, uint32_t cache, const uint32_t *counts)
{
	const struct mo_slab_cache *of = &reachable->refs.index.slabs->caches[cache];
	uint64_t allocated = of->states[MO_OBJECT_ALLOCATED];
	struct mo_error *error = NULL;

	if (allocated < MIN_OBJECTS || reachable->first_words[cache] == UINT64_MAX)
		return NULL;
	for (unsigned i = 0; i < MAX_KINDS_OF_CACHE && reachable->n_kinds < MAX_LINK_KINDS && !error; i++) {
		uint64_t best = UINT64_MAX;

		for (uint64_t k = 0; k <= of->size_bytes / 8; k++) {
			uint64_t word = reachable->first_words[cache] + k;

			if (!reachable->kind_of_word[word] && counts[N_COUNTS * word] >= allocated / MIN_SHARE &&
			    (best == UINT64_MAX || counts[N_COUNTS * word] > counts[N_COUNTS * best]))
				best = word;
		}
		if (best == UINT64_MAX)
			break;
		error = add_kind(reachable, cache, best, counts);
	}
	return error;
}

struct by_bytes {
	uint64_t bytes;
	uint32_t cache;
};

static int compare_bytes(const void *left, const void *right)
{
	const struct by_bytes *a = left;
	const struct by_bytes *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* Containers first, since what they hold depends on them, then the caches that take most memory. */
static struct mo_error *choose_all(struct reachable *reachable, const uint32_t *counts)
{
	const struct mo_slab_model *slabs = reachable->refs.index.slabs;
	struct by_bytes *order = calloc(slabs->n_caches + 1, sizeof(*order));
	struct mo_error *error = order ? NULL : mo_error_no_memory();

	for (uint32_t i = 0; order && i < slabs->n_caches; i++)
		order[i] = (struct by_bytes){ .cache = i, .bytes = reachable->is_node_cache[i] ? UINT64_MAX :
					      slabs->caches[i].states[MO_OBJECT_ALLOCATED] * slabs->caches[i].size_bytes };
	if (order && slabs->n_caches)
		qsort(order, slabs->n_caches, sizeof(*order), compare_bytes);
	for (uint32_t i = 0; !error && i < slabs->n_caches; i++)
		error = choose_kinds(reachable, order[i].cache, counts);
	free(order);
	return error;
}

struct mo_error *find_links(struct reachable *reachable)
{
	unsigned n_threads = mo_kernel_thread_count(reachable->refs.kernel);
	struct counting counting = { .reachable = reachable };
	struct mo_error *error = make_tables(reachable);

	if (error)
		return error;
	counting.n_of_thread = N_COUNTS * reachable->n_words + 32;
	counting.counts = calloc(counting.n_of_thread, n_threads * sizeof(*counting.counts));
	reachable->kind_of_word = calloc(reachable->n_words + 1, sizeof(*reachable->kind_of_word));
	if (!counting.counts || !reachable->kind_of_word)
		error = mo_error_no_memory();
	if (!error) {
		struct mo_word_pass pass = mo_kernel_words_pass(&reachable->refs, count_words, &counting);

		error = mo_scan_words(&pass, &reachable->n_missing_pages);
	}
	for (unsigned i = 1; !error && i < n_threads; i++)
		for (uint64_t k = 0; k < counting.n_of_thread; k++)
			counting.counts[k] += counting.counts[i * counting.n_of_thread + k];
	if (!error)
		error = choose_all(reachable, counting.counts);
	free(counting.counts);
	return error;
}

void free_links(struct reachable *reachable)
{
	for (uint32_t i = 0; i < reachable->n_kinds; i++) {
		free(reachable->kinds[i].parents);
		free(reachable->kinds[i].holders);
		free(reachable->kinds[i].counts);
		free(reachable->kinds[i].best);
	}
	free(reachable->slab_numbers);
	free(reachable->cache_objects);
	free(reachable->is_node_cache);
	free(reachable->first_words);
	free(reachable->kind_of_word);
	mo_object_index_deinit(&reachable->refs.index);
}
