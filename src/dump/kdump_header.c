/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and checks the headers of kdump-compressed files. */
#include "kdump_header.h"

#include <inttypes.h>

#include "bytes.h"
#include "cleanup.h"
#include "dump_format.h"

/*
 * More page frames than any machine has addresses for memory (512 TiB of 4 KiB pages); a bound for what the bitmaps may
 * cost, besides that they must lie in the file.
 */
#define MAX_PFNS ((uint64_t)1 << 37)

/* A bitmap of 2 TiB of memory is granted to all files, however little of them is stored. */
#define BITMAP_BYTES_OF_ALL ((uint64_t)1 << 26)

static const char signature[8] = { 'K', 'D', 'U', 'M', 'P', ' ', ' ', ' ' };

/* struct disk_dump_header has a struct timeval, so everything behind the names depends on the width of a long. */
struct header_layout {
	unsigned timestamp, status, block_size, sub_hdr_size, bitmap_blocks, max_mapnr;
};

#define UTSNAME_OFFSET 12
#define VERSION_OFFSET 8

static const struct header_layout header_64 = {
	.timestamp = 408, .status = 424, .block_size = 428, .sub_hdr_size = 432, .bitmap_blocks = 436,
	.max_mapnr = 440,
};
static const struct header_layout header_32 = {
	.timestamp = 404, .status = 412, .block_size = 416, .sub_hdr_size = 420, .bitmap_blocks = 424,
	.max_mapnr = 428,
};

/*
 * struct kdump_sub_header; 32-bit machines differ in whether a 64-bit member is aligned to 4 bytes (i386) or 8 (arm).
 * Members were appended with the versions: dump_level 1, split 2, vmcoreinfo 3, note 4, eraseinfo 5, *_64 6.
 */
struct sub_header_layout {
	unsigned word_bytes;
	unsigned dump_level, split, start_pfn, end_pfn;
	unsigned vmcoreinfo, vmcoreinfo_bytes, notes, notes_bytes;
	unsigned start_pfn_64, end_pfn_64, max_mapnr_64;
};

static const struct sub_header_layout sub_header_64 = {
	.word_bytes = 8, .dump_level = 8, .split = 12, .start_pfn = 16, .end_pfn = 24,
	.vmcoreinfo = 32, .vmcoreinfo_bytes = 40, .notes = 48, .notes_bytes = 56,
	.start_pfn_64 = 80, .end_pfn_64 = 88, .max_mapnr_64 = 96,
};
static const struct sub_header_layout sub_header_32_packed = {
	.word_bytes = 4, .dump_level = 4, .split = 8, .start_pfn = 12, .end_pfn = 16,
	.vmcoreinfo = 20, .vmcoreinfo_bytes = 28, .notes = 32, .notes_bytes = 40,
	.start_pfn_64 = 56, .end_pfn_64 = 64, .max_mapnr_64 = 72,
};
static const struct sub_header_layout sub_header_32_padded = {
	.word_bytes = 4, .dump_level = 4, .split = 8, .start_pfn = 12, .end_pfn = 16,
	.vmcoreinfo = 24, .vmcoreinfo_bytes = 32, .notes = 40, .notes_bytes = 48,
	.start_pfn_64 = 72, .end_pfn_64 = 80, .max_mapnr_64 = 88,
};

#define MAX_HEADER_BYTES 464
#define MAX_SUB_HEADER_BYTES 104

bool mo_kdump_header_probe(const struct mo_file_bytes *file)
{
	char bytes[sizeof(signature)];
	struct mo_error *error = mo_file_bytes_copy(file, 0, bytes, sizeof(bytes));

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	return memcmp(bytes, signature, sizeof(signature)) == 0;
}

/* Whether the header makes sense in this width and byte order: the header itself names neither. */
static bool fits(const uint8_t *bytes, const struct header_layout *layout, bool is_big_endian)
{
	uint32_t bitmap_blocks = mo_load_u32(bytes + layout->bitmap_blocks, is_big_endian);
	int32_t version = (int32_t)mo_load_u32(bytes + VERSION_OFFSET, is_big_endian);

	return mo_dump_is_page_size(mo_load_u32(bytes + layout->block_size, is_big_endian)) && version >= 0 &&
	       version < 0x10000 && bitmap_blocks > 0 && bitmap_blocks < INT32_MAX;
}

static const struct header_layout *find_layout(const uint8_t *bytes, bool *is_big_endian)
{
	static const struct header_layout *const layouts[] = { &header_64, &header_32 };

	for (size_t i = 0; i < 4; i++) {
		*is_big_endian = i % 2 == 1;
		if (fits(bytes, layouts[i / 2], *is_big_endian))
			return layouts[i / 2];
	}
	return NULL;
}

