/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KDUMP_PARTS_H
#define MO_KDUMP_PARTS_H

/*
 * The files of a kdump-compressed dump: one, or the parts that `makedumpfile --split` made. Checks that they belong
 * together, and knows which of them holds a page frame.
 */

#include "kdump_bitmap.h"
#include "kdump_header.h"

#define MO_KDUMP_DESCRIPTOR_BYTES 24

struct mo_kdump_part {
	const struct mo_file_bytes *file;
	uint64_t start_pfn, end_pfn;
	struct mo_kdump_bitmap dumped; /* counted */
	/* Of these, those whose bytes the file has, where it is cut short; n_bits 0: all. Counted. */
	struct mo_kdump_bitmap readable;
	uint64_t start_rank;           /* bits set before start_pfn: they have no descriptors here */
	uint64_t n_pages;
	uint64_t descriptors;          /* offset */
	struct {
		uint64_t offset;
		uint32_t n_bytes;
		uint32_t flags;
	} first_page; /* what a descriptor of the first bytes behind the descriptors looks like; offset 0: there is none */
};

struct mo_kdump_parts {
	uint32_t page_bytes;
	unsigned page_shift;
	bool is_big_endian;
	bool is_incomplete;     /* of one of them at least */
	bool has_missing_parts;
	struct mo_kdump_bitmap memory; /* of all memory */
	size_t n_parts;
	struct mo_kdump_part *parts; /* sorted, disjoint */
};

/* header_ret: of the first file. The files outlive the parts. */
struct mo_error *mo_kdump_parts_create(const struct mo_file_bytes *const *files, size_t n_files,
				       struct mo_kdump_header *header_ret, struct mo_kdump_parts **ret) MO_MUST_USE;
void mo_kdump_parts_destroy(struct mo_kdump_parts *parts); /* NULL is fine */

/* The page frames that can be read from a part, as far as the file's length tells. */
static inline const struct mo_kdump_bitmap *mo_kdump_part_frames(const struct mo_kdump_part *part)
{
	return part->readable.n_bits ? &part->readable : &part->dumped;
}

/* The part that is responsible for a page frame; NULL: none of those given. */
const struct mo_kdump_part *mo_kdump_parts_find(const struct mo_kdump_parts *parts, uint64_t pfn);

#endif
