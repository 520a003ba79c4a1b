/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_EXTENTS_H
#define MO_EXTENTS_H

/*
 * Where a range of addresses is found in a file: sorted, disjoint extents made from claims that may overlap. Used for
 * the program headers of an ELF core (address: physical) and the records of a flattened file (address: offset in the
 * file that it unfolds to).
 *
 * It reads nothing: a source is a number, and what it means is its owner's business.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/containers.h>
#include <memopsy/error.h>

/* Sources from here on are no offsets but reasons why there is none; the owner of the extents names them. */
#define MO_SOURCE_NONE (UINT64_MAX - 15)

/* [start, start + n_bytes), found at source. n_bytes is not 0 and the end does not wrap. */
struct mo_extent {
	uint64_t start;
	uint64_t n_bytes;
	uint64_t source;
};

/* One who says to know a range; where claims overlap, the higher rank is right. Ranks differ from each other. */
struct mo_extent_claim {
	struct mo_extent extent;
	uint64_t rank;
};

struct mo_extent_claims {
	MO_VECTOR(struct mo_extent_claim) list;
};

struct mo_extents {
	MO_VECTOR(struct mo_extent) list;
};

/*
 * Adds a claim; an empty one is dropped. MO_E_CORRUPT if its end wraps. The caller has checked that source + n_bytes
 * does not reach MO_SOURCE_NONE.
 */
struct mo_error *mo_extent_claims_add(struct mo_extent_claims *claims, struct mo_extent extent, uint64_t rank) MO_MUST_USE;
void mo_extent_claims_deinit(struct mo_extent_claims *claims);

/*
 * Settles the claims (which are sorted in place) in n log n, whatever they are: at most twice as many extents as
 * claims. Neighbours whose sources continue each other become one.
 */
struct mo_error *mo_extents_settle(struct mo_extent_claims *claims, struct mo_extents *ret) MO_MUST_USE;
void mo_extents_deinit(struct mo_extents *extents);

/* The index of the first extent that ends behind address; list.count if there is none. */
size_t mo_extents_find(const struct mo_extents *extents, uint64_t address);

static inline uint64_t mo_extent_end(const struct mo_extent *extent)
{
	return extent->start + extent->n_bytes;
}

static inline bool mo_extent_has(const struct mo_extent *extent, uint64_t address)
{
	return address >= extent->start && address - extent->start < extent->n_bytes;
}

#endif
