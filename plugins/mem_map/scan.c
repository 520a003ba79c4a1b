/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pass over all struct pages: bulk views of the memory map, one class byte a page frame, on all cores. Compound
 * pages and free blocks are entered at their heads; the pages inside are checked against the head and share its
 * class, so that a head that lies costs no page but itself.
 */
#include "gathering.h"

#include <memopsy/parallel.h>
#include <stdlib.h>


#define SCAN_GRAIN_PAGES 32768 /* 2 MiB of struct pages of 64 bytes: one mapping */

/* One row for each zone and for page frames of none. Padded, as threads count at the same time. */
struct mark_row {
	uint64_t pages[MO_N_PAGE_MARKS];
} __attribute__((aligned(128)));

/* What a thread met. */
struct thread_trouble {
	struct trouble unreadable;
	struct trouble contradicting;
} __attribute__((aligned(128)));

struct scan {
	struct mem_map_state *state;
	struct mark_row *marks;         /* n_zone_pages rows a thread */
	struct thread_trouble *trouble; /* one a thread */
};

/* A stretch of one run and one zone, scanned by one thread. */
struct part {
	const struct mem_map_state *state;
	const struct mo_page_shape *shape;
	struct mo_reader *reader;
	struct thread_trouble *trouble;
	uint64_t *marked_pages;
	uint64_t run_end_pfn;
	uint8_t *classes;        /* of first_pfn */
	uint64_t first_pfn;
	uint64_t first_page_kva;

	/* The block that the scan is in: until block_end_pfn pages are expected to belong to it. */
	uint64_t block_end_pfn;
	uint64_t block_word;     /* what a tail page's compound word must be; of a free block: 0 */
	bool block_is_free;
	uint8_t block_class;

	unsigned n_reads;        /* since the view was taken: it stays valid for a few more only */
	uint8_t second[MO_PAGE_STRUCT_BYTES_MAX];
};

/* Each such read may hand out two views, and one of theirs is ours (mo_view() keeps 8). */
#define READS_WITHIN_A_VIEW 3

static void contradict(struct part *part, uint64_t pfn)
{
	trouble_add(&part->trouble->contradicting, pfn, 1);
}

static uint64_t page_kva_of(const struct part *part, uint64_t pfn)
{
	return part->first_page_kva + (pfn - part->first_pfn) * part->shape->struct_bytes;
}

static void enter_block(struct part *part, uint64_t end_pfn, uint64_t word, bool is_free, enum mo_page_class class)
{
	part->block_end_pfn = end_pfn;
	part->block_word = word;
	part->block_is_free = is_free;
	part->block_class = (uint8_t)class;
}

/* The struct page after this one, from the view or read on its own at the view's end. NULL: unreadable. */
static const uint8_t *second_page(struct part *part, const uint8_t *page, uint64_t n_in_view, uint64_t pfn)
{
	uint64_t page_bytes = part->shape->struct_bytes;
	struct mo_error *error;

	if (n_in_view > 1)
		return page + page_bytes;
	if (pfn + 1 >= part->run_end_pfn)
		return NULL;
	part->n_reads++;
	error = mo_read(part->reader, page_kva_of(part, pfn + 1), part->second, page_bytes);
	if (!error)
		return part->second;
	mo_error_destroy(error);
	return NULL;
}

/*
 * A tail page whose block began before this part: its head is read and asked. Returns false if the head is no head,
 * or its block does not reach here.
 */
