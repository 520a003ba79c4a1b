/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SYMBOLS_FIXTURE_H
#define SYMBOLS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <memopsy/error.h>
#include <memopsy/symbols.h>

#include "elf_file.h"

#define TOY_BUILD_ID "0123456789abcdef0123456789abcdef01234567"
#define TOY_OTHER_BUILD_ID "fedcba9876543210fedcba9876543210fedcba98"
#define TOY_TEXT UINT64_C(0x10000000)

/* Consumes the error: it must have this code, and `part` in its text. */
void assert_error(struct mo_error *error, enum mo_error_code code, const char *part);
void assert_success(struct mo_error *error);

/* Path of one of the built toys; free() it. Skips the test if it was not built. */
char *toy_path(const char *name);
struct mo_elf *open_toy(const char *name);

/* A directory of the test's own; deleted with all that is in it by remove_directory(), which frees the path. */
char *make_directory(void);
void remove_directory(char *path);

/* DIRECTORY/NAME; free() it. */
char *path_in(const char *directory, const char *name);

/* Copies a file to DIRECTORY/NAME and makes the directories that NAME needs. */
void copy_into(const char *from, const char *directory, const char *name);

/* Writes a file; bytes may be NULL if n_bytes is 0. */
void write_file(const char *path, const void *bytes, size_t n_bytes);
uint8_t *read_file(const char *path, size_t *n_bytes);

/* The symbol must be there. */
struct mo_symbol find_symbol(const struct mo_symbols *symbols, const char *module, const char *name, size_t *n_same);
struct mo_symbol symbol_at(const struct mo_symbols *symbols, uint64_t kva);

#endif
