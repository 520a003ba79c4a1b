/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF of every kind, in both byte orders, split, and with what a newer kernel may bring. */
#include "types_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "btf_format.h"

/* A type of every kind that the format has. */
static void write_every_kind(struct btf_writer *writer, bool is_big_endian)
{
	uint32_t u32, odd, flt, tagged, pointer, proto, function, forward_union, forward_pointer, variable;

	btf_writer_init(writer);
	writer->is_big_endian = is_big_endian;
	u32 = btf_add_int(writer, "unsigned int", 4, 0, 0, 32);
	odd = btf_add_int(writer, "unsigned int", 4, 0, 3, 5);
	flt = btf_add_head(writer, "double", MO_BTF_FLOAT, false, 0, 8);
	tagged = btf_add_reference(writer, MO_BTF_TYPE_TAG, "user", u32);
	pointer = btf_add_reference(writer, MO_BTF_PTR, NULL, tagged);
	proto = btf_add_head(writer, NULL, MO_BTF_FUNC_PROTO, false, 1, u32);
	btf_add_parameter(writer, "x", u32);
	function = btf_add_head(writer, "kfree", MO_BTF_FUNC, false, 1, proto);
	forward_union = btf_add_head(writer, "thread_union", MO_BTF_FWD, true, 0, 0);
	forward_pointer = btf_add_reference(writer, MO_BTF_PTR, NULL, forward_union);
	variable = btf_add_head(writer, "jiffies", MO_BTF_VAR, false, 0, u32);
	btf_add_word(writer, 1);
	(void)btf_add_head(writer, ".data", MO_BTF_DATASEC, false, 1, 4);
	btf_add_word(writer, variable);
	btf_add_word(writer, 0);
	btf_add_word(writer, 4);
	(void)btf_add_head(writer, "tag", MO_BTF_DECL_TAG, false, 0, function);
	btf_add_word(writer, UINT32_MAX);
	(void)btf_add_head(writer, "zone_type", MO_BTF_ENUM, false, 2, 4);
	btf_add_enumerator(writer, "ZONE_DMA", 0);
	btf_add_enumerator(writer, "ZONE_HIGH_BIT", (int32_t)0x80000000);
	(void)btf_add_head(writer, "errors", MO_BTF_ENUM, true, 1, 4);
	btf_add_enumerator(writer, "MINUS_ONE", -1);
	(void)btf_add_head(writer, "wide", MO_BTF_ENUM64, false, 2, 8);
	btf_add_enumerator64(writer, "WIDE_TOP", INT64_MIN);
	btf_add_enumerator64(writer, "WIDE_ONE", 1);
	(void)btf_add_head(writer, "wide_signed", MO_BTF_ENUM64, true, 1, 8);
	btf_add_enumerator64(writer, "WIDE_MINUS", -5);
	(void)btf_add_bitfield_struct(writer, "bits", 16, 5);
	btf_add_bitfield(writer, "order", u32, 0, 7);
	btf_add_bitfield(writer, "objects", u32, 7, 25);
	btf_add_bitfield(writer, "whole", u32, 32, 32);
	btf_add_bitfield(writer, NULL, u32, 64, 3);
	btf_add_bitfield(writer, "plain", u32, 96, 0);
	(void)btf_add_struct(writer, MO_BTF_STRUCT, "old_bits", 8, 2);
	btf_add_member(writer, "bits", odd, 32);
	btf_add_member(writer, "word", u32, 0);
	(void)btf_add_struct(writer, MO_BTF_UNION, "mixed", 8, 3);
	btf_add_member(writer, "d", flt, 0);
	btf_add_member(writer, "p", pointer, 0);
	btf_add_member(writer, "u", forward_pointer, 0);
	(void)btf_add_reference(writer, MO_BTF_TYPEDEF, "gfp_t", u32);
}

static void check_every_kind(struct mo_types *types)
{
	assert_member(types, "struct bits", "order", 0, 7, "unsigned int x");
	assert_member(types, "struct bits", "objects", 7, 25, "unsigned int x");
	assert_member(types, "struct bits", "whole", 32, 0, "unsigned int x");
	assert_member(types, "struct bits", "plain", 96, 0, "unsigned int x");
	assert_member(types, "struct old_bits", "bits", 35, 5, "unsigned int x");
	assert_member(types, "struct old_bits", "word", 0, 0, "unsigned int x");
	assert_member(types, "union mixed", "d", 0, 0, "double x");
	assert_member(types, "union mixed", "p", 0, 0, "unsigned int *x");
	assert_member(types, "union mixed", "u", 0, 0, "union thread_union *x");
	assert_enumerator(types, "enum zone_type", "ZONE_HIGH_BIT", 0x80000000ll);
	assert_enumerator(types, "enum errors", "MINUS_ONE", -1);
	assert_enumerator(types, NULL, "WIDE_TOP", INT64_MIN);
	assert_enumerator(types, NULL, "WIDE_MINUS", -5);
	assert_enumerator(types, NULL, "ZONE_DMA", 0);
	assert_false(must_find(types, "enum zone_type")->is_signed);
	assert_true(must_find(types, "enum errors")->is_signed);
	assert_false(must_find(types, "enum wide")->is_signed);
	assert_true(must_find(types, "enum wide_signed")->is_signed);
	assert_declared(must_find(types, "gfp_t"), "x", "gfp_t x");
	assert_int_equal(must_find(types, "gfp_t")->size_bytes, 4);
	assert_int_equal(must_find(types, "double")->kind, MO_TYPE_FLOAT);
}

