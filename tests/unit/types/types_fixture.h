/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TYPES_FIXTURE_H
#define TYPES_FIXTURE_H

/* What the tests of the type model share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <memopsy/error.h>
#include <memopsy/types.h>

#include "btf_writer.h"
#include "elf_file.h"
#include "type_source.h"

/* Fails the test with the error's text, if there is one. */
void assert_no_error(struct mo_error *error);

/* The error must have this code and exactly this text; frees it. */
void assert_error(struct mo_error *error, enum mo_error_code code, const char *text);

/* The same, but only a part of the text is known (a path stands in it). */
void assert_error_contains(struct mo_error *error, enum mo_error_code code, const char *part);

const struct mo_type *must_find(struct mo_types *types, const char *name);

/* Looks up by path and compares offset and, if not NULL, the declaration of the member. */
void assert_member(struct mo_types *types, const char *type_name, const char *path, uint64_t offset_bits,
		   uint32_t bitfield_bits, const char *declaration);

void assert_enumerator(struct mo_types *types, const char *enum_name, const char *name, int64_t value);

/* The declaration of `name` as type. */
void assert_declared(const struct mo_type *type, const char *name, const char *expected);

/* Writes, opens, and gives up the writer. */
struct mo_types *open_written(struct btf_writer *writer);

/* A file that meson built for the tests, or skips the test where it could not be built. */
struct mo_elf *open_sample(const char *name);

/* The same, but NULL (and a line that says so) where it could not be built. */
struct mo_elf *try_sample(const char *name);

/*
 * Two types, member by member and text by text, to any depth. Differences are printed with the path to them and
 * counted.
 */
unsigned count_differences(const struct mo_type *left, const struct mo_type *right, const char *path);

#endif
