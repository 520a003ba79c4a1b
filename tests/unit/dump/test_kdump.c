/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_fixture.h"

#include <stdlib.h>

#define PAGE BUILDER_PAGE
#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Every page frame is what its letter says. */
static void assert_pages(const struct opened *opened, const char *pages)
{
	uint32_t page_bytes = opened->info->page_bytes;
	uint64_t n_present = 0, n_pfns = kdump_page_count(pages);

	for (uint64_t pfn = 0; pfn < n_pfns + 10; pfn++) {
		char kind = kdump_page_kind(pages, pfn);
		uint8_t *zero;

		assert_int_equal(mo_dump_presence(opened->dump, pfn),
				 kind == '.' ? MO_HOLE : kind == 'x' ? MO_EXCLUDED : MO_PRESENT);
		n_present += kind != '.' && kind != 'x';
		switch (kind) {
		case '.':
			assert_unreadable(opened->reader, pfn * page_bytes, MO_E_NOT_IN_DUMP, "(a hole: ");
			break;
		case 'x':
			assert_unreadable(opened->reader, pfn * page_bytes + 17, MO_E_NOT_IN_DUMP, "(excluded)");
			break;
		case '0':
			zero = malloc(page_bytes);
			assert_non_null(zero);
			memset(zero, 1, page_bytes);
			assert_no_error(mo_dump_read(opened->reader, pfn * page_bytes, zero, page_bytes));
			for (size_t i = 0; i < page_bytes; i++)
				assert_int_equal(zero[i], 0);
			free(zero);
			break;
		default:
			assert_memory(opened->reader, pfn * page_bytes + 3, page_bytes - 3);
		}
	}
	assert_int_equal(opened->info->present_pages, n_present);
	assert_int_equal(opened->info->end_pfn, n_pfns);
}

/* The runs together are the pages that are present. */
static void assert_runs(const struct mo_dump *dump, const char *pages)
{
	uint64_t pfn = 0, first, n_pages, n_pfns = kdump_page_count(pages);

	while (mo_dump_next_run(dump, pfn, &first, &n_pages)) {
		for (; pfn < first; pfn++)
			assert_non_null(strchr(".x", kdump_page_kind(pages, pfn)));
		for (; pfn < first + n_pages; pfn++)
			assert_null(strchr(".x", kdump_page_kind(pages, pfn)));
		assert_non_null(strchr(".x", kdump_page_kind(pages, pfn)));
	}
	for (; pfn < n_pfns; pfn++)
		assert_non_null(strchr(".x", kdump_page_kind(pages, pfn)));
}

static void check(const struct kdump_spec *spec)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;

	scratch_enter(&scratch);
	build_kdump(spec, &image);
	open_image(&opened, &scratch, &image);
	assert_pages(&opened, spec->pages);
	assert_runs(opened.dump, spec->pages);
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void every_kind_of_page(void **state)
{
	(void)state;
	check(&(struct kdump_spec){ .version = 6, .pages = "r0z.l(3)xst0rr.ltsz00.x" });
	check(&(struct kdump_spec){ .version = 6, .pages = "r0z.l(3)xst0rr.ltsz00.x", .is_zero_page_compressed = true });
	check(&(struct kdump_spec){ .version = 6, .page_bytes = 65536, .pages = "zlstr0(20).zxz" });
	/* Past the blocks of the index, with holes at and around their borders. */
	check(&(struct kdump_spec){ .version = 6, .pages = "(510).rz(511).l.x(600)zr(64).(64)zs" });
	check(&(struct kdump_spec){ .version = 6, .pages = "(40000).z(30).r" });
}

static void widths_byte_orders_and_versions(void **state)
{
	static const char pages[] = "(7).zlx(20)0sr";

	(void)state;
	for (int version = 0; version <= 6; version++) {
		check(&(struct kdump_spec){ .version = version, .pages = pages });
		check(&(struct kdump_spec){ .version = version, .pages = pages, .is_32 = true });
		check(&(struct kdump_spec){ .version = version, .pages = pages, .is_32 = true, .is_arm = true });
		check(&(struct kdump_spec){ .version = version, .pages = pages, .is_big_endian = true });
		check(&(struct kdump_spec){ .version = version, .pages = pages, .is_32 = true, .is_big_endian = true });
	}
}

