/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names as users write them. */
#include "types_fixture.h"

#include <string.h>

#include "type_name.h"

static void assert_key(const char *text, enum mo_name_space space, const char *key, const char *tag)
{
	struct mo_type_name name;

	assert_no_error(mo_type_name_parse(text, &name));
	assert_int_equal(name.space, space);
	assert_string_equal(name.key, key);
	assert_string_equal(name.tag, tag);
	assert_int_equal(name.tag_length, strlen(tag));
}

static void names_are_made_one(void **state)
{
	(void)state;
	assert_key("struct page", MO_NAME_STRUCT, "struct page", "page");
	assert_key("  struct \t page ", MO_NAME_STRUCT, "struct page", "page");
	assert_key("union handle_parts", MO_NAME_UNION, "union handle_parts", "handle_parts");
	assert_key("enum zone_type", MO_NAME_ENUM, "enum zone_type", "zone_type");
	assert_key("pgd_t", MO_NAME_PLAIN, "pgd_t", "pgd_t");
	assert_key("structure", MO_NAME_PLAIN, "structure", "structure");
	assert_key("long double", MO_NAME_PLAIN, "long double", "long double");
}

static void integers_have_one_spelling(void **state)
{
	static const char *const spellings[][2] = {
		{ "unsigned long", "long unsigned int" }, { "unsigned long", "unsigned long int" },
		{ "unsigned long", "unsigned long" },     { "long", "long int" },
		{ "long", "signed long" },                { "unsigned int", "unsigned" },
		{ "int", "signed" },                      { "int", "signed int" },
		{ "short", "short int" },                 { "unsigned short", "short unsigned int" },
		{ "long long", "long long int" },         { "unsigned long long", "long long unsigned int" },
		{ "char", "char" },                       { "signed char", "char signed" },
		{ "unsigned char", "unsigned char" },     { "unsigned __int128", "__int128 unsigned" },
		{ "__int128", "__int128" },               { "_Bool", "_Bool" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		assert_string_equal(mo_type_name_integer(spellings[i][1]), spellings[i][0]);
		assert_key(spellings[i][1], MO_NAME_PLAIN, spellings[i][0], spellings[i][0]);
	}
}

static void other_names_are_no_integers(void **state)
{
	static const char *const others[] = {
		"", " ", "u64", "float", "double", "long double", "long long long", "unsigned signed int", "int int",
		"short long", "char int", "unsigned _Bool", "longer", "long short int",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(mo_type_name_integer(others[i]));
}

static void every_spelling_leads_back(void **state)
{
	static const char *const canonical[] = { "unsigned long", "short", "unsigned __int128", "int", "pgd_t" };

	(void)state;
	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		assert_string_equal(mo_type_name_spelling(canonical[i], 0), canonical[i]);
		for (unsigned spelling = 1; mo_type_name_spelling(canonical[i], spelling); spelling++)
			assert_string_equal(mo_type_name_integer(mo_type_name_spelling(canonical[i], spelling)),
					    canonical[i]);
	}
	assert_string_equal(mo_type_name_spelling("unsigned long", 1), "long unsigned int");
	assert_null(mo_type_name_spelling("unsigned long", 2));
	assert_null(mo_type_name_spelling("pgd_t", 1));
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const refused[] = { "struct", "enum", "a b", "struct a b", "page;\n", "unsigned page" };
	struct mo_type_name name;
	char text[128];
	char longest[700];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct mo_error *error = mo_type_name_parse(refused[i], &name);

		assert_error_contains(error, MO_E_INVALID, "not the name of a type: \"");
	}
	assert_error(mo_type_name_parse("", &name), MO_E_INVALID, "not the name of a type: \"\"");
	assert_error(mo_type_name_parse("a b", &name), MO_E_INVALID, "not the name of a type: \"a b\"");
	assert_error(mo_type_name_parse_enumerator("A B", &name), MO_E_INVALID, "not the name of an enumerator: \"A B\"");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memset(text, 0, sizeof(text));
	assert_error_contains(mo_type_name_parse(longest, &name), MO_E_INVALID, "not the name of a type: \"xxxx");
	longest[511] = '\0';
	assert_no_error(mo_type_name_parse(longest, &name));
}

static void enumerators_have_a_space_of_their_own(void **state)
{
	struct mo_type_name name;

	(void)state;
	assert_no_error(mo_type_name_parse_enumerator(" NR_FREE_PAGES", &name));
	assert_int_equal(name.space, MO_NAME_ENUMERATOR);
	assert_string_equal(name.key, "enumerator NR_FREE_PAGES");
	assert_string_equal(name.tag, "NR_FREE_PAGES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_made_one),
		cmocka_unit_test(integers_have_one_spelling),
		cmocka_unit_test(other_names_are_no_integers),
		cmocka_unit_test(every_spelling_leads_back),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(enumerators_have_a_space_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
