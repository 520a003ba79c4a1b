/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "types_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void assert_no_error(struct mo_error *error)
{
	if (!error)
		return;
	print_message("unexpected error %d: %s\n", mo_error_code(error), mo_error_text(error));
	mo_error_destroy(error);
	fail();
}

void assert_error(struct mo_error *error, enum mo_error_code code, const char *text)
{
	assert_non_null(error);
	assert_string_equal(mo_error_text(error), text);
	assert_int_equal(mo_error_code(error), code);
	mo_error_destroy(error);
}

void assert_error_contains(struct mo_error *error, enum mo_error_code code, const char *part)
{
	assert_non_null(error);
	if (!strstr(mo_error_text(error), part)) {
		print_message("\"%s\" is not in \"%s\"\n", part, mo_error_text(error));
		fail();
	}
	assert_int_equal(mo_error_code(error), code);
	mo_error_destroy(error);
}

const struct mo_type *must_find(struct mo_types *types, const char *name)
{
	const struct mo_type *type = NULL;

	assert_no_error(mo_types_find(types, name, &type));
	assert_non_null(type);
	return type;
}

void assert_declared(const struct mo_type *type, const char *name, const char *expected)
{
	char text[512];
	size_t length = mo_type_declare(type, name, text, sizeof(text));

	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
}

void assert_member(struct mo_types *types, const char *type_name, const char *path, uint64_t offset_bits,
		   uint32_t bitfield_bits, const char *declaration)
{
	struct mo_type_path found;

	assert_no_error(mo_types_find_member(types, must_find(types, type_name), path, &found));
	assert_int_equal(found.offset_bits, offset_bits);
	assert_int_equal(found.bitfield_bits, bitfield_bits);
	if (declaration)
		assert_declared(found.type, "x", declaration);
}

void assert_enumerator(struct mo_types *types, const char *enum_name, const char *name, int64_t value)
{
	int64_t found = ~value;

	assert_no_error(mo_types_find_enumerator(types, enum_name, name, &found));
	assert_int_equal(found, value);
}

struct mo_types *open_written(struct btf_writer *writer)
{
	struct btf_bytes written = btf_write(writer);
	struct mo_types *types = NULL;

	assert_no_error(mo_types_open_btf("the test", written.bytes, written.n_bytes, &types));
	free(written.bytes);
	btf_writer_deinit(writer);
	return types;
}

struct mo_elf *try_sample(const char *name)
{
	const char *directory = getenv("MO_TYPE_SAMPLES");
	struct mo_elf *elf = NULL;
	char path[4096];

	assert_non_null(directory);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (access(path, R_OK)) {
		print_message("skipped: %s could not be built here\n", name);
		return NULL;
	}
	assert_no_error(mo_elf_open(path, &elf));
	return elf;
}

struct mo_elf *open_sample(const char *name)
{
	struct mo_elf *elf = try_sample(name);

	if (!elf)
		skip();
	return elf;
}

static bool same_text(const char *left, const char *right)
{
	return left && right ? !strcmp(left, right) : left == right;
}

static unsigned differ(const char *path, const char *what, const char *left, const char *right)
{
	print_message("%s: %s: \"%s\" and \"%s\"\n", path, what, left ? left : "", right ? right : "");
	return 1;
}

static unsigned differ_number(const char *path, const char *what, uint64_t left, uint64_t right)
{
	if (left == right)
		return 0;
	print_message("%s: %s: %llu and %llu\n", path, what, (unsigned long long)left, (unsigned long long)right);
	return 1;
}

static unsigned compare_heads(const struct mo_type *left, const struct mo_type *right, const char *path)
{
	char left_text[1024], right_text[1024];
	unsigned n = 0;

	if (!same_text(left->name, right->name))
		n += differ(path, "name", left->name, right->name);
	n += differ_number(path, "size", left->size_bytes, right->size_bytes);
	n += differ_number(path, "length", left->array_length, right->array_length);
	n += differ_number(path, "signed", left->is_signed, right->is_signed);
	n += differ_number(path, "bool", left->is_bool, right->is_bool);
	n += differ_number(path, "char", left->is_char, right->is_char);
	n += differ_number(path, "flexible", left->is_flexible, right->is_flexible);
	n += differ_number(path, "incomplete", left->is_incomplete, right->is_incomplete);
	n += differ_number(path, "variadic", left->is_variadic, right->is_variadic);
	n += differ_number(path, "members", left->n_members, right->n_members);
	n += differ_number(path, "enumerators", left->n_enumerators, right->n_enumerators);
	(void)mo_type_declare(left, "x", left_text, sizeof(left_text));
	(void)mo_type_declare(right, "x", right_text, sizeof(right_text));
	if (strcmp(left_text, right_text))
		n += differ(path, "declaration", left_text, right_text);
	return n;
}

static unsigned compare_members(const struct mo_type *left, const struct mo_type *right, const char *path)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < left->n_members; i++) {
		const struct mo_type_member *a = &left->members[i], *b = &right->members[i];
		char inner[1024];

		(void)snprintf(inner, sizeof(inner), "%s.%s", path, a->name ? a->name : "(anonymous)");
		if (!same_text(a->name, b->name))
			n += differ(inner, "name of a member", a->name, b->name);
		n += differ_number(inner, "offset", a->offset_bits, b->offset_bits);
		n += differ_number(inner, "width", a->bitfield_bits, b->bitfield_bits);
		n += count_differences(a->type, b->type, inner);
	}
	return n;
}

unsigned count_differences(const struct mo_type *left, const struct mo_type *right, const char *path)
{
	char inner[1024];
	unsigned n = differ_number(path, "kind", left->kind, right->kind);

	if (n)
		return n;
	n = compare_heads(left, right, path);
	if (left->n_members == right->n_members)
		n += compare_members(left, right, path);
	for (uint32_t i = 0; left->n_enumerators == right->n_enumerators && i < left->n_enumerators; i++) {
		if (!same_text(left->enumerators[i].name, right->enumerators[i].name))
			n += differ(path, "enumerator", left->enumerators[i].name, right->enumerators[i].name);
		n += differ_number(path, left->enumerators[i].name, (uint64_t)left->enumerators[i].value,
				   (uint64_t)right->enumerators[i].value);
	}
	n += differ_number(path, "has a target", left->target != NULL, right->target != NULL);
	if (left->target && right->target) {
		(void)snprintf(inner, sizeof(inner), "%s*", path);
		n += count_differences(left->target, right->target, inner);
	}
	return n;
}