static void one_bitmap_knows_no_exclusion(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	/* So many page frames that two bitmaps would not fit. */
	build_kdump(&(struct kdump_spec){ .version = 1, .has_one_bitmap = true, .pages = "(20000).zxz" }, &image);
	open_image(&opened, &scratch, &image);
	assert_int_equal(opened.info->present_pages, 2);
	assert_int_equal(mo_dump_presence(opened.dump, 20001), MO_HOLE);
	assert_memory(opened.reader, 20000ull * PAGE, PAGE);
	assert_memory(opened.reader, 20002ull * PAGE, PAGE);
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void what_the_headers_say(void **state)
{
	static const struct kdump_spec layouts[] = {
		{ .is_32 = false }, { .is_32 = true }, { .is_32 = true, .is_arm = true }, { .is_big_endian = true },
	};
	static const char *const machines[][2] = { { "i686", "i386" }, { "x86_64", "x86_64" }, { "armv7l", "arm" },
						   { "aarch64", "aarch64" } };

	(void)state;
	for (size_t i = 0; i < N(layouts); i++) {
		for (int version = 3; version <= 6; version++) {
			struct kdump_spec spec = layouts[i];
			struct scratch scratch;
			struct image image;
			struct opened opened;

			scratch_enter(&scratch);
			spec.version = version;
			spec.pages = "zx.z";
			spec.status = 2 | 8;
			spec.dump_level = 31;
			spec.time_seconds = 1700000000;
			spec.machine = machines[i][0];
			spec.vmcoreinfo = "OSRELEASE=6.1.0\nPAGESIZE=4096";
			build_kdump(&spec, &image);
			open_image(&opened, &scratch, &image);
			assert_string_equal(opened.info->format, "kdump-compressed");
			assert_string_equal(opened.info->reader, "kdump");
			assert_string_equal(opened.info->compression, "lzo");
			assert_string_equal(opened.info->arch, machines[i][1]);
			assert_string_equal(opened.info->os_machine, machines[i][0]);
			assert_string_equal(opened.info->os_release, "6.1.0-test");
			assert_string_equal(opened.info->os_version, "#1 SMP Test");
			assert_string_equal(opened.info->os_nodename, "testhost");
			assert_string_equal(opened.info->vmcoreinfo, "OSRELEASE=6.1.0\nPAGESIZE=4096");
			assert_int_equal(opened.info->n_notes, version >= 4 ? 2 : 0);
			assert_int_equal(opened.info->pointer_bytes, spec.is_32 ? 4 : 8);
			assert_int_equal(opened.info->is_big_endian, spec.is_big_endian);
			assert_true(opened.info->is_incomplete && opened.info->has_dump_level && opened.info->has_dump_time);
			assert_true(opened.info->has_phys_base && !opened.info->is_truncated);
			assert_int_equal(opened.info->dump_level, 31);
			assert_int_equal(opened.info->dump_time, 1700000000);
			assert_int_equal(opened.info->phys_base, 0x1000000);
			close_opened(&opened);
			scratch_leave(&scratch);
		}
	}
}

/* QEMU names no machine and no time, and flattens. */
static void like_qemu(void **state)
{
	struct scratch scratch;
	struct image image, flattened;
	struct opened opened;

	(void)state;
	for (size_t record_bytes = 100; record_bytes < 20000; record_bytes = record_bytes * 7 + 1) {
		scratch_enter(&scratch);
		build_kdump(&(struct kdump_spec){ .version = 6, .pages = "z(500)0rzl.z", .is_zero_page_compressed = true,
						  .vmcoreinfo = "A=1\n", .dump_level = 1, .status = 1 },
			    &image);
		build_flattened(&image, &(struct flatten_spec){ .record_bytes = record_bytes }, &flattened);
		image_free(&image);
		open_image(&opened, &scratch, &flattened);
		assert_string_equal(opened.info->format, "flattened kdump-compressed");
		assert_string_equal(opened.info->vmcoreinfo, "A=1\n");
		assert_null(opened.info->arch);
		assert_null(opened.info->os_release);
		assert_false(opened.info->has_dump_time);
		assert_pages(&opened, "z(500)0rzl.z");
		close_opened(&opened);
		scratch_leave(&scratch);
	}
}

/* One bad page costs one page. */
static void bad_pages_stand_alone(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zbzuznzhz" }, &image);
	open_image(&opened, &scratch, &image);
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t pfn = 0; pfn < 9; pfn += 2)
			assert_memory(opened.reader, pfn * PAGE, PAGE);
		assert_unreadable(opened.reader, 1 * PAGE, MO_E_CORRUPT,
				  "bytes of zlib do not decompress to a page of 4096 bytes");
		assert_unreadable(opened.reader, 3 * PAGE, MO_E_UNSUPPORTED,
				  "cannot read page frame 0x3: compressed with an unknown algorithm (flags 0x40)");
		assert_unreadable(opened.reader, 5 * PAGE, MO_E_CORRUPT, "its descriptor says 0 bytes at offset 0, flags 0x0");
		assert_unreadable(opened.reader, 7 * PAGE, MO_E_CORRUPT, "its descriptor says 8192 bytes at offset");
	}
	close_opened(&opened);
	scratch_leave(&scratch);

	/* A dump that says of itself that it is incomplete has such descriptors by right. */
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zn", .status = 8 }, &image);
	open_image(&opened, &scratch, &image);
	assert_unreadable(opened.reader, 1 * PAGE, MO_E_NOT_IN_DUMP,
			  "page frame 0x1: the dump program ran out of space before this page");
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void build_part(struct scratch *scratch, uint64_t start, uint64_t end, uint64_t time, const char **path)
{
	struct image image;

	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "rz.x0zls(600)zt.xzz", .split_start = start,
					  .split_end = end, .time_seconds = time, .machine = "x86_64",
					  .vmcoreinfo = "A=1\n" },
		    &image);
	*path = scratch_write(scratch, &image);
}

