/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_fixture.h"
#include "file_bytes.h"

#include <stdlib.h>

#define INNER_BYTES 50000

static struct mo_file_bytes *open_file(struct scratch *scratch, struct image *image)
{
	struct mo_file_bytes *file;

	assert_no_error(mo_file_bytes_open(scratch_write(scratch, image), &file));
	return file;
}

static void make_inner(struct image *inner)
{
	*inner = (struct image){ .bytes = NULL };
	image_put(inner, INNER_BYTES, NULL, 0);
	memory_fill(0x123000, inner->bytes, INNER_BYTES);
}

/* Everything in one go, and piece by piece over all borders of records. */
static void assert_unfolds(struct mo_file_bytes *file)
{
	uint8_t expected[INNER_BYTES], got[INNER_BYTES];

	memory_fill(0x123000, expected, INNER_BYTES);
	assert_true(file->is_flattened);
	assert_int_equal(file->n_bytes, INNER_BYTES);
	assert_no_error(mo_file_bytes_copy(file, 0, got, INNER_BYTES));
	assert_memory_equal(got, expected, INNER_BYTES);
	for (size_t at = 0; at + 100 <= INNER_BYTES; at += 97) {
		uint8_t scratch[100];
		const uint8_t *bytes;

		assert_no_error(mo_file_bytes_get(file, at, 100, scratch, &bytes));
		assert_memory_equal(bytes, expected + at, 100);
	}
}