static bool enter_block_of_tail(struct part *part, uint64_t pfn, uint64_t head_kva)
{
	const struct mo_page_shape *shape = part->shape;
	uint8_t bytes[2 * MO_PAGE_STRUCT_BYTES_MAX];
	struct mo_compound_facts facts;
	uint64_t head_pfn;
	uint64_t flags;
	struct mo_error *error = mo_page_to_pfn(part->state->memmap, head_kva, &head_pfn);

	part->n_reads += !error && head_pfn < pfn;
	if (!error && head_pfn < pfn)
		error = mo_read(part->reader, head_kva, bytes, 2ul * shape->struct_bytes);
	if (error || head_pfn >= pfn) {
		mo_error_destroy(error);
		return false;
	}
	flags = mo_page_word(shape, bytes, shape->at.flags, false);
	facts = mo_compound_facts_of(shape, bytes + shape->struct_bytes);
	if (!(flags & shape->flag.head) || !facts.order || facts.order > shape->max_order ||
	    pfn - head_pfn >= 1ull << facts.order)
		return false;
	enter_block(part, head_pfn + (1ull << facts.order), mo_page_tail_word(shape, head_kva, facts.order), false,
		    mo_page_head_class(shape, bytes, flags, facts, false));
	return true;
}

static void classify_tail(struct part *part, uint8_t *class, uint64_t pfn, uint64_t word)
{
	if (part->shape->order_offset &&
	    enter_block_of_tail(part, pfn, mo_page_tail_head_kva(part->shape, page_kva_of(part, pfn), word))) {
		*class = part->block_class;
		return;
	}
	*class = MO_PAGE_UNKNOWN;
	contradict(part, pfn);
}

/* A page marked free: the head of 2^private free page frames, or a lie. */
MO_ALWAYS_INLINE_ void classify_free(struct part *part, const uint8_t *page, uint8_t *class, uint64_t pfn, bool is_usual)
{
	const struct mo_page_shape *shape = part->shape;
	uint64_t order = mo_page_word(shape, page, shape->at.private_, is_usual);

	if (order >= shape->n_buddy_orders || pfn & ((1ull << order) - 1) || part->run_end_pfn - pfn < 1ull << order ||
	    mo_page_half(shape, page, shape->at.refcount, is_usual)) {
		*class = MO_PAGE_UNKNOWN;
		contradict(part, pfn);
		return;
	}
	*class = MO_PAGE_FREE_BUDDY;
	enter_block(part, pfn + (1ull << order), 0, true, MO_PAGE_FREE_BUDDY);
}

MO_ALWAYS_INLINE_ void count_marks(struct part *part, uint64_t flags, uint64_t n_pages)
{
	const struct mo_page_shape *shape = part->shape;
	uint64_t *marked = part->marked_pages;

	if (!(flags & (shape->flag.lru | shape->flag.dirty | shape->flag.writeback | shape->flag.mlocked | shape->flag.unevictable |
		       shape->flag.swapcache | shape->flag.reserved)))
		return;
	marked[MO_MARK_LRU] += flags & shape->flag.lru ? n_pages : 0;
	marked[MO_MARK_DIRTY] += flags & shape->flag.dirty ? n_pages : 0;
	marked[MO_MARK_WRITEBACK] += flags & shape->flag.writeback ? n_pages : 0;
	marked[MO_MARK_MLOCKED] += flags & shape->flag.mlocked ? n_pages : 0;
	marked[MO_MARK_UNEVICTABLE] += flags & shape->flag.unevictable ? n_pages : 0;
	marked[MO_MARK_RESERVED] += flags & shape->flag.reserved ? n_pages : 0;
	marked[MO_MARK_SWAP_CACHE] += flags & shape->flag.swapcache && flags & shape->flag.swapbacked ? n_pages : 0;
}

/* A page with PG_head: a head, or a fake of an optimised hugetlb page (mo_page_may_be_fake_head()). */
static void classify_compound(struct part *part, const uint8_t *page, uint8_t *class, uint64_t pfn, uint64_t flags,
			      uint64_t n_in_view)
{
	const struct mo_page_shape *shape = part->shape;
	const uint8_t *second = second_page(part, page, n_in_view, pfn);
	uint64_t page_kva = page_kva_of(part, pfn);
	struct mo_compound_facts facts = { .order = 0 };
	uint64_t word = second ? mo_page_word(shape, second, shape->at.compound, false) : 0;

	if (mo_page_fixed_head_kva(shape, page_kva, word) != page_kva) {
		classify_tail(part, class, pfn, word);
		return;
	}
	if (second && shape->order_offset)
		facts = mo_compound_facts_of(shape, second);
	if (!facts.order || facts.order > shape->max_order || pfn & ((1ull << facts.order) - 1) ||
	    word != mo_page_tail_word(shape, page_kva, facts.order) || part->run_end_pfn - pfn < 1ull << facts.order) {
		facts = (struct mo_compound_facts){ .order = 0 };
		contradict(part, pfn);
	}
	*class = (uint8_t)mo_page_head_class(shape, page, flags, facts, false);
	count_marks(part, flags, 1ull << facts.order);
	if (facts.order)
		enter_block(part, pfn + (1ull << facts.order), word, false, (enum mo_page_class)*class);
}

