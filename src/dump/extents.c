/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted, disjoint extents made from claims that may overlap. */
#include "extents.h"

#include <inttypes.h>

#include <memopsy/containers.h>

#include "cleanup.h"

struct mo_error *mo_extent_claims_add(struct mo_extent_claims *claims, struct mo_extent extent, uint64_t rank)
{
	struct mo_extent_claim claim = { .extent = extent, .rank = rank };

	if (extent.n_bytes == 0)
		return NULL;
	if (extent.n_bytes > UINT64_MAX - extent.start)
		return mo_error_create(MO_E_CORRUPT, "0x%" PRIx64 " + 0x%" PRIx64 " bytes wraps", extent.start,
				       extent.n_bytes);
	if (!mo_vector_append(&claims->list, claim))
		return mo_error_no_memory();
	return NULL;
}

void mo_extent_claims_deinit(struct mo_extent_claims *claims)
{
	mo_vector_deinit(&claims->list);
}

void mo_extents_deinit(struct mo_extents *extents)
{
	mo_vector_deinit(&extents->list);
}

static int compare_claims(const void *left, const void *right)
{
	const struct mo_extent_claim *a = left, *b = right;

	if (a->extent.start != b->extent.start)
		return a->extent.start < b->extent.start ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void sort_claims(struct mo_extent_claims *claims)
{
	/* Writers go upwards nearly always, and a sort of what is sorted is not free for millions of records. */
	for (size_t i = 1; i < claims->list.count; i++) {
		if (compare_claims(&claims->list.items[i - 1], &claims->list.items[i]) > 0) {
			qsort(claims->list.items, claims->list.count, sizeof(claims->list.items[0]), compare_claims);
			return;
		}
	}
}

static uint64_t source_at(const struct mo_extent *extent, uint64_t address)
{
	return extent->source >= MO_SOURCE_NONE ? extent->source : extent->source + (address - extent->start);
}

/* Appends the part [start, end) of a claim, joining it to the extent before it if that continues there. */
static struct mo_error *emit(struct mo_extents *extents, const struct mo_extent *claim, uint64_t start, uint64_t end)
{
	struct mo_extent piece = { .start = start, .n_bytes = end - start, .source = source_at(claim, start) };
	struct mo_extent *before = extents->list.count ? &extents->list.items[extents->list.count - 1] : NULL;

	if (before && mo_extent_end(before) == start && source_at(before, start) == piece.source) {
		before->n_bytes += piece.n_bytes;
		return NULL;
	}
	return mo_vector_append(&extents->list, piece) ? NULL : mo_error_no_memory();
}

/* The claims that cover the position of the sweep, or did; the highest rank on top. */
struct claim_heap {
	MO_VECTOR(const struct mo_extent_claim *) list;
};

static bool heap_push(struct claim_heap *heap, const struct mo_extent_claim *claim)
{
	size_t child = heap->list.count;

	if (!mo_vector_append(&heap->list, claim))
		return false;
	while (child > 0) {
		size_t parent = (child - 1) / 2;

		if (heap->list.items[parent]->rank >= claim->rank)
			break;
		heap->list.items[child] = heap->list.items[parent];
		child = parent;
	}
	heap->list.items[child] = claim;
	return true;
}

static void heap_pop(struct claim_heap *heap)
{
	const struct mo_extent_claim *last = heap->list.items[--heap->list.count];
	size_t parent = 0;

	for (;;) {
		size_t child = 2 * parent + 1;

		if (child >= heap->list.count)
			break;
		if (child + 1 < heap->list.count && heap->list.items[child + 1]->rank > heap->list.items[child]->rank)
			child++;
		if (heap->list.items[child]->rank <= last->rank)
			break;
		heap->list.items[parent] = heap->list.items[child];
		parent = child;
	}
	heap->list.items[parent] = last;
}

/* Emits all that the claims in the heap say of [position, limit). */
static struct mo_error *sweep_to(struct mo_extents *extents, struct claim_heap *heap, uint64_t position, uint64_t limit)
{
	while (position < limit && heap->list.count > 0) {
		const struct mo_extent *top = &heap->list.items[0]->extent;
		uint64_t end = mo_extent_end(top);

		if (end <= position) {
			heap_pop(heap);
			continue;
		}
		if (end > limit)
			end = limit;
		MO_TRY(emit(extents, top, position, end));
		position = end;
	}
	return NULL;
}

static struct mo_error *sweep(const struct mo_extent_claims *claims, struct claim_heap *heap, struct mo_extents *extents)
{
	uint64_t position = 0;

	for (size_t i = 0; i < claims->list.count; i++) {
		const struct mo_extent_claim *claim = &claims->list.items[i];

		MO_TRY(sweep_to(extents, heap, position, claim->extent.start));
		position = claim->extent.start;
		if (!heap_push(heap, claim))
			return mo_error_no_memory();
	}
	return sweep_to(extents, heap, position, UINT64_MAX);
}

struct mo_error *mo_extents_settle(struct mo_extent_claims *claims, struct mo_extents *ret)
{
	struct mo_extents extents = { .list = { .items = NULL } };
	struct claim_heap heap = { .list = { .items = NULL } };
	struct mo_error *error;

	sort_claims(claims);
	error = sweep(claims, &heap, &extents);
	mo_vector_deinit(&heap.list);
	if (error)
		mo_extents_deinit(&extents);
	else
		*ret = extents;
	return error;
}

size_t mo_extents_find(const struct mo_extents *extents, uint64_t address)
{
	return mo_lower_bound(extents->list.count, at, mo_extent_end(&extents->list.items[at]) <= address);
}
