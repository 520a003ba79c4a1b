/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All that libkdumpfile reads and nobody else here does: diskdump, LKCD, s390 stand-alone dumps, SADUMP, Xen's cores,
 * QEMU and libvirt save files. The only user of libkdumpfile.
 *
 * A context for each reader, with a cache of a few pages: its cache is a list that is searched from end to end under a
 * lock which clones share, so a large one, or a clone, costs more than it saves (see docs/architecture.md). What is
 * present is asked for once, when the dump is opened, and kept as runs.
 */

#include <errno.h>
#include <inttypes.h>
#include <libkdumpfile/kdumpfile.h>

#include "cleanup.h"
#include "dump_format.h"
#include "page_slots.h"
#include "text.h"

#define CACHE_PAGES 8
#define RUN_EXCLUDED MO_SOURCE_NONE

/* Runs of pages by the tens of millions are no dump; libkdumpfile checks less than we do. */
#define MAX_RUNS (1u << 26)

struct lib_dump {
	kdump_ctx_t *context;
	struct mo_extents runs; /* of page frame numbers; the source of what is present means nothing */
	kdump_addrspace_t address_space;
	unsigned page_shift;
	uint32_t page_bytes;
	bool is_unsafe_to_free; /* see free_context() */
	char *format;
	char *arch;
	int *fds;
};

struct lib_reader {
	const struct lib_dump *dump;
	kdump_ctx_t *context;
	struct mo_page_slots slots;
};

/*
 * Frees a context, unless libkdumpfile would write to freed memory then: before 97c716a ("Run attribute cleanup hooks
 * before deallocating attributes", 0.5.2) kdump_free() does so for the formats that override attributes. With such an
 * old one their contexts are left alone; a few 100 KiB for each reader of a format that is hardly ever seen.
 */
static void free_context(const struct lib_dump *dump, kdump_ctx_t *context)
{
	if (context && !dump->is_unsafe_to_free)
		kdump_free(context);
}

static bool is_unsafe_to_free(const char *format)
{
	static const char *const formats[] = { "diskdump", "lkcd", "sadump" };

	if (KDUMPFILE_VERSION >= KDUMPFILE_MKVER(0, 5, 2))
		return false;
	for (size_t i = 0; format && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(format, formats[i]) == 0)
			return true;
	}
	return false;
}

static enum mo_error_code code_of(kdump_status status)
{
	switch (status) {
	case KDUMP_ERR_SYSTEM:
		return MO_E_IO;
	case KDUMP_ERR_NOTIMPL:
		return MO_E_UNSUPPORTED;
	case KDUMP_ERR_NODATA:
		return MO_E_NOT_IN_DUMP;
	case KDUMP_ERR_CORRUPT:
	case KDUMP_ERR_EOF:
		return MO_E_CORRUPT;
	case KDUMP_ERR_BUSY:
		return MO_E_LIMIT;
	case KDUMP_ERR_ADDRXLAT:
		return MO_E_NOT_MAPPED;
	default:
		return MO_E_INVALID;
	}
}

static struct mo_error *error_of(kdump_ctx_t *context, kdump_status status)
{
	const char *text = kdump_get_err(context);

	return mo_error_create(code_of(status), "libkdumpfile: %s", text ? text : "no reason given");
}

static bool is_xen(kdump_ctx_t *context)
{
	kdump_num_t type;

	return kdump_get_number_attr(context, KDUMP_ATTR_XEN_TYPE, &type) == KDUMP_OK && type != KDUMP_XEN_NONE;
}

/* A context on the dump's files. */
static struct mo_error *open_context(const struct mo_dump *dump, const int *fds, kdump_ctx_t **ret)
{
	kdump_ctx_t *context = kdump_new();
	kdump_status status;
	struct mo_error *error;

