/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * ELF cores: QEMU's, /proc/vmcore and copies of it, makedumpfile -E, /proc/kcore. The memory of a mapped file is handed
 * out without a copy, as far as a segment goes; of any other file, page by page through the reader's buffers.
 *
 * The program headers become extents of physical memory that do not overlap (/proc/vmcore has the kernel's text
 * twice), each with a place in the file or the reason why there is none.
 */

#include <elf.h>
#include <inttypes.h>

#include "cleanup.h"
#include "dump_format.h"
#include "elf_headers.h"
#include "page_slots.h"

/*
 * makedumpfile -E gives a segment less bytes in the file than in memory: the rest are pages that it left out, for being
 * zero or of an excluded kind, and which of the two the file does not say.
 */
#define SOURCE_EXCLUDED MO_SOURCE_NONE
#define SOURCE_CUT_OFF (MO_SOURCE_NONE + 1)

/* makedumpfile sets this bit of e_flags when it ran out of space (DUMP_ELF_INCOMPLETE). */
#define FLAG_INCOMPLETE 1

struct elf_core {
	const struct mo_file_bytes *file;
	const uint8_t *map; /* NULL: not one plain map of the file */
	struct mo_extents pieces;
	unsigned page_shift;
	uint64_t page_mask;
};

struct elf_reader {
	const struct elf_core *core;
	size_t hint;                /* the piece of the last view */
	struct mo_page_slots slots; /* made at first need: a plain map has next to none */
};

static bool is_readable(const struct mo_extent *piece)
{
	return piece->source < MO_SOURCE_NONE;
}

/* The last page frame that a piece touches. */
static uint64_t last_pfn(const struct elf_core *core, const struct mo_extent *piece)
{
	return (mo_extent_end(piece) - 1) >> core->page_shift;
}

static enum mo_presence presence(const struct mo_dump *dump, uint64_t pfn)
{
	const struct elf_core *core = dump->state;
	enum mo_presence result = MO_HOLE;

	if (pfn > UINT64_MAX >> core->page_shift)
		return MO_HOLE;
	for (size_t i = mo_extents_find(&core->pieces, pfn << core->page_shift); i < core->pieces.list.count; i++) {
		const struct mo_extent *piece = &core->pieces.list.items[i];

		if (piece->start >> core->page_shift > pfn)
			break;
		if (is_readable(piece))
			return MO_PRESENT;
		result = MO_EXCLUDED;
	}
	return result;
}

static bool next_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	const struct elf_core *core = dump->state;
	uint64_t first = 0, end = 0; /* end 0: nothing found yet */

	if (pfn > UINT64_MAX >> core->page_shift)
		return false;
	for (size_t i = mo_extents_find(&core->pieces, pfn << core->page_shift); i < core->pieces.list.count; i++) {
		const struct mo_extent *piece = &core->pieces.list.items[i];
		uint64_t piece_first = piece->start >> core->page_shift;

		if (end && piece_first > end)
			break;
		if (!is_readable(piece))
			continue;
		if (!end)
			first = piece_first > pfn ? piece_first : pfn;
		end = last_pfn(core, piece) + 1;
	}
	if (!end)
		return false;
	*first_pfn = first;
	*n_pages = end - first;
	return true;
}

static bool next_stored_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	const struct elf_core *core = dump->state;

	if (pfn > UINT64_MAX >> core->page_shift)
		return false;
	for (size_t i = mo_extents_find(&core->pieces, pfn << core->page_shift); i < core->pieces.list.count; i++) {
		const struct mo_extent *piece = &core->pieces.list.items[i];
		uint64_t pa = pfn << core->page_shift, start, end;

		if (!is_readable(piece))
			continue;
		if (pa < piece->start)
			pa = piece->start;
		if (!mo_file_bytes_next_stored(core->file, piece->source + (pa - piece->start), &start, &end) ||
		    start - piece->source >= piece->n_bytes)
			continue;
		if (end - piece->source > piece->n_bytes)
			end = piece->source + piece->n_bytes;
		*first_pfn = (piece->start + (start - piece->source)) >> core->page_shift;
		*n_pages = ((piece->start + (end - piece->source) - 1) >> core->page_shift) + 1 - *first_pfn;
		return true;
	}
	return false;
}

/* The error of an address that no piece gives bytes for. */
static struct mo_error *unreadable(const struct mo_dump *dump, uint64_t pa, const struct mo_extent *piece)
{
	const struct elf_core *core = dump->state;
	uint64_t pfn = pa >> core->page_shift;
	enum mo_presence present = presence(dump, pfn);

