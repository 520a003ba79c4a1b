/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model: members by path, declarations, completion. The types come from BTF written here. */
#include "types_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "btf_format.h"

struct numbers {
	uint32_t u32, u64, s8, chr, boolean;
	uint32_t list_head, list_head_pointer;
	uint32_t forward, forward_pointer;
};

/* Base types, struct list_head, and a forward declaration of struct device. */
static struct numbers write_common(struct btf_writer *writer)
{
	struct numbers numbers;

	btf_writer_init(writer);
	numbers.u32 = btf_add_int(writer, "unsigned int", 4, 0, 0, 32);
	numbers.u64 = btf_add_int(writer, "long unsigned int", 8, 0, 0, 64);
	numbers.s8 = btf_add_int(writer, "signed char", 1, MO_BTF_INT_SIGNED, 0, 8);
	numbers.chr = btf_add_int(writer, "char", 1, MO_BTF_INT_SIGNED, 0, 8);
	numbers.boolean = btf_add_int(writer, "_Bool", 1, MO_BTF_INT_BOOL, 0, 8);
	numbers.list_head_pointer = writer->n_types + 1;
	numbers.list_head = btf_add_struct(writer, MO_BTF_STRUCT, "list_head", 16, 2);
	btf_add_member(writer, "next", numbers.list_head_pointer, 0);
	btf_add_member(writer, "prev", numbers.list_head_pointer, 64);
	(void)btf_add_reference(writer, MO_BTF_PTR, NULL, numbers.list_head);
	numbers.forward = btf_add_head(writer, "device", MO_BTF_FWD, false, 0, 0);
	numbers.forward_pointer = btf_add_reference(writer, MO_BTF_PTR, NULL, numbers.forward);
	return numbers;
}

/* struct page { ulong flags; union { struct { list_head lru; }; u32 words[6]; }; struct { u64 inner; } named; u32 tail[]; } */
static struct mo_types *open_page(void)
{
	struct btf_writer writer;
	struct numbers n = write_common(&writer);
	uint32_t inner, unnamed_union, named, words, tail;

	words = btf_add_array(&writer, n.u32, 6);
	inner = btf_add_struct(&writer, MO_BTF_STRUCT, NULL, 24, 2);
	btf_add_member(&writer, "before", n.u64, 0);
	btf_add_member(&writer, "lru", n.list_head, 64);
	unnamed_union = btf_add_struct(&writer, MO_BTF_UNION, NULL, 24, 2);
	btf_add_member(&writer, NULL, inner, 0);
	btf_add_member(&writer, "words", words, 0);
	named = btf_add_struct(&writer, MO_BTF_STRUCT, NULL, 8, 1);
	btf_add_member(&writer, "inner", n.u64, 0);
	tail = btf_add_array(&writer, n.u32, 0);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 40, 5);
	btf_add_member(&writer, "flags", n.u64, 0);
	btf_add_member(&writer, NULL, unnamed_union, 64);
	btf_add_member(&writer, "named", named, 256);
	btf_add_member(&writer, "owner", n.forward_pointer, 256);
	btf_add_member(&writer, "tail", tail, 320);
	return open_written(&writer);
}

static void members_are_found_by_path(void **state)
{
	struct mo_types *types = open_page();

	(void)state;
	assert_member(types, "struct page", "flags", 0, 0, "unsigned long x");
	assert_member(types, "struct page", "lru", 128, 0, "struct list_head x");
	assert_member(types, "struct page", "lru.prev", 192, 0, "struct list_head *x");
	assert_member(types, "struct page", "words[5]", 64 + 5 * 32, 0, "unsigned int x");
	assert_member(types, "struct page", "words", 64, 0, "unsigned int x[6]");
	assert_member(types, "struct page", "named.inner", 256, 0, "unsigned long x");
	assert_member(types, "struct page", "tail[10]", 320 + 320, 0, "unsigned int x");
	assert_member(types, "struct page", "tail", 320, 0, "unsigned int x[]");
	mo_types_destroy(types);
}

