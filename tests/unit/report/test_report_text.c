/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report_fixture.h"

#include <locale.h>

/* Text for people, word for word. */

static void test_zones_without_terminal(void **state)
{
	const struct mo_report_options options = { .width = 0 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	write_zones(caught.report);
	assert_string_equal(
		catch_end(&caught),
		"Zones\n"
		"NODE  NAME                                                                 SIZE  FREE    USED  COMMENT\n"
		"   0  DMA32                                                             3.0 GiB    17  12.4 %  the first "
		"4 GiB\n"
		"   1  No\\x1b[31mr\\xffmal\\x0a                                                  ?    34  12.4 %  ?\n"
		"   2  a-zone-whose-name-is-longer-than-any-zone-of-the-kernel-has       4.0 KiB    51  12.4 %  a comment "
		"of many words, of which one terminal line of eighty columns has no room\n"
		"   3  \xc3\xbcml\xc3\xa4ut \xe4\xb8\xad                                                    >=1023.9 KiB"
		"    68  12.4 %\n");
	catch_free(&caught);
}

static void test_zones_at_80(void **state)
{
	const struct mo_report_options options = { .width = 80 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	write_zones(caught.report);
	assert_string_equal(catch_end(&caught),
			    "Zones\n"
			    "NODE  NAME                            SIZE  FREE    USED  COMMENT\n"
			    "   0  DMA32                        3.0 GiB    17  12.4 %  the first 4 GiB\n"
			    "   1  No\\x1b[31mr\\xffmal\\x0a             ?    34  12.4 %  ?\n"
			    "   2  a-zone-whose-name-i...       4.0 KiB    51  12.4 %  a comment of many\n"
			    "                                                          words, of which one\n"
			    "                                                          terminal line of\n"
			    "                                                          eighty columns has no\n"
			    "                                                          room\n"
			    "   3  \xc3\xbcml\xc3\xa4ut \xe4\xb8\xad               >=1023.9 KiB    68  12.4 %\n");
	catch_free(&caught);
}

static void test_zones_at_200_are_whole(void **state)
{
	const struct mo_report_options at_200 = { .width = 200 };
	const struct mo_report_options without = { .width = 0 };
	struct caught wide;
	struct caught plain;

	(void)state;
	catch_begin(&wide, &at_200, NULL, false);
	write_zones(wide.report);
	catch_begin(&plain, &without, NULL, false);
	write_zones(plain.report);
	assert_string_equal(catch_end(&wide), catch_end(&plain));
	catch_free(&wide);
	catch_free(&plain);
}

static void test_options(void **state)
{
	const struct mo_report_options options = {
		.columns = "name,BROKEN,size_bytes",
		.sort = "-size_bytes",
		.no_headings = true,
		.plain_bytes = true,
	};
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	write_zones(caught.report);
	/* Unknown stands last in a descending order too. */
	assert_string_equal(catch_end(&caught),
			    "DMA32                                                        no   3221225472\n"
			    "\xc3\xbcml\xc3\xa4ut \xe4\xb8\xad                                                    yes   "
			    ">=1048575\n"
			    "a-zone-whose-name-is-longer-than-any-zone-of-the-kernel-has  no         4096\n"
			    "No\\x1b[31mr\\xffmal\\x0a                                       yes           ?\n");
	catch_free(&caught);
}

static void test_all_kinds_exact_bound_unknown(void **state)
{
	const struct mo_report_options options = { .width = 0 };
	struct mo_cell cells[KIND_COLUMNS];
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_table_begin(caught.report, &kinds_spec);
	kinds_row(cells, MO_EXACT);
	mo_report_row(caught.report, cells);
	kinds_row(cells, MO_AT_LEAST);
	mo_report_row(caught.report, cells);
	kinds_row(cells, MO_UNKNOWN);
	mo_report_row(caught.report, cells);
	mo_report_table_end(caught.report);
	assert_string_equal(
		catch_end(&caught),
		"TEXT      COUNT      SIGNED      BYTES             ADDRESS       PFN     PERCENT  BOOL       SECONDS  "
		"TIME                              KIB     FLAGS\n"
		"text    1234567    -1234567    1.2 MiB  0xffff888000001000  0x12d687    1234.6 %  yes     0.001235 s  "
		"2024-11-22 06:30:00 UTC    1234567 kB  0x12d687\n"
		"text  >=1234567  >=-1234567  >=1.1 MiB                   ?         ?  >=1234.5 %  ?     >=0.001234 s  "
		"?                        >=1234567 kB         ?\n"
		"?             ?           ?          ?                   ?         ?           ?  ?                ?  "
		"?                                   ?         ?\n");
	catch_free(&caught);
}

static void test_record(void **state)
{
	const struct mo_report_options options = { .columns = "percent,text,kib", .width = 80 };
	struct mo_cell cells[KIND_COLUMNS];
	struct caught caught;

	(void)state;
	kinds_row(cells, MO_EXACT);
	catch_begin(&caught, &options, NULL, false);
	mo_report_record(caught.report, &kinds_record_spec, cells);
	assert_string_equal(catch_end(&caught),
			    "PERCENT:  1234.6 %\n"
			    "TEXT:     text\n"
			    "KIB:      1234567 kB\n");
	catch_free(&caught);
}

static void write_lines(struct mo_report *report)
{
	const struct mo_cell total[] = { mo_cell_text("MemTotal:"), mo_cell_number(mo_exact(1009876)) };
	const struct mo_cell hostile[] = { mo_cell_text("a\nb\xe2\x80\xae"), mo_cell_number(mo_exact(1)) };

	mo_report_table_begin(report, &lines_spec);
	mo_report_row(report, total);
	mo_report_row(report, hostile);
	mo_report_table_end(report);
}

static void test_kernel_lines(void **state)
{
	const struct mo_report_options plain = { .width = 80 };
	const struct mo_report_options bare = { .no_headings = true, .sort = "value_kib" };
	const struct mo_report_options chosen = { .columns = "value_kib", .width = 80 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &plain, NULL, false);
	write_lines(caught.report);
	assert_string_equal(catch_end(&caught), "lines - version: 2.1\n"
						"MemTotal:        1009876 kB\n"
						"a\\x0ab\\xe2\\x80\\xae       1 kB\n");
	catch_free(&caught);
	catch_begin(&caught, &bare, NULL, false);
	write_lines(caught.report);
	assert_string_equal(catch_end(&caught), "a\\x0ab\\xe2\\x80\\xae       1 kB\n"
						"MemTotal:        1009876 kB\n");
	catch_free(&caught);
	catch_begin(&caught, &chosen, NULL, false);
	write_lines(caught.report);
	assert_string_equal(catch_end(&caught), "Lines\n"
						"     VALUE\n"
						"1009876 kB\n"
						"      1 kB\n");
	catch_free(&caught);
}

static void test_blocks(void **state)
{
	const struct mo_report_options options = { .width = 80 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_section_begin(caught.report, "memory", "Gr\xc3\xb6\xc3\x9f" "en");
	mo_report_table_begin(caught.report, &zones_spec);
	/* Both wait for the end of the table. */
	mo_report_note(caught.report, "Zone   %s has\nno end, and this sentence goes on until the line of eighty is full.",
		       "Normal");
	write_critical(caught.report);
	zone_row(caught.report, 0, "DMA", mo_exact(0), NULL);
	mo_report_table_end(caught.report);
	mo_report_section_end(caught.report);
	assert_string_equal(catch_end(&caught),
			    "Gr\xc3\xb6\xc3\x9f" "en\n"
			    "======\n"
			    "\n"
			    "Zones\n"
			    "NODE  NAME  SIZE  FREE    USED  COMMENT\n"
			    "   0  DMA    0 B    17  12.4 %  ?\n"
			    "\n"
			    "Zone Normal has\\x0ano end, and this sentence goes on until the line of eighty is\n"
			    "full.\n"
			    "\n"
			    "CRITICAL: The free list of zone Normal, order 0, is broken after 17 of 341\n"
			    "    pages: its next page is not a page.\n"
			    "    list head:  0xffff888000001000\n"
			    "    pages:      >=17\n"
			    "    zone:       No\\x0armal\n"
			    "    owner:      ?\n"
			    "    Confidence: likely\n"
			    "    Next: Look for what wrote to the page after it was freed; its last owner is\n"
			    "          the first suspect.\n");
	catch_free(&caught);
}

static void test_paragraphs_stay_readable_on_wide_terminals(void **state)
{
	const struct mo_report_options options = { .width = 200 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_note(caught.report, "%s %s", "A line of a hundred columns is the longest that an eye finds its way back "
		       "from to the beginning", "of the next one.");
	assert_string_equal(catch_end(&caught),
			    "A line of a hundred columns is the longest that an eye finds its way back from to the "
			    "beginning of\nthe next one.\n");
	catch_free(&caught);
}

static void test_colour_marks_severity_only(void **state)
{
	const struct mo_report_options options = { .use_colour = true };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	write_plain_finding(caught.report, MO_WARNING, MO_BASIS_FIT, "Zone is\033[0m low.");
	write_plain_finding(caught.report, MO_INFO, MO_BASIS_FACTS, "All is well.");
	assert_string_equal(catch_end(&caught), "\033[1;33mWARNING:\033[0m Zone is\\x1b[0m low.\n"
						"    Confidence: guess\n"
						"\n"
						"INFO: All is well.\n"
						"    Confidence: certain\n");
	catch_free(&caught);
}

static void test_empty_table(void **state)
{
	const struct mo_report_options options = { .width = 80 };
	const struct mo_report_options bare = { .no_headings = true };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_table_begin(caught.report, &zones_spec);
	mo_report_table_end(caught.report);
	assert_string_equal(catch_end(&caught), "Zones\n(none)\n");
	catch_free(&caught);
	catch_begin(&caught, &bare, NULL, false);
	mo_report_table_begin(caught.report, &zones_spec);
	mo_report_table_end(caught.report);
	assert_string_equal(catch_end(&caught), "");
	catch_free(&caught);
}

/* Neither below another section's contents nor at the end of the report. */
static void test_section_without_contents_has_no_heading(void **state)
{
	const struct mo_report_options options = { .width = 80 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_section_begin(caught.report, "first", "Nothing here");
	mo_report_section_end(caught.report);
	mo_report_note(caught.report, "between");
	mo_report_section_begin(caught.report, "second", "Zones");
	mo_report_note(caught.report, "within");
	mo_report_section_end(caught.report);
	mo_report_section_begin(caught.report, "third", "Nor here");
	mo_report_section_end(caught.report);
	assert_string_equal(catch_end(&caught), "between\n\nZones\n=====\n\nwithin\n");
	catch_free(&caught);
}

/* Its words stand above it already. */
static void test_table_named_as_its_section(void **state)
{
	const struct mo_report_options options = { .width = 80 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_section_begin(caught.report, "zones", "Zones");
	mo_report_table_begin(caught.report, &zones_spec);
	mo_report_table_end(caught.report);
	mo_report_section_end(caught.report);
	assert_string_equal(catch_end(&caught), "Zones\n=====\n\n(none)\n");
	catch_free(&caught);
}

static void test_head_and_legend(void **state)
{
	const struct mo_report_options options = { .width = 0 };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, &full_head, true);
	mo_report_table_begin(caught.report, &zones_spec);
	zone_row(caught.report, 0, "DMA", mo_at_least(5), NULL);
	mo_report_table_end(caught.report);
	assert_string_equal(catch_end(&caught),
			    "memopsy 1.2.3: report\n"
			    "Dump:     /var/crash/vm\\x1bcore (kdump-compressed, zstd)\n"
			    "Release:  6.1.0-30-amd64\n"
			    "Kernel:   Linux version 6.1.0-30-amd64 (debian-kernel@lists.debian.org)\n"
			    "Build ID: 0123456789abcdef0123456789abcdef01234567\n"
			    "Types:    BTF of the dump\n"
			    "Symbols:  kallsyms of the dump\n"
			    "\n"
			    "Zones\n"
			    "NODE  NAME   SIZE  FREE    USED  COMMENT\n"
			    "   0  DMA   >=5 B    17  12.4 %  ?\n"
			    "\n"
			    "?    unknown: unreadable, or not recorded by this kernel\n"
			    ">=N  at least N: part of it could not be read\n");
	catch_free(&caught);
}

static void test_one_hostile_name_does_not_pad_all_rows(void **state)
{
	const struct mo_report_options options = { .width = 0, .columns = "name,node" };
	char *name = malloc(300001);
	struct caught caught;

	(void)state;
	memset(name, '\033', 300000);
	name[300000] = '\0';
	catch_begin(&caught, &options, NULL, false);
	mo_report_table_begin(caught.report, &zones_spec);
	zone_row(caught.report, 1, name, mo_exact(1), NULL);
	zone_row(caught.report, 2, "x", mo_exact(1), NULL);
	mo_report_table_end(caught.report);
	catch_end(&caught);
	assert_non_null(strstr(caught.chars, "\\x1b\\x1b\\...     1\n"));
	assert_true(caught.n_chars < 3200);
	catch_free(&caught);
	free(name);
}

static void test_later_chunks_keep_the_widths(void **state)
{
	const struct mo_report_options options = { .width = 40, .columns = "name,node" };
	struct caught caught;
	size_t n_lines = 0;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_table_begin(caught.report, &zones_spec);
	for (uint64_t i = 0; i < 25000; i++)
		zone_row(caught.report, i % 1000, i < 12000 ? "a-zone" : "longer-than-the-others-and-than-the-line",
			 mo_exact(1), NULL);
	mo_report_table_end(caught.report);
	catch_end(&caught);
	assert_memory_equal(caught.chars, "Zones\nNAME    NODE\na-zone     0\n", 32);
	for (char *line = caught.chars + 6; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(strcspn(line, "\n"), 12);
		n_lines++;
	}
	assert_int_equal(n_lines, 25001);
	assert_non_null(strstr(caught.chars, "lon...   999\n"));
	catch_free(&caught);
}

static void write_section(struct mo_report *report, const char *name, const char *title, bool has_table)
{
	mo_report_section_begin(report, name, title);
	if (has_table)
		write_zones(report);
	mo_report_note(report, "First.");
	mo_report_note(report, "Second.");
	mo_report_finding(report, &(struct mo_finding){ .id = "a", .verdict = "Found.", .severity = MO_WARNING });
	mo_report_finding(report, &(struct mo_finding){ .id = "b", .verdict = "Not read.", .severity = MO_NOTICE,
							.is_about_reading = true });
	mo_report_section_end(report);
}

/* Of a brief section: its first rows and how many more there are, or one note; and what could not be read in any case. */
static void test_brief(void **state)
{
	static const struct mo_report_brief brief = { .max_tables = 1, .max_rows = 1 };
	static const struct mo_report_brief paragraph = { .max_tables = 0 };
	const struct mo_report_options options = { .width = 0 };
	struct caught caught;
	const char *text;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_set_brief(caught.report, &brief);
	write_section(caught.report, "zones", "Zones", true);
	mo_report_set_brief(caught.report, &paragraph);
	write_section(caught.report, "quiet", "Quiet", false);
	mo_report_set_brief(caught.report, NULL);
	mo_report_section_begin(caught.report, "whole", "Whole");
	mo_report_note(caught.report, "Third.");
	mo_report_note(caught.report, "Fourth.");
	mo_report_section_end(caught.report);
	text = catch_end(&caught);
	assert_non_null(strstr(text, "DMA32"));
	assert_non_null(strstr(text, "\n(3 more)\n"));
	assert_null(strstr(text, "a-zone-whose-name"));
	assert_non_null(strstr(text, "\nQuiet: First.\n"));
	assert_null(strstr(text, "Second."));
	assert_null(strstr(text, "Found."));
	assert_non_null(strstr(text, "Not read."));
	assert_non_null(strstr(text, "\n== Whole\nThird.\n\nFourth.\n"));
	catch_free(&caught);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_without_terminal),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_zones_at_80),
		cmocka_unit_test(test_zones_at_200_are_whole),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_all_kinds_exact_bound_unknown),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_kernel_lines),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_paragraphs_stay_readable_on_wide_terminals),
		cmocka_unit_test(test_colour_marks_severity_only),
		cmocka_unit_test(test_empty_table),
		cmocka_unit_test(test_section_without_contents_has_no_heading),
		cmocka_unit_test(test_table_named_as_its_section),
		cmocka_unit_test(test_head_and_legend),
		cmocka_unit_test(test_one_hostile_name_does_not_pad_all_rows),
		cmocka_unit_test(test_later_chunks_keep_the_widths),
	};

	/* The process's own locale, whatever it is, must not matter. */
	setlocale(LC_ALL, "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