	if (piece && piece->source == SOURCE_CUT_OFF)
		return mo_error_create(MO_E_CORRUPT, "page frame 0x%" PRIx64 " lies behind the end of %s, which is cut short",
				       pfn, core->file->path);
	if (present == MO_PRESENT)
		return mo_error_create(MO_E_NOT_IN_DUMP,
				       "page frame 0x%" PRIx64 " is in the dump only in part, without 0x%" PRIx64, pfn, pa);
	return mo_dump_absent_error(pfn, present);
}

/* How far memory reaches without a gap from pa on, which lies in piece i; at most limit. */
static uint64_t reach(const struct elf_core *core, size_t i, uint64_t pa, uint64_t limit)
{
	uint64_t end = mo_extent_end(&core->pieces.list.items[i]);

	for (i++; i < core->pieces.list.count && end - pa < limit; i++) {
		const struct mo_extent *piece = &core->pieces.list.items[i];

		if (piece->start != end || !is_readable(piece))
			break;
		end = mo_extent_end(piece);
	}
	return end - pa < limit ? end - pa : limit;
}

/* Puts a page together from all pieces that have a part of it; what none has is not handed out, see reach(). */
static struct mo_error *fill_page(const struct elf_core *core, uint64_t page_pa, uint8_t *page)
{
	uint64_t page_bytes = core->page_mask + 1;

	for (size_t i = mo_extents_find(&core->pieces, page_pa); i < core->pieces.list.count; i++) {
		const struct mo_extent *piece = &core->pieces.list.items[i];
		uint64_t skip = piece->start > page_pa ? piece->start - page_pa : 0;
		uint64_t from = piece->start > page_pa ? 0 : page_pa - piece->start;
		uint64_t n_bytes = piece->n_bytes - from;

		if (skip >= page_bytes)
			break;
		if (!is_readable(piece))
			continue;
		if (n_bytes > page_bytes - skip)
			n_bytes = page_bytes - skip;
		MO_TRY(mo_file_bytes_copy(core->file, piece->source + from, page + skip, (size_t)n_bytes));
	}
	return NULL;
}

static struct mo_error *view_buffered(struct elf_reader *reader, size_t i, uint64_t pa, size_t max_bytes, const void **ret,
				      size_t *bytes_ret)
{
	const struct elf_core *core = reader->core;
	uint64_t pfn = pa >> core->page_shift, in_page = pa & core->page_mask;
	uint64_t n_bytes = reach(core, i, pa, core->page_mask + 1 - in_page);
	const uint8_t *page;

	if (!reader->slots.bytes)
		MO_TRY(mo_page_slots_init(&reader->slots, (size_t)core->page_mask + 1));
	page = mo_page_slots_find(&reader->slots, pfn);
	if (!page) {
		uint8_t *fresh = mo_page_slots_take(&reader->slots);

		MO_TRY(mo_error_prepend(fill_page(core, pa - in_page, fresh), "cannot read page frame 0x%" PRIx64, pfn));
		mo_page_slots_keep(&reader->slots, pfn);
		page = fresh;
	}
	*ret = page + in_page;
	*bytes_ret = n_bytes < max_bytes ? (size_t)n_bytes : max_bytes;
	return NULL;
}

static struct mo_error *view(struct mo_dump_reader *dump_reader, uint64_t pa, size_t max_bytes, const void **ret,
			     size_t *bytes_ret)
{
	struct elf_reader *reader = dump_reader->state;
	const struct elf_core *core = reader->core;
	const struct mo_extent *piece = &core->pieces.list.items[reader->hint];
	uint64_t n_left, n_wanted = core->page_mask + 1 - (pa & core->page_mask);
	const uint8_t *bytes;

	if (!mo_extent_has(piece, pa)) {
		size_t found = mo_extents_find(&core->pieces, pa);

		piece = &core->pieces.list.items[found];
		if (found == core->pieces.list.count || !mo_extent_has(piece, pa))
			return unreadable(dump_reader->dump, pa, NULL);
		reader->hint = found;
	}
	if (!is_readable(piece))
		return unreadable(dump_reader->dump, pa, piece);
	n_left = mo_extent_end(piece) - pa;
	if (core->map) {
		bytes = core->map + piece->source + (pa - piece->start);
	} else {
		uint64_t n_contiguous = 0;

		bytes = mo_file_bytes_at(core->file, piece->source + (pa - piece->start), &n_contiguous);
		n_left = n_left < n_contiguous ? n_left : n_contiguous;
	}
	if (n_wanted > max_bytes)
		n_wanted = max_bytes;
	if (!bytes || n_left < n_wanted)
		return view_buffered(reader, reader->hint, pa, max_bytes, ret, bytes_ret);
	*ret = bytes;
	*bytes_ret = n_left < max_bytes ? (size_t)n_left : max_bytes;
	return NULL;
}