static void unfolds_in_any_order(void **state)
{
	static const struct flatten_spec specs[] = {
		{ .record_bytes = 0 },
		{ .record_bytes = 1000 },
		{ .record_bytes = 1000, .is_reversed = true },
		{ .record_bytes = 4096, .has_stale_copies = true },
		{ .record_bytes = 999, .has_stale_copies = true, .is_reversed = true },
		{ .record_bytes = 1 << 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct scratch scratch;
		struct image inner, flattened;
		struct mo_file_bytes *file;

		scratch_enter(&scratch);
		make_inner(&inner);
		build_flattened(&inner, &specs[i], &flattened);
		image_free(&inner);
		file = open_file(&scratch, &flattened);
		assert_false(file->is_cut_short);
		assert_unfolds(file);
		mo_file_bytes_close(file);
		scratch_leave(&scratch);
	}
}

/* A record over the middle of an earlier one, and a gap that nobody wrote. */
static void overlaps_and_gaps(void **state)
{
	struct scratch scratch;
	struct image image = { .bytes = NULL };
	struct mo_file_bytes *file;
	uint8_t got[30];

	(void)state;
	scratch_enter(&scratch);
	image_put(&image, 0, "makedumpfile", 12);
	image_put_number(&image, 16, 1, 8, true);
	image_put_number(&image, 24, 1, 8, true);
	image_put(&image, 4096, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a" "aaaaaaaaaa", 26);
	image_put(&image, image.n_bytes, "\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x03" "bbb", 19);
	image_put(&image, image.n_bytes, "\0\0\0\0\0\0\0\x14\0\0\0\0\0\0\0\x0a" "cccccccccc", 26);
	image_put_number(&image, image.n_bytes, UINT64_MAX, 8, true);
	image_put_number(&image, image.n_bytes, UINT64_MAX, 8, true);
	file = open_file(&scratch, &image);
	assert_int_equal(file->n_bytes, 30);
	assert_no_error(mo_file_bytes_copy(file, 0, got, 30));
	assert_memory_equal(got, "aaaabbbaaa\0\0\0\0\0\0\0\0\0\0cccccccccc", 30);
	assert_error(mo_file_bytes_copy(file, 25, got, 6), MO_E_CORRUPT, "cut short: offset 30 lies behind its end (30 bytes)");
	mo_file_bytes_close(file);
	scratch_leave(&scratch);
}

/* Wherever it is cut, what came before the cut is right, and the rest is an error and not zeroes. */
static void cut_short_anywhere(void **state)
{
	struct image inner, whole;
	uint8_t expected[INNER_BYTES];

	(void)state;
	memory_fill(0x123000, expected, INNER_BYTES);
	make_inner(&inner);
	build_flattened(&inner, &(struct flatten_spec){ .record_bytes = 10000 }, &whole);
	image_free(&inner);
	for (size_t n_bytes = 4096; n_bytes < whole.n_bytes; n_bytes += 311) {
		struct scratch scratch;
		struct image cut = { .bytes = NULL };
		struct mo_file_bytes *file;
		uint8_t got[INNER_BYTES];

		scratch_enter(&scratch);
		image_put(&cut, 0, whole.bytes, n_bytes);
		file = open_file(&scratch, &cut);
		assert_true(file->is_cut_short);
		assert_true(file->n_bytes <= INNER_BYTES);
		if (file->n_bytes)
			assert_no_error(mo_file_bytes_copy(file, 0, got, file->n_bytes));
		assert_memory_equal(got, expected, file->n_bytes);
		assert_error(mo_file_bytes_copy(file, file->n_bytes, got, 1), MO_E_CORRUPT, "behind its end");
		mo_file_bytes_close(file);
		scratch_leave(&scratch);
	}
	image_free(&whole);
}

/* With its records upside down, a cut leaves gaps inside. */
static void gaps_of_a_cut_file_are_errors(void **state)
{
	struct scratch scratch;
	struct image inner, flattened;
	struct mo_file_bytes *file;
	uint8_t got[10];

	(void)state;
	scratch_enter(&scratch);
	make_inner(&inner);
	build_flattened(&inner, &(struct flatten_spec){ .record_bytes = 10000, .is_reversed = true, .has_no_end = true },
			&flattened);
	image_free(&inner);
	image_truncate(&flattened, flattened.n_bytes - 10016);
	file = open_file(&scratch, &flattened);
	assert_int_equal(file->n_bytes, INNER_BYTES);
	assert_no_error(mo_file_bytes_copy(file, 10000, got, 10));
	assert_error(mo_file_bytes_copy(file, 9995, got, 10), MO_E_CORRUPT,
		     "the flattened file is cut short and lacks what belongs to offset 9995");
	mo_file_bytes_close(file);
	scratch_leave(&scratch);
}

static void header_with(struct image *image, uint64_t type, uint64_t version, size_t n_bytes)
{
	*image = (struct image){ .bytes = NULL };
	image_put(image, 4096 + 16, NULL, 0);
	image_put(image, 0, "makedumpfile", 12);
	image_put_number(image, 16, type, 8, true);
	image_put_number(image, 24, version, 8, true);
	image_truncate(image, n_bytes);
}

static void broken_headers(void **state)
{
	struct image image;

	(void)state;
	header_with(&image, 1, 1, 4095);
	assert_image_refused(&image, MO_E_CORRUPT, "cut short at offset 4095, in the header of a flattened file");
	header_with(&image, 1, 1, 16);
	assert_image_refused(&image, MO_E_CORRUPT, "cut short at offset 16, in the header of a flattened file");
	header_with(&image, 1, 2, 4112);
	assert_image_refused(&image, MO_E_UNSUPPORTED, "flattened file of type 1, version 2 (type 1, version 1 is known)");
	header_with(&image, 1, 1, 4112);
	image_put_number(&image, 4096, 10, 8, true);
	image_put_number(&image, 4104, (uint64_t)-5, 8, true);
	assert_image_refused(&image, MO_E_CORRUPT, "the record at offset 4096 is for -5 bytes at 10, which is impossible");
	header_with(&image, 1, 1, 4112);
	image_put_number(&image, 4096, INT64_MAX, 8, true);
	image_put_number(&image, 4104, 2, 8, true);
	assert_image_refused(&image, MO_E_CORRUPT, "which is impossible");
}

static void contents_that_are_no_dump(void **state)
{
	struct image inner = { .bytes = NULL }, flattened;

	(void)state;
	image_put(&inner, 0, "hello, world", 12);
	build_flattened(&inner, &(struct flatten_spec){ .record_bytes = 0 }, &flattened);
	image_free(&inner);
	assert_image_refused(&flattened, MO_E_UNSUPPORTED,
			     "a flattened file, but neither an ELF core nor kdump-compressed inside");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfolds_in_any_order),
		cmocka_unit_test(overlaps_and_gaps),
		cmocka_unit_test(cut_short_anywhere),
		cmocka_unit_test(gaps_of_a_cut_file_are_errors),
		cmocka_unit_test(broken_headers),
		cmocka_unit_test(contents_that_are_no_dump),
	};

	return cmocka_run_group_tests_name("flattened files", tests, NULL, NULL);
}
