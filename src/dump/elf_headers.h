/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ELF_HEADERS_H
#define MO_ELF_HEADERS_H

/* The headers of an ELF core file, 32 and 64 bits, either byte order, at any alignment. Nothing but headers. */

#include "file_bytes.h"

struct mo_elf_header {
	bool is_64;
	bool is_big_endian;
	uint16_t type;
	uint16_t machine;
	uint16_t segment_entry_bytes;
	uint32_t flags;
	uint32_t n_segments; /* PN_XNUM resolved; all their headers lie within the file */
	uint64_t segments_offset;
};

struct mo_elf_segment {
	uint32_t type;
	uint64_t offset;
	uint64_t pa;
	uint64_t file_bytes;
	uint64_t memory_bytes;
};

/* What the machine field says. */
struct mo_elf_machine {
	uint16_t machine;
	const char *name_64; /* as uname -m names it; NULL: no such machine of that width */
	const char *name_32;
	uint32_t page_bytes; /* where nothing else tells */
};

/*
 * Whether the file begins like an ELF file, and not like a core of a Xen domain: those have no segments, but a section
 * ".xen_pages", and are left to libkdumpfile.
 */
bool mo_elf_header_probe(const struct mo_file_bytes *file);

struct mo_error *mo_elf_header_read(const struct mo_file_bytes *file, struct mo_elf_header *ret) MO_MUST_USE;

/* The header of segment i < n_segments. MO_E_CORRUPT if its bytes wrap, in the file or in memory. */
struct mo_error *mo_elf_segment_read(const struct mo_file_bytes *file, const struct mo_elf_header *header, uint32_t i,
				     struct mo_elf_segment *ret) MO_MUST_USE;

/* NULL: a machine that we do not know, or not of that width. */
const struct mo_elf_machine *mo_elf_machine_find(const struct mo_elf_header *header);

#endif