MO_ALWAYS_INLINE_ void classify(struct part *part, const uint8_t *page, uint8_t *class, uint64_t pfn, uint64_t n_in_view,
			    bool is_usual)
{
	const struct mo_page_shape *shape = part->shape;
	uint64_t flags = mo_page_word(shape, page, shape->at.flags, is_usual);
	uint64_t word = mo_page_word(shape, page, shape->at.compound, is_usual);
	const struct mo_compound_facts no_facts = { .order = 0 };

	if (word & 1) {
		classify_tail(part, class, pfn, word);
	} else if (flags & shape->flag.head) {
		classify_compound(part, page, class, pfn, flags, n_in_view);
	} else if (!(flags & shape->flag.slab) &&
		   mo_page_has_type(shape->types[MO_PAGE_TYPE_BUDDY], mo_page_half(shape, page, shape->at.page_type, is_usual))) {
		classify_free(part, page, class, pfn, is_usual);
	} else {
		*class = (uint8_t)mo_page_head_class(shape, page, flags, no_facts, is_usual);
		count_marks(part, flags, 1);
	}
}

/* How many of n struct pages go on as a block of this kind must. */
MO_ALWAYS_INLINE_ uint64_t count_in_block(const struct part *part, const uint8_t *page, uint64_t n, bool is_usual)
{
	const struct mo_page_shape *shape = part->shape;
	uint64_t i = 0;

	if (part->block_is_free) {
		while (i < n && !mo_page_half(shape, page + i * shape->struct_bytes, shape->at.refcount, is_usual))
			i++;
		return i;
	}
	while (i < n &&
	       mo_page_word(shape, page + i * shape->struct_bytes, shape->at.compound, is_usual) == part->block_word &&
	       !(mo_page_word(shape, page + i * shape->struct_bytes, shape->at.flags, is_usual) & shape->flag.hwpoison))
		i++;
	return i;
}

/* A page inside a block that is not as the others. True: it belongs there all the same, and has its class now. */
static bool keeps_block(struct part *part, const uint8_t *page, uint8_t *class, uint64_t pfn, uint64_t n_in_view)
{
	const struct mo_page_shape *shape = part->shape;
	uint64_t flags = mo_page_word(shape, page, shape->at.flags, false);
	const uint8_t *second;

	if (part->block_is_free)
		return false;
	if (mo_page_word(shape, page, shape->at.compound, false) == part->block_word) {
		*class = MO_PAGE_HWPOISON;
		return true;
	}
	if (!mo_page_may_be_fake_head(shape, page_kva_of(part, pfn), flags))
		return false;
	second = second_page(part, page, n_in_view, pfn);
	if (!second || mo_page_word(shape, second, shape->at.compound, false) != part->block_word)
		return false;
	*class = part->block_class;
	return true;
}

/*
 * Classifies n struct pages that lie at `page`, of the page frames from pfn on. Returns how many of them it did: all,
 * or those after which the view must be taken anew.
 */