static void bad_paths_say_why(void **state)
{
	static const struct {
		const char *path;
		enum mo_error_code code;
		const char *text;
	} rows[] = {
		{ "inner", MO_E_ABSENT, "cannot find member inner of struct page: struct page has no member inner" },
		{ "named.x", MO_E_ABSENT, "cannot find member named.x of struct page: struct (anonymous) has no member x" },
		{ "lru.next.prev", MO_E_INVALID,
		  "cannot find member lru.next.prev of struct page: \"prev\" would follow a pointer" },
		{ "flags.x", MO_E_INVALID,
		  "cannot find member flags.x of struct page: \"x\" is looked for in what is not a struct or union" },
		{ "words[6]", MO_E_INVALID,
		  "cannot find member words[6] of struct page: index 6 is outside of an array of 6" },
		{ "words[-1]", MO_E_INVALID, "cannot find member words[-1] of struct page: \"[-1]\" is not an index" },
		{ "words[1", MO_E_INVALID, "cannot find member words[1 of struct page: \"[1\" is not an index" },
		{ "words[99999999999999999999]", MO_E_INVALID,
		  "cannot find member words[99999999999999999999] of struct page: "
		  "\"[99999999999999999999]\" is not an index" },
		{ "flags[0]", MO_E_INVALID,
		  "cannot find member flags[0] of struct page: \"[0]\" is applied to what is not an array" },
		{ "tail[18446744073709551615]", MO_E_LIMIT,
		  "cannot find member tail[18446744073709551615] of struct page: "
		  "index 18446744073709551615 is out of all range" },
		{ "", MO_E_INVALID, "cannot find member  of struct page: a name is missing before \"\"" },
		{ "lru.", MO_E_INVALID, "cannot find member lru. of struct page: a name is missing before \"\"" },
		{ "words[1]x", MO_E_INVALID,
		  "cannot find member words[1]x of struct page: \"x\" does not go on with \".\" or \"[\"" },
	};
	struct mo_types *types = open_page();
	const struct mo_type *page = must_find(types, "struct page");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mo_type_path found = { .offset_bits = 77 };

		assert_error(mo_types_find_member(types, page, rows[i].path, &found), rows[i].code, rows[i].text);
		assert_int_equal(found.offset_bits, 77);
	}
	mo_types_destroy(types);
}

static void what_a_pointer_leads_to_is_incomplete_until_asked(void **state)
{
	struct mo_types *types = open_page();
	const struct mo_type *list_head = must_find(types, "struct list_head");
	const struct mo_type *target = list_head->members[0].type->target;
	const struct mo_type *full = NULL;
	const struct mo_type *page = must_find(types, "struct page");

	(void)state;
	assert_true(target->is_incomplete);
	assert_int_equal(target->n_members, 0);
	assert_int_equal(target->size_bytes, 0);
	assert_no_error(mo_types_complete(types, target, &full));
	assert_ptr_equal(full, list_head);
	assert_no_error(mo_types_complete(types, full, &full));
	assert_ptr_equal(full, list_head);
	/* A forward declaration that nothing completes. */
	assert_error(mo_types_complete(types, page->members[3].type->target, &full), MO_E_ABSENT,
		     "cannot complete struct device: BTF of the test has no struct device");
	assert_ptr_equal(full, list_head);
	mo_types_destroy(types);
}

static void characters_and_bools_are_told_apart(void **state)
{
	struct mo_types *types = open_page();
	const struct mo_type *chr = must_find(types, "char");
	const struct mo_type *s8 = must_find(types, "signed char");
	const struct mo_type *boolean = must_find(types, "_Bool");
	const struct mo_type *u64 = must_find(types, "unsigned long");

	(void)state;
	assert_true(chr->is_char && !chr->is_signed && !chr->is_bool);
	assert_true(s8->is_char && s8->is_signed);
	assert_true(boolean->is_bool && !boolean->is_char && !boolean->is_signed);
	assert_true(!u64->is_char && !u64->is_signed && u64->size_bytes == 8);
	assert_string_equal(u64->name, "unsigned long");
	mo_types_destroy(types);
}

