/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KDUMP_BITMAP_H
#define MO_KDUMP_BITMAP_H

/*
 * A bitmap of page frames as it lies in a kdump-compressed file (bit pfn & 7 of byte pfn / 8), with an index that tells
 * in constant time how many bits are set before a page frame: the place of its descriptor. 8 bytes for 512 page frames.
 * The ends of long runs are found by halving in the same index.
 */

#include "file_bytes.h"

struct mo_kdump_bitmap {
	const uint8_t *bytes; /* a multiple of 64 */
	uint64_t n_bits;      /* bits from here on count as 0 */
	uint64_t *rank;       /* bits set before each block of 512; one more for the end; NULL: not counted */
	uint8_t *copy;        /* what bytes points to where the file itself does not serve */
};

/* n_bytes (a multiple of 4096, within the file) at offset, of which n_bits count. */
struct mo_error *mo_kdump_bitmap_open(const struct mo_file_bytes *file, uint64_t offset, uint64_t n_bytes,
				      uint64_t n_bits, struct mo_kdump_bitmap *ret) MO_MUST_USE;
/* One of the same size with no bit set, whose bytes are `copy`, to be filled by mo_kdump_bitmap_set() and then counted. */
struct mo_error *mo_kdump_bitmap_create(const struct mo_kdump_bitmap *like, struct mo_kdump_bitmap *ret) MO_MUST_USE;
static inline void mo_kdump_bitmap_set(struct mo_kdump_bitmap *bitmap, uint64_t pfn)
{
	bitmap->copy[pfn / 8] |= (uint8_t)(1u << pfn % 8);
}

void mo_kdump_bitmap_deinit(struct mo_kdump_bitmap *bitmap);

/* Needs no index. */
static inline bool mo_kdump_bitmap_has(const struct mo_kdump_bitmap *bitmap, uint64_t pfn)
{
	return pfn < bitmap->n_bits && (bitmap->bytes[pfn / 8] >> (pfn % 8) & 1);
}

/* Builds the index, which the functions below need. */
struct mo_error *mo_kdump_bitmap_count(struct mo_kdump_bitmap *bitmap) MO_MUST_USE;

/* How many bits are set before pfn <= n_bits. */
uint64_t mo_kdump_bitmap_rank(const struct mo_kdump_bitmap *bitmap, uint64_t pfn);

/* The first bit in [pfn, end) that has this value; end if there is none. end <= n_bits. */
uint64_t mo_kdump_bitmap_next(const struct mo_kdump_bitmap *bitmap, uint64_t pfn, uint64_t end, bool value);

#endif