static struct mo_error *makes_no_sense(const struct mo_file_bytes *file, const uint8_t *bytes)
{
	return mo_error_create(MO_E_CORRUPT,
			       "%s: the kdump-compressed header is invalid in every width and byte order (read as 64 "
			       "bits, little-endian: version %" PRIu32 ", page size %" PRIu32 ", %" PRIu32 " bitmap blocks)",
			       file->path, mo_load_u32(bytes + VERSION_OFFSET, false),
			       mo_load_u32(bytes + header_64.block_size, false),
			       mo_load_u32(bytes + header_64.bitmap_blocks, false));
}

/* Finds the bitmaps. They come in pairs, but old partial dumps have only one; their size and max_mapnr tell. */
static struct mo_error *place_bitmaps(const struct mo_file_bytes *file, uint32_t sub_header_blocks, uint32_t bitmap_blocks,
				      struct mo_kdump_header *header)
{
	/* 2^32 blocks of 2^18 bytes twice: no overflow. */
	uint64_t start = (1 + (uint64_t)sub_header_blocks) * header->page_bytes;
	uint64_t n_bytes = (uint64_t)bitmap_blocks * header->page_bytes;
	uint64_t pair_bits = bitmap_blocks / 2 * (uint64_t)header->page_bytes * 8;

	if (header->n_pfns == 0 || header->n_pfns > MAX_PFNS || header->n_pfns > n_bytes * 8)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: %" PRIu64 " page frames in a page bitmap of %" PRIu64 " bytes is impossible",
				       file->path, header->n_pfns, n_bytes);
	/* Against the file itself: a flattened one may claim any offset for next to no bytes. */
	if (!mo_is_within(start, n_bytes, file->n_bytes) || n_bytes > file->map_bytes)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: cut short at offset %" PRIu64 ": the page bitmap goes from offset %" PRIu64
				       " to %" PRIu64,
				       file->path, file->n_bytes, start, start + n_bytes);
	/* Of a sparse file the bitmaps may be holes. */
	if (header->n_pfns / 8 > file->stored_bytes && header->n_pfns / 8 - file->stored_bytes > BITMAP_BYTES_OF_ALL)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: %" PRIu64 " page frames in a file that stores at most %" PRIu64 " bytes are impossible",
				       file->path, header->n_pfns, file->stored_bytes);
	header->memory_bitmap = start;
	header->bitmap_bytes = n_bytes;
	if (header->n_pfns <= pair_bits)
		header->bitmap_bytes = bitmap_blocks / 2 * (uint64_t)header->page_bytes;
	header->dumped_bitmap = start + n_bytes - header->bitmap_bytes;
	header->descriptors = start + n_bytes;
	return NULL;
}

/*
 * i386 or arm? From version 6 on, the layout in which max_mapnr_64 is what max_mapnr says, as far as that can say it;
 * before, the one in which VMCOREINFO lies between the sub-header and the bitmaps, or is not there.
 */
static const struct sub_header_layout *guess_sub_layout_32(const uint8_t *bytes, const struct mo_kdump_header *header,
							   uint64_t payload_end)
{
	uint64_t offset = mo_load_u64(bytes + sub_header_32_packed.vmcoreinfo, header->is_big_endian);
	uint32_t n_bytes = mo_load_u32(bytes + sub_header_32_packed.vmcoreinfo_bytes, header->is_big_endian);
	uint64_t n_pfns = mo_load_u64(bytes + sub_header_32_packed.max_mapnr_64, header->is_big_endian);
	bool is_packed = (offset == 0 && n_bytes == 0) ||
			 (offset > header->page_bytes && mo_is_within(offset, n_bytes, payload_end));

	if (header->version >= 6)
		is_packed = (n_pfns < UINT32_MAX ? n_pfns : UINT32_MAX) == header->n_pfns;
	/* Up to version 2 they do not differ. */
	return is_packed || header->version < 3 ? &sub_header_32_packed : &sub_header_32_padded;
}

static void take_sub_header(const uint8_t *bytes, const struct sub_header_layout *layout, struct mo_kdump_header *header)
{
	bool is_big_endian = header->is_big_endian;

	header->has_sub_header = true;
	header->phys_base = mo_load_unsigned(bytes, layout->word_bytes, is_big_endian);
	header->dump_level = (int32_t)mo_load_u32(bytes + layout->dump_level, is_big_endian);
	header->has_dump_level = true;
	if (header->version >= 2 && mo_load_u32(bytes + layout->split, is_big_endian) != 0) {
		header->is_split = true;
		header->start_pfn = mo_load_unsigned(bytes + layout->start_pfn, layout->word_bytes, is_big_endian);
		header->end_pfn = mo_load_unsigned(bytes + layout->end_pfn, layout->word_bytes, is_big_endian);
	}
	if (header->version >= 3) {
		header->vmcoreinfo = mo_load_u64(bytes + layout->vmcoreinfo, is_big_endian);
		header->vmcoreinfo_bytes =
			mo_load_unsigned(bytes + layout->vmcoreinfo_bytes, layout->word_bytes, is_big_endian);
	}
	if (header->version >= 4) {
		header->notes = mo_load_u64(bytes + layout->notes, is_big_endian);
		header->notes_bytes = mo_load_unsigned(bytes + layout->notes_bytes, layout->word_bytes, is_big_endian);
	}
	if (header->version >= 6) {
		header->n_pfns = mo_load_u64(bytes + layout->max_mapnr_64, is_big_endian);
		if (header->is_split) {
			header->start_pfn = mo_load_u64(bytes + layout->start_pfn_64, is_big_endian);
			header->end_pfn = mo_load_u64(bytes + layout->end_pfn_64, is_big_endian);
		}
	}
}

