/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_builder.h"

#include <libdeflate.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define MAX_PAGE 262144

/* Calls for each page frame until the end or until wanted; returns the letter there, or 0, and counts. */
static char walk_pages(const char *pages, uint64_t wanted, uint64_t *count)
{
	uint64_t pfn = 0;

	while (*pages) {
		unsigned long n = 1;
		char *end;

		if (*pages == '(') {
			n = strtoul(pages + 1, &end, 10);
			pages = end + 1;
		}
		if (wanted < pfn + n)
			return *pages;
		pfn += n;
		pages++;
	}
	*count = pfn;
	return 0;
}

char kdump_page_kind(const char *pages, uint64_t pfn)
{
	uint64_t count;
	char kind = walk_pages(pages, pfn, &count);

	return kind ? kind : '.';
}

uint64_t kdump_page_count(const char *pages)
{
	uint64_t count = 0;

	walk_pages(pages, UINT64_MAX, &count);
	return count;
}

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "kdump_builder: %s\n", what);
	abort();
}

/* Compresses a page; the flag that says how is returned. */
static uint32_t compress(char kind, const uint8_t *page, size_t page_bytes, uint8_t *out, size_t *n_out)
{
	static const size_t out_bytes = 2 * MAX_PAGE;
	size_t n = out_bytes;
	lzo_uint lzo_n = out_bytes;
	struct libdeflate_compressor *zlib;
	void *work;

	switch (kind) {
	case 'z':
		zlib = libdeflate_alloc_compressor(6);
		*n_out = libdeflate_zlib_compress(zlib, page, page_bytes, out, out_bytes);
		libdeflate_free_compressor(zlib);
		return 1;
	case 'l':
		work = malloc(LZO1X_1_MEM_COMPRESS);
		must(work && lzo_init() == LZO_E_OK && lzo1x_1_compress(page, page_bytes, out, &lzo_n, work) == LZO_E_OK,
		     "lzo failed");
		free(work);
		*n_out = lzo_n;
		return 2;
	case 's':
		must(snappy_compress((const char *)page, page_bytes, (char *)out, &n) == SNAPPY_OK, "snappy failed");
		*n_out = n;
		return 4;
	default:
		*n_out = ZSTD_compress(out, out_bytes, page, page_bytes, 3);
		return 0x20;
	}
}

struct layout {
	size_t status, block_size, sub_hdr_size, bitmap_blocks, max_mapnr, timestamp;
	unsigned word;
	size_t dump_level, split, start, end, vmcoreinfo, vmcoreinfo_size, note, note_size, start_64, end_64, max_64, sub_bytes;
};

static const struct layout layout_64 = {
	.timestamp = 408, .status = 424, .block_size = 428, .sub_hdr_size = 432, .bitmap_blocks = 436, .max_mapnr = 440,
	.word = 8, .dump_level = 8, .split = 12, .start = 16, .end = 24, .vmcoreinfo = 32, .vmcoreinfo_size = 40,
	.note = 48, .note_size = 56, .start_64 = 80, .end_64 = 88, .max_64 = 96, .sub_bytes = 104,
};
static const struct layout layout_i386 = {
	.timestamp = 404, .status = 412, .block_size = 416, .sub_hdr_size = 420, .bitmap_blocks = 424, .max_mapnr = 428,
	.word = 4, .dump_level = 4, .split = 8, .start = 12, .end = 16, .vmcoreinfo = 20, .vmcoreinfo_size = 28,
	.note = 32, .note_size = 40, .start_64 = 56, .end_64 = 64, .max_64 = 72, .sub_bytes = 80,
};
static const struct layout layout_arm = {
	.timestamp = 404, .status = 412, .block_size = 416, .sub_hdr_size = 420, .bitmap_blocks = 424, .max_mapnr = 428,
	.word = 4, .dump_level = 4, .split = 8, .start = 12, .end = 16, .vmcoreinfo = 24, .vmcoreinfo_size = 32,
	.note = 40, .note_size = 48, .start_64 = 72, .end_64 = 80, .max_64 = 88, .sub_bytes = 96,
};

