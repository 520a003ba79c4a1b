/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long views live, readers side by side, and libkdumpfile against our own reader of the same files. */

#include "dump_fixture.h"

#include <stdlib.h>

#include "cleanup.h"
#include "dump_format.h"
#include "threads.h"

#define PAGE BUILDER_PAGE
#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Each view stays what it was while as many others are handed out as dump.h promises. */
static void views_stay_valid(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;
	const void *views[MO_DUMP_VIEWS_KEPT];
	uint8_t expected[PAGE];

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "(64)z", .is_zero_page_compressed = true }, &image);
	open_image(&opened, &scratch, &image);
	for (uint64_t i = 0; i < 64; i++) {
		size_t n_bytes;

		assert_no_error(mo_dump_view(opened.reader, i * PAGE, PAGE, &views[i % N(views)], &n_bytes));
		for (uint64_t k = i < N(views) ? 0 : i - N(views) + 1; k <= i; k++) {
			memory_fill(k * PAGE, expected, PAGE);
			assert_memory_equal(views[k % N(views)], expected, PAGE);
		}
	}
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* Views of the same page again do not count, and a failing one in between harms none. */
static void a_view_in_use_outlives_failures(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;
	const void *first, *other;
	uint8_t expected[PAGE];
	size_t n_bytes;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "zz(40)b" }, &image);
	open_image(&opened, &scratch, &image);
	assert_no_error(mo_dump_view(opened.reader, 0, PAGE, &first, &n_bytes));
	memory_fill(0, expected, PAGE);
	for (uint64_t pfn = 2; pfn < 40; pfn++)
		assert_unreadable(opened.reader, pfn * PAGE, MO_E_CORRUPT, "do not decompress");
	for (int i = 0; i < 100; i++)
		assert_no_error(mo_dump_view(opened.reader, PAGE, PAGE, &other, &n_bytes));
	assert_memory_equal(first, expected, PAGE);
	close_opened(&opened);
	scratch_leave(&scratch);
}

/*
 * Contexts of libkdumpfile 0.5.1 that hold a diskdump file are not freed (free_context() in kdumpfile.c says why).
 * Called by the leak checker, where there is one.
 */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libkdumpfile.so";
}

#define N_THREADS 4

struct parallel {
	const struct mo_dump *dump;
	struct mo_dump_reader *readers[N_THREADS];
};

static struct mo_error *check_chunk(void *context, unsigned thread, uint64_t first, uint64_t n_pages)
{
	struct parallel *parallel = context;

	for (uint64_t pfn = first; pfn < first + n_pages; pfn++) {
		uint8_t expected[PAGE], got[PAGE];

		memory_fill(pfn * PAGE, expected, PAGE);
		MO_TRY(mo_dump_read(parallel->readers[thread], pfn * PAGE, got, PAGE));
		if (memcmp(got, expected, PAGE) != 0)
			return mo_error_create(MO_E_CORRUPT, "page frame %u differs", (unsigned)pfn);
	}
	return NULL;
}