/* Declarations of what only C programmers write. */
static struct mo_types *open_declarations(void)
{
	struct btf_writer writer;
	struct numbers n = write_common(&writer);
	uint32_t constant = btf_add_reference(&writer, MO_BTF_CONST, NULL, n.chr);
	uint32_t constant_pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, constant);
	uint32_t constant_constant = btf_add_reference(&writer, MO_BTF_CONST, NULL, constant_pointer);
	uint32_t restricted = btf_add_reference(&writer, MO_BTF_RESTRICT, NULL, constant_pointer);
	uint32_t volatile_int = btf_add_reference(&writer, MO_BTF_VOLATILE, NULL, n.u32);
	uint32_t function = btf_add_head(&writer, NULL, MO_BTF_FUNC_PROTO, false, 2, 0);
	uint32_t function_pointer, variadic, variadic_pointer, array, array_pointer, nothing, nothing_pointer, rows, table;
	uint32_t pointers, typedef_array, typedef_rows, empty_enum;

	btf_add_parameter(&writer, NULL, n.list_head_pointer);
	btf_add_parameter(&writer, "size", n.u64);
	function_pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, function);
	variadic = btf_add_head(&writer, NULL, MO_BTF_FUNC_PROTO, false, 2, function_pointer);
	btf_add_parameter(&writer, NULL, constant_pointer);
	btf_add_parameter(&writer, NULL, 0);
	variadic_pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, variadic);
	nothing = btf_add_head(&writer, NULL, MO_BTF_FUNC_PROTO, false, 0, n.u32);
	nothing_pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, nothing);
	array = btf_add_array(&writer, n.u32, 4);
	array_pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, array);
	pointers = btf_add_array(&writer, function_pointer, 3);
	rows = btf_add_array(&writer, array, 2);
	table = btf_add_array(&writer, rows, 5);
	typedef_array = btf_add_reference(&writer, MO_BTF_TYPEDEF, "row_t", array);
	typedef_rows = btf_add_array(&writer, typedef_array, 2);
	empty_enum = btf_add_head(&writer, NULL, MO_BTF_ENUM, false, 1, 4);
	btf_add_enumerator(&writer, "ONE", 1);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "all", 256, 11);
	btf_add_member(&writer, "constant_constant", constant_constant, 0);
	btf_add_member(&writer, "restricted", restricted, 64);
	btf_add_member(&writer, "volatile_int", volatile_int, 128);
	btf_add_member(&writer, "function_pointer", function_pointer, 192);
	btf_add_member(&writer, "variadic", variadic_pointer, 256);
	btf_add_member(&writer, "array_pointer", array_pointer, 320);
	btf_add_member(&writer, "pointers", pointers, 384);
	btf_add_member(&writer, "nothing", nothing_pointer, 576);
	btf_add_member(&writer, "table", table, 640);
	btf_add_member(&writer, "typedef_rows", typedef_rows, 640);
	btf_add_member(&writer, "choice", empty_enum, 640);
	return open_written(&writer);
}