static void every_kind_is_read(void **state)
{
	(void)state;
	for (unsigned is_big_endian = 0; is_big_endian < 2; is_big_endian++) {
		struct btf_writer writer;
		struct mo_types *types;

		write_every_kind(&writer, is_big_endian);
		types = open_written(&writer);
		check_every_kind(types);
		mo_types_destroy(types);
	}
}

/* Before pahole 1.24 (2022) nothing told whether an enum is signed: small negative numbers tell. */
static void enums_without_signs_are_guessed(void **state)
{
	struct btf_writer writer;
	struct mo_types *types;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_head(&writer, "old", MO_BTF_ENUM, false, 3, 4);
	btf_add_enumerator(&writer, "OLD_MINUS", -1);
	btf_add_enumerator(&writer, "OLD_FAR", INT32_MIN);
	btf_add_enumerator(&writer, "OLD_ONE", 1);
	(void)btf_add_head(&writer, "flags", MO_BTF_ENUM, false, 2, 4);
	btf_add_enumerator(&writer, "FLAG_TOP", INT32_MIN);
	btf_add_enumerator(&writer, "FLAG_MAX", (int32_t)0xefffffff);
	types = open_written(&writer);
	assert_enumerator(types, "enum old", "OLD_MINUS", -1);
	assert_enumerator(types, "enum old", "OLD_FAR", INT32_MIN);
	assert_true(must_find(types, "enum old")->is_signed);
	assert_enumerator(types, "enum flags", "FLAG_TOP", 0x80000000ll);
	assert_enumerator(types, "enum flags", "FLAG_MAX", 0xefffffffll);
	assert_false(must_find(types, "enum flags")->is_signed);
	mo_types_destroy(types);
}

static void pointers_have_the_size_of_a_long(void **state)
{
	struct btf_writer writer;
	struct mo_types *types;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_int(&writer, "long unsigned int", 4, 0, 0, 32);
	(void)btf_add_reference(&writer, MO_BTF_PTR, NULL, 0);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "holder", 8, 2);
	btf_add_member(&writer, "a", 2, 0);
	btf_add_member(&writer, "b", 2, 32);
	types = open_written(&writer);
	assert_member(types, "struct holder", "b", 32, 0, "void *x");
	assert_int_equal(must_find(types, "struct holder")->members[0].type->size_bytes, 4);
	mo_types_destroy(types);
}

static void the_first_of_a_name_is_taken(void **state)
{
	struct btf_writer writer;
	struct mo_types *types;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_head(&writer, "pool", MO_BTF_FWD, false, 0, 0);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "pool", 8, 0);
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "pool", 16, 0);
	types = open_written(&writer);
	assert_int_equal(must_find(types, "struct pool")->size_bytes, 8);
	mo_types_destroy(types);
}

