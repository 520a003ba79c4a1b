/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that are no dump, that are broken, and that end too early: each must be refused or read with a clear error. */

#include "dump_fixture.h"

#include <elf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE BUILDER_PAGE
#define N(array) (sizeof(array) / sizeof((array)[0]))

static void assert_path_refused(const char *path, enum mo_error_code code, const char *text)
{
	struct mo_dump *dump = NULL;

	assert_error(mo_dump_open(&path, 1, &dump), code, text);
	assert_null(dump);
}

static void no_dump_at_all(void **state)
{
	struct image image = { .bytes = NULL };
	struct scratch scratch;
	char path[128];

	(void)state;
	assert_path_refused("/nonexistent/vmcore", MO_E_IO,
			    "cannot open the dump: /nonexistent/vmcore: No such file or directory");
	assert_path_refused("/tmp", MO_E_INVALID, "/tmp is a directory");
	assert_path_refused("/dev/null", MO_E_INVALID, "/dev/null is neither a file nor a block device");
	image_put(&image, 0, "", 0);
	assert_image_refused(&image, MO_E_INVALID, " is empty");
	image_put(&image, 0, "This is a letter and no dump.\n", 30);
	assert_image_refused(&image, MO_E_INVALID, " is not a dump: unknown format");
	image_put(&image, 100000, NULL, 0);
	assert_image_refused(&image, MO_E_INVALID, " is not a dump: unknown format");
	/* A pipe must not be waited for. */
	scratch_enter(&scratch);
	snprintf(path, sizeof(path), "%s/dump-0", scratch.directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_path_refused(path, MO_E_INVALID, "is neither a file nor a block device");
	unlink(path);
	scratch_leave(&scratch);
}

static void no_permission(void **state)
{
	struct scratch scratch;
	struct image image = { .bytes = NULL };
	const char *path;

	(void)state;
	if (geteuid() == 0) {
		print_message("skipped: root may read everything\n");
		skip();
	}
	scratch_enter(&scratch);
	image_put(&image, 0, "x", 1);
	path = scratch_write(&scratch, &image);
	chmod(path, 0);
	assert_path_refused(path, MO_E_PERMISSION, "Permission denied");
	scratch_leave(&scratch);
}

static void elf_with(struct elf_spec spec, const struct elf_segment_spec *segment, struct image *image)
{
	static const struct elf_segment_spec one_page = { .pa = PAGE, .file_bytes = PAGE };

	spec.segments = segment ? segment : &one_page;
	spec.n_segments = 1;
	build_elf(&spec, image);
}

static void elf_headers_that_make_no_sense(void **state)
{
	struct image image;

	(void)state;
	elf_with((struct elf_spec){ .type = ET_EXEC }, NULL, &image);
	assert_image_refused(&image, MO_E_INVALID, "an ELF file of type 2, not a core (type 4)");
	elf_with((struct elf_spec){ .machine = 999 }, NULL, &image);
	assert_image_refused(&image, MO_E_UNSUPPORTED, "unknown architecture: ELF machine 999, 64 bits");
	elf_with((struct elf_spec){ .machine = EM_X86_64, .is_32 = true }, NULL, &image);
	assert_image_refused(&image, MO_E_UNSUPPORTED, "unknown architecture: ELF machine 62, 32 bits");
	elf_with((struct elf_spec){ .is_32 = false }, NULL, &image);
	image.bytes[4] = 7;
	assert_image_refused(&image, MO_E_CORRUPT, "an ELF file of class 7 and byte order 1, which do not exist");
	elf_with((struct elf_spec){ .is_32 = false }, NULL, &image);
	image_put_number(&image, 54, 55, 2, false);
	assert_image_refused(&image, MO_E_CORRUPT, "program headers of 55 bytes are too small");
	elf_with((struct elf_spec){ .is_32 = false }, NULL, &image);
	image_put_number(&image, 32, UINT64_MAX - 20, 8, false);
	assert_image_refused(&image, MO_E_CORRUPT, "1 program headers belong at offset 18446744073709551595");
	elf_with((struct elf_spec){ .is_32 = false }, NULL, &image);
	image_put_number(&image, 56, 60000, 2, false);
	assert_image_refused(&image, MO_E_CORRUPT, "60000 program headers belong at offset 64");
	elf_with((struct elf_spec){ .uses_extended_number = true }, NULL, &image);
	image_put_number(&image, 64 + 44, 0xfffffff0, 4, false);
	assert_image_refused(&image, MO_E_CORRUPT, "4294967280 program headers belong at offset 128");
	elf_with((struct elf_spec){ .uses_extended_number = true }, NULL, &image);
	image_put_number(&image, 40, 0, 8, false);
	assert_image_refused(&image, MO_E_CORRUPT, "in a section header that does not exist");
	elf_with((struct elf_spec){ .uses_extended_number = true }, NULL, &image);
	image_put_number(&image, 40, UINT64_MAX - 3, 8, false);
	assert_image_refused(&image, MO_E_CORRUPT, "cannot read the number of program headers");
}

static void elf_segments_that_make_no_sense(void **state)
{
	static const struct {
		struct elf_segment_spec segment;
		const char *text;
	} cases[] = {
		{ { .pa = 0, .file_bytes = UINT64_MAX - 100, .offset = 4096, .is_without_bytes = true },
		  "program header 0: 0xffffffffffffff9b bytes at offset 0x1000 wrap" },
		{ { .pa = UINT64_MAX - 5, .file_bytes = PAGE, .is_without_bytes = true, .offset = 4096 },
		  "program header 0: 0x1000 bytes at physical address 0xfffffffffffffffa wrap" },
		{ { .pa = 0x1000, .file_bytes = PAGE, .memory_bytes = UINT64_MAX },
		  "program header 0: 0xffffffffffffffff bytes at physical address 0x1000 wrap" },
		{ { .pa = 0x1000, .file_bytes = 0 }, "all segments are empty" },
		{ { .pa = UINT64_MAX, .file_bytes = PAGE }, "an ELF core without a segment of physical memory" },
	};
	static const struct elf_segment_spec of_a_process[] = {
		{ .pa = 0, .file_bytes = PAGE }, { .pa = 0, .file_bytes = PAGE }
	};
	struct image image;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		elf_with((struct elf_spec){ .is_32 = false }, &cases[i].segment, &image);
		assert_image_refused(&image, MO_E_CORRUPT, cases[i].text);
	}
	build_elf(&(struct elf_spec){ .vmcoreinfo = "A=1\n" }, &image);
	assert_image_refused(&image, MO_E_CORRUPT, "an ELF core without a segment of physical memory");
	build_elf(&(struct elf_spec){ .segments = of_a_process, .n_segments = 2 }, &image);
	assert_image_refused(&image, MO_E_INVALID, "the core of a process, not of a kernel");
}

