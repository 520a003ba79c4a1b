/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Kdump-compressed dumps: pages are found by counting bits, decompressed into the reader's buffers, and not copied at
 * all where they are stored as they are. A split dump is several such files, each with a range of page frames.
 */

#include <inttypes.h>

#include "bytes.h"
#include "cleanup.h"
#include "dump_format.h"
#include "kdump_bitmap.h"
#include "kdump_header.h"
#include "kdump_parts.h"
#include "page_codec.h"
#include "page_slots.h"
#include "text.h"

struct kdump_reader {
	const struct mo_kdump_parts *parts;
	struct mo_page_codec *codec;
	struct mo_page_slots slots;
	uint8_t *compressed;   /* a page's compressed bytes, where the file has them in pieces */
	uint8_t **first_pages; /* one for each part, see first_page() */
};

/* struct page_desc */
#define DESCRIPTOR_BYTES MO_KDUMP_DESCRIPTOR_BYTES
struct descriptor {
	uint64_t offset;
	uint32_t n_bytes;
	uint32_t flags;
};

static enum mo_presence presence(const struct mo_dump *dump, uint64_t pfn)
{
	const struct mo_kdump_parts *parts = dump->state;
	const struct mo_kdump_part *part = mo_kdump_parts_find(parts, pfn);

	if (part && mo_kdump_bitmap_has(mo_kdump_part_frames(part), pfn))
		return MO_PRESENT;
	return mo_kdump_bitmap_has(&parts->memory, pfn) ? MO_EXCLUDED : MO_HOLE;
}

static bool next_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	const struct mo_kdump_parts *parts = dump->state;
	uint64_t first = 0, end = 0; /* end 0: nothing found yet */

	for (size_t i = 0; i < parts->n_parts; i++) {
		const struct mo_kdump_part *part = &parts->parts[i];
		const struct mo_kdump_bitmap *frames = mo_kdump_part_frames(part);
		uint64_t from = end ? end : pfn > part->start_pfn ? pfn : part->start_pfn;

		if (part->end_pfn <= from)
			continue;
		/* Goes on from the part before only without a gap. */
		if (end && (part->start_pfn != end || !mo_kdump_bitmap_has(frames, end)))
			break;
		if (!end) {
			first = mo_kdump_bitmap_next(frames, from, part->end_pfn, true);
			if (first == part->end_pfn)
				continue;
			from = first;
		}
		end = mo_kdump_bitmap_next(frames, from, part->end_pfn, false);
		if (end < part->end_pfn)
			break;
	}
	if (!end)
		return false;
	*first_pfn = first;
	*n_pages = end - first;
	return true;
}

static struct mo_error *check_descriptor(const struct mo_kdump_parts *parts, const struct mo_kdump_part *part,
					 const struct descriptor *descriptor)
{
	uint32_t codec = descriptor->flags & MO_KDUMP_CODECS;
	uint32_t known = MO_KDUMP_CODECS | MO_KDUMP_INCOMPLETE | MO_KDUMP_EXCLUDED_VMEMMAP;

	if ((descriptor->flags & ~known) || (codec & (codec - 1)))
		return mo_error_create(MO_E_UNSUPPORTED, "compressed with an unknown algorithm (flags 0x%" PRIx32 ")",
				       descriptor->flags);
	/* The header is at 0, so this is a descriptor that was never written. */
	if (descriptor->offset == 0 && parts->is_incomplete)
		return mo_error_create(MO_E_NOT_IN_DUMP, "the dump program ran out of space before this page");
	if (descriptor->offset == 0 || descriptor->n_bytes == 0 || descriptor->n_bytes > parts->page_bytes ||
	    (codec == 0 && descriptor->n_bytes != parts->page_bytes))
		return mo_error_create(MO_E_CORRUPT,
				       "%s: its descriptor says %" PRIu32 " bytes at offset %" PRIu64 ", flags 0x%" PRIx32,
				       part->file->path, descriptor->n_bytes, descriptor->offset, descriptor->flags);
	return NULL;
}