	if (!context)
		return mo_error_no_memory();
	status = kdump_open_fdset(context, (unsigned)dump->n_files, fds);
	if (status == KDUMP_OK)
		status = kdump_set_number_attr(context, "cache.size", CACHE_PAGES);
	/*
	 * Only the physical addresses of a Xen guest are translated ones, and only for them a translation is set up: that
	 * looks at memory, and fails where some of it is missing.
	 */
	if (status == KDUMP_OK && is_xen(context))
		status = kdump_set_string_attr(context, KDUMP_ATTR_OSTYPE, "linux");
	if (status == KDUMP_OK) {
		*ret = context;
		return NULL;
	}
	error = error_of(context, status);
	kdump_free(context);
	return mo_error_prepend(error, "%s", dump->files[0]->path);
}

static struct mo_error *claim_run(struct mo_extent_claims *claims, uint64_t first, uint64_t end, bool is_present)
{
	struct mo_extent run = { .start = first, .n_bytes = end - first, .source = is_present ? first : RUN_EXCLUDED };

	if (claims->list.count >= MAX_RUNS)
		return mo_error_create(MO_E_LIMIT, "more than %u runs of pages", MAX_RUNS);
	return mo_extent_claims_add(claims, run, (is_present ? (uint64_t)1 << 32 : 0) + claims->list.count);
}

/*
 * Adds the runs of a bitmap attribute; *is_there: whether the dump has it. kdump_get_typed_attr() would look at the type
 * itself, but 0.5.6 gave it other arguments.
 */
static struct mo_error *claim_bitmap(kdump_ctx_t *context, const char *key, bool is_present,
				     struct mo_extent_claims *claims, bool *is_there)
{
	kdump_attr_t attribute = { .type = KDUMP_NIL };
	kdump_addr_t first = 0;

	*is_there = kdump_get_attr(context, key, &attribute) == KDUMP_OK && attribute.type == KDUMP_BITMAP;
	if (!*is_there)
		return NULL;
	while (kdump_bmp_find_set(attribute.val.bitmap, &first) == KDUMP_OK) {
		kdump_addr_t end = first;

		if (kdump_bmp_find_clear(attribute.val.bitmap, &end) != KDUMP_OK || end <= first)
			break;
		MO_TRY(claim_run(claims, first, end, is_present));
		first = end;
	}
	return NULL;
}

static struct mo_error *find_runs(struct lib_dump *state)
{
	struct mo_extent_claims claims = { .list = { .items = NULL } };
	kdump_num_t max_pfn;
	bool is_there = false;
	struct mo_error *error = claim_bitmap(state->context, KDUMP_ATTR_FILE_PAGEMAP, true, &claims, &is_there);

	/* Some formats have no map of their pages, only an end. */
	if (!error && !is_there && kdump_get_number_attr(state->context, "max_pfn", &max_pfn) == KDUMP_OK)
		error = claim_run(&claims, 0, max_pfn, true);
	if (!error)
		error = claim_bitmap(state->context, KDUMP_ATTR_MEMORY_PAGEMAP, false, &claims, &is_there);
	if (!error)
		error = mo_extents_settle(&claims, &state->runs);
	mo_extent_claims_deinit(&claims);
	return error;
}

static const char *string_of(kdump_ctx_t *context, const char *key)
{
	const char *string;

	return kdump_get_string_attr(context, key, &string) == KDUMP_OK ? string : NULL;
}

static struct mo_error *copy_string(kdump_ctx_t *context, const char *key, char **ret)
{
	const char *string = string_of(context, key);

	if (!string || !*string)
		return NULL;
	*ret = mo_text_from_bytes(string, strlen(string));
	return *ret ? NULL : mo_error_no_memory();
}

static struct mo_error *describe_strings(struct mo_dump *dump, struct lib_dump *state)
{
	static const char *const uts_keys[] = { "linux.uts.release", "linux.uts.version", "linux.uts.machine",
						"linux.uts.nodename" };

