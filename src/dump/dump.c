/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a dump with the first format that knows it, and hands out readers. */
#include "dump.h"

#include <inttypes.h>

#include "cleanup.h"
#include "dump_format.h"
#include "text.h"

/* What a kdump spends on a page at least: its descriptor. ELF cores spend the page. 256 MiB are granted to all. */
#define MIN_BYTES_PER_PAGE 24
#define SEARCH_PAGES_OF_ALL 65536

/* The catch-all is last: it takes what the others leave. */
static const struct mo_dump_format *const formats[] = {
	&mo_elf_core_format,
	&mo_kdump_compressed_format,
	&mo_kdumpfile_format,
};

/* More parts than anybody splits a dump into; each holds a file descriptor. */
#define MAX_FILES 256

static const struct mo_dump_format *choose_format(const struct mo_file_bytes *file)
{
	for (size_t i = 0; i + 1 < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i]->probe(file))
			return formats[i];
	}
	return &mo_kdumpfile_format;
}

void mo_dump_close(struct mo_dump *dump)
{
	if (!dump)
		return;
	if (dump->format)
		dump->format->close(dump);
	for (size_t i = 0; i < dump->n_files; i++)
		mo_file_bytes_close(dump->files[i]);
	free(dump->files);
	mo_notes_deinit(&dump->notes);
	free(dump->vmcoreinfo);
	for (size_t i = 0; i < sizeof(dump->uts_strings) / sizeof(dump->uts_strings[0]); i++)
		free(dump->uts_strings[i]);
	free(dump);
}

static struct mo_error *open_files(struct mo_dump *dump, const char *const *paths, size_t n_paths)
{
	dump->files = calloc(n_paths, sizeof(dump->files[0]));
	if (!dump->files)
		return mo_error_no_memory();
	for (size_t i = 0; i < n_paths; i++) {
		MO_TRY(mo_file_bytes_open(paths[i], &dump->files[i]));
		dump->n_files = i + 1;
		if (!dump->files[i]->is_live_kernel)
			dump->info.file_bytes += dump->files[i]->map_bytes;
		dump->info.stored_bytes += dump->files[i]->stored_bytes;
		if (dump->files[i]->is_cut_short)
			dump->info.is_truncated = true;
	}
	dump->info.is_live = dump->files[0]->is_live_kernel;
	return NULL;
}

static struct mo_error *open_as(struct mo_dump *dump, const struct mo_dump_format *format, const char *const *paths,
				size_t n_paths)
{
	MO_TRY(open_files(dump, paths, n_paths));
	dump->format = format ? format : choose_format(dump->files[0]);
	MO_TRY(dump->format->open(dump));
	dump->unit_shift = dump->info.page_shift;
	mo_dump_use_page_bytes(dump, mo_vmcoreinfo_page_bytes(dump->info.vmcoreinfo));
	return NULL;
}

struct mo_error *mo_dump_open_as(const struct mo_dump_format *format, const char *const *paths, size_t n_paths,
				 struct mo_dump **ret)
{
	struct mo_dump *dump;
	struct mo_error *error;

	if (n_paths == 0 || n_paths > MAX_FILES)
		return mo_error_create(MO_E_INVALID, "cannot open a dump of %zu files (1 to %d are possible)", n_paths,
				       MAX_FILES);
	dump = calloc(1, sizeof(*dump));
	if (!dump)
		return mo_error_no_memory();
	error = open_as(dump, format, paths, n_paths);
	if (error)
		mo_dump_close(dump);
	else
		*ret = dump;
	return mo_error_prepend(error, "cannot open the dump");
}

struct mo_error *mo_dump_open(const char *const *paths, size_t n_paths, struct mo_dump **ret)
{
	return mo_dump_open_as(NULL, paths, n_paths, ret);
}

const struct mo_dump_info *mo_dump_info(const struct mo_dump *dump)
{
	return &dump->info;
}

void mo_dump_append_cut(const struct mo_dump_info *info, struct mo_text *text)
{
	if (!info->is_truncated)
		return;
	mo_text_printf(text, "cut short at %" PRIu64, info->file_bytes);
	if (info->promised_bytes > info->file_bytes)
		mo_text_printf(text, " of %s%" PRIu64, info->is_promise_partial ? "at least " : "", info->promised_bytes);
	mo_text_append(text, " bytes");
}

/* The format's units in a page frame or, with a negative shift, the page frames in a unit, as a power of two. */
static int unit_distance(const struct mo_dump *dump)
{
	return (int)dump->info.page_shift - (int)dump->unit_shift;
}

static uint64_t unit_of(const struct mo_dump *dump, uint64_t pfn)
{
	int distance = unit_distance(dump);

	return distance >= 0 ? pfn << distance : pfn >> -distance;
}

typedef bool next_run_function(const struct mo_dump *dump, uint64_t unit, uint64_t *first_unit, uint64_t *n_units);

/* Runs of units as runs of page frames, which they may cover in part. */
static bool next_run_by(const struct mo_dump *dump, next_run_function *next, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	int distance = unit_distance(dump);
	uint64_t first, n, end;

	if (!distance)
		return next(dump, pfn, first_pfn, n_pages);
	if ((distance > 0 && pfn > UINT64_MAX >> distance) || !next(dump, unit_of(dump, pfn), &first, &n))
		return false;
	if (distance > 0) {
		end = ((first + n - 1) >> distance) + 1;
		first >>= distance;
	} else {
		end = (first + n) << -distance;
		first <<= -distance;
	}
	*first_pfn = first > pfn ? first : pfn;
	*n_pages = end - *first_pfn;
	return true;
}