static struct mo_error *read_descriptor(const struct mo_kdump_parts *parts, const struct mo_kdump_part *part, uint64_t pfn,
					struct descriptor *ret)
{
	uint64_t index = mo_kdump_bitmap_rank(&part->dumped, pfn) - part->start_rank;
	uint8_t scratch[DESCRIPTOR_BYTES];
	const uint8_t *bytes;

	MO_TRY(mo_error_prepend(mo_file_bytes_get(part->file, part->descriptors + index * DESCRIPTOR_BYTES,
						  DESCRIPTOR_BYTES, scratch, &bytes),
				"cannot read its descriptor"));
	*ret = (struct descriptor){
		.offset = mo_load_u64(bytes, parts->is_big_endian),
		.n_bytes = mo_load_u32(bytes + 8, parts->is_big_endian),
		.flags = mo_load_u32(bytes + 12, parts->is_big_endian),
	};
	return check_descriptor(parts, part, ret);
}

static struct mo_error *decompress(struct kdump_reader *reader, const struct mo_kdump_part *part,
				   const struct descriptor *descriptor, uint8_t *page)
{
	const uint8_t *bytes;

	MO_TRY(mo_file_bytes_get(part->file, descriptor->offset, descriptor->n_bytes, reader->compressed, &bytes));
	return mo_error_prepend(mo_page_codec_decompress(reader->codec, descriptor->flags & MO_KDUMP_CODECS, bytes,
							 descriptor->n_bytes, page, reader->parts->page_bytes),
				"%s: at offset %" PRIu64, part->file->path, descriptor->offset);
}

/*
 * Both makedumpfile and QEMU store one zero page, in front of all others, and let the descriptors of all zero pages
 * point at it. It is decompressed once for each reader and stays.
 */
static struct mo_error *first_page(struct kdump_reader *reader, const struct mo_kdump_part *part,
				   const struct descriptor *descriptor, const uint8_t **ret)
{
	uint8_t **page = &reader->first_pages[part - reader->parts->parts];

	if (!*page) {
		MO_FREE uint8_t *fresh = malloc(reader->parts->page_bytes);

		if (!fresh)
			return mo_error_no_memory();
		MO_TRY(decompress(reader, part, descriptor, fresh));
		*page = mo_take(fresh);
	}
	*ret = *page;
	return NULL;
}

static bool is_first_page(const struct mo_kdump_part *part, const struct descriptor *descriptor)
{
	return descriptor->offset == part->first_page.offset && descriptor->n_bytes == part->first_page.n_bytes &&
	       descriptor->flags == part->first_page.flags;
}

static struct mo_error *make_page(struct kdump_reader *reader, const struct mo_kdump_part *part, uint64_t pfn,
				  const uint8_t **ret)
{
	struct descriptor descriptor;
	uint64_t n_contiguous = 0;
	uint8_t *page;

	MO_TRY(read_descriptor(reader->parts, part, pfn, &descriptor));
	if (descriptor.flags & MO_KDUMP_CODECS) {
		if (is_first_page(part, &descriptor))
			return first_page(reader, part, &descriptor, ret);
		page = mo_page_slots_take(&reader->slots);
		MO_TRY(decompress(reader, part, &descriptor, page));
	} else {
		*ret = mo_file_bytes_at(part->file, descriptor.offset, &n_contiguous);
		if (*ret && n_contiguous >= reader->parts->page_bytes)
			return NULL;
		page = mo_page_slots_take(&reader->slots);
		MO_TRY(mo_file_bytes_copy(part->file, descriptor.offset, page, reader->parts->page_bytes));
	}
	mo_page_slots_keep(&reader->slots, pfn);
	*ret = page;
	return NULL;
}

static struct mo_error *absent(const struct mo_dump *dump, uint64_t pfn)
{
	enum mo_presence presence_of = presence(dump, pfn);
	bool is_elsewhere = presence_of == MO_EXCLUDED && !mo_kdump_parts_find(dump->state, pfn);