/* What the parts of building share. */
struct build {
	const struct kdump_spec *spec;
	const struct layout *layout;
	struct image *image;
	size_t page_bytes;
	uint64_t n_pfns;
	size_t sub_blocks, bitmap_blocks;
	size_t descriptors; /* offset of the next one */
	size_t data;        /* offset of the next page's bytes */
	size_t zero_offset, zero_bytes;
	uint8_t page[MAX_PAGE], out[2 * MAX_PAGE];
};

static void put(struct build *build, size_t offset, uint64_t value, unsigned n_bytes)
{
	image_put_number(build->image, offset, value, n_bytes, build->spec->is_big_endian);
}

static void put_header(struct build *build)
{
	const struct kdump_spec *spec = build->spec;
	const struct layout *layout = build->layout;

	image_put(build->image, build->page_bytes, NULL, 0);
	image_put(build->image, 0, spec->is_diskdump ? "DISKDUMP" : "KDUMP   ", 8);
	put(build, 8, (uint64_t)spec->version, 4);
	if (spec->machine) {
		static const char *const names[] = { "Linux", "testhost", "6.1.0-test", "#1 SMP Test" };

		for (size_t i = 0; i < 4; i++)
			image_put(build->image, 12 + 65 * i, names[i], strlen(names[i]));
		image_put(build->image, 12 + 65 * 4, spec->machine, strlen(spec->machine));
	}
	put(build, layout->timestamp, spec->time_seconds, layout->word);
	put(build, layout->status, spec->status, 4);
	put(build, layout->block_size, build->page_bytes, 4);
	put(build, layout->sub_hdr_size, build->sub_blocks, 4);
	put(build, layout->bitmap_blocks, build->bitmap_blocks, 4);
	put(build, layout->max_mapnr, build->n_pfns, 4);
}

static void put_sub_header(struct build *build)
{
	const struct kdump_spec *spec = build->spec;
	const struct layout *layout = build->layout;
	size_t at = build->page_bytes, notes = at + layout->sub_bytes;
	uint8_t registers[336] = { 0 };

	put(build, at, 0x1000000, layout->word);
	put(build, at + layout->dump_level, (uint64_t)spec->dump_level, 4);
	if (spec->split_end) {
		put(build, at + layout->split, 1, 4);
		put(build, at + layout->start, spec->split_start, layout->word);
		put(build, at + layout->end, spec->split_end, layout->word);
	}
	if (spec->version >= 6) {
		put(build, at + layout->start_64, spec->split_start, 8);
		put(build, at + layout->end_64, spec->split_end, 8);
		put(build, at + layout->max_64, build->n_pfns, 8);
	}
	if (spec->vmcoreinfo) {
		size_t length = strlen(spec->vmcoreinfo), text = notes + 12 + 8 + sizeof(registers) + 12 + 12;

		put(build, notes, 5, 4);
		put(build, notes + 4, sizeof(registers), 4);
		put(build, notes + 8, 1, 4);
		image_put(build->image, notes + 12, "CORE", 5);
		image_put(build->image, notes + 20, registers, sizeof(registers));
		put(build, text - 24, 11, 4);
		put(build, text - 20, length, 4);
		put(build, text - 16, 0, 4);
		image_put(build->image, text - 12, "VMCOREINFO", 11);
		image_put(build->image, text, spec->vmcoreinfo, length);
		put(build, at + layout->vmcoreinfo, text, 8);
		put(build, at + layout->vmcoreinfo_size, length, layout->word);
		if (spec->version >= 4) {
			put(build, at + layout->note, notes, 8);
			put(build, at + layout->note_size, text + (length + 3) / 4 * 4 - notes, layout->word);
		}
	}
}

static bool is_memory(char kind)
{
	return kind != '.';
}

static bool is_dumped(char kind)
{
	return kind != '.' && kind != 'x';
}