static void split_dumps(void **state)
{
	static const char pages[] = "rz.x0zls(600)zt.xzz";
	struct scratch scratch;
	struct opened opened;
	struct mo_dump *dump = NULL;
	const char *parts[4], *mixed[4];

	(void)state;
	scratch_enter(&scratch);
	build_part(&scratch, 0, 6, 1, &parts[0]);
	build_part(&scratch, 6, 300, 1, &parts[1]);
	build_part(&scratch, 300, 613, 1, &parts[2]);
	open_paths(&opened, (const char *const[]){ parts[2], parts[0], parts[1] }, 3);
	assert_false(opened.info->has_missing_parts);
	assert_pages(&opened, pages);
	assert_runs(opened.dump, pages);
	close_opened(&opened);

	/* Without the middle one. */
	open_paths(&opened, (const char *const[]){ parts[0], parts[2] }, 2);
	assert_true(opened.info->has_missing_parts);
	assert_memory(opened.reader, 5 * PAGE, PAGE);
	assert_memory(opened.reader, 400 * PAGE, PAGE);
	assert_int_equal(mo_dump_presence(opened.dump, 100), MO_EXCLUDED);
	assert_int_equal(mo_dump_presence(opened.dump, 2), MO_HOLE);
	assert_unreadable(opened.reader, 100 * PAGE, MO_E_NOT_IN_DUMP,
			  "page frame 0x64 is in a part of the split dump that was not given");
	close_opened(&opened);

	/* Twice the same, of two dumps, and beside something else. */
	mixed[0] = parts[0];
	mixed[1] = parts[0];
	assert_error(mo_dump_open(mixed, 2, &dump), MO_E_MISMATCH, "both hold page frame 0x0");
	build_part(&scratch, 6, 300, 2, &mixed[1]);
	assert_error(mo_dump_open(mixed, 2, &dump), MO_E_MISMATCH, "are not parts of the same dump");
	mixed[1] = "/dev/null";
	assert_error(mo_dump_open(mixed, 2, &dump), MO_E_INVALID, "/dev/null is neither a file nor a block device");
	scratch_leave(&scratch);
}