static struct mo_error *read_sub_header(const struct mo_file_bytes *file, uint32_t sub_header_blocks,
					struct mo_kdump_header *header)
{
	uint8_t bytes[MAX_SUB_HEADER_BYTES] = { 0 };
	uint64_t payload_end = (1 + (uint64_t)sub_header_blocks) * header->page_bytes;
	const struct sub_header_layout *layout = &sub_header_64;

	/* Version 0 has none, or one of which nothing is known. */
	if (header->version < 1 || sub_header_blocks == 0)
		return NULL;
	if (!mo_is_within(header->page_bytes, sizeof(bytes), file->n_bytes))
		return mo_error_create(MO_E_CORRUPT, "%s: cut short at offset %" PRIu64 ", before the end of its sub-header",
				       file->path, file->n_bytes);
	MO_TRY(mo_error_prepend(mo_file_bytes_copy(file, header->page_bytes, bytes, sizeof(bytes)),
				"cannot read the sub-header"));
	if (!header->is_64)
		layout = guess_sub_layout_32(bytes, header, payload_end);
	take_sub_header(bytes, layout, header);
	return NULL;
}

static struct mo_error *check_split(const struct mo_file_bytes *file, struct mo_kdump_header *header)
{
	if (!header->is_split) {
		header->end_pfn = header->n_pfns;
		return NULL;
	}
	if (header->start_pfn > header->end_pfn || header->start_pfn > header->n_pfns)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: a part of a split dump from page frame 0x%" PRIx64 " to 0x%" PRIx64
				       " of 0x%" PRIx64 " is impossible",
				       file->path, header->start_pfn, header->end_pfn, header->n_pfns);
	if (header->end_pfn > header->n_pfns)
		header->end_pfn = header->n_pfns;
	return NULL;
}

static void take_header(const uint8_t *bytes, const struct header_layout *layout, struct mo_kdump_header *header)
{
	header->version = (int32_t)mo_load_u32(bytes + VERSION_OFFSET, header->is_big_endian);
	header->page_bytes = mo_load_u32(bytes + layout->block_size, header->is_big_endian);
	header->status = mo_load_u32(bytes + layout->status, header->is_big_endian);
	header->n_pfns = mo_load_u32(bytes + layout->max_mapnr, header->is_big_endian);
	header->time_seconds = (int64_t)mo_load_unsigned(bytes + layout->timestamp, header->is_64 ? 8 : 4,
							  header->is_big_endian);
	for (size_t i = 0; i < MO_UTS_COUNT; i++) {
		memcpy(header->uts[i], bytes + UTSNAME_OFFSET + i * MO_UTS_BYTES, MO_UTS_BYTES);
		header->uts[i][MO_UTS_BYTES] = '\0';
	}
}

struct mo_error *mo_kdump_header_read(const struct mo_file_bytes *file, struct mo_kdump_header *ret)
{
	uint8_t bytes[MAX_HEADER_BYTES];
	struct mo_kdump_header header = { .version = 0 };
	const struct header_layout *layout;
	uint32_t sub_header_blocks;

	if (file->n_bytes < sizeof(bytes))
		return mo_error_create(MO_E_CORRUPT, "%s: cut short at offset %" PRIu64 ", in the kdump-compressed header",
				       file->path, file->n_bytes);
	MO_TRY(mo_file_bytes_copy(file, 0, bytes, sizeof(bytes)));
	layout = find_layout(bytes, &header.is_big_endian);
	if (!layout)
		return makes_no_sense(file, bytes);
	header.is_64 = layout == &header_64;
	take_header(bytes, layout, &header);
	sub_header_blocks = mo_load_u32(bytes + layout->sub_hdr_size, header.is_big_endian);
	MO_TRY(read_sub_header(file, sub_header_blocks, &header));
	MO_TRY(place_bitmaps(file, sub_header_blocks, mo_load_u32(bytes + layout->bitmap_blocks, header.is_big_endian),
			     &header));
	MO_TRY(check_split(file, &header));
	*ret = header;
	return NULL;
}