static void declarations_are_c(void **state)
{
	static const char *const expected[] = {
		"const char *const x",
		"const char *x",
		"volatile unsigned int x",
		"void (*x)(struct list_head *, unsigned long size)",
		"void (*(*x)(const char *, ...))(struct list_head *, unsigned long size)",
		"unsigned int (*x)[4]",
		"void (*x[3])(struct list_head *, unsigned long size)",
		"unsigned int (*x)(void)",
		"unsigned int x[40]", /* dimensions count as one */
		"row_t x[2]",
		"enum {...} x",
	};
	struct mo_types *types = open_declarations();
	const struct mo_type *all = must_find(types, "struct all");
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_declared(all->members[i].type, "x", expected[i]);
	assert_declared(all->members[0].type, NULL, "const char *const");
	assert_declared(all->members[3].type, NULL, "void (*)(struct list_head *, unsigned long size)");
	assert_declared(all->members[8].type, NULL, "unsigned int [40]");
	assert_declared(all, NULL, "struct all");
	/* Cut to fit, and the wanted length told. */
	assert_int_equal(mo_type_declare(all->members[8].type, "xyz", text, 8), strlen("unsigned int xyz[40]"));
	assert_string_equal(text, "unsigne");
	assert_int_equal(mo_type_declare(all, NULL, NULL, 0), strlen("struct all"));
	mo_types_destroy(types);
}

static void dimensions_count_as_one(void **state)
{
	struct mo_types *types = open_declarations();

	(void)state;
	assert_member(types, "struct all", "table[39]", 640 + 39 * 32, 0, "unsigned int x");
	assert_member(types, "struct all", "typedef_rows[1][3]", 640 + 7 * 32, 0, "unsigned int x");
	mo_types_destroy(types);
}

static void an_absent_name_says_where_it_was_searched(void **state)
{
	struct mo_types *types = open_page();
	const struct mo_type *type = NULL;
	int64_t value;

	(void)state;
	assert_error(mo_types_find(types, "struct nothing", &type), MO_E_ABSENT,
		     "cannot find type \"struct nothing\": BTF of the test has no struct nothing");
	assert_error(mo_types_find(types, "struct nothing", &type), MO_E_ABSENT,
		     "cannot find type \"struct nothing\": BTF of the test has no struct nothing");
	assert_error(mo_types_find(types, "union page", &type), MO_E_ABSENT,
		     "cannot find type \"union page\": BTF of the test has no union page");
	assert_error(mo_types_find(types, "page", &type), MO_E_ABSENT,
		     "cannot find type \"page\": BTF of the test has no page");
	/* A forward declaration is no type that could be used. */
	assert_error(mo_types_find(types, "struct device", &type), MO_E_ABSENT,
		     "cannot find type \"struct device\": BTF of the test has no struct device");
	assert_error(mo_types_find_enumerator(types, NULL, "NOTHING", &value), MO_E_ABSENT,
		     "cannot find enumerator \"NOTHING\": BTF of the test has no enumerator NOTHING");
	assert_error(mo_types_find_enumerator(types, "struct page", "X", &value), MO_E_INVALID, "page is not an enum");
	assert_null(type);
	mo_types_destroy(types);
}

static void prefetch_forgives_absent_names_only(void **state)
{
	const struct mo_type_request requests[] = {
		{ .type = "struct page" }, { .type = "struct nothing" }, { .enumerator = "NOTHING" },
	};
	const struct mo_type_request bad[] = { { .type = "struct page struct" } };
	struct mo_types *types = open_page();

	(void)state;
	assert_no_error(mo_types_prefetch(types, requests, 3));
	assert_no_error(mo_types_prefetch(types, NULL, 0));
	assert_error(mo_types_prefetch(types, bad, 1), MO_E_INVALID, "not the name of a type: \"struct page struct\"");
	assert_string_equal(mo_types_describe(types), "BTF of the test");
	assert_null(mo_types_cache_remark(types));
	mo_types_save_cache(types);
	mo_types_destroy(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_by_path),
		cmocka_unit_test(bad_paths_say_why),
		cmocka_unit_test(what_a_pointer_leads_to_is_incomplete_until_asked),
		cmocka_unit_test(characters_and_bools_are_told_apart),
		cmocka_unit_test(declarations_are_c),
		cmocka_unit_test(dimensions_count_as_one),
		cmocka_unit_test(an_absent_name_says_where_it_was_searched),
		cmocka_unit_test(prefetch_forgives_absent_names_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