/* A module on the kernel: its numbers and strings go on where the kernel's end. */
static void split_btf_stands_on_its_base(void **state)
{
	struct btf_writer kernel, module;
	struct btf_bytes written;
	struct mo_types *types;
	uint32_t u32, forward, forward_pointer, list_head;
	const struct mo_type *full, *leaker;

	(void)state;
	btf_writer_init(&kernel);
	u32 = btf_add_int(&kernel, "unsigned int", 4, 0, 0, 32);
	forward = btf_add_head(&kernel, "leaker", MO_BTF_FWD, false, 0, 0);
	forward_pointer = btf_add_reference(&kernel, MO_BTF_PTR, NULL, forward);
	list_head = btf_add_struct(&kernel, MO_BTF_STRUCT, "list_head", 16, 1);
	btf_add_member(&kernel, "owner", forward_pointer, 0);
	btf_writer_init_split(&module, &kernel);
	(void)btf_add_struct(&module, MO_BTF_STRUCT, "leaker", 24, 2);
	btf_add_member(&module, "list", list_head, 0);
	btf_add_member(&module, "count", u32, 128);
	(void)btf_add_head(&module, NULL, MO_BTF_ENUM, false, 1, 4);
	btf_add_enumerator(&module, "LEAKER_MAX", 7);
	written = btf_write(&module);
	types = open_written(&kernel);
	/* Looked for before the module is there, and remembered as absent until then. */
	assert_error_contains(mo_types_find(types, "struct leaker", &leaker), MO_E_ABSENT, "has no struct leaker");
	assert_no_error(mo_types_add_btf_module(types, "leaker", written.bytes, written.n_bytes));
	assert_member(types, "struct leaker", "count", 128, 0, "unsigned int x");
	assert_member(types, "struct leaker", "list.owner", 0, 0, "struct leaker *x");
	assert_enumerator(types, NULL, "LEAKER_MAX", 7);
	leaker = must_find(types, "struct leaker");
	/* What the kernel knows by name only is completed out of the module. */
	assert_no_error(mo_types_complete(types, must_find(types, "struct list_head")->members[0].type->target, &full));
	assert_ptr_equal(full, leaker);
	assert_error(mo_types_find(types, "struct nothing", &full), MO_E_ABSENT,
		     "cannot find type \"struct nothing\": BTF of the test has no struct nothing, nor has a module");
	mo_types_destroy(types);
	free(written.bytes);
	btf_writer_deinit(&module);
}

static uint32_t write_with_unknown_kind(struct btf_writer *writer)
{
	uint32_t u32;

	btf_writer_init(writer);
	u32 = btf_add_int(writer, "unsigned int", 4, 0, 0, 32);
	(void)btf_add_struct(writer, MO_BTF_STRUCT, "before", 4, 1);
	btf_add_member(writer, "x", u32, 0);
	(void)btf_add_head(writer, "newer", 20, false, 1, 0);
	btf_add_word(writer, 1);
	btf_add_word(writer, 2);
	btf_add_word(writer, 3);
	(void)btf_add_struct(writer, MO_BTF_STRUCT, "behind", 8, 1);
	btf_add_member(writer, "x", u32, 32);
	return u32;
}

static void an_unknown_kind_ends_the_reading(void **state)
{
	struct btf_writer writer, module;
	struct btf_bytes written;
	const struct mo_type *type;
	struct mo_types *types;

	(void)state;
	(void)write_with_unknown_kind(&writer);
	btf_writer_init_split(&module, &writer);
	written = btf_write(&module);
	types = open_written(&writer);
	assert_member(types, "struct before", "x", 0, 0, "unsigned int x");
	assert_error(mo_types_find(types, "struct behind", &type), MO_E_ABSENT,
		     "cannot find type \"struct behind\": BTF of the test (its first 2 types: then comes unknown kind 20) "
		     "has no struct behind");
	assert_error(mo_types_add_btf_module(types, "leaker", written.bytes, written.n_bytes), MO_E_UNSUPPORTED,
		     "cannot read the BTF of leaker: the kernel's BTF could be read in part only (unknown kind 20)");
	mo_types_destroy(types);
	free(written.bytes);
	btf_writer_deinit(&module);
}

static void a_layout_section_lets_unknown_kinds_be_skipped(void **state)
{
	struct btf_writer writer;
	struct mo_types *types;

	(void)state;
	(void)write_with_unknown_kind(&writer);
	writer.has_layout = true;
	types = open_written(&writer);
	assert_string_equal(mo_types_describe(types), "BTF of the test");
	assert_member(types, "struct before", "x", 0, 0, "unsigned int x");
	assert_member(types, "struct behind", "x", 32, 0, "unsigned int x");
	mo_types_destroy(types);
}

static void a_type_of_unknown_kind_cannot_be_used(void **state)
{
	struct btf_writer writer;
	const struct mo_type *type;
	struct mo_types *types;

	(void)state;
	(void)write_with_unknown_kind(&writer);
	writer.has_layout = true;
	(void)btf_add_struct(&writer, MO_BTF_STRUCT, "user", 8, 1);
	btf_add_member(&writer, "x", 3, 0);
	types = open_written(&writer);
	assert_error(mo_types_find(types, "struct user", &type), MO_E_CORRUPT,
		     "cannot find type \"struct user\": BTF type 3 of kind 20 is not a type");
	assert_member(types, "struct behind", "x", 32, 0, "unsigned int x");
	mo_types_destroy(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(enums_without_signs_are_guessed),
		cmocka_unit_test(pointers_have_the_size_of_a_long),
		cmocka_unit_test(the_first_of_a_name_is_taken),
		cmocka_unit_test(split_btf_stands_on_its_base),
		cmocka_unit_test(an_unknown_kind_ends_the_reading),
		cmocka_unit_test(a_layout_section_lets_unknown_kinds_be_skipped),
		cmocka_unit_test(a_type_of_unknown_kind_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
