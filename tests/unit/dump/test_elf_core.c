/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_fixture.h"

#include <elf.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "dump_format.h"

#define PAGE BUILDER_PAGE
#define N(array) (sizeof(array) / sizeof((array)[0]))

static void assert_run(const struct mo_dump *dump, uint64_t from, uint64_t expected_first, uint64_t expected_pages)
{
	uint64_t first = 99, n_pages = 99;

	if (expected_pages == 0) {
		assert_false(mo_dump_next_run(dump, from, &first, &n_pages));
		assert_int_equal(first, 99);
		return;
	}
	assert_true(mo_dump_next_run(dump, from, &first, &n_pages));
	assert_int_equal(first, expected_first);
	assert_int_equal(n_pages, expected_pages);
}

/* As QEMU writes it: program headers away from the ELF header, memory at an odd offset. */
static void like_qemu(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x100000, .file_bytes = 20 * PAGE },
		{ .pa = 0, .file_bytes = 3 * PAGE },
	};
	struct scratch scratch;
	struct image image;
	struct opened opened;
	const void *bytes;
	size_t n_bytes;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments_offset = 193, .data_offset = 4099, .segments = segments,
				      .n_segments = N(segments), .vmcoreinfo = "OSRELEASE=6.1\nPAGESIZE=4096\n" },
		  &image);
	open_image(&opened, &scratch, &image);
	assert_string_equal(opened.info->format, "ELF");
	assert_string_equal(opened.info->reader, "mapped");
	assert_string_equal(opened.info->arch, "x86_64");
	assert_string_equal(opened.info->vmcoreinfo, "OSRELEASE=6.1\nPAGESIZE=4096\n");
	assert_int_equal(opened.info->vmcoreinfo_bytes, 28);
	assert_int_equal(opened.info->n_notes, 2);
	assert_string_equal(opened.info->notes[0].name, "CORE");
	assert_int_equal(opened.info->notes[0].type, NT_PRSTATUS);
	assert_int_equal(opened.info->notes[0].desc_bytes, 336);
	assert_int_equal(opened.info->pointer_bytes, 8);
	assert_int_equal(opened.info->page_bytes, 4096);
	assert_int_equal(opened.info->present_pages, 23);
	assert_int_equal(opened.info->end_pfn, 0x100 + 20);
	assert_false(opened.info->is_truncated || opened.info->has_dump_level || opened.info->is_live);
	assert_memory(opened.reader, 0, 3 * PAGE);
	assert_memory(opened.reader, 0x100000 + 5, 20 * PAGE - 7);
	/* A segment in one view. */
	assert_no_error(mo_dump_view(opened.reader, 0x100000, SIZE_MAX, &bytes, &n_bytes));
	assert_int_equal(n_bytes, 20 * PAGE);
	assert_int_equal(mo_dump_presence(opened.dump, 2), MO_PRESENT);
	assert_int_equal(mo_dump_presence(opened.dump, 3), MO_HOLE);
	assert_int_equal(mo_dump_presence(opened.dump, UINT64_MAX), MO_HOLE);
	assert_run(opened.dump, 0, 0, 3);
	assert_run(opened.dump, 3, 0x100, 20);
	assert_run(opened.dump, 0x105, 0x105, 15);
	assert_run(opened.dump, 0x114, 0, 0);
	assert_run(opened.dump, UINT64_MAX, 0, 0);
	assert_unreadable(opened.reader, 3 * PAGE + 8, MO_E_NOT_IN_DUMP,
			  "page frame 0x3 is not in the dump (a hole: no memory there according to the dump)");
	assert_unreadable(opened.reader, UINT64_MAX, MO_E_NOT_IN_DUMP, "page frame 0xfffffffffffff is not in the dump");
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void segments_that_touch_are_one(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x1000, .file_bytes = 0x1800 },
		{ .pa = 0x2800, .file_bytes = 0x1800 },
		{ .pa = 0x4000, .file_bytes = 0x2000, .offset = 0x9000 },
	};
	struct scratch scratch;
	struct image image;
	struct opened opened;
	const void *bytes;
	size_t n_bytes;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = N(segments) }, &image);
	open_image(&opened, &scratch, &image);
	assert_no_error(mo_dump_view(opened.reader, 0x1000, SIZE_MAX, &bytes, &n_bytes));
	assert_int_equal(n_bytes, 0x3000);
	assert_memory(opened.reader, 0x1000, 0x5000);
	assert_run(opened.dump, 0, 1, 5);
	assert_int_equal(opened.info->present_pages, 5);
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* A page that lies in pieces all over the file is put together; its missing parts stay missing. */
static void pages_in_pieces(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x1400, .file_bytes = 0x200, .offset = 0x5000 },
		{ .pa = 0x1600, .file_bytes = 0x200, .offset = 0x4000 },
		{ .pa = 0x1800, .file_bytes = 0x900, .offset = 0x6001 },
		{ .pa = 0x2f00, .file_bytes = 0x100, .offset = 0x3000 },
	};
	struct scratch scratch;
	struct image image;
	struct opened opened;
	const void *bytes;
	size_t n_bytes;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = N(segments) }, &image);
	open_image(&opened, &scratch, &image);
	assert_memory(opened.reader, 0x1400, 0xd00);
	assert_memory(opened.reader, 0x2f80, 0x80);
	assert_no_error(mo_dump_view(opened.reader, 0x1410, SIZE_MAX, &bytes, &n_bytes));
	assert_int_equal(n_bytes, 0xbf0);
	assert_no_error(mo_dump_view(opened.reader, 0x2000, SIZE_MAX, &bytes, &n_bytes));
	assert_int_equal(n_bytes, 0x100);
	assert_unreadable(opened.reader, 0x13ff, MO_E_NOT_IN_DUMP, "page frame 0x1 is in the dump only in part, without 0x13ff");
	assert_unreadable(opened.reader, 0x2100, MO_E_NOT_IN_DUMP, "page frame 0x2 is in the dump only in part");
	assert_int_equal(opened.info->present_pages, 2);
	assert_run(opened.dump, 0, 1, 2);
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* makedumpfile -E: the end of a segment is left out, or all of it. */
static void left_out_pages_are_excluded(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x10000, .file_bytes = 2 * PAGE, .memory_bytes = 6 * PAGE },
		{ .pa = 0x16000, .file_bytes = 1 * PAGE },
		{ .pa = 0x20000, .file_bytes = 0, .memory_bytes = 2 * PAGE },
		/* Again, and this time with bytes: they count. */
		{ .pa = 0x14000, .file_bytes = 1 * PAGE },
	};
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = N(segments), .flags = 1 }, &image);
	open_image(&opened, &scratch, &image);
	assert_int_equal(opened.info->present_pages, 4);
	assert_int_equal(opened.info->end_pfn, 0x22);
	assert_true(opened.info->is_incomplete);
	for (uint64_t pfn = 0xf; pfn < 0x23; pfn++) {
		bool is_present = pfn == 0x10 || pfn == 0x11 || pfn == 0x14 || pfn == 0x16;
		bool is_known = (pfn >= 0x10 && pfn <= 0x16) || pfn == 0x20 || pfn == 0x21;

		assert_int_equal(mo_dump_presence(opened.dump, pfn),
				 is_present ? MO_PRESENT : is_known ? MO_EXCLUDED : MO_HOLE);
	}
	assert_unreadable(opened.reader, 0x12000, MO_E_NOT_IN_DUMP, "page frame 0x12 is not in the dump (excluded)");
	assert_unreadable(opened.reader, 0x21fff, MO_E_NOT_IN_DUMP, "page frame 0x21 is not in the dump (excluded)");
	assert_memory(opened.reader, 0x14000, PAGE);
	assert_run(opened.dump, 0x12, 0x14, 1);
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* /proc/vmcore has the kernel's text in a segment of its own, and again in that of all memory. */
static void overlapping_segments(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x3000, .file_bytes = 2 * PAGE, .offset = 0x20000 },
		{ .pa = 0x1000, .file_bytes = 8 * PAGE, .offset = 0x10000 },
		{ .pa = 0x8000, .file_bytes = 2 * PAGE, .offset = 0x40000 },
	};
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = N(segments) }, &image);
	open_image(&opened, &scratch, &image);
	assert_int_equal(opened.info->present_pages, 9);
	assert_run(opened.dump, 0, 1, 9);
	assert_memory(opened.reader, 0x1000, 9 * PAGE);
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void other_widths_and_byte_orders(void **state)
{
	static const struct elf_segment_spec segments[] = { { .pa = 0x10000, .file_bytes = 0x20000 } };
	static const struct {
		struct elf_spec spec;
		const char *arch;
		unsigned pointer_bytes, page_bytes;
	} cases[] = {
		{ { .is_32 = true, .machine = EM_386 }, "i386", 4, 4096 },
		{ { .is_32 = true, .machine = EM_ARM }, "arm", 4, 4096 },
		{ { .machine = EM_AARCH64 }, "aarch64", 8, 4096 },
		{ { .machine = EM_AARCH64, .vmcoreinfo = "PAGESIZE=65536\n" }, "aarch64", 8, 65536 },
		{ { .machine = EM_AARCH64, .vmcoreinfo = "X=1\nPAGESIZE=1000\n" }, "aarch64", 8, 4096 },
		{ { .machine = EM_PPC64, .is_big_endian = true }, "ppc64", 8, 65536 },
		{ { .machine = EM_PPC64 }, "ppc64le", 8, 65536 },
		{ { .machine = EM_S390, .is_big_endian = true, .vmcoreinfo = "A=1\n" }, "s390x", 8, 4096 },
		{ { .machine = EM_S390, .is_32 = true, .is_big_endian = true }, "s390", 4, 4096 },
		{ { .machine = EM_RISCV, .uses_extended_number = true }, "riscv64", 8, 4096 },
		{ { .is_32 = true, .machine = EM_386, .uses_extended_number = true }, "i386", 4, 4096 },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct elf_spec spec = cases[i].spec;
		struct scratch scratch;
		struct image image;
		struct opened opened;

		scratch_enter(&scratch);
		spec.segments = segments;
		spec.n_segments = N(segments);
		build_elf(&spec, &image);
		open_image(&opened, &scratch, &image);
		assert_string_equal(opened.info->arch, cases[i].arch);
		assert_int_equal(opened.info->pointer_bytes, cases[i].pointer_bytes);
		assert_int_equal(opened.info->page_bytes, cases[i].page_bytes);
		assert_int_equal(1u << opened.info->page_shift, cases[i].page_bytes);
		assert_int_equal(opened.info->is_big_endian, spec.is_big_endian);
		assert_int_equal(opened.info->present_pages, 0x20000 / cases[i].page_bytes);
		assert_memory(opened.reader, 0x10000, 0x20000);
		close_opened(&opened);
		scratch_leave(&scratch);
	}
}