static struct mo_error *reader_create(const struct mo_dump *dump, void **state_ret)
{
	struct elf_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return mo_error_no_memory();
	reader->core = dump->state;
	*state_ret = reader;
	return NULL;
}

static void reader_destroy(void *state)
{
	struct elf_reader *reader = state;

	mo_page_slots_deinit(&reader->slots);
	free(reader);
}

static void reader_forget(void *state)
{
	struct elf_reader *reader = state;

	mo_page_slots_forget(&reader->slots);
}

static void close_core(struct mo_dump *dump)
{
	struct elf_core *core = dump->state;

	if (core)
		mo_extents_deinit(&core->pieces);
	free(core);
}

/* What a dump's segments have in common, gathered while they become claims. */
struct segment_survey {
	uint32_t n_loads;
	bool has_pa;      /* some segment's physical address is not 0 */
	uint64_t end;     /* where the last segment ends in the file */
};

/* Ranks: bytes in the file, then bytes that were there once, then pages left out; the first segment of a kind wins. */
static uint64_t rank_of(uint64_t source, uint32_t i)
{
	uint64_t kind = source == SOURCE_EXCLUDED ? 0 : source == SOURCE_CUT_OFF ? 1 : 2;

	return (kind << 32) | (UINT32_MAX - i);
}

static struct mo_error *claim(struct mo_extent_claims *claims, uint32_t i, uint64_t pa, uint64_t n_bytes, uint64_t source)
{
	struct mo_extent extent = { .start = pa, .n_bytes = n_bytes, .source = source };

	return mo_error_prepend(mo_extent_claims_add(claims, extent, rank_of(source, i)),
				"the physical addresses of program header %" PRIu32, i);
}

/* A segment's bytes: in the file, behind the file's end, left out of the file. */
static struct mo_error *claim_segment(const struct elf_core *core, uint32_t i, const struct mo_elf_segment *segment,
				      struct mo_extent_claims *claims, struct segment_survey *survey)
{
	uint64_t in_file = segment->file_bytes, left_out = 0, file_end = core->file->n_bytes;

	if (segment->memory_bytes > segment->file_bytes)
		left_out = segment->memory_bytes - segment->file_bytes;
	if (segment->file_bytes > UINT64_MAX - segment->pa || left_out > UINT64_MAX - segment->pa - segment->file_bytes)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: program header %" PRIu32 ": 0x%" PRIx64 " bytes at physical address 0x%" PRIx64
				       " wrap",
				       core->file->path, i, segment->memory_bytes, segment->pa);
	if (segment->offset >= file_end)
		in_file = 0;
	else if (in_file > file_end - segment->offset)
		in_file = file_end - segment->offset;
	if (segment->file_bytes && segment->offset + segment->file_bytes > survey->end)
		survey->end = segment->offset + segment->file_bytes;
	MO_TRY(claim(claims, i, segment->pa, in_file, segment->offset));
	MO_TRY(claim(claims, i, segment->pa + in_file, segment->file_bytes - in_file, SOURCE_CUT_OFF));
	return claim(claims, i, segment->pa + segment->file_bytes, left_out, SOURCE_EXCLUDED);
}

static struct mo_error *survey_segments(struct mo_dump *dump, const struct mo_elf_header *header,
					struct mo_extent_claims *claims, struct segment_survey *survey)
{
	const struct elf_core *core = dump->state;
	/* /proc/kcore gives this to areas that are not one piece of physical memory (vmalloc, vmemmap). */
	uint64_t no_pa = header->is_64 ? UINT64_MAX : UINT32_MAX;

	for (uint32_t i = 0; i < header->n_segments; i++) {
		struct mo_elf_segment segment;

		MO_TRY(mo_elf_segment_read(core->file, header, i, &segment));
		if (segment.type == PT_NOTE)
			MO_TRY(mo_notes_add(&dump->notes, core->file, segment.offset, segment.file_bytes,
					    header->is_big_endian));
		if (segment.type != PT_LOAD || segment.pa == no_pa)
			continue;
		survey->n_loads++;
		survey->has_pa |= segment.pa != 0;
		MO_TRY(claim_segment(core, i, &segment, claims, survey));
	}
	return NULL;
}

static struct mo_error *check_survey(const struct elf_core *core, const struct segment_survey *survey)
{
	if (survey->n_loads == 0)
		return mo_error_create(MO_E_CORRUPT, "%s: an ELF core without a segment of physical memory",
				       core->file->path);
	if (survey->has_pa || survey->n_loads == 1)
		return NULL;
	/* Before 464920104bf7 ("/proc/kcore: update physical address for kcore ram and text", v4.11) it was always 0. */
	if (core->file->is_live_kernel)
		return mo_error_create(MO_E_UNSUPPORTED, "this kernel's %s has no physical addresses",
				       core->file->path);
	return mo_error_create(MO_E_INVALID,
			       "%s: no segment has a physical address: the core of a process, not of a kernel",
			       core->file->path);
}