/* An ELF core without segments, but with the sections of a Xen domain's core, is libkdumpfile's to judge. */
static void xen_domain_cores_are_left_to_libkdumpfile(void **state)
{
	struct image image;

	(void)state;
	build_elf(&(struct elf_spec){ .segments_offset = 64 }, &image);
	image_put_number(&image, 40, 1024, 8, false);
	image_put_number(&image, 58, 64, 2, false);
	image_put_number(&image, 60, 2, 2, false);
	image_put_number(&image, 62, 1, 2, false);
	image_put(&image, 512, "\0.shstrtab\0.xen_pages", 22);
	image_put(&image, 1024 + 2 * 64, NULL, 0);
	image_put_number(&image, 1024, 11, 4, false);
	image_put_number(&image, 1024 + 24, 2048, 8, false);
	image_put_number(&image, 1024 + 64, 1, 4, false);
	image_put_number(&image, 1024 + 64 + 24, 512, 8, false);
	image_put_number(&image, 1024 + 64 + 32, 22, 8, false);
	image_put(&image, 4096, NULL, 0);
	assert_image_refused(&image, MO_E_UNSUPPORTED, "libkdumpfile: ");
}

/* Notes whose sizes lie: those before them stay, and the dump opens. */
static void elf_notes_that_make_no_sense(void **state)
{
	static const struct { size_t at; uint32_t value; size_t n_left; } lies[] = {
		{ 0, 0xffffffff, 0 }, { 4, 0xfffffff0, 0 }, { 356, 0xffffffff, 1 }, { 360, 5000, 1 }, { 360, 0x7fffffff, 1 },
	};

	(void)state;
	for (size_t i = 0; i < N(lies); i++) {
		struct scratch scratch;
		struct image image;
		struct opened opened;
		size_t notes = 64 + 2 * 56;

		elf_with((struct elf_spec){ .vmcoreinfo = "A=1\n" }, NULL, &image);
		image_put_number(&image, notes + lies[i].at, lies[i].value, 4, false);
		scratch_enter(&scratch);
		open_image(&opened, &scratch, &image);
		assert_int_equal(opened.info->n_notes, lies[i].n_left);
		assert_null(opened.info->vmcoreinfo);
		assert_true(opened.info->is_truncated);
		assert_memory(opened.reader, PAGE, PAGE);
		close_opened(&opened);
		scratch_leave(&scratch);
	}
}

