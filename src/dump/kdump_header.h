/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KDUMP_HEADER_H
#define MO_KDUMP_HEADER_H

/*
 * The headers of one kdump-compressed file, as makedumpfile and QEMU write them: 64 or 32 bits wide, either byte
 * order, versions 0 to 6. Read, checked against the file's length, and made independent of all that.
 *
 * The file, in blocks of the page size: header; sub-header (with notes and VMCOREINFO); two bitmaps of page frames,
 * the first of all memory, the second of what the dump holds; a descriptor for each page held; the pages.
 */

#include "file_bytes.h"

#define MO_UTS_BYTES 65
enum { MO_UTS_SYSNAME, MO_UTS_NODENAME, MO_UTS_RELEASE, MO_UTS_VERSION, MO_UTS_MACHINE, MO_UTS_DOMAINNAME, MO_UTS_COUNT };

/* Bits of a page descriptor's flags, and of the header's status. */
enum {
	MO_KDUMP_ZLIB = 0x1,
	MO_KDUMP_LZO = 0x2,
	MO_KDUMP_SNAPPY = 0x4,
	MO_KDUMP_INCOMPLETE = 0x8,        /* status: makedumpfile ran out of space */
	MO_KDUMP_EXCLUDED_VMEMMAP = 0x10, /* status: unused parts of the vmemmap were left out */
	MO_KDUMP_ZSTD = 0x20,
};
#define MO_KDUMP_CODECS (MO_KDUMP_ZLIB | MO_KDUMP_LZO | MO_KDUMP_SNAPPY | MO_KDUMP_ZSTD)

/* Offsets are into the file. Sizes of 0 mean that there is no such thing. */
struct mo_kdump_header {
	bool is_64;
	bool is_big_endian;
	bool has_sub_header;
	bool has_dump_level;
	bool is_split;
	int32_t version;
	uint32_t page_bytes;
	uint32_t status;
	int64_t time_seconds;
	uint64_t phys_base;
	int32_t dump_level;
	uint64_t n_pfns;            /* max_mapnr; the bitmaps have at least so many bits */
	uint64_t start_pfn, end_pfn; /* what this part of a split dump holds; 0 and n_pfns if not split */
	uint64_t bitmap_bytes;      /* of one */
	uint64_t memory_bitmap;     /* offset of the first bitmap; the same as dumped_bitmap if there is one only */
	uint64_t dumped_bitmap;     /* offset of the second */
	uint64_t descriptors;       /* offset of the page descriptors */
	uint64_t vmcoreinfo, vmcoreinfo_bytes;
	uint64_t notes, notes_bytes;
	char uts[MO_UTS_COUNT][MO_UTS_BYTES + 1]; /* terminated, otherwise as they are */
};

bool mo_kdump_header_probe(const struct mo_file_bytes *file);

/* All of the file up to the descriptors is there, or it is MO_E_CORRUPT. */
struct mo_error *mo_kdump_header_read(const struct mo_file_bytes *file, struct mo_kdump_header *ret) MO_MUST_USE;

#endif
