/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF out of a dump may be anything: each lie has its own clear error, and none does harm. */
#include "types_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "btf_format.h"

/* A small, sound blob: an int, a struct. */
static struct btf_bytes write_sound(void)
{
	struct btf_writer writer;
	struct btf_bytes written;
	uint32_t u32;

	btf_writer_init(&writer);
	u32 = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_member(&writer, "flags", u32, 0);
	written = btf_write(&writer);
	btf_writer_deinit(&writer);
	return written;
}

static void put_word(struct btf_bytes *bytes, size_t offset, uint32_t word)
{
	for (unsigned i = 0; i < 4; i++)
		bytes->bytes[offset + i] = (uint8_t)(word >> 8 * i);
}

/* Changes one word of a sound blob and expects opening to fail. */
static void assert_refused(size_t offset, uint32_t word, enum mo_error_code code, const char *text)
{
	struct btf_bytes written = write_sound();
	struct mo_types *types = NULL;
	char expected[256] = "cannot read the BTF of the test: ";

	memcpy(expected + strlen(expected), text, strlen(text) + 1);
	put_word(&written, offset, word);
	assert_error(mo_types_open_btf("the test", written.bytes, written.n_bytes, &types), code, expected);
	assert_null(types);
	free(written.bytes);
}

static void headers_that_lie(void **state)
{
	(void)state;
	assert_refused(0, 0x00011234, MO_E_CORRUPT, "not BTF: it begins with 34 12");
	assert_refused(0, 0x0002eb9f, MO_E_UNSUPPORTED, "BTF of version 2");
	assert_refused(4, 8, MO_E_CORRUPT, "BTF has a header of 8 bytes");
	assert_refused(4, 4000, MO_E_CORRUPT, "BTF has a header of 4000 bytes");
	assert_refused(8, 4000, MO_E_CORRUPT, "BTF's types (40 bytes at 4000) lie outside of its 65 bytes");
	assert_refused(12, UINT32_MAX, MO_E_CORRUPT, "BTF's types (4294967295 bytes at 0) lie outside of its 65 bytes");
	assert_refused(16, UINT32_MAX, MO_E_CORRUPT, "BTF's strings (25 bytes at 4294967295) lie outside of its 65 bytes");
	assert_refused(20, UINT32_MAX, MO_E_CORRUPT, "BTF's strings (4294967295 bytes at 40) lie outside of its 65 bytes");
	assert_refused(20, 24, MO_E_CORRUPT, "BTF's strings do not end");
	assert_refused(12, 39, MO_E_CORRUPT, "BTF type 2 of 1 items does not fit into the types");
	assert_refused(12, 20, MO_E_CORRUPT, "BTF is cut short within type 2");
}

static void records_that_lie(void **state)
{
	(void)state;
	/* The struct is the second type: 24 + 16 bytes on, {name, info, size}. */
	assert_refused(44, 4u << 24 | 0xffffff, MO_E_CORRUPT, "BTF type 2 of 16777215 items does not fit into the types");
	assert_refused(44, 4u << 24 | 2, MO_E_CORRUPT, "BTF type 2 of 2 items does not fit into the types");
	assert_refused(40, 4000, MO_E_CORRUPT, "a BTF name at 4000 lies outside of the strings");
}

static void every_truncation_is_refused(void **state)
{
	struct btf_bytes written = write_sound();

	(void)state;
	for (size_t n_bytes = 0; n_bytes < written.n_bytes; n_bytes++) {
		/* A copy of that very size, so that a sanitizer sees a read behind its end. */
		uint8_t *cut = malloc(n_bytes ? n_bytes : 1);
		struct mo_types *types = NULL;
		struct mo_error *error;

		assert_non_null(cut);
		memcpy(cut, written.bytes, n_bytes);
		error = mo_types_open_btf("the test", cut, n_bytes, &types);
		assert_non_null(error);
		assert_null(types);
		assert_int_equal(mo_error_code(error), MO_E_CORRUPT);
		mo_error_destroy(error);
		free(cut);
	}
	free(written.bytes);
}

/* Opens what was written and expects that looking up `name` fails so. */
static void assert_unusable(struct btf_writer *writer, const char *name, enum mo_error_code code, const char *text)
{
	struct mo_types *types = open_written(writer);
	const struct mo_type *type = NULL;

	for (unsigned times = 0; times < 2; times++) {
		assert_error(mo_types_find(types, name, &type), code, text);
		assert_null(type);
	}
	mo_types_destroy(types);
}