enum mo_presence mo_dump_presence(const struct mo_dump *dump, uint64_t pfn)
{
	int distance = unit_distance(dump);
	uint64_t first, n;

	if (distance <= 0)
		return dump->format->presence(dump, unit_of(dump, pfn));
	if (pfn > UINT64_MAX >> distance)
		return MO_HOLE;
	if (dump->format->next_run(dump, unit_of(dump, pfn), &first, &n) && first >> distance == pfn)
		return MO_PRESENT;
	return dump->format->presence(dump, unit_of(dump, pfn));
}

bool mo_dump_next_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	return next_run_by(dump, dump->format->next_run, pfn, first_pfn, n_pages);
}

bool mo_dump_next_stored_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	return next_run_by(dump, dump->format->next_stored_run ? dump->format->next_stored_run : dump->format->next_run, pfn,
			   first_pfn, n_pages);
}

void mo_dump_use_page_bytes(struct mo_dump *dump, uint32_t n_bytes)
{
	struct mo_dump_info *info = &dump->info;
	unsigned old_shift = info->page_shift;

	if (!n_bytes || n_bytes == info->page_bytes)
		return;
	mo_dump_set_page_bytes(info, n_bytes);
	if (info->page_shift < old_shift) {
		info->end_pfn <<= old_shift - info->page_shift;
		info->present_pages <<= old_shift - info->page_shift;
	} else {
		uint64_t part = (1ull << (info->page_shift - old_shift)) - 1;

		info->end_pfn = (info->end_pfn + part) >> (info->page_shift - old_shift);
		info->present_pages = (info->present_pages + part) >> (info->page_shift - old_shift);
	}
}

uint64_t mo_dump_max_search_pages(const struct mo_dump_info *info)
{
	return info->is_live ? UINT64_MAX : info->stored_bytes / MIN_BYTES_PER_PAGE + SEARCH_PAGES_OF_ALL;
}

struct mo_error *mo_dump_reader_create(const struct mo_dump *dump, struct mo_dump_reader **ret)
{
	struct mo_dump_reader *reader = calloc(1, sizeof(*reader));
	struct mo_error *error;

	if (!reader)
		return mo_error_no_memory();
	reader->dump = dump;
	error = dump->format->reader_create(dump, &reader->state);
	if (error)
		free(reader);
	else
		*ret = reader;
	return mo_error_prepend(error, "cannot make a reader of the dump");
}

void mo_dump_reader_destroy(struct mo_dump_reader *reader)
{
	if (!reader)
		return;
	reader->dump->format->reader_destroy(reader->state);
	free(reader);
}

void mo_dump_reader_forget(struct mo_dump_reader *reader)
{
	if (reader->dump->info.is_live && reader->dump->format->reader_forget)
		reader->dump->format->reader_forget(reader->state);
}

struct mo_error *mo_dump_view(struct mo_dump_reader *reader, uint64_t pa, size_t max_bytes, const void **ret,
			      size_t *bytes_ret)
{
	if (max_bytes == 0)
		return mo_error_create(MO_E_INVALID, "a view of 0 bytes was asked for at 0x%" PRIx64, pa);
	return reader->dump->format->view(reader, pa, max_bytes, ret, bytes_ret);
}

void mo_dump_view_done(struct mo_dump_reader *reader, const void *bytes, size_t n_bytes)
{
	for (size_t i = 0; i < reader->dump->n_files; i++)
		mo_file_bytes_forget(reader->dump->files[i], bytes, n_bytes);
}

struct mo_error *mo_dump_read(struct mo_dump_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	uint8_t *target = buffer;

	if (n_bytes > 0 && n_bytes - 1 > UINT64_MAX - pa)
		return mo_error_create(MO_E_INVALID, "%zu bytes at 0x%" PRIx64 " go past the last address", n_bytes, pa);
	while (n_bytes > 0) {
		const void *bytes;
		size_t n_view;

		MO_TRY(reader->dump->format->view(reader, pa, n_bytes, &bytes, &n_view));
		memcpy(target, bytes, n_view);
		target += n_view;
		pa += n_view;
		n_bytes -= n_view;
	}
	return NULL;
}

void mo_dump_set_page_bytes(struct mo_dump_info *info, uint32_t n_bytes)
{
	info->page_bytes = n_bytes;
	info->page_shift = (unsigned)__builtin_ctz(n_bytes);
}

struct mo_error *mo_dump_adopt_notes(struct mo_dump *dump)
{
	const struct mo_dump_note *note = mo_notes_find(&dump->notes, "VMCOREINFO");

	dump->info.notes = dump->notes.list.items;
	dump->info.n_notes = dump->notes.list.count;
	if (dump->notes.is_cut_short)
		dump->info.is_truncated = true;
	if (!note || dump->vmcoreinfo)
		return NULL;
	MO_TRY(mo_vmcoreinfo_text(note->desc, note->desc_bytes, &dump->vmcoreinfo, &dump->info.vmcoreinfo_bytes));
	dump->info.vmcoreinfo = dump->vmcoreinfo;
	return NULL;
}

struct mo_error *mo_dump_absent_error(uint64_t pfn, enum mo_presence presence)
{
	return mo_error_create(MO_E_NOT_IN_DUMP, "page frame 0x%" PRIx64 " is not in the dump (%s)", pfn,
			       presence == MO_EXCLUDED ? "excluded" : "a hole: no memory there according to the dump");
}