	MO_TRY(copy_string(state->context, KDUMP_ATTR_FILE_FORMAT, &state->format));
	state->is_unsafe_to_free = is_unsafe_to_free(state->format);
	MO_TRY(copy_string(state->context, KDUMP_ATTR_ARCH_NAME, &state->arch));
	for (size_t i = 0; i < sizeof(uts_keys) / sizeof(uts_keys[0]); i++)
		MO_TRY(copy_string(state->context, uts_keys[i], &dump->uts_strings[i]));
	dump->info.os_release = dump->uts_strings[0];
	dump->info.os_version = dump->uts_strings[1];
	dump->info.os_machine = dump->uts_strings[2];
	dump->info.os_nodename = dump->uts_strings[3];
	dump->info.format = state->format ? state->format : "unknown to memopsy";
	/* Its only name that differs from ours. */
	dump->info.arch = state->arch && strcmp(state->arch, KDUMP_ARCH_IA32) == 0 ? "i386" : state->arch;
	return NULL;
}

static struct mo_error *describe_numbers(struct mo_dump *dump, struct lib_dump *state)
{
	kdump_num_t number;

	dump->info.reader = "libkdumpfile";
	if (kdump_get_number_attr(state->context, KDUMP_ATTR_PTR_SIZE, &number) == KDUMP_OK)
		dump->info.pointer_bytes = (unsigned)number;
	if (kdump_get_number_attr(state->context, KDUMP_ATTR_BYTE_ORDER, &number) == KDUMP_OK)
		dump->info.is_big_endian = number == KDUMP_BIG_ENDIAN;
	if (kdump_get_number_attr(state->context, KDUMP_ATTR_PAGE_SIZE, &number) != KDUMP_OK)
		number = 4096;
	if (!mo_dump_is_page_size(number))
		return mo_error_create(MO_E_CORRUPT, "%s: a page size of %" PRIuFAST64 " bytes is impossible",
				       dump->files[0]->path, number);
	mo_dump_set_page_bytes(&dump->info, (uint32_t)number);
	state->page_bytes = dump->info.page_bytes;
	state->page_shift = dump->info.page_shift;
	state->address_space = is_xen(state->context) ? KDUMP_KPHYSADDR : KDUMP_MACHPHYSADDR;
	return NULL;
}

static struct mo_error *take_vmcoreinfo(struct mo_dump *dump, struct lib_dump *state)
{
	char *raw;
	struct mo_error *error;

	if (kdump_vmcoreinfo_raw(state->context, &raw) != KDUMP_OK)
		return NULL;
	error = mo_vmcoreinfo_text((const uint8_t *)raw, strlen(raw), &dump->vmcoreinfo, &dump->info.vmcoreinfo_bytes);
	free(raw);
	dump->info.vmcoreinfo = dump->vmcoreinfo;
	return error;
}

static void count_pages(struct mo_dump *dump, const struct lib_dump *state)
{
	for (size_t i = 0; i < state->runs.list.count; i++) {
		const struct mo_extent *run = &state->runs.list.items[i];

		if (run->source != RUN_EXCLUDED)
			dump->info.present_pages += run->n_bytes;
		dump->info.end_pfn = mo_extent_end(run);
	}
}

static struct mo_error *open_lib(struct mo_dump *dump)
{
	struct lib_dump *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	dump->state = state;
	state->fds = calloc(dump->n_files, sizeof(state->fds[0]));
	if (!state->fds)
		return mo_error_no_memory();
	for (size_t i = 0; i < dump->n_files; i++) {
		state->fds[i] = dump->files[i]->fd;
		if (dump->files[i]->is_flattened)
			return mo_error_create(MO_E_UNSUPPORTED,
					       "%s: a flattened file, but neither an ELF core nor kdump-compressed inside",
					       dump->files[i]->path);
	}
	error = open_context(dump, state->fds, &state->context);
	/* The same code says that a known format has an unknown feature; only the text tells. */
	if (error && strstr(mo_error_text(error), "Unknown file format") && mo_error_catch(&error, MO_E_UNSUPPORTED))
		return mo_error_create(MO_E_INVALID, "%s is not a dump: unknown format", dump->files[0]->path);
	if (error)
		return error;
	/* Without it there are no linux.* attributes. It sets up a translation as well, and may fail to: we need none. */
	(void)kdump_set_string_attr(state->context, KDUMP_ATTR_OSTYPE, "linux");
	MO_TRY(describe_strings(dump, state));
	MO_TRY(describe_numbers(dump, state));
	MO_TRY(find_runs(state));
	count_pages(dump, state);
	return take_vmcoreinfo(dump, state);
}