	if (dump->unit_shift > dump->info.page_shift)
		pfn <<= dump->unit_shift - dump->info.page_shift;
	if (is_elsewhere)
		return mo_error_create(MO_E_NOT_IN_DUMP,
				       "page frame 0x%" PRIx64 " is in a part of the split dump that was not given", pfn);
	return mo_dump_absent_error(pfn, presence_of);
}

static struct mo_error *view(struct mo_dump_reader *dump_reader, uint64_t pa, size_t max_bytes, const void **ret,
			     size_t *bytes_ret)
{
	struct kdump_reader *reader = dump_reader->state;
	const struct mo_kdump_parts *parts = reader->parts;
	uint64_t pfn = pa >> parts->page_shift, in_page = pa & (parts->page_bytes - 1);
	const uint8_t *page = mo_page_slots_find(&reader->slots, pfn);

	if (!page) {
		const struct mo_kdump_part *part = mo_kdump_parts_find(parts, pfn);

		if (!part || !mo_kdump_bitmap_has(&part->dumped, pfn))
			return absent(dump_reader->dump, pfn);
		MO_TRY(mo_error_prepend(make_page(reader, part, pfn, &page), "cannot read page frame 0x%" PRIx64, pfn));
	}
	*ret = page + in_page;
	*bytes_ret = parts->page_bytes - in_page < max_bytes ? (size_t)(parts->page_bytes - in_page) : max_bytes;
	return NULL;
}

static void reader_destroy(void *state)
{
	struct kdump_reader *reader = state;

	for (size_t i = 0; reader->first_pages && i < reader->parts->n_parts; i++)
		free(reader->first_pages[i]);
	free(reader->first_pages);
	free(reader->compressed);
	mo_page_slots_deinit(&reader->slots);
	mo_page_codec_destroy(reader->codec);
	free(reader);
}

static struct mo_error *fill_reader(const struct mo_kdump_parts *parts, struct kdump_reader *reader)
{
	reader->parts = parts;
	reader->compressed = malloc(parts->page_bytes);
	reader->first_pages = calloc(parts->n_parts, sizeof(reader->first_pages[0]));
	if (!reader->compressed || !reader->first_pages)
		return mo_error_no_memory();
	MO_TRY(mo_page_slots_init(&reader->slots, parts->page_bytes));
	return mo_page_codec_create(&reader->codec);
}

static struct mo_error *reader_create(const struct mo_dump *dump, void **state_ret)
{
	struct kdump_reader *reader = calloc(1, sizeof(*reader));
	struct mo_error *error;

	if (!reader)
		return mo_error_no_memory();
	error = fill_reader(dump->state, reader);
	if (error)
		reader_destroy(reader);
	else
		*state_ret = reader;
	return error;
}

/* The data of the pages follow the descriptors in the order of pages; has the file been cut among either? */
static bool is_part_cut_short(const struct mo_kdump_parts *parts, const struct mo_kdump_part *part)
{
	uint64_t pfn = part->end_pfn;
	/* More than one, for the last pages may all be the zero page, which lies in front. */
	unsigned n_tries = 1024;

	if (!mo_is_within(part->descriptors, part->n_pages * DESCRIPTOR_BYTES, part->file->n_bytes))
		return true;
	while (pfn > part->start_pfn && n_tries > 0) {
		struct descriptor descriptor;
		struct mo_error *error;

		if (!mo_kdump_bitmap_has(&part->dumped, --pfn))
			continue;
		n_tries--;
		error = read_descriptor(parts, part, pfn, &descriptor);
		if (!error && !mo_is_within(descriptor.offset, descriptor.n_bytes, part->file->n_bytes))
			return true;
		mo_error_destroy(error);
	}
	return false;
}

/* Whether there is anything to read: a flattened file that is cut short may have its end and lack what is before. */
static bool is_in_file(const struct mo_file_bytes *file, uint64_t offset, uint64_t n_bytes)
{
	uint64_t n_contiguous;

	return mo_is_within(offset, n_bytes, file->n_bytes) &&
	       (!file->is_flattened || mo_file_bytes_at(file, offset, &n_contiguous));
}

