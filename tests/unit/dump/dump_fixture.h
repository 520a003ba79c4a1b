/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DUMP_FIXTURE_H
#define DUMP_FIXTURE_H

/* What the tests of the dump room share besides the builders: opening, and checks of pages and errors. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dump.h"
#include "dump_builder.h"

/* A dump that must open, with a reader of it. */
struct opened {
	struct mo_dump *dump;
	struct mo_dump_reader *reader;
	const struct mo_dump_info *info;
};

void open_paths(struct opened *opened, const char *const *paths, size_t n_paths);
/* Writes the image (and frees it) and opens it. */
void open_image(struct opened *opened, struct scratch *scratch, struct image *image);
void close_opened(struct opened *opened);

/* The error has this code and a text that contains all of these; it is destroyed. */
void assert_error(struct mo_error *error, enum mo_error_code code, const char *text);
/* No error. */
void assert_no_error(struct mo_error *error);
/* Writes the image (and frees it); opening it must fail so. */
void assert_image_refused(struct image *image, enum mo_error_code code, const char *text);

/* n_bytes at pa read as memory_fill() makes them, by mo_dump_read and by views. */
void assert_memory(struct mo_dump_reader *reader, uint64_t pa, size_t n_bytes);
/* Both view and read fail so. */
void assert_unreadable(struct mo_dump_reader *reader, uint64_t pa, enum mo_error_code code, const char *text);
/* Reads everything that can be read, whatever happens; for damaged dumps. */
void read_everything(const struct mo_dump *dump, struct mo_dump_reader *reader);

#endif
