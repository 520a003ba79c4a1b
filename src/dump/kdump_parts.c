/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a split kdump-compressed dump, put in order. */
#include "kdump_parts.h"

#include <inttypes.h>

#include <memopsy/containers.h>

#include "bytes.h"
#include "cleanup.h"

void mo_kdump_parts_destroy(struct mo_kdump_parts *parts)
{
	if (!parts)
		return;
	for (size_t i = 0; i < parts->n_parts; i++) {
		mo_kdump_bitmap_deinit(&parts->parts[i].dumped);
		mo_kdump_bitmap_deinit(&parts->parts[i].readable);
	}
	mo_kdump_bitmap_deinit(&parts->memory);
	free(parts->parts);
	free(parts);
}

const struct mo_kdump_part *mo_kdump_parts_find(const struct mo_kdump_parts *parts, uint64_t pfn)
{
	size_t low = mo_lower_bound(parts->n_parts, at, parts->parts[at].end_pfn <= pfn);

	return low < parts->n_parts && pfn >= parts->parts[low].start_pfn ? &parts->parts[low] : NULL;
}

/* Looks for the descriptor of the first page behind the descriptors: the zero page, in most dumps. */
static void find_first_page(const struct mo_kdump_parts *parts, struct mo_kdump_part *part)
{
	uint64_t data = part->descriptors + part->n_pages * MO_KDUMP_DESCRIPTOR_BYTES;
	/* Zero pages are common enough to be among the first; if not, nothing is lost but speed. */
	uint64_t n_tries = part->n_pages < 4096 ? part->n_pages : 4096;

	for (uint64_t i = 0; i < n_tries; i++) {
		uint64_t n_contiguous = 0;
		const uint8_t *bytes =
			mo_file_bytes_at(part->file, part->descriptors + i * MO_KDUMP_DESCRIPTOR_BYTES, &n_contiguous);

		if (!bytes || n_contiguous < MO_KDUMP_DESCRIPTOR_BYTES)
			return;
		if (mo_load_u64(bytes, parts->is_big_endian) == data) {
			part->first_page.offset = data;
			part->first_page.n_bytes = mo_load_u32(bytes + 8, parts->is_big_endian);
			part->first_page.flags = mo_load_u32(bytes + 12, parts->is_big_endian);
			return;
		}
	}
}

static struct mo_error *open_part(struct mo_kdump_parts *parts, const struct mo_file_bytes *file,
				  const struct mo_kdump_header *header)
{
	struct mo_kdump_part *part = &parts->parts[parts->n_parts];

	*part = (struct mo_kdump_part){
		.file = file,
		.start_pfn = header->start_pfn,
		.end_pfn = header->end_pfn,
		.descriptors = header->descriptors,
	};
	MO_TRY(mo_error_prepend(mo_kdump_bitmap_open(file, header->dumped_bitmap, header->bitmap_bytes, header->n_pfns,
						     &part->dumped),
				"%s", file->path));
	parts->n_parts++;
	MO_TRY(mo_kdump_bitmap_count(&part->dumped));
	part->start_rank = mo_kdump_bitmap_rank(&part->dumped, part->start_pfn);
	part->n_pages = mo_kdump_bitmap_rank(&part->dumped, part->end_pfn) - part->start_rank;
	find_first_page(parts, part);
	if (header->status & MO_KDUMP_INCOMPLETE)
		parts->is_incomplete = true;
	return NULL;
}

/* What all parts of one dump have in common. */
static bool belong_together(const struct mo_kdump_header *a, const struct mo_kdump_header *b)
{
	return a->is_64 == b->is_64 && a->is_big_endian == b->is_big_endian && a->version == b->version &&
	       a->page_bytes == b->page_bytes && a->time_seconds == b->time_seconds && a->phys_base == b->phys_base &&
	       a->dump_level == b->dump_level && a->n_pfns == b->n_pfns && memcmp(a->uts, b->uts, sizeof(a->uts)) == 0;
}

static struct mo_error *open_parts(struct mo_kdump_parts *parts, const struct mo_file_bytes *const *files, size_t n_files,
				   struct mo_kdump_header *first)
{
	for (size_t i = 0; i < n_files; i++) {
		struct mo_kdump_header header;

		if (!mo_kdump_header_probe(files[i]))
			return mo_error_create(MO_E_MISMATCH, "%s is not a kdump-compressed file, but %s is", files[i]->path,
					       files[0]->path);
		MO_TRY(mo_kdump_header_read(files[i], &header));
		if (n_files > 1 && !header.is_split)
			return mo_error_create(MO_E_INVALID, "%zu files were given, but %s is not a part of a split dump",
					       n_files, files[i]->path);
		if (i == 0)
			*first = header;
		else if (!belong_together(first, &header))
			return mo_error_create(MO_E_MISMATCH, "%s and %s are not parts of the same dump", files[0]->path,
					       files[i]->path);
		parts->page_bytes = header.page_bytes;
		parts->page_shift = (unsigned)__builtin_ctz(header.page_bytes);
		parts->is_big_endian = header.is_big_endian;
		MO_TRY(open_part(parts, files[i], &header));
	}
	return NULL;
}

static int compare_parts(const void *left, const void *right)
{
	const struct mo_kdump_part *a = left, *b = right;

	return a->start_pfn < b->start_pfn ? -1 : a->start_pfn > b->start_pfn;
}

static struct mo_error *sort_parts(struct mo_kdump_parts *parts, uint64_t n_pfns)
{
	uint64_t end = 0;

	qsort(parts->parts, parts->n_parts, sizeof(parts->parts[0]), compare_parts);
	for (size_t i = 0; i < parts->n_parts; i++) {
		const struct mo_kdump_part *part = &parts->parts[i];

		if (part->start_pfn < end)
			return mo_error_create(MO_E_MISMATCH, "%s and %s both hold page frame 0x%" PRIx64,
					       parts->parts[i - 1].file->path, part->file->path, part->start_pfn);
		if (part->start_pfn > end)
			parts->has_missing_parts = true;
		end = part->end_pfn;
	}
	if (end < n_pfns)
		parts->has_missing_parts = true;
	return NULL;
}

static struct mo_error *fill_parts(struct mo_kdump_parts *parts, const struct mo_file_bytes *const *files, size_t n_files,
				   struct mo_kdump_header *header_ret)
{
	struct mo_kdump_header header = { .version = 0 };

	parts->parts = calloc(n_files, sizeof(parts->parts[0]));
	if (!parts->parts)
		return mo_error_no_memory();
	MO_TRY(open_parts(parts, files, n_files, &header));
	MO_TRY(sort_parts(parts, header.n_pfns));
	MO_TRY(mo_error_prepend(mo_kdump_bitmap_open(files[0], header.memory_bitmap, header.bitmap_bytes, header.n_pfns,
						     &parts->memory),
				"%s", files[0]->path));
	*header_ret = header;
	return NULL;
}

struct mo_error *mo_kdump_parts_create(const struct mo_file_bytes *const *files, size_t n_files,
				       struct mo_kdump_header *header_ret, struct mo_kdump_parts **ret)
{
	struct mo_kdump_parts *parts = calloc(1, sizeof(*parts));
	struct mo_error *error;

	if (!parts)
		return mo_error_no_memory();
	error = fill_parts(parts, files, n_files, header_ret);
	if (error)
		mo_kdump_parts_destroy(parts);
	else
		*ret = parts;
	return error;
}