MO_ALWAYS_INLINE_ uint64_t scan_view(struct part *part, const uint8_t *page, uint64_t pfn, uint64_t n, bool is_usual)
{
	uint8_t *classes = part->classes + (pfn - part->first_pfn);
	uint64_t page_bytes = part->shape->struct_bytes;

	uint64_t i = 0;

	part->n_reads = 0;
	while (i < n && part->n_reads < READS_WITHIN_A_VIEW) {
		uint64_t n_expected;
		uint64_t n_good;

		if (pfn + i >= part->block_end_pfn) {
			classify(part, page + i * page_bytes, &classes[i], pfn + i, n - i, is_usual);
			i++;
			continue;
		}
		n_expected = part->block_end_pfn - (pfn + i);
		if (n_expected > n - i)
			n_expected = n - i;
		n_good = count_in_block(part, page + i * page_bytes, n_expected, is_usual);
		memset(classes + i, part->block_class, n_good);
		i += n_good;
		if (n_good == n_expected)
			continue;
		if (keeps_block(part, page + i * page_bytes, &classes[i], pfn + i, n - i)) {
			i++;
		} else {
			contradict(part, pfn + i);
			part->block_end_pfn = 0;
		}
	}
	return i;
}

static uint64_t scan_usual(struct part *part, const uint8_t *page, uint64_t pfn, uint64_t n)
{
	return scan_view(part, page, pfn, n, true);
}

static uint64_t scan_unusual(struct part *part, const uint8_t *page, uint64_t pfn, uint64_t n)
{
	return scan_view(part, page, pfn, n, false);
}

static uint64_t scan_bytes(struct part *part, const uint8_t *page, uint64_t pfn, uint64_t n)
{
	if (part->shape->word_bytes == 8 && !part->shape->is_big_endian)
		return scan_usual(part, page, pfn, n);
	return scan_unusual(part, page, pfn, n);
}

uint64_t unmapped_bytes(struct mo_reader *reader, uint64_t kva)
{
	uint64_t page_bytes = mo_kernel_facts(mo_reader_kernel(reader))->page_bytes;
	uint64_t to_next = page_bytes - kva % page_bytes;
	struct mo_translation translation;
	struct mo_error *error = mo_walk_page_table(reader, 0, kva, &translation);

	if (!error)
		return translation.is_mapped || translation.span_bytes < to_next ? to_next : translation.span_bytes;
	mo_error_destroy(error);
	return to_next;
}

/*
 * The struct page at pfn cannot be read: neither can those in the rest of its page, or of what is not mapped. Returns
 * how many that costs.
 */
static uint64_t skip_unreadable(struct part *part, uint64_t pfn, uint64_t n)
{
	const struct mo_page_shape *shape = part->shape;
	uint64_t n_bytes = unmapped_bytes(part->reader, page_kva_of(part, pfn));
	uint64_t n_lost = n_bytes / shape->struct_bytes + (n_bytes % shape->struct_bytes != 0);

	if (n_lost > n)
		n_lost = n;
	memset(part->classes + (pfn - part->first_pfn), MO_PAGE_UNKNOWN, n_lost);
	trouble_add(&part->trouble->unreadable, pfn, n_lost);
	return n_lost;
}

/* Scans what one view gives, or one struct page that lies across its end. Returns how many struct pages that were. */
static uint64_t scan_some(struct part *part, uint64_t pfn, uint64_t n)
{
	uint64_t page_bytes = part->shape->struct_bytes;
	uint8_t whole[MO_PAGE_STRUCT_BYTES_MAX];
	const void *view;
	size_t n_bytes;
	struct mo_error *error = mo_view(part->reader, page_kva_of(part, pfn), n * page_bytes, &view, &n_bytes);

	if (!error && n_bytes >= page_bytes) {
		uint64_t n_scanned = scan_bytes(part, view, pfn, n_bytes / page_bytes);

		mo_view_done(part->reader, view, n_scanned * page_bytes);
		return n_scanned;
	}
	if (!error)
		error = mo_read(part->reader, page_kva_of(part, pfn), whole, page_bytes);
	if (!error)
		return scan_bytes(part, whole, pfn, 1);
	mo_error_destroy(error);
	return skip_unreadable(part, pfn, n);
}

struct stretch {
	size_t run_index;
	uint64_t first_pfn;
	uint64_t end_pfn;
	uint32_t zone;
};

