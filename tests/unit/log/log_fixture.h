/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOG_FIXTURE_H
#define LOG_FIXTURE_H

/* Texts out of literals, and their records as one line each, so that a test reads as input and output. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text_log.h"

/* A file of these bytes in memory; close it with mo_text_file_close(). */
struct mo_text_file *file_of(const void *bytes, size_t n_bytes);

/*
 * Each record as "[seconds.microseconds] <level> Tcaller host program: text" with what is not known left out, "+N" in front
 * for boot N, a "!" behind a line that was cut; one a line. free() it.
 */
char *records_of(const void *bytes, size_t n_bytes);

#define assert_records(input, expected) \
	do { \
		char *records_ = records_of(input, sizeof(input) - 1); \
		assert_string_equal(records_, expected); \
		free(records_); \
	} while (0)

#endif