static void numbers_out_of_range(void **state)
{
	struct btf_writer writer;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_member(&writer, "flags", 1000, 0);
	assert_unusable(&writer, "struct page", MO_E_CORRUPT,
			"cannot find type \"struct page\": BTF type 1000 does not exist");
	btf_writer_init(&writer);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "far_t", UINT32_MAX);
	assert_unusable(&writer, "far_t", MO_E_CORRUPT, "cannot find type \"far_t\": BTF type 4294967295 does not exist");

	/* Nothing is missing here: kind 0 is an unknown kind, and no gap that could hold three hundred million types. */
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_member(&writer, "flags", 318767110, 0);
	(void)btf_add_head(&writer, NULL, 0, false, 0, 0);
	assert_unusable(&writer, "struct page", MO_E_UNSUPPORTED,
			"cannot find type \"struct page\": BTF type 318767110 lies behind one of unknown kind 0");
}

static void cycles(void **state)
{
	struct btf_writer writer;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "a_t", 2);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "b_t", 1);
	assert_unusable(&writer, "a_t", MO_E_CORRUPT, "cannot find type \"a_t\": BTF of the test: type 1 contains itself");
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "self", 4, 1);
	btf_add_member(&writer, "inner", 1, 0);
	assert_unusable(&writer, "struct self", MO_E_CORRUPT,
			"cannot find type \"struct self\": BTF of the test: type 1 contains itself");
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "holder", 8, 1);
	btf_add_member(&writer, "p", 2, 0);
	(void)btf_add_reference(&writer, MO_BTF_PTR, NULL, 2);
	assert_unusable(&writer, "struct holder", MO_E_CORRUPT,
			"cannot find type \"struct holder\": BTF of the test: type 2 contains itself");
	btf_writer_init(&writer);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "tagged_t", 2);
	(void)btf_add_reference(&writer, MO_BTF_TYPE_TAG, "tag", 2);
	assert_unusable(&writer, "tagged_t", MO_E_CORRUPT,
			"cannot find type \"tagged_t\": BTF of the test: type 2 is a chain of qualifiers without end");
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "looped", 4, 1);
	btf_add_member(&writer, "x", 2, 0);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "loop_t", 2);
	assert_unusable(&writer, "struct looped", MO_E_CORRUPT,
			"cannot find type \"struct looped\": BTF of the test: type 2 contains itself");
}

/* A hundred thousand types, each by way of the next: no stack is that deep. */
static void a_chain_without_sense_is_refused(void **state)
{
	struct btf_writer writer;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "first_t", 2);
	for (uint32_t i = 2; i < 100000; i++)
		(void)btf_add_reference(&writer, MO_BTF_PTR, NULL, i + 1);
	(void)btf_add_int(&writer, "int", 4, MO_BTF_INT_SIGNED, 0, 32);
	assert_unusable(&writer, "first_t", MO_E_CORRUPT,
			"cannot find type \"first_t\": BTF of the test: type 97 is nested too deep");
}

static void arrays_of_impossible_size(void **state)
{
	struct btf_writer writer;
	uint32_t element;

	(void)state;
	btf_writer_init(&writer);
	element = btf_add_struct(&writer, MO_BTF_STRUCT, "huge", UINT32_MAX, 0);
	element = btf_add_array(&writer, element, UINT32_MAX);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "array_t", element);
	assert_unusable(&writer, "array_t", MO_E_CORRUPT,
			"cannot find type \"array_t\": BTF of the test: type 2 is an array of impossible size");
	btf_writer_init(&writer);
	element = btf_add_int(&writer, "char", 1, 0, 0, 8);
	for (unsigned i = 0; i < 3; i++)
		element = btf_add_array(&writer, element, UINT32_MAX);
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "array_t", element);
	assert_unusable(&writer, "array_t", MO_E_CORRUPT,
			"cannot find type \"array_t\": BTF of the test: type 3 is an array of impossible size");
}

static void members_outside_of_their_struct(void **state)
{
	struct btf_writer writer;
	uint32_t u32;

	(void)state;
	btf_writer_init(&writer);
	u32 = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_member(&writer, "flags", u32, 8);
	assert_unusable(&writer, "struct page", MO_E_CORRUPT,
			"cannot find type \"struct page\": BTF of the test: member flags of struct page lies outside of it");
	btf_writer_init(&writer);
	u32 = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	(void)btf_add_bitfield_struct(&writer, "bits", 64, 1);
	btf_add_bitfield(&writer, NULL, u32, 0, 255);
	assert_unusable(&writer, "struct bits", MO_E_CORRUPT,
			"cannot find type \"struct bits\": "
			"BTF of the test: member (anonymous) of struct bits lies outside of it");
	btf_writer_init(&writer);
	u32 = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	(void)btf_add_struct(&writer, MO_BTF_UNION, "u", 4, 1);
	btf_add_member(&writer, "far", u32, UINT32_MAX);
	assert_unusable(&writer, "union u", MO_E_CORRUPT,
			"cannot find type \"union u\": BTF of the test: member far of union u lies outside of it");
}