static struct mo_error *settle_pieces(struct mo_dump *dump, const struct mo_elf_header *header)
{
	struct elf_core *core = dump->state;
	struct mo_extent_claims claims = { .list = { .items = NULL } };
	struct segment_survey survey = { .n_loads = 0 };
	struct mo_error *error = survey_segments(dump, header, &claims, &survey);

	if (!error)
		error = check_survey(core, &survey);
	if (!error)
		error = mo_extents_settle(&claims, &core->pieces);
	if (!error && core->pieces.list.count == 0)
		error = mo_error_create(MO_E_CORRUPT, "%s: all segments are empty", core->file->path);
	if (survey.end > core->file->n_bytes) {
		dump->info.is_truncated = true;
		dump->info.promised_bytes = survey.end;
		dump->info.is_promise_partial = core->file->is_flattened;
	}
	mo_extent_claims_deinit(&claims);
	return error;
}

/* The machines on which e_flags has no meaning of its own. */
static bool has_no_machine_flags(const struct mo_elf_header *header)
{
	return header->machine == EM_X86_64 || header->machine == EM_386 || header->machine == EM_AARCH64;
}

static struct mo_error *describe(struct mo_dump *dump, const struct mo_elf_header *header)
{
	const struct mo_elf_machine *machine = mo_elf_machine_find(header);
	const struct mo_file_bytes *file = dump->files[0];
	struct mo_dump_info *info = &dump->info;

	if (header->type != ET_CORE)
		return mo_error_create(MO_E_INVALID, "%s: an ELF file of type %u, not a core (type %d)", file->path,
				       header->type, ET_CORE);
	if (!machine)
		return mo_error_create(MO_E_UNSUPPORTED, "%s: unknown architecture: ELF machine %u, %d bits", file->path,
				       header->machine, header->is_64 ? 64 : 32);
	info->format = file->is_live_kernel ? "/proc/kcore" : file->is_flattened ? "flattened ELF" : "ELF";
	info->compression = "none";
	info->reader = file->is_live_kernel ? "live" : file->map ? "mapped" : "pread";
	info->arch = header->is_64 ? machine->name_64 : machine->name_32;
	if (header->machine == EM_PPC64 && !header->is_big_endian)
		info->arch = "ppc64le";
	info->pointer_bytes = header->is_64 ? 8 : 4;
	info->is_big_endian = header->is_big_endian;
	info->is_incomplete = has_no_machine_flags(header) && (header->flags & FLAG_INCOMPLETE);
	mo_dump_set_page_bytes(info, machine->page_bytes);
	return NULL;
}

static void count_pages(struct mo_dump *dump)
{
	const struct elf_core *core = dump->state;
	uint64_t pfn = 0, n_pages = 0;

	dump->info.end_pfn = last_pfn(core, &core->pieces.list.items[core->pieces.list.count - 1]) + 1;
	while (next_run(dump, pfn, &pfn, &n_pages)) {
		dump->info.present_pages += n_pages;
		pfn += n_pages;
	}
}

static struct mo_error *open_core(struct mo_dump *dump)
{
	struct elf_core *core = calloc(1, sizeof(*core));
	struct mo_elf_header header;
	uint32_t page_bytes;

	if (!core)
		return mo_error_no_memory();
	dump->state = core;
	core->file = dump->files[0];
	core->map = core->file->is_flattened ? NULL : core->file->map;
	if (dump->n_files != 1)
		return mo_error_create(MO_E_INVALID, "%s: an ELF core is one file, not %zu", core->file->path, dump->n_files);
	MO_TRY(mo_elf_header_read(core->file, &header));
	MO_TRY(describe(dump, &header));
	MO_TRY(settle_pieces(dump, &header));
	MO_TRY(mo_dump_adopt_notes(dump));
	page_bytes = mo_vmcoreinfo_page_bytes(dump->info.vmcoreinfo);
	if (page_bytes)
		mo_dump_set_page_bytes(&dump->info, page_bytes);
	core->page_shift = dump->info.page_shift;
	core->page_mask = dump->info.page_bytes - 1;
	count_pages(dump);
	return NULL;
}

const struct mo_dump_format mo_elf_core_format = {
	.probe = mo_elf_header_probe,
	.open = open_core,
	.close = close_core,
	.presence = presence,
	.next_run = next_run,
	.next_stored_run = next_stored_run,
	.reader_create = reader_create,
	.reader_destroy = reader_destroy,
	.reader_forget = reader_forget,
	.view = view,
};
