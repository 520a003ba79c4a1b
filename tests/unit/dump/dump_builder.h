/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DUMP_BUILDER_H
#define DUMP_BUILDER_H

/*
 * Small dumps for the tests, made from descriptions: ELF cores, kdump-compressed files, and either of them flattened.
 * Every byte of memory is a function of its physical address, so that a test knows what it must read. Out of memory or
 * a codec that refuses ends the test program.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILDER_PAGE 4096u

/* Bytes that grow. */
struct image {
	uint8_t *bytes;
	size_t n_bytes;
};

void image_free(struct image *image);
/* Writes at an offset, with zeroes up to it where the image was shorter. */
void image_put(struct image *image, size_t offset, const void *bytes, size_t n_bytes);
void image_put_number(struct image *image, size_t offset, uint64_t value, unsigned n_bytes, bool is_big_endian);
void image_truncate(struct image *image, size_t n_bytes);

/* The bytes of memory at pa, by which the builders fill it. */
void memory_fill(uint64_t pa, uint8_t *bytes, size_t n_bytes);

struct elf_segment_spec {
	uint64_t pa;
	uint64_t file_bytes;
	uint64_t memory_bytes;   /* 0: the same as file_bytes */
	uint64_t offset;         /* 0: behind what has been written */
	bool is_without_bytes;   /* writes nothing into the file, whatever file_bytes says */
};

struct elf_spec {
	bool is_32;
	bool is_big_endian;
	bool uses_extended_number; /* PN_XNUM */
	uint16_t machine;          /* 0: EM_X86_64 */
	uint16_t type;             /* 0: ET_CORE */
	uint32_t flags;
	size_t segments_offset;    /* of the program headers; 0: right behind the ELF header */
	size_t data_offset;        /* where the first byte of memory lies; 0: right behind the notes */
	const char *vmcoreinfo;    /* NULL: no notes */
	size_t n_segments;
	const struct elf_segment_spec *segments;
};

void build_elf(const struct elf_spec *spec, struct image *ret);

/*
 * A kdump-compressed file. `pages` has a letter for each page frame; a number in parentheses repeats the letter behind
 * it: "rz(100).x".
 *   .  hole     x  excluded      r  stored as it is    0  the one zero page, shared by all
 *   z  zlib     l  lzo           s  snappy             t  zstd
 *   b  zlib, of bytes that do not decompress           u  flags of an unknown codec
 *   n  a descriptor that was never written             o  data behind the file's end     h  larger than a page
 */
struct kdump_spec {
	bool is_32;
	bool is_arm;             /* of two 32-bit layouts, the padded one */
	bool is_big_endian;
	bool has_one_bitmap;
	bool is_diskdump;        /* with the signature that only libkdumpfile reads */
	bool is_zero_page_compressed; /* as QEMU does it */
	int version;             /* as it is; 6 for today's */
	uint32_t page_bytes;     /* 0: BUILDER_PAGE */
	uint32_t status;
	int dump_level;
	uint64_t split_start, split_end; /* split_end 0: not split */
	uint64_t time_seconds;
	const char *machine;     /* of the utsname; the release is "6.1.0-test" then. NULL: an empty utsname */
	const char *vmcoreinfo;  /* NULL: no notes */
	const char *pages;
};

void build_kdump(const struct kdump_spec *spec, struct image *ret);

/* The letter of a page frame, '.' behind the end. */
char kdump_page_kind(const char *pages, uint64_t pfn);
uint64_t kdump_page_count(const char *pages);

struct flatten_spec {
	size_t record_bytes;   /* 0: 16384 */
	bool is_reversed;      /* last record first */
	bool has_stale_copies; /* each record comes twice, first with other bytes */
	bool has_no_end;       /* no end mark */
};

void build_flattened(const struct image *inner, const struct flatten_spec *spec, struct image *ret);

/* Files of a test: in a directory of their own, removed by scratch_leave(). */
struct scratch {
	char directory[64];
	char path[8][128];
	size_t n_files;
};

void scratch_enter(struct scratch *scratch);
void scratch_leave(struct scratch *scratch);
/* Writes the image under a new name, frees it and returns the path. */
const char *scratch_write(struct scratch *scratch, struct image *image);

#endif
