/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_fixture.h"

#include <stdlib.h>

void assert_no_error(struct mo_error *error)
{
	if (error)
		fail_msg("unexpected error: %s", mo_error_text(error));
}

void open_paths(struct opened *opened, const char *const *paths, size_t n_paths)
{
	*opened = (struct opened){ .dump = NULL };
	assert_no_error(mo_dump_open(paths, n_paths, &opened->dump));
	assert_no_error(mo_dump_reader_create(opened->dump, &opened->reader));
	opened->info = mo_dump_info(opened->dump);
}

void open_image(struct opened *opened, struct scratch *scratch, struct image *image)
{
	const char *path = scratch_write(scratch, image);

	open_paths(opened, &path, 1);
}

void close_opened(struct opened *opened)
{
	mo_dump_reader_destroy(opened->reader);
	mo_dump_close(opened->dump);
	*opened = (struct opened){ .dump = NULL };
}

void assert_error(struct mo_error *error, enum mo_error_code code, const char *text)
{
	if (!error)
		fail_msg("no error, but one was expected: %s", text);
	if (mo_error_code(error) != code || !strstr(mo_error_text(error), text))
		fail_msg("error %d \"%s\" where error %d \"...%s...\" was expected", (int)mo_error_code(error),
			 mo_error_text(error), (int)code, text);
	mo_error_destroy(error);
}

void assert_image_refused(struct image *image, enum mo_error_code code, const char *text)
{
	struct scratch scratch;
	struct mo_dump *untouched = (struct mo_dump *)(uintptr_t)1, *dump = untouched;
	const char *path;

	scratch_enter(&scratch);
	path = scratch_write(&scratch, image);
	assert_error(mo_dump_open(&path, 1, &dump), code, text);
	assert_ptr_equal(dump, untouched);
	scratch_leave(&scratch);
}

void assert_memory(struct mo_dump_reader *reader, uint64_t pa, size_t n_bytes)
{
	uint8_t *expected = malloc(n_bytes), *got = malloc(n_bytes);
	size_t done = 0;

	assert_non_null(expected);
	assert_non_null(got);
	memory_fill(pa, expected, n_bytes);
	assert_no_error(mo_dump_read(reader, pa, got, n_bytes));
	assert_memory_equal(got, expected, n_bytes);
	while (done < n_bytes) {
		const void *bytes;
		size_t n_view;

		assert_no_error(mo_dump_view(reader, pa + done, n_bytes - done, &bytes, &n_view));
		assert_true(n_view >= 1 && n_view <= n_bytes - done);
		assert_memory_equal(bytes, expected + done, n_view);
		done += n_view;
	}
	free(expected);
	free(got);
}

void assert_unreadable(struct mo_dump_reader *reader, uint64_t pa, enum mo_error_code code, const char *text)
{
	const void *untouched = &code, *bytes = untouched;
	size_t n_bytes = 77;
	uint8_t byte;

	assert_error(mo_dump_view(reader, pa, 1, &bytes, &n_bytes), code, text);
	assert_ptr_equal(bytes, untouched);
	assert_int_equal(n_bytes, 77);
	assert_error(mo_dump_read(reader, pa, &byte, 1), code, text);
}

void read_everything(const struct mo_dump *dump, struct mo_dump_reader *reader)
{
	const struct mo_dump_info *info = mo_dump_info(dump);
	uint64_t pfn = 0, n_pages, n_done = 0;
	volatile uint8_t sink = 0;

	/* A damaged header may promise pages without end; a bound keeps the test short. */
	while (n_done < 4096 && mo_dump_next_run(dump, pfn, &pfn, &n_pages)) {
		for (uint64_t i = 0; i < n_pages && n_done < 4096; i++, n_done++) {
			const void *bytes;
			size_t n_bytes;
			struct mo_error *error = mo_dump_view(reader, (pfn + i) << info->page_shift, info->page_bytes,
							      &bytes, &n_bytes);

			if (error)
				mo_error_destroy(error);
			else
				sink ^= ((const uint8_t *)bytes)[0] ^ ((const uint8_t *)bytes)[n_bytes - 1];
		}
		pfn += n_pages;
		n_done++;
	}
	for (uint64_t i = 0; i < 64; i++)
		(void)mo_dump_presence(dump, i * 5);
	(void)sink;
}