/* Through pread, as /proc/vmcore is read, and flattened: the same bytes. */
static void not_mapped_and_flattened(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x1000, .file_bytes = 0x5800 },
		{ .pa = 0x6800, .file_bytes = 0x800, .offset = 0x8001 },
	};
	struct scratch scratch;
	struct image image, flattened;
	struct opened opened;
	struct mo_file_bytes *file;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = 2, .vmcoreinfo = "A=B\n" }, &image);
	build_flattened(&image, &(struct flatten_spec){ .record_bytes = 1111 }, &flattened);
	open_image(&opened, &scratch, &flattened);
	assert_string_equal(opened.info->format, "flattened ELF");
	assert_string_equal(opened.info->vmcoreinfo, "A=B\n");
	assert_memory(opened.reader, 0x1000, 0x6000);
	close_opened(&opened);

	/* The same dump with its file taken from under it, as one that is not mapped. */
	open_image(&opened, &scratch, &image);
	mo_dump_reader_destroy(opened.reader);
	assert_no_error(mo_file_bytes_open_unmapped(scratch.path[1], &file));
	opened.dump->format->close(opened.dump);
	mo_file_bytes_close(opened.dump->files[0]);
	opened.dump->files[0] = file;
	mo_notes_deinit(&opened.dump->notes);
	free(opened.dump->vmcoreinfo);
	opened.dump->vmcoreinfo = NULL;
	opened.dump->state = NULL;
	assert_no_error(opened.dump->format->open(opened.dump));
	assert_no_error(mo_dump_reader_create(opened.dump, &opened.reader));
	assert_string_equal(opened.info->reader, "pread");
	assert_string_equal(opened.info->vmcoreinfo, "A=B\n");
	assert_memory(opened.reader, 0x1000, 0x6000);
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* /proc/kcore's areas without physical memory, and what lies in a file's last page. */
static void segments_without_physical_address(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = UINT64_MAX, .file_bytes = PAGE, .memory_bytes = UINT64_C(1) << 45 },
		{ .pa = 0x7000, .file_bytes = PAGE },
	};
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = 2 }, &image);
	open_image(&opened, &scratch, &image);
	assert_int_equal(opened.info->present_pages, 1);
	assert_memory(opened.reader, 0x7000, PAGE);
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* A sparse file: what is present is not all stored, and searches see only what is. */
static void holes_of_the_file(void **state)
{
	static const struct elf_segment_spec segments[] = {
		{ .pa = 0x40000000, .file_bytes = 64 * PAGE, .offset = 16 * PAGE },
		{ .pa = 0, .file_bytes = 0x20000000, .offset = 0x10000000, .is_without_bytes = true },
	};
	uint64_t first = 99, n_pages = 0, n_stored = 0;
	struct scratch scratch;
	struct image image;
	struct opened opened;
	const char *path;

	(void)state;
	scratch_enter(&scratch);
	build_elf(&(struct elf_spec){ .segments = segments, .n_segments = 2 }, &image);
	path = scratch_write(&scratch, &image);
	assert_int_equal(truncate(path, 0x30000000), 0);
	open_paths(&opened, &path, 1);
	assert_int_equal(opened.info->present_pages, 64 + 0x20000);
	assert_run(opened.dump, 0, 0, 0x20000);
	for (uint64_t pfn = 0; mo_dump_next_stored_run(opened.dump, pfn, &first, &n_pages); pfn = first + n_pages) {
		assert_in_range(first, 0x40000, 0x4003f);
		n_stored += n_pages;
	}
	assert_int_equal(n_stored, 64);
	close_opened(&opened);
	scratch_leave(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_qemu),
		cmocka_unit_test(segments_that_touch_are_one),
		cmocka_unit_test(pages_in_pieces),
		cmocka_unit_test(left_out_pages_are_excluded),
		cmocka_unit_test(overlapping_segments),
		cmocka_unit_test(other_widths_and_byte_orders),
		cmocka_unit_test(not_mapped_and_flattened),
		cmocka_unit_test(segments_without_physical_address),
		cmocka_unit_test(holes_of_the_file),
	};

	return cmocka_run_group_tests_name("ELF cores", tests, NULL, NULL);
}