static void close_lib(struct mo_dump *dump)
{
	struct lib_dump *state = dump->state;

	if (!state)
		return;
	free_context(state, state->context);
	mo_extents_deinit(&state->runs);
	free(state->format);
	free(state->arch);
	free(state->fds);
	free(state);
}

static enum mo_presence presence(const struct mo_dump *dump, uint64_t pfn)
{
	const struct lib_dump *state = dump->state;
	size_t i = mo_extents_find(&state->runs, pfn);

	if (i == state->runs.list.count || !mo_extent_has(&state->runs.list.items[i], pfn))
		return MO_HOLE;
	return state->runs.list.items[i].source == RUN_EXCLUDED ? MO_EXCLUDED : MO_PRESENT;
}

static bool next_run(const struct mo_dump *dump, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	const struct lib_dump *state = dump->state;

	/* Present runs that touch have become one when they were settled, for their sources continue each other. */
	for (size_t i = mo_extents_find(&state->runs, pfn); i < state->runs.list.count; i++) {
		const struct mo_extent *run = &state->runs.list.items[i];

		if (run->source == RUN_EXCLUDED)
			continue;
		*first_pfn = run->start > pfn ? run->start : pfn;
		*n_pages = mo_extent_end(run) - *first_pfn;
		return true;
	}
	return false;
}

static void reader_destroy(void *state)
{
	struct lib_reader *reader = state;

	free_context(reader->dump, reader->context);
	mo_page_slots_deinit(&reader->slots);
	free(reader);
}

static struct mo_error *reader_create(const struct mo_dump *dump, void **state_ret)
{
	const struct lib_dump *state = dump->state;
	struct lib_reader *reader = calloc(1, sizeof(*reader));
	struct mo_error *error;

	if (!reader)
		return mo_error_no_memory();
	reader->dump = state;
	error = mo_page_slots_init(&reader->slots, state->page_bytes);
	if (!error)
		error = open_context(dump, state->fds, &reader->context);
	if (error)
		reader_destroy(reader);
	else
		*state_ret = reader;
	return error;
}

static struct mo_error *read_page(struct lib_reader *reader, uint64_t pfn, uint8_t *page)
{
	size_t n_bytes = reader->dump->page_bytes;
	kdump_status status = kdump_read(reader->context, reader->dump->address_space,
					 (kdump_addr_t)pfn << reader->dump->page_shift, page, &n_bytes);

	if (status != KDUMP_OK)
		return mo_error_prepend(error_of(reader->context, status), "cannot read page frame 0x%" PRIx64, pfn);
	return NULL;
}

static struct mo_error *view(struct mo_dump_reader *dump_reader, uint64_t pa, size_t max_bytes, const void **ret,
			     size_t *bytes_ret)
{
	struct lib_reader *reader = dump_reader->state;
	uint64_t pfn = pa >> reader->dump->page_shift, in_page = pa & (reader->dump->page_bytes - 1);
	const uint8_t *page = mo_page_slots_find(&reader->slots, pfn);

	if (!page) {
		enum mo_presence presence_of = presence(dump_reader->dump, pfn);
		uint8_t *fresh;

		if (presence_of != MO_PRESENT)
			return mo_dump_absent_error(pfn, presence_of);
		fresh = mo_page_slots_take(&reader->slots);
		MO_TRY(read_page(reader, pfn, fresh));
		mo_page_slots_keep(&reader->slots, pfn);
		page = fresh;
	}
	*ret = page + in_page;
	*bytes_ret = reader->dump->page_bytes - in_page < max_bytes ? (size_t)(reader->dump->page_bytes - in_page) :
								      max_bytes;
	return NULL;
}

/* Asked last, and only it can say no. */
static bool probe(const struct mo_file_bytes *file)
{
	(void)file;
	return true;
}

const struct mo_dump_format mo_kdumpfile_format = {
	.probe = probe,
	.open = open_lib,
	.close = close_lib,
	.presence = presence,
	.next_run = next_run,
	.reader_create = reader_create,
	.reader_destroy = reader_destroy,
	.view = view,
};