/* Cut anywhere in its headers it is refused; behind them it opens, and each page is whole or corrupt. */
static void elf_cut_short(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x10000, .file_bytes = 3 * PAGE }, { .pa = 0x20000, .file_bytes = 2 * PAGE }
	};
	struct image whole;
	size_t headers_end = 64 + 3 * 56, data = 8192;

	(void)state;
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = 2, .data_offset = data, .vmcoreinfo = "A=1\n" },
		  &whole);
	for (size_t n_bytes = 1; n_bytes < headers_end; n_bytes++) {
		struct image cut = { .bytes = NULL };

		image_put(&cut, 0, whole.bytes, n_bytes);
		assert_image_refused(&cut, n_bytes < 4 ? MO_E_INVALID : MO_E_CORRUPT,
				     n_bytes < 4 ? "is not a dump" : "cut short at offset ");
	}
	for (size_t n_bytes = headers_end; n_bytes <= whole.n_bytes; n_bytes += n_bytes < data ? 97 : 1000) {
		struct image cut = { .bytes = NULL };
		struct scratch scratch;
		struct opened opened;
		uint64_t n_left = n_bytes > data ? n_bytes - data : 0;

		image_put(&cut, 0, whole.bytes, n_bytes);
		scratch_enter(&scratch);
		open_image(&opened, &scratch, &cut);
		assert_int_equal(opened.info->is_truncated, n_bytes < whole.n_bytes);
		/* What lies behind the end was memory once, and no pass goes there. */
		assert_int_equal(opened.info->present_pages, (n_left + PAGE - 1) / PAGE);
		assert_int_equal(opened.info->promised_bytes, n_bytes < whole.n_bytes ? whole.n_bytes : 0);
		assert_int_equal(opened.info->end_pfn, 0x22);
		assert_int_equal(mo_dump_presence(opened.dump, 0x21), n_left > 4 * PAGE ? MO_PRESENT : MO_EXCLUDED);
		for (uint64_t i = 0; i < 5; i++) {
			uint64_t pa = i < 3 ? 0x10000 + i * PAGE : 0x20000 + (i - 3) * PAGE;
			uint64_t n_there = n_left > i * PAGE ? n_left - i * PAGE : 0;

			n_there = n_there > PAGE ? PAGE : n_there;
			if (n_there)
				assert_memory(opened.reader, pa, n_there);
			if (n_there < PAGE)
				assert_unreadable(opened.reader, pa + n_there, MO_E_CORRUPT, "lies behind the end of ");
		}
		close_opened(&opened);
		scratch_leave(&scratch);
	}
	image_free(&whole);
}

static void kdump_with(size_t offset, uint64_t value, unsigned n_bytes, struct image *image)
{
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zzrx.z", .vmcoreinfo = "A=1\n" }, image);
	image_put_number(image, offset, value, n_bytes, false);
}