static void assert_parallel(struct image *image)
{
	struct scratch scratch;
	struct opened opened;
	struct parallel parallel;

	scratch_enter(&scratch);
	open_image(&opened, &scratch, image);
	parallel.dump = opened.dump;
	for (size_t i = 0; i < N_THREADS; i++)
		assert_no_error(mo_dump_reader_create(opened.dump, &parallel.readers[i]));
	for (int round = 0; round < 3; round++)
		assert_no_error(mo_parallel(N_THREADS, 600, 7, check_chunk, &parallel));
	for (size_t i = 0; i < N_THREADS; i++)
		mo_dump_reader_destroy(parallel.readers[i]);
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void readers_side_by_side(void **state)
{
	struct image image, flattened;

	(void)state;
	build_elf(&(struct elf_spec){ .segments = &(struct elf_segment_spec){ .pa = 0, .file_bytes = 600 * PAGE },
				      .n_segments = 1 },
		  &image);
	assert_parallel(&image);
	build_kdump(&(struct kdump_spec){ .version = 6, .pages = "(200)z(100)l(100)r(100)s(100)t" }, &image);
	build_flattened(&image, &(struct flatten_spec){ .record_bytes = 777 }, &flattened);
	assert_parallel(&image);
	assert_parallel(&flattened);
	build_kdump(&(struct kdump_spec){ .version = 6, .is_diskdump = true, .pages = "(300)z(100)l(200)r" }, &image);
	assert_parallel(&image);
}

/* A format that only libkdumpfile reads. */
static void through_libkdumpfile(void **state)
{
	static const char pages[] = "zr.xzl(30)xz0z";
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .is_diskdump = true, .pages = pages, .machine = "x86_64",
					  .vmcoreinfo = "OSRELEASE=6.1.0-test\n" },
		    &image);
	open_image(&opened, &scratch, &image);
	assert_string_equal(opened.info->reader, "libkdumpfile");
	assert_string_equal(opened.info->format, "diskdump");
	assert_string_equal(opened.info->arch, "x86_64");
	assert_string_equal(opened.info->os_release, "6.1.0-test");
	assert_string_equal(opened.info->vmcoreinfo, "OSRELEASE=6.1.0-test\n");
	assert_int_equal(opened.info->page_bytes, 4096);
	assert_int_equal(opened.info->pointer_bytes, 8);
	for (uint64_t pfn = 0; pfn < kdump_page_count(pages); pfn++) {
		char kind = kdump_page_kind(pages, pfn);

		assert_int_equal(mo_dump_presence(opened.dump, pfn),
				 kind == '.' ? MO_HOLE : kind == 'x' ? MO_EXCLUDED : MO_PRESENT);
		if (strchr("zrl", kind))
			assert_memory(opened.reader, pfn * PAGE, PAGE);
	}
	assert_unreadable(opened.reader, 3 * PAGE, MO_E_NOT_IN_DUMP, "page frame 0x3 is not in the dump (excluded)");
	assert_unreadable(opened.reader, 2 * PAGE, MO_E_NOT_IN_DUMP, "page frame 0x2 is not in the dump (a hole");
	close_opened(&opened);
	scratch_leave(&scratch);
}

/* A dump that has no map of its pages, only their number, in another byte order. */
static void s390_stand_alone_dump(void **state)
{
	enum { N_PAGES = 5, HEADER_BYTES = 0x1000 };
	struct image image = { .bytes = NULL };
	struct scratch scratch;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	image_put_number(&image, 0, 0xa8190173618f23fd, 8, true);
	image_put_number(&image, 8, 5, 4, true);
	image_put_number(&image, 12, HEADER_BYTES, 4, true);
	image_put_number(&image, 20, PAGE, 4, true);
	image_put_number(&image, 24, N_PAGES * PAGE, 8, true);
	image_put_number(&image, 48, N_PAGES, 4, true);
	image_put_number(&image, 72, 2, 4, true);
	image_put(&image, HEADER_BYTES + N_PAGES * PAGE, "DUMP_END", 8);
	memory_fill(0, image.bytes + HEADER_BYTES, N_PAGES * PAGE);
	image_put_number(&image, image.n_bytes, 1, 8, true);
	open_image(&opened, &scratch, &image);
	assert_string_equal(opened.info->format, "s390dump");
	assert_string_equal(opened.info->arch, "s390x");
	assert_true(opened.info->is_big_endian);
	assert_int_equal(opened.info->present_pages, N_PAGES);
	assert_memory(opened.reader, 7, N_PAGES * PAGE - 7);
	assert_unreadable(opened.reader, N_PAGES * PAGE, MO_E_NOT_IN_DUMP, "page frame 0x5 is not in the dump");
	close_opened(&opened);
	scratch_leave(&scratch);
}

static void libkdumpfile_errors_keep_their_kind(void **state)
{
	struct scratch scratch;
	struct image image;
	struct opened opened;

	(void)state;
	scratch_enter(&scratch);
	build_kdump(&(struct kdump_spec){ .version = 6, .is_diskdump = true, .pages = "zbhz", .machine = "x86_64" }, &image);
	open_image(&opened, &scratch, &image);
	assert_memory(opened.reader, 0, PAGE);
	assert_unreadable(opened.reader, PAGE, MO_E_CORRUPT, "cannot read page frame 0x1: libkdumpfile: ");
	assert_unreadable(opened.reader, 2 * PAGE, MO_E_CORRUPT, "cannot read page frame 0x2: libkdumpfile: ");
	assert_memory(opened.reader, 3 * PAGE, PAGE);
	close_opened(&opened);
	scratch_leave(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_stay_valid),
		cmocka_unit_test(a_view_in_use_outlives_failures),
		cmocka_unit_test(readers_side_by_side),
		cmocka_unit_test(through_libkdumpfile),
		cmocka_unit_test(s390_stand_alone_dump),
		cmocka_unit_test(libkdumpfile_errors_keep_their_kind),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
