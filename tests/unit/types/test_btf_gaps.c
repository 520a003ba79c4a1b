/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF of which pages are missing: what is found is right, what is not found is missing and not absent. */
#include "types_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf_format.h"
#include "btf_writer.h"
#include "type_source.h"

#define N_STRUCTS 600
#define PAGE 4096

/* Structs of rising size, each with a pointer to the one before, and behind it a function with its prototype. */
static struct btf_bytes make_btf(void)
{
	struct btf_writer writer;
	struct btf_bytes bytes;
	uint32_t number, previous;

	btf_writer_init(&writer);
	previous = number = btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	for (unsigned i = 0; i < N_STRUCTS; i++) {
		uint32_t pointer = btf_add_reference(&writer, MO_BTF_PTR, NULL, previous);
		char name[32];
		uint32_t prototype;

		snprintf(name, sizeof(name), "number_%u", i);
		previous = btf_add_struct(&writer, MO_BTF_STRUCT, name, 16 + 8 * i, 2);
		btf_add_member(&writer, "before", pointer, 0);
		snprintf(name, sizeof(name), "last_%u", i);
		btf_add_member(&writer, name, number, (8 + 8 * i) * 8);
		prototype = btf_add_head(&writer, NULL, MO_BTF_FUNC_PROTO, false, 1, number);
		btf_add_parameter(&writer, "it", pointer);
		snprintf(name, sizeof(name), "function_%u", i);
		(void)btf_add_reference(&writer, MO_BTF_FUNC, name, prototype);
	}
	bytes = btf_write(&writer);
	btf_writer_deinit(&writer);
	return bytes;
}

static struct mo_types *open_without(const struct btf_bytes *whole, const struct mo_type_gap *gaps, size_t n_gaps)
{
	struct mo_types *types = NULL;
	uint8_t *bytes = malloc(whole->n_bytes);

	assert_non_null(bytes);
	memcpy(bytes, whole->bytes, whole->n_bytes);
	for (size_t i = 0; i < n_gaps; i++)
		memset(bytes + gaps[i].offset, 0, gaps[i].n_bytes);
	assert_null(mo_types_take_btf_with_gaps("the dump", bytes, whole->n_bytes, gaps, n_gaps, &types));
	return types;
}

/* Whether struct i is there, and then that it is right; else that it is said to be missing. */
static bool check_struct(struct mo_types *types, unsigned i)
{
	char name[32], member[32];
	const struct mo_type *type = NULL;
	struct mo_type_path path;
	struct mo_error *error;

	snprintf(name, sizeof(name), "struct number_%u", i);
	snprintf(member, sizeof(member), "last_%u", i);
	error = mo_types_find(types, name, &type);
	if (error) {
		/* A name that is itself in the gap can only be absent. */
		assert_true(mo_error_code(error) == MO_E_NOT_IN_DUMP || mo_error_code(error) == MO_E_ABSENT);
		mo_error_destroy(error);
		return false;
	}
	assert_int_equal(type->size_bytes, 16 + 8 * i);
	error = mo_types_find_member(types, type, member, &path);
	if (error) {
		assert_int_equal(mo_error_code(error), MO_E_NOT_IN_DUMP);
		mo_error_destroy(error);
		return true;
	}
	assert_int_equal(path.offset_bits, (8 + 8 * i) * 8);
	assert_null(mo_types_find_member(types, type, "before", &path));
	/* The number of the struct before was told right: its name is that, or it is missing. */
	if (i && mo_type_strip(path.type)->kind == MO_TYPE_POINTER && mo_type_strip(path.type)->target->name &&
	    strcmp(mo_type_strip(path.type)->target->name, "__missing_in_dump")) {
		snprintf(name, sizeof(name), "number_%u", i - 1);
		assert_string_equal(mo_type_strip(path.type)->target->name, name);
	}
	return true;
}

/* Each page in turn, header apart. */
static void one_page_costs_what_is_on_it(void **state)
{
	struct btf_bytes whole = make_btf();

	(void)state;
	for (size_t offset = PAGE; offset < whole.n_bytes; offset += PAGE) {
		struct mo_type_gap gap = { .offset = offset,
					   .n_bytes = whole.n_bytes - offset < PAGE ? whole.n_bytes - offset : PAGE };
		struct mo_types *types = open_without(&whole, &gap, 1);
		unsigned n_found = 0;

		assert_non_null(strstr(mo_types_describe(types), "missing)"));
		for (unsigned i = 0; i < N_STRUCTS; i++)
			n_found += check_struct(types, i);
		/* A page holds some 40 of them, or some 300 strings of 3 for each. */
		assert_true(n_found >= N_STRUCTS - 320);
		mo_types_destroy(types);
	}
	free(whole.bytes);
}

static void many_gaps(void **state)
{
	struct btf_bytes whole = make_btf();
	size_t n_gaps = 0, n_pages = whole.n_bytes / PAGE;
	struct mo_type_gap *gaps = calloc(n_pages, sizeof(*gaps));
	struct mo_types *types;
	unsigned n_found = 0;

	(void)state;
	assert_non_null(gaps);
	for (size_t page = 2; page < n_pages; page += 3)
		gaps[n_gaps++] = (struct mo_type_gap){ .offset = page * PAGE, .n_bytes = PAGE };
	types = open_without(&whole, gaps, n_gaps);
	for (unsigned i = 0; i < N_STRUCTS; i++)
		n_found += check_struct(types, i);
	assert_true(n_found > N_STRUCTS / 4 && n_found < N_STRUCTS);
	mo_types_destroy(types);
	free(gaps);
	free(whole.bytes);
}

/* Without functions behind the gap no number can be told: what is before it stays, the rest is missing. */
static void no_functions_no_numbers(void **state)
{
	struct btf_writer writer;
	struct btf_bytes whole;
	struct mo_type_gap gap = { .offset = 2 * PAGE, .n_bytes = PAGE };
	struct mo_types *types;
	const struct mo_type *type = NULL;
	struct mo_error *error;

	(void)state;
	btf_writer_init(&writer);
	(void)btf_add_int(&writer, "unsigned int", 4, 0, 0, 32);
	for (unsigned i = 0; i < N_STRUCTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "number_%u", i);
		(void)btf_add_struct(&writer, MO_BTF_STRUCT, name, 16 + 8 * i, 1);
		btf_add_member(&writer, name, 1, 0);
	}
	whole = btf_write(&writer);
	btf_writer_deinit(&writer);
	types = open_without(&whole, &gap, 1);
	assert_null(mo_types_find(types, "struct number_1", &type));
	error = mo_types_find(types, "struct number_599", &type);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_NOT_IN_DUMP);
	mo_error_destroy(error);
	error = mo_types_find(types, "struct of_no_kernel", &type);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_ABSENT);
	mo_error_destroy(error);
	assert_non_null(strstr(mo_types_describe(types), "in part: some of its memory is missing"));
	mo_types_destroy(types);
	free(whole.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_costs_what_is_on_it),
		cmocka_unit_test(many_gaps),
		cmocka_unit_test(no_functions_no_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