static void kdump_headers_that_make_no_sense(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		unsigned n_bytes;
		const char *text;
	} cases[] = {
		{ 428, 0, 4, "is invalid in every width and byte order (read as 64 bits, little-endian: version 6, "
			     "page size 0" },
		{ 428, 0x80000000, 4, "is invalid" },
		{ 428, 5000, 4, "is invalid" },
		{ 428, 1 << 20, 4, "is invalid" },
		{ 428, 8192, 4, "0 page frames in a page bitmap of 16384 bytes is impossible" },
		{ 8, 0x7fffffff, 4, "is invalid" },
		{ 436, 0, 4, "is invalid" },
		{ 436, 0xffffffff, 4, "is invalid" },
		{ 436, 0x7ffffff0, 4, "the page bitmap goes from offset 8192 to 8796092964864" },
		{ 432, 0xffffffff, 4, "cut short at offset" },
		{ 432, 1000, 4, "cut short at offset" },
		{ 4096 + 96, UINT64_MAX, 8, "18446744073709551615 page frames in a page bitmap of 8192 bytes is impossible" },
		{ 4096 + 96, 65537, 8, "65537 page frames in a page bitmap of 8192 bytes is impossible" },
		{ 4096 + 96, 0, 8, "0 page frames in a page bitmap of 8192 bytes is impossible" },
	};
	struct image image;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		kdump_with(cases[i].offset, cases[i].value, cases[i].n_bytes, &image);
		assert_image_refused(&image, MO_E_CORRUPT, cases[i].text);
	}
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zz", .split_start = 2, .split_end = 1 }, &image);
	assert_image_refused(&image, MO_E_CORRUPT,
			     "a part of a split dump from page frame 0x2 to 0x1 of 0x2 is impossible");
}

/* What does not concern the pages does not keep one from reading them. */
static void kdump_extras_that_make_no_sense(void **state)
{
	static const struct { size_t offset; uint64_t value; bool has_vmcoreinfo; } cases[] = {
		{ 4096 + 32, UINT64_MAX - 3, true },  /* offset_vmcoreinfo: the notes have it too */
		{ 4096 + 40, UINT64_MAX, true },      /* size_vmcoreinfo */
		{ 4096 + 48, UINT64_MAX - 3, true },  /* offset_note: the header has it too */
		{ 4096 + 48, 1 << 20, true },
		{ 4096 + 56, UINT64_MAX, true },      /* size_note */
		{ 4096 + 64, UINT64_MAX - 3, true },  /* offset_eraseinfo */
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct scratch scratch;
		struct image image;
		struct opened opened;

		kdump_with(cases[i].offset, cases[i].value, 8, &image);
		scratch_enter(&scratch);
		open_image(&opened, &scratch, &image);
		assert_int_equal(opened.info->vmcoreinfo != NULL, cases[i].has_vmcoreinfo);
		if (opened.info->vmcoreinfo)
			assert_string_equal(opened.info->vmcoreinfo, "A=1\n");
		assert_memory(opened.reader, 0, 3 * PAGE);
		close_opened(&opened);
		scratch_leave(&scratch);
	}
}