/*
 * Which pages of a file that is cut short can be read, and where it should end: one look at each descriptor, in the order
 * in which they lie. What else is wrong with a page is found out when it is read.
 */
static struct mo_error *find_readable(const struct mo_kdump_parts *parts, struct mo_kdump_part *part, uint64_t *end_ret,
				      bool *is_partial_ret)
{
	uint64_t pfn = part->start_pfn, index = 0;
	uint64_t n_there = part->file->n_bytes > part->descriptors ?
				   (part->file->n_bytes - part->descriptors) / DESCRIPTOR_BYTES : 0;

	*end_ret = part->descriptors + part->n_pages * DESCRIPTOR_BYTES;
	MO_TRY(mo_kdump_bitmap_create(&part->dumped, &part->readable));
	while ((pfn = mo_kdump_bitmap_next(&part->dumped, pfn, part->end_pfn, true)) < part->end_pfn && index < n_there) {
		uint8_t scratch[DESCRIPTOR_BYTES];
		const uint8_t *bytes;
		struct mo_error *error = mo_file_bytes_get(part->file, part->descriptors + index++ * DESCRIPTOR_BYTES,
							   DESCRIPTOR_BYTES, scratch, &bytes);

		if (!error) {
			uint64_t offset = mo_load_u64(bytes, parts->is_big_endian);
			uint32_t n_bytes = mo_load_u32(bytes + 8, parts->is_big_endian);

			if (is_in_file(part->file, offset, n_bytes))
				mo_kdump_bitmap_set(&part->readable, pfn);
			else if (offset <= INT64_MAX && offset + n_bytes > *end_ret)
				*end_ret = offset + n_bytes;
		}
		mo_error_destroy(error);
		pfn++;
	}
	*is_partial_ret = index < part->n_pages || part->file->is_flattened;
	return mo_kdump_bitmap_count(&part->readable);
}

/* Counts the pages that can be read, and remembers which where the file is cut short. */
static struct mo_error *survey_parts(struct mo_dump_info *info, struct mo_kdump_parts *parts)
{
	for (size_t i = 0; i < parts->n_parts; i++) {
		struct mo_kdump_part *part = &parts->parts[i];

		if (part->file->is_cut_short || is_part_cut_short(parts, part)) {
			uint64_t end;
			bool is_partial;

			info->is_truncated = true;
			MO_TRY(find_readable(parts, part, &end, &is_partial));
			info->promised_bytes += end;
			info->is_promise_partial |= is_partial;
			info->present_pages += mo_kdump_bitmap_rank(&part->readable, part->end_pfn) -
					       mo_kdump_bitmap_rank(&part->readable, part->start_pfn);
		} else {
			info->present_pages += part->n_pages;
			info->promised_bytes += part->file->n_bytes;
		}
	}
	if (!info->is_truncated)
		info->promised_bytes = 0;
	return NULL;
}

static struct mo_error *take_text(struct mo_dump *dump, size_t i, const char *uts, const char **ret)
{
	if (uts[0] == '\0')
		return NULL;
	dump->uts_strings[i] = mo_text_from_bytes(uts, MO_UTS_BYTES);
	if (!dump->uts_strings[i])
		return mo_error_no_memory();
	*ret = dump->uts_strings[i];
	return NULL;
}

/* The name of the architecture that a machine belongs to; the machine's own where that is the same. */
static const char *arch_of(const char *machine)
{
	/* What QEMU writes of arm64. */
	if (!machine || !strcmp(machine, "Unknown"))
		return NULL;
	if (strlen(machine) == 4 && machine[0] == 'i' && strcmp(machine + 2, "86") == 0)
		return "i386";
	if (strncmp(machine, "armv", 4) == 0)
		return "arm";
	return machine;
}