static void names_that_are_no_names(void **state)
{
	struct btf_writer writer;
	char longest[600];
	uint32_t u32;

	(void)state;
	btf_writer_init(&writer);
	u32 = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_member(&writer, "fl\033[31mags", u32, 0);
	assert_unusable(&writer, "struct page", MO_E_CORRUPT,
			"cannot find type \"struct page\": BTF of the test: type 2 has a name that is not a C name");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	btf_writer_init(&writer);
	(void)btf_add_head(&writer, "big", MO_BTF_ENUM, false, 1, 4);
	btf_add_enumerator(&writer, longest, 1);
	assert_unusable(&writer, "enum big", MO_E_CORRUPT,
			"cannot find type \"enum big\": BTF of the test: type 1 has a name that is not a C name");
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_word(&writer, 5000);
	btf_add_word(&writer, 0);
	btf_add_word(&writer, 0);
	assert_unusable(&writer, "struct page", MO_E_CORRUPT,
			"cannot find type \"struct page\": a BTF name at 5000 lies outside of the strings");
}

static void what_is_no_type_cannot_be_a_member(void **state)
{
	struct btf_writer writer;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "page", 4, 1);
	btf_add_member(&writer, "flags", 2, 0);
	(void)btf_add_head(&writer, "kfree", MO_BTF_FUNC, false, 0, 0);
	assert_unusable(&writer, "struct page", MO_E_CORRUPT,
			"cannot find type \"struct page\": BTF type 2 of kind 12 is not a type");
}

/* 65535 function pointers, each with as many parameters of its own kind: a declaration must stay small. */
static void a_declaration_stays_small(void **state)
{
	struct btf_writer writer;
	struct mo_types *types;
	uint32_t proto, pointer = 0;
	size_t n_chars;

	(void)state;
	btf_writer_init(&writer);
	for (unsigned level = 0; level < 12; level++) {
		proto = btf_add_head(&writer, NULL, MO_BTF_FUNC_PROTO, false, 300, 0);
		for (unsigned i = 0; i < 300; i++)
			btf_add_parameter(&writer, level ? "p" : NULL, level ? pointer : 0);
		pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, proto);
	}
	(void)btf_add_reference(&writer, MO_BTF_TYPEDEF, "monster_t", pointer);
	types = open_written(&writer);
	n_chars = mo_type_declare(must_find(types, "monster_t")->target, "f", NULL, 0);
	assert_true(n_chars >= 1 && n_chars <= 100000);
	mo_types_destroy(types);
}

static void a_bad_module_leaves_the_kernel_usable(void **state)
{
	struct btf_writer writer;
	struct mo_types *types;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	types = open_written(&writer);
	assert_error(mo_types_add_btf_module(types, "leaker", "short", 5), MO_E_CORRUPT,
		     "cannot read the BTF of leaker: BTF of 5 bytes is shorter than its header");
	assert_int_equal(must_find(types, "unsigned int")->size_bytes, 4);
	mo_types_destroy(types);
}

/* Each level has the one below twice, without a name: the depth is small, and there are 2^40 paths. */
static void anonymous_structs_that_double(void **state)
{
	struct btf_writer writer;
	struct btf_bytes written;
	struct mo_types *types = NULL;
	const struct mo_type *type = NULL;
	struct mo_type_path path;
	uint32_t below;

	(void)state;
	btf_writer_init(&writer);
	below = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	for (unsigned level = 0; level < 40; level++) {
		uint32_t inner = below;

		below = btf_add_struct(&writer, MO_BTF_UNION, level == 39 ? "top" : NULL, 4, 2);
		btf_add_member(&writer, level ? NULL : "left", inner, 0);
		btf_add_member(&writer, level ? NULL : "right", inner, 0);
	}
	written = btf_write(&writer);
	btf_writer_deinit(&writer);
	assert_null(mo_types_open_btf("the test", written.bytes, written.n_bytes, &types));
	assert_null(mo_types_find(types, "union top", &type));
	assert_null(mo_types_find_member(types, type, "right", &path));
	assert_error(mo_types_find_member(types, type, "none", &path), MO_E_LIMIT,
		     "cannot find member none of union top: union top has more than 65536 members");
	mo_types_destroy(types);
	free(written.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anonymous_structs_that_double),
		cmocka_unit_test(headers_that_lie),
		cmocka_unit_test(records_that_lie),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(cycles),
		cmocka_unit_test(a_chain_without_sense_is_refused),
		cmocka_unit_test(arrays_of_impossible_size),
		cmocka_unit_test(members_outside_of_their_struct),
		cmocka_unit_test(names_that_are_no_names),
		cmocka_unit_test(what_is_no_type_cannot_be_a_member),
		cmocka_unit_test(a_declaration_stays_small),
		cmocka_unit_test(a_bad_module_leaves_the_kernel_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
