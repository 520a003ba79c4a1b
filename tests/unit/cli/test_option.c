/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "option.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mo_cli_option first[] = {
	{ .name = "quiet", .letter = 'q', .kind = MO_OPTION_FLAG, .help = "" },
	{ .name = "output", .letter = 'o', .kind = MO_OPTION_TEXT, .value = "FILE", .help = "" },
};
static const struct mo_cli_option second[] = {
	{ .name = "depth", .letter = 'd', .kind = MO_OPTION_NUMBER, .value = "N", .help = "" },
	{ .name = "types", .kind = MO_OPTION_TEXT, .value = "WHERE", .choices = "auto|btf|dwarf", .help = "" },
};
static const struct mo_option_table tables[] = {
	{ .options = first, .n_options = COUNT(first) },
	{ .options = second, .n_options = COUNT(second) },
};

#define PARSE(parsed, stop, ...) \
	mo_parse_options((char *const[]){ __VA_ARGS__ }, COUNT(((char *const[]){ __VA_ARGS__ })), tables, 2, stop, parsed)

static char quiet[] = "--quiet", word[] = "word", dashes[] = "--", file[] = "file", dash[] = "-";

static void assert_refused(char *option, const char *text)
{
	struct mo_parsed parsed = { .n_words = 77 };
	struct mo_error *error = PARSE(&parsed, false, option);

	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_INVALID);
	assert_string_equal(mo_error_text(error), text);
	assert_int_equal(parsed.n_words, 77);
	mo_error_destroy(error);
}

static void every_form_of_an_option_is_understood(void **state)
{
	char joined[] = "--output=a", apart[] = "--output", letter[] = "-o", stuck[] = "-qofile", hex[] = "--depth=0x10";
	struct mo_parsed parsed;

	(void)state;
	assert_null(PARSE(&parsed, false, joined, word, apart, file, hex));
	assert_string_equal(mo_parsed_text(&parsed, "output"), "file");
	assert_int_equal(mo_parsed_find(&parsed, "depth")->number, 16);
	assert_int_equal(mo_parsed_all(&parsed, "output", NULL, 0), 2);
	assert_int_equal(parsed.n_words, 1);
	assert_false(mo_parsed_has(&parsed, "quiet"));
	mo_parsed_deinit(&parsed);
	assert_null(PARSE(&parsed, false, stuck, letter, word));
	assert_true(mo_parsed_has(&parsed, "quiet"));
	assert_string_equal(mo_parsed_text(&parsed, "output"), "word");
	mo_parsed_deinit(&parsed);
}

static void after_dashes_all_are_words(void **state)
{
	struct mo_parsed parsed;

	(void)state;
	assert_null(PARSE(&parsed, false, word, dash, dashes, quiet, dashes));
	assert_int_equal(parsed.n_words, 4);
	assert_int_equal(parsed.n_words_before_dashes, 2);
	assert_string_equal(parsed.words[2], "--quiet");
	assert_int_equal(parsed.n_given, 0);
	mo_parsed_deinit(&parsed);
}

static void parsing_can_stop_at_the_first_word(void **state)
{
	struct mo_parsed parsed;

	(void)state;
	assert_null(PARSE(&parsed, true, quiet, word, file));
	assert_int_equal(parsed.n_consumed, 1);
	assert_int_equal(parsed.n_words, 0);
	mo_parsed_deinit(&parsed);
}

static void nonsense_is_refused(void **state)
{
	char close[] = "--outptu", strange[] = "--zzzzzzz", letter[] = "-z", missing[] = "--output", flag[] = "--quiet=yes",
	     number[] = "--depth=12x", huge[] = "--depth=18446744073709551616", negative[] = "--depth=-1", empty[] = "--depth=",
	     nothing[] = "--output=",
	     choice[] = "--types=bt", letter_missing[] = "-o";

	(void)state;
	assert_refused(close, "unknown option --outptu (did you mean --output?)");
	assert_refused(strange, "unknown option --zzzzzzz");
	assert_refused(letter, "unknown option -z");
	assert_refused(missing, "--output needs a value (FILE)");
	assert_refused(letter_missing, "-o needs a value (FILE)");
	assert_refused(flag, "--quiet takes no value");
	assert_refused(number, "--depth: '12x' is not a number");
	assert_refused(huge, "--depth: '18446744073709551616' is not a number");
	assert_refused(negative, "--depth: '-1' is not a number");
	assert_refused(empty, "--depth needs a value (N)");
	assert_refused(nothing, "--output needs a value (FILE)");
	assert_refused(choice, "--types: 'bt' must be one of auto|btf|dwarf");
}

static void addresses_are_hexadecimal(void **state)
{
	uint64_t value = 7;

	(void)state;
	assert_true(mo_parse_address("ffffffff81000000", &value));
	assert_int_equal(value, 0xffffffff81000000);
	assert_true(mo_parse_address("0X10", &value));
	assert_int_equal(value, 16);
	assert_false(mo_parse_address("0x", &value));
	assert_false(mo_parse_address("", &value));
	assert_false(mo_parse_address("modules", &value));
	assert_false(mo_parse_address("0x11112222333344445", &value));
	assert_false(mo_parse_number("ff", &value));
	assert_int_equal(value, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_an_option_is_understood),
		cmocka_unit_test(after_dashes_all_are_words),
		cmocka_unit_test(parsing_can_stop_at_the_first_word),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(addresses_are_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