static void scan_stretch(struct scan *scan, struct mo_reader *reader, unsigned thread_index,
			 const struct stretch *stretch)
{
	struct mem_map_state *state = scan->state;
	const struct mo_memmap_run *run = &state->memmap->runs[stretch->run_index];
	const struct mo_page_run *page_run = &state->runs[stretch->run_index];
	uint64_t from_start = stretch->first_pfn - run->first_pfn;
	struct part part = {
		.state = state,
		.shape = state->shape,
		.reader = reader,
		.trouble = &scan->trouble[thread_index],
		.marked_pages = scan->marks[thread_index * state->n_zone_pages + zone_row(state, stretch->zone)].pages,
		.run_end_pfn = run->first_pfn + run->n_pages,
		.classes = state->classes + (page_run->classes - state->classes) + from_start,
		.first_pfn = stretch->first_pfn,
		.first_page_kva = run->first_page_kva + from_start * state->shape->struct_bytes,
	};

	for (uint64_t pfn = stretch->first_pfn; pfn < stretch->end_pfn;)
		pfn += scan_some(&part, pfn, stretch->end_pfn - pfn);
}

/* One chunk of page frame numbers: the runs that overlap it, zone by zone. */
static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct scan *scan = context;
	const struct mo_memmap *memmap = scan->state->memmap;

	for (size_t i = 0; i < memmap->n_runs && memmap->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_memmap_run *run = &memmap->runs[i];
		uint64_t end = run->first_pfn + run->n_pages;
		struct stretch stretch = { .run_index = i };

		if (end > first + n_items)
			end = first + n_items;
		for (uint64_t pfn = run->first_pfn > first ? run->first_pfn : first; pfn < end; pfn = stretch.end_pfn) {
			stretch.first_pfn = pfn;
			stretch.zone = zone_at(scan->state, pfn, &stretch.end_pfn);
			if (stretch.end_pfn > end)
				stretch.end_pfn = end;
			scan_stretch(scan, reader, thread_index, &stretch);
		}
	}
	return NULL;
}

static void merge(const struct scan *scan, unsigned n_threads)
{
	struct mem_map_state *state = scan->state;

	for (unsigned thread = 0; thread < n_threads; thread++) {
		for (size_t zone = 0; zone < state->n_zone_pages; zone++)
			for (unsigned mark = 0; mark < MO_N_PAGE_MARKS; mark++) {
				uint64_t pages = scan->marks[thread * state->n_zone_pages + zone].pages[mark];

				state->zone_pages[zone].marked_pages[mark] += pages;
				state->model.marked_pages[mark] += pages;
			}
		trouble_merge(&state->unreadable, &scan->trouble[thread].unreadable);
		trouble_merge(&state->contradicting, &scan->trouble[thread].contradicting);
	}
	state->model.unreadable_pages = state->unreadable.n_pages;
	state->model.contradicting_pages = state->contradicting.n_pages;
}

static void *zeroed(size_t count, size_t size, size_t alignment)
{
	void *memory = aligned_alloc(alignment, count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

struct mo_error *scan_mem_map(struct mem_map_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	const struct mo_memmap *memmap = state->memmap;
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct scan scan = { .state = state };
	uint64_t grain = 1ull << (state->shape->n_buddy_orders - 1);
	struct mo_error *error = NULL;

	if (grain < SCAN_GRAIN_PAGES)
		grain = SCAN_GRAIN_PAGES;
	scan.marks = zeroed(n_threads * state->n_zone_pages, sizeof(*scan.marks), _Alignof(struct mark_row));
	scan.trouble = zeroed(n_threads, sizeof(*scan.trouble), _Alignof(struct thread_trouble));
	if (!scan.marks || !scan.trouble)
		error = mo_error_no_memory();
	else
		error = mo_parallel_scan_frames(kernel, mo_run_progress(state->run), "classifying page frames", memmap->runs,
						memmap->n_runs, sizeof(*memmap->runs), grain, scan_chunk, &scan);
	if (!error)
		merge(&scan, n_threads);
	free(scan.marks);
	free(scan.trouble);
	return error;
}
