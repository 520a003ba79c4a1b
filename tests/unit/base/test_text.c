/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text.h"

static void test_grows_and_stays_terminated(void **state)
{
	struct mo_text text = MO_TEXT_EMPTY;
	char *taken;

	(void)state;
	assert_string_equal(mo_text_chars(&text), "");
	for (int i = 0; i < 1000; i++) {
		mo_text_append(&text, "abc");
		mo_text_append_char(&text, 'd');
		mo_text_append_n(&text, "efgh", 2);
		mo_text_printf(&text, "%03d", i);
		assert_int_equal(text.length, 9 * (i + 1));
		assert_int_equal(text.chars[text.length], '\0');
	}
	assert_memory_equal(mo_text_chars(&text) + 9 * 998, "abcdef998abcdef999", 19);
	assert_false(mo_text_failed(&text));
	mo_text_clear(&text);
	assert_string_equal(mo_text_chars(&text), "");
	assert_int_equal(text.length, 0);
	mo_text_append(&text, "again");
	taken = mo_text_take(&text);
	assert_string_equal(taken, "again");
	assert_null(text.chars);
	free(taken);
	taken = mo_text_take(&text);
	assert_string_equal(taken, "");
	free(taken);
	mo_text_deinit(&text);
}

static void test_printf_at_every_capacity(void **state)
{
	(void)state;
	/* The boundary where the text just fits, and does not. */
	for (int width = 1; width < 300; width++) {
		struct mo_text text = MO_TEXT_EMPTY;

		mo_text_printf(&text, "%*d", width, 7);
		mo_text_printf(&text, "%s", "!");
		assert_int_equal(strlen(text.chars), (size_t)width + 1);
		assert_int_equal(text.length, width + 1);
		assert_int_equal(text.chars[width - 1], '7');
		assert_int_equal(text.chars[width], '!');
		mo_text_deinit(&text);
	}
}

static void test_too_long_is_sticky(void **state)
{
	struct mo_text text = MO_TEXT_EMPTY;

	(void)state;
	mo_text_append(&text, "before");
	mo_text_append_n(&text, "", SIZE_MAX); /* refused before a byte of it is read */
	assert_true(mo_text_failed(&text));
	mo_text_append(&text, "after");
	assert_string_equal(mo_text_chars(&text), "before");
	assert_null(mo_text_take(&text));
	mo_text_deinit(&text);
}

/* Bytes, and what becomes of them. */
static void assert_visible_n(const char *bytes, size_t n_bytes, enum mo_visible how, const char *expected)
{
	struct mo_text text = MO_TEXT_EMPTY;
	/* A copy of the exact size, so that sanitizers see a read behind its end. */
	char *copy = malloc(n_bytes ? n_bytes : 1);

	memcpy(copy, bytes, n_bytes);
	mo_text_append_visible(&text, copy, n_bytes, how);
	assert_false(mo_text_failed(&text));
	assert_string_equal(mo_text_chars(&text), expected);
	mo_text_deinit(&text);
	free(copy);
}

static void assert_visible(const char *bytes, const char *expected)
{
	assert_visible_n(bytes, strlen(bytes), MO_ONE_LINE, expected);
}

