/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bitmap of dumped page frames, with an index for ranks. */
#include "kdump_bitmap.h"

#include "bytes.h"
#include "cleanup.h"

#define BLOCK_BITS 512
#define BLOCK_WORDS (BLOCK_BITS / 64)

struct mo_error *mo_kdump_bitmap_open(const struct mo_file_bytes *file, uint64_t offset, uint64_t n_bytes,
				      uint64_t n_bits, struct mo_kdump_bitmap *ret)
{
	uint64_t n_contiguous = 0;
	struct mo_kdump_bitmap bitmap = { .n_bits = n_bits };
	struct mo_error *error;

	bitmap.bytes = mo_file_bytes_at(file, offset, &n_contiguous);
	if (!bitmap.bytes || n_contiguous < n_bytes) {
		bitmap.copy = malloc(n_bytes);
		if (!bitmap.copy)
			return mo_error_no_memory();
		error = mo_file_bytes_copy(file, offset, bitmap.copy, n_bytes);
		if (error) {
			free(bitmap.copy);
			return mo_error_prepend(error, "cannot read the page bitmap");
		}
		bitmap.bytes = bitmap.copy;
	}
	*ret = bitmap;
	return NULL;
}

struct mo_error *mo_kdump_bitmap_create(const struct mo_kdump_bitmap *like, struct mo_kdump_bitmap *ret)
{
	struct mo_kdump_bitmap bitmap = { .n_bits = like->n_bits };

	bitmap.copy = calloc(like->n_bits / 64 + 1, 8);
	if (!bitmap.copy)
		return mo_error_no_memory();
	bitmap.bytes = bitmap.copy;
	*ret = bitmap;
	return NULL;
}

void mo_kdump_bitmap_deinit(struct mo_kdump_bitmap *bitmap)
{
	free(bitmap->rank);
	free(bitmap->copy);
	*bitmap = (struct mo_kdump_bitmap){ .bytes = NULL };
}

/* The 64 bits that begin at bit 64 * word, those from n_bits on cleared. */
static uint64_t load_word(const struct mo_kdump_bitmap *bitmap, uint64_t word)
{
	uint64_t bits = mo_load_u64(bitmap->bytes + word * 8, false);

	if (bitmap->n_bits - word * 64 < 64)
		bits &= ((uint64_t)1 << (bitmap->n_bits - word * 64)) - 1;
	return bits;
}

static uint64_t n_words(const struct mo_kdump_bitmap *bitmap)
{
	return (bitmap->n_bits + 63) / 64;
}

struct mo_error *mo_kdump_bitmap_count(struct mo_kdump_bitmap *bitmap)
{
	uint64_t n_blocks = bitmap->n_bits / BLOCK_BITS + 1, total = 0;

	bitmap->rank = malloc(n_blocks * sizeof(bitmap->rank[0]));
	if (!bitmap->rank)
		return mo_error_no_memory();
	for (uint64_t word = 0; word < n_blocks * BLOCK_WORDS; word++) {
		if (word % BLOCK_WORDS == 0)
			bitmap->rank[word / BLOCK_WORDS] = total;
		if (word < n_words(bitmap))
			total += (uint64_t)__builtin_popcountll(load_word(bitmap, word));
	}
	return NULL;
}

uint64_t mo_kdump_bitmap_rank(const struct mo_kdump_bitmap *bitmap, uint64_t pfn)
{
	uint64_t total = bitmap->rank[pfn / BLOCK_BITS];
	uint64_t word = pfn / BLOCK_BITS * BLOCK_WORDS;

	for (; word < pfn / 64; word++)
		total += (uint64_t)__builtin_popcountll(load_word(bitmap, word));
	if (pfn % 64)
		total += (uint64_t)__builtin_popcountll(load_word(bitmap, word) & (((uint64_t)1 << pfn % 64) - 1));
	return total;
}

/* Whether all bits of the blocks [first, end) have this value; all of them lie below n_bits. */
static bool is_uniform(const struct mo_kdump_bitmap *bitmap, uint64_t first, uint64_t end, bool value)
{
	return bitmap->rank[end] - bitmap->rank[first] == (value ? (end - first) * BLOCK_BITS : 0);
}

/* The end of the blocks from first on, at most limit, whose bits all have this value: doubling, then halving. */
static uint64_t uniform_end(const struct mo_kdump_bitmap *bitmap, uint64_t first, uint64_t limit, bool value)
{
	uint64_t low = first, n = 1, high;

	while (n < limit - first && is_uniform(bitmap, first, first + n, value)) {
		low = first + n;
		n *= 2;
	}
	high = n < limit - first ? first + n : limit;
	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		if (is_uniform(bitmap, first, middle, value))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

uint64_t mo_kdump_bitmap_next(const struct mo_kdump_bitmap *bitmap, uint64_t pfn, uint64_t end, bool value)
{
	while (pfn < end) {
		uint64_t bits;

		if (pfn % BLOCK_BITS == 0 && pfn / BLOCK_BITS < end / BLOCK_BITS)
			pfn = BLOCK_BITS * uniform_end(bitmap, pfn / BLOCK_BITS, end / BLOCK_BITS, !value);
		if (pfn >= end)
			break;
		bits = load_word(bitmap, pfn / 64);
		bits = (value ? bits : ~bits) >> pfn % 64;
		if (bits) {
			pfn += (uint64_t)__builtin_ctzll(bits);
			return pfn < end ? pfn : end;
		}
		pfn = (pfn / 64 + 1) * 64;
	}
	return end;
}