static void put_bitmaps(struct build *build)
{
	size_t start = (1 + build->sub_blocks) * build->page_bytes, n_bytes = build->bitmap_blocks * build->page_bytes;
	size_t second = build->spec->has_one_bitmap ? start : start + n_bytes / 2;

	image_put(build->image, start + n_bytes, NULL, 0);
	for (uint64_t pfn = 0; pfn < build->n_pfns; pfn++) {
		char kind = kdump_page_kind(build->spec->pages, pfn);

		if (is_memory(kind) && !build->spec->has_one_bitmap)
			build->image->bytes[start + pfn / 8] |= (uint8_t)(1 << pfn % 8);
		if (is_dumped(kind))
			build->image->bytes[second + pfn / 8] |= (uint8_t)(1 << pfn % 8);
	}
	build->descriptors = start + n_bytes;
}

static bool is_in_part(const struct kdump_spec *spec, uint64_t pfn)
{
	return !spec->split_end || (pfn >= spec->split_start && pfn < spec->split_end);
}

static void put_descriptor(struct build *build, uint64_t offset, uint64_t n_bytes, uint32_t flags)
{
	put(build, build->descriptors, offset, 8);
	put(build, build->descriptors + 8, n_bytes, 4);
	put(build, build->descriptors + 12, flags, 4);
	put(build, build->descriptors + 16, 0, 8);
	build->descriptors += 24;
}

static void put_page(struct build *build, uint64_t pfn, char kind)
{
	size_t n = build->page_bytes;
	uint32_t flags = 0;
	const uint8_t *bytes = build->page;

	memory_fill(pfn * build->page_bytes, build->page, build->page_bytes);
	if (strchr("zlstbu", kind)) {
		flags = compress(strchr("bu", kind) ? 'z' : kind, build->page, build->page_bytes, build->out, &n);
		bytes = build->out;
	}
	if (kind == 'b')
		memset(build->out + 2, 0xff, n - 2);
	if (kind == 'u')
		flags = 0x40;
	if (kind == '0') {
		put_descriptor(build, build->zero_offset, build->zero_bytes, build->spec->is_zero_page_compressed ? 1 : 0);
	} else if (kind == 'n') {
		put_descriptor(build, 0, 0, 0);
	} else if (kind == 'o') {
		put_descriptor(build, (uint64_t)1 << 40, build->page_bytes, 0);
	} else {
		put_descriptor(build, build->data, kind == 'h' ? 2 * build->page_bytes : n, flags);
		image_put(build->image, build->data, bytes, n);
		build->data += n;
	}
}

static void put_pages(struct build *build)
{
	uint64_t n_dumped = 0;

	for (uint64_t pfn = 0; pfn < build->n_pfns; pfn++)
		n_dumped += is_dumped(kdump_page_kind(build->spec->pages, pfn)) && is_in_part(build->spec, pfn);
	build->data = build->zero_offset = build->descriptors + n_dumped * 24;
	build->zero_bytes = build->page_bytes;
	memset(build->page, 0, build->page_bytes);
	if (build->spec->is_zero_page_compressed)
		compress('z', build->page, build->page_bytes, build->out, &build->zero_bytes);
	image_put(build->image, build->data, build->spec->is_zero_page_compressed ? build->out : build->page,
		  build->zero_bytes);
	build->data += build->zero_bytes;
	for (uint64_t pfn = 0; pfn < build->n_pfns; pfn++) {
		char kind = kdump_page_kind(build->spec->pages, pfn);

		if (is_dumped(kind) && is_in_part(build->spec, pfn))
			put_page(build, pfn, kind);
	}
}

void build_kdump(const struct kdump_spec *spec, struct image *ret)
{
	struct build *build = calloc(1, sizeof(*build));
	size_t blocks;

	must(build != NULL, "out of memory");
	*ret = (struct image){ .bytes = NULL };
	build->spec = spec;
	build->image = ret;
	build->layout = !spec->is_32 ? &layout_64 : spec->is_arm ? &layout_arm : &layout_i386;
	build->page_bytes = spec->page_bytes ? spec->page_bytes : BUILDER_PAGE;
	build->n_pfns = kdump_page_count(spec->pages);
	blocks = (build->n_pfns + build->page_bytes * 8 - 1) / (build->page_bytes * 8);
	build->bitmap_blocks = spec->has_one_bitmap ? blocks : 2 * blocks;
	build->sub_blocks = 1;
	put_header(build);
	put_sub_header(build);
	put_bitmaps(build);
	put_pages(build);
	free(build);
}