static void kdump_cut_short(void **state)
{
	static const char pages[] = "zrz.xltsr";
	struct image whole;
	size_t bitmaps_end = 4 * 4096;

	(void)state;
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = pages }, &whole);
	for (size_t n_bytes = 1; n_bytes < bitmaps_end; n_bytes += n_bytes < 600 ? 1 : 499) {
		struct image cut = { .bytes = NULL };

		image_put(&cut, 0, whole.bytes, n_bytes);
		assert_image_refused(&cut, n_bytes < 8 ? MO_E_INVALID : MO_E_CORRUPT,
				     n_bytes < 8 ? "is not a dump" : "cut short at offset ");
	}
	for (size_t n_bytes = bitmaps_end; n_bytes < whole.n_bytes; n_bytes += 41) {
		struct image cut = { .bytes = NULL };
		struct scratch scratch;
		struct opened opened;
		bool has_failed = false;
		uint64_t n_read = 0, first_pfn = 0, n_run = 0, n_in_runs = 0;

		image_put(&cut, 0, whole.bytes, n_bytes);
		scratch_enter(&scratch);
		open_image(&opened, &scratch, &cut);
		assert_true(opened.info->is_truncated);
		for (uint64_t pfn = 0; pfn < 9; pfn++) {
			uint8_t page[PAGE], expected[PAGE];
			struct mo_error *error;

			if (strchr(".x", pages[pfn]))
				continue;
			error = mo_dump_read(opened.reader, pfn * PAGE, page, PAGE);
			assert_int_equal(mo_dump_presence(opened.dump, pfn), error ? MO_EXCLUDED : MO_PRESENT);
			if (error) {
				has_failed = true;
				assert_error(error, MO_E_CORRUPT, "cut short: offset ");
			} else {
				n_read++;
				/* Pages lie in order: what comes behind the first missing one is missing too. */
				assert_false(has_failed);
				memory_fill(pfn * PAGE, expected, PAGE);
				assert_memory_equal(page, expected, PAGE);
			}
		}
		assert_true(has_failed);
		assert_int_equal(opened.info->present_pages, n_read);
		while (mo_dump_next_run(opened.dump, first_pfn, &first_pfn, &n_run)) {
			n_in_runs += n_run;
			first_pfn += n_run;
		}
		assert_int_equal(n_in_runs, n_read);
		/* Where all descriptors are there, they tell where the file ended. */
		assert_true(opened.info->promised_bytes > n_bytes && opened.info->promised_bytes <= whole.n_bytes);
		if (!opened.info->is_promise_partial)
			assert_int_equal(opened.info->promised_bytes, whole.n_bytes);
		close_opened(&opened);
		scratch_leave(&scratch);
	}
	image_free(&whole);
}

/* Descriptors that point behind the end, alone in a file that is whole otherwise. */
static void kdump_page_behind_the_end(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zoz" }, &image);
	open_image(&opened, &scratch, &image);
	assert_false(opened.info->is_truncated && !opened.info->present_pages);
	assert_memory(opened.reader, 0, PAGE);
	assert_memory(opened.reader, 2 * PAGE, PAGE);
	assert_unreadable(opened.reader, PAGE, MO_E_CORRUPT, "page frame 0x1: ");
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void the_running_kernel(void **state)
{
	const char *path = "/proc/kcore";
	struct mo_dump *dump = NULL;
	struct mo_error *error;

	(void)state;
	if (access(path, F_OK) != 0) {
		assert_error(mo_dump_open(&path, 1, &dump), MO_E_IO, "this kernel offers no /proc/kcore (CONFIG_PROC_KCORE is off");
		print_message("skipped: no /proc/kcore here\n");
		skip();
	}
	error = mo_dump_open(&path, 1, &dump);
	if (error) {
		assert_error(error, MO_E_PERMISSION, "Permission denied to read /proc/kcore: run as root");
		return;
	}
	assert_true(mo_dump_info(dump)->is_live);
	assert_string_equal(mo_dump_info(dump)->format, "/proc/kcore");
	mo_dump_close(dump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_dump_at_all),
		cmocka_unit_test(no_permission),
		cmocka_unit_test(elf_headers_that_make_no_sense),
		cmocka_unit_test(elf_segments_that_make_no_sense),
		cmocka_unit_test(xen_domain_cores_are_left_to_libkdumpfile),
		cmocka_unit_test(elf_notes_that_make_no_sense),
		cmocka_unit_test(elf_cut_short),
		cmocka_unit_test(kdump_headers_that_make_no_sense),
		cmocka_unit_test(kdump_extras_that_make_no_sense),
		cmocka_unit_test(kdump_cut_short),
		cmocka_unit_test(kdump_page_behind_the_end),
		cmocka_unit_test(the_running_kernel),
	};

	return cmocka_run_group_tests_name("bad dumps", tests, NULL, NULL);
}