static void test_plain_text_stays(void **state)
{
	(void)state;
	assert_visible("", "");
	assert_visible("kmalloc-64 (ok) ~\\x41", "kmalloc-64 (ok) ~\\x41");
	assert_visible("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_visible("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
	assert_visible("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
}

static void test_controls_become_visible(void **state)
{
	(void)state;
	assert_visible("a\033[31mb", "a\\x1b[31mb");
	assert_visible("\r\n\t\007\x7f", "\\x0d\\x0a\\x09\\x07\\x7f");
	assert_visible("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0");
	assert_visible("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
	assert_visible_n("a\0b", 3, MO_ONE_LINE, "a\\x00b");
}

static void test_bidirectional_overrides_become_visible(void **state)
{
	(void)state;
	assert_visible("\xe2\x80\xaa\xe2\x80\xae", "\\xe2\\x80\\xaa\\xe2\\x80\\xae");
	assert_visible("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
	assert_visible("\xe2\x80\x8e\xe2\x80\x8f", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f");
}

/* Two names that look the same are the same. */
static void test_what_is_not_seen_becomes_visible(void **state)
{
	(void)state;
	assert_visible("a\xe2\x80\x8b" "b", "a\\xe2\\x80\\x8bb");                 /* zero-width space */
	assert_visible("\xe2\x80\x8d\xe2\x81\xa0", "\\xe2\\x80\\x8d\\xe2\\x81\\xa0"); /* joiners */
	assert_visible("\xef\xbb\xbf\xc2\xad", "\\xef\\xbb\\xbf\\xc2\\xad");
	assert_visible("\xe3\x85\xa4\xef\xb8\x8f", "\\xe3\\x85\\xa4\\xef\\xb8\\x8f"); /* filler, variation selector */
	assert_visible("\xf3\xa0\x80\xa0\xd8\x9c", "\\xf3\\xa0\\x80\\xa0\\xd8\\x9c"); /* tag, Arabic letter mark */
	assert_visible("\xe2\x80\x8a\xe2\x80\xa6\xe3\x85\xa3", "\xe2\x80\x8a\xe2\x80\xa6\xe3\x85\xa3"); /* their neighbours */
}

static void test_invalid_bytes_become_visible(void **state)
{
	(void)state;
	assert_visible("\xff\xfe", "\\xff\\xfe");
	assert_visible("\x80", "\\x80");
	assert_visible("\xc0\xaf", "\\xc0\\xaf");                 /* overlong, two bytes */
	assert_visible("\xc1\xbf", "\\xc1\\xbf");
	assert_visible("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");         /* overlong, three */
	assert_visible("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"); /* overlong, four */
	assert_visible("\xed\xa0\x80", "\\xed\\xa0\\x80");         /* surrogate */
	assert_visible("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
	assert_visible("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
}

static void test_cut_sequences(void **state)
{
	(void)state;
	assert_visible("\xc3", "\\xc3");
	assert_visible("\xe2\x82", "\\xe2\\x82");
	assert_visible("\xf0\x9f\x98", "\\xf0\\x9f\\x98");
	/* The character after a broken one is not swallowed. */
	assert_visible("\xe2\x82xyz", "\\xe2\\x82xyz");
	assert_visible("\xe2\xc3\xa4", "\\xe2\xc3\xa4");
}

static void test_lines_may_be_kept(void **state)
{
	(void)state;
	assert_visible_n("a\tb\nc\rd\033", 8, MO_KEEP_LINES, "a\tb\nc\\x0dd\\x1b");
}

/* Whatever bytes come, what is appended is printable and valid: checked by a second reading. */
static void test_random_bytes_are_stable(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct mo_text once = MO_TEXT_EMPTY;
		struct mo_text twice = MO_TEXT_EMPTY;
		uint8_t bytes[24];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			bytes[i] = (uint8_t)((random >> 11) & 1 ? random >> 32 : 0x80 | random >> 40);
		}
		mo_text_append_visible(&once, bytes, sizeof(bytes), MO_ONE_LINE);
		mo_text_append_visible(&twice, mo_text_chars(&once), once.length, MO_ONE_LINE);
		assert_string_equal(mo_text_chars(&once), mo_text_chars(&twice));
		for (size_t i = 0; i < once.length; i++)
			assert_true((uint8_t)once.chars[i] >= 0x20 && once.chars[i] != 0x7f);
		mo_text_deinit(&once);
		mo_text_deinit(&twice);
	}
}

static void test_from_bytes_ends_at_nul_or_size(void **state)
{
	static const char comm[16] = "kworker/0:1\0jun";
	static const char full[4] = { 'f', 'u', 'l', '\n' };
	char *text = mo_text_from_bytes(comm, sizeof(comm));

	(void)state;
	assert_string_equal(text, "kworker/0:1");
	free(text);
	text = mo_text_from_bytes(full, sizeof(full));
	assert_string_equal(text, "ful\\x0a");
	free(text);
	text = mo_text_from_bytes("", 0);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_stays_terminated),
		cmocka_unit_test(test_printf_at_every_capacity),
		cmocka_unit_test(test_too_long_is_sticky),
		cmocka_unit_test(test_plain_text_stays),
		cmocka_unit_test(test_controls_become_visible),
		cmocka_unit_test(test_bidirectional_overrides_become_visible),
		cmocka_unit_test(test_what_is_not_seen_becomes_visible),
		cmocka_unit_test(test_invalid_bytes_become_visible),
		cmocka_unit_test(test_cut_sequences),
		cmocka_unit_test(test_lines_may_be_kept),
		cmocka_unit_test(test_random_bytes_are_stable),
		cmocka_unit_test(test_from_bytes_ends_at_nul_or_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
