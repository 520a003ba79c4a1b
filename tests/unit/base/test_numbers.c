/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as people type and read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <memopsy/numbers.h>

typedef bool (*parser)(const char *text, uint64_t *ret);

static void assert_parsed(parser parse, const char *text, uint64_t expected)
{
	uint64_t value = 7;

	assert_true(parse(text, &value));
	assert_true(value == expected);
}

static void assert_refused(parser parse, const char *text)
{
	uint64_t value = 7;

	assert_false(parse(text, &value));
	assert_true(value == 7);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_parsed(mo_parse_number, "0", 0);
	assert_parsed(mo_parse_number, "010", 10);
	assert_parsed(mo_parse_number, "0x10", 16);
	assert_parsed(mo_parse_number, "18446744073709551615", UINT64_MAX);
	assert_parsed(mo_parse_number, "0XffffFFFFffffFFFF", UINT64_MAX);
	assert_refused(mo_parse_number, "10a");
}

static void test_addresses(void **state)
{
	(void)state;
	assert_parsed(mo_parse_address, "10", 16);
	assert_parsed(mo_parse_address, "0x10", 16);
	assert_parsed(mo_parse_address, "ffffffff81000000", 0xffffffff81000000);
	assert_refused(mo_parse_address, "init_task");
}

static void test_page_frames(void **state)
{
	(void)state;
	assert_parsed(mo_parse_pfn, "10", 10);
	assert_parsed(mo_parse_pfn, "0x10", 16);
	assert_parsed(mo_parse_pfn, "1a", 26);
	assert_refused(mo_parse_pfn, "16q");
}

static void test_what_is_no_number(void **state)
{
	static const parser parsers[] = { mo_parse_number, mo_parse_address, mo_parse_pfn };
	static const char *const texts[] = { "", " ", "0x", "-1", "+1", " 1", "1 ", "0x0x1", "0x-1", "1.5",
					     "99999999999999999999999", "0x10000000000000000" };

	(void)state;
	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++)
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			assert_refused(parsers[i], texts[j]);
}

static void assert_size(uint64_t bytes, bool is_lower_bound, const char *expected)
{
	char text[MO_SIZE_TEXT_BYTES];

	mo_format_bytes(text, sizeof(text), bytes, is_lower_bound);
	assert_string_equal(text, expected);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_size(0, false, "0 B");
	assert_size(1023, false, "1023 B");
	assert_size(1024, false, "1.0 KiB");
	assert_size(1536, false, "1.5 KiB");
	/* Never 1024.0 of a unit. */
	assert_size((1 << 20) - 1, false, "1.0 MiB");
	assert_size((1 << 20) - 1, true, "1023.9 KiB");
	assert_size(UINT64_C(5) << 30, false, "5.0 GiB");
	assert_size(UINT64_MAX, false, "16.0 EiB");
	assert_size(UINT64_MAX, true, "15.9 EiB");
}

static void test_sizes_are_cut_to_fit(void **state)
{
	char text[4];

	(void)state;
	mo_format_bytes(text, sizeof(text), 1536, false);
	assert_string_equal(text, "1.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_page_frames),
		cmocka_unit_test(test_what_is_no_number),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sizes_are_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