static struct mo_error *describe(struct mo_dump *dump, struct mo_kdump_parts *parts,
				 const struct mo_kdump_header *header)
{
	struct mo_dump_info *info = &dump->info;

	info->format = parts->parts[0].file->is_flattened ? "flattened kdump-compressed" : "kdump-compressed";
	info->reader = "kdump";
	info->compression = mo_page_codec_name(header->status & MO_KDUMP_CODECS);
	info->pointer_bytes = header->is_64 ? 8 : 4;
	info->is_big_endian = header->is_big_endian;
	info->is_incomplete = parts->is_incomplete;
	info->has_missing_parts = parts->has_missing_parts;
	info->has_dump_level = header->has_dump_level;
	info->dump_level = (unsigned)header->dump_level;
	info->has_dump_time = header->time_seconds != 0;
	info->dump_time = header->time_seconds;
	info->has_phys_base = header->has_sub_header;
	info->phys_base = header->phys_base;
	info->end_pfn = header->n_pfns;
	MO_TRY(survey_parts(info, parts));
	mo_dump_set_page_bytes(info, header->page_bytes);
	MO_TRY(take_text(dump, 0, header->uts[MO_UTS_RELEASE], &info->os_release));
	MO_TRY(take_text(dump, 1, header->uts[MO_UTS_VERSION], &info->os_version));
	MO_TRY(take_text(dump, 2, header->uts[MO_UTS_MACHINE], &info->os_machine));
	MO_TRY(take_text(dump, 3, header->uts[MO_UTS_NODENAME], &info->os_nodename));
	info->arch = arch_of(info->os_machine);
	return NULL;
}

/* Beyond any VMCOREINFO; the kernel gives it one page. */
#define MAX_VMCOREINFO_BYTES (1u << 20)

/* What the header itself says of VMCOREINFO, for dumps without notes (header versions before 4). */
static struct mo_error *read_vmcoreinfo(struct mo_dump *dump, const struct mo_kdump_header *header)
{
	const struct mo_file_bytes *file = dump->files[0];
	MO_FREE uint8_t *scratch = NULL;
	const uint8_t *bytes;

	if (dump->vmcoreinfo || header->vmcoreinfo_bytes == 0 || header->vmcoreinfo_bytes > MAX_VMCOREINFO_BYTES ||
	    !mo_is_within(header->vmcoreinfo, header->vmcoreinfo_bytes, file->n_bytes))
		return NULL;
	scratch = malloc(header->vmcoreinfo_bytes);
	if (!scratch)
		return mo_error_no_memory();
	MO_TRY(mo_file_bytes_get(file, header->vmcoreinfo, header->vmcoreinfo_bytes, scratch, &bytes));
	MO_TRY(mo_vmcoreinfo_text(bytes, header->vmcoreinfo_bytes, &dump->vmcoreinfo, &dump->info.vmcoreinfo_bytes));
	dump->info.vmcoreinfo = dump->vmcoreinfo;
	return NULL;
}

static void close_kdump(struct mo_dump *dump)
{
	mo_kdump_parts_destroy(dump->state);
}

static struct mo_error *open_kdump(struct mo_dump *dump)
{
	struct mo_kdump_header header; /* of the first path */
	struct mo_kdump_parts *parts;

	MO_TRY(mo_kdump_parts_create((const struct mo_file_bytes *const *)dump->files, dump->n_files, &header, &parts));
	dump->state = parts;
	MO_TRY(describe(dump, parts, &header));
	if (header.notes_bytes)
		MO_TRY(mo_notes_add(&dump->notes, dump->files[0], header.notes, header.notes_bytes, header.is_big_endian));
	MO_TRY(mo_dump_adopt_notes(dump));
	return read_vmcoreinfo(dump, &header);
}

const struct mo_dump_format mo_kdump_compressed_format = {
	.probe = mo_kdump_header_probe,
	.open = open_kdump,
	.close = close_kdump,
	.presence = presence,
	.next_run = next_run,
	.reader_create = reader_create,
	.reader_destroy = reader_destroy,
	.view = view,
};