static void several_files_that_are_no_parts(void **state)
{
	struct scratch scratch;
	struct image image;
	struct mo_dump *dump = NULL;
	const char *paths[2];

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "z" }, &image);
	paths[0] = scratch_write(&scratch, &image);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "z" }, &image);
	paths[1] = scratch_write(&scratch, &image);
	assert_error(mo_dump_open(paths, 2, &dump), MO_E_INVALID, "2 files were given, but ");
	build_elf(&(struct elf_spec){ .segments = &(struct elf_segment_spec){ .pa = PAGE, .file_bytes = PAGE },
				      .n_segments = 1 },
		  &image);
	paths[1] = scratch_write(&scratch, &image);
	assert_error(mo_dump_open(paths, 2, &dump), MO_E_INVALID, "is not a part of a split dump");
	assert_error(mo_dump_open((const char *const[]){ paths[1], paths[0] }, 2, &dump), MO_E_INVALID,
		     "an ELF core is one file, not 2");
	assert_error(mo_dump_open(paths, 0, &dump), MO_E_INVALID, "cannot open a dump of 0 files");
	scratch_leave(&scratch);
}

static void assert_run(const struct mo_dump *dump, uint64_t pfn, uint64_t first_pfn, uint64_t n_pages)
{
	uint64_t first, n;

	assert_true(mo_dump_next_run(dump, pfn, &first, &n));
	assert_int_equal(first, first_pfn);
	assert_int_equal(n, n_pages);
}

/* QEMU writes dumps of arm64 in units of 64 KiB, whatever the kernel's pages: page frames are the kernel's. */
static void units_larger_than_the_kernel_s_pages(void **state)
{
	const struct kdump_spec spec = { .version = 6, .page_bytes = 65536, .vmcoreinfo = "PAGESIZE=4096\n", .pages = "z.xrr" };
	struct scratch scratch;
	struct image image;
	struct opened opened;
	uint64_t first, n;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&spec, &image);
	open_image(&opened, &scratch, &image);
	assert_int_equal(opened.info->page_bytes, 4096);
	assert_int_equal(opened.info->page_shift, 12);
	assert_int_equal(opened.info->end_pfn, 80);
	assert_int_equal(opened.info->present_pages, 48);
	for (uint64_t pfn = 0; pfn < 96; pfn++)
		assert_int_equal(mo_dump_presence(opened.dump, pfn), pfn < 16 || (pfn >= 48 && pfn < 80) ? MO_PRESENT :
				 pfn >= 32 && pfn < 48 ? MO_EXCLUDED : MO_HOLE);
	assert_run(opened.dump, 0, 0, 16);
	assert_run(opened.dump, 7, 7, 9);
	assert_run(opened.dump, 16, 48, 32);
	assert_false(mo_dump_next_run(opened.dump, 80, &first, &n));
	assert_memory(opened.reader, 3 * 65536 + 5 * 4096 + 1, 4096);
	assert_unreadable(opened.reader, 2 * 65536 + 4096, MO_E_NOT_IN_DUMP, "page frame 0x20 ");
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* Where only the page tables tell the page size, a page may have several units, and not all of them. */
static void units_smaller_than_the_kernel_s_pages(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "rrrr....xx..xr..r" }, &image);
	open_image(&opened, &scratch, &image);
	mo_dump_use_page_bytes(opened.dump, 4 * PAGE);
	assert_int_equal(opened.info->end_pfn, 5);
	assert_int_equal(mo_dump_presence(opened.dump, 0), MO_PRESENT);
	assert_int_equal(mo_dump_presence(opened.dump, 1), MO_HOLE);
	assert_int_equal(mo_dump_presence(opened.dump, 2), MO_EXCLUDED);
	assert_int_equal(mo_dump_presence(opened.dump, 3), MO_PRESENT);
	assert_int_equal(mo_dump_presence(opened.dump, UINT64_MAX), MO_HOLE);
	assert_run(opened.dump, 0, 0, 1);
	assert_run(opened.dump, 1, 3, 1);
	assert_run(opened.dump, 4, 4, 1);
	close_opened(&opened);
	scratch_leave(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_page),
		cmocka_unit_test(widths_byte_orders_and_versions),
		cmocka_unit_test(one_bitmap_knows_no_exclusion),
		cmocka_unit_test(what_the_headers_say),
		cmocka_unit_test(like_qemu),
		cmocka_unit_test(bad_pages_stand_alone),
		cmocka_unit_test(split_dumps),
		cmocka_unit_test(several_files_that_are_no_parts),
		cmocka_unit_test(units_larger_than_the_kernel_s_pages),
		cmocka_unit_test(units_smaller_than_the_kernel_s_pages),
	};

	return cmocka_run_group_tests_name("kdump-compressed dumps", tests, NULL, NULL);
}
