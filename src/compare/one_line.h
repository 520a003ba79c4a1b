/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COMPARE_ONE_LINE_H
#define MO_COMPARE_ONE_LINE_H

/* A document of JSON on a line of its own, for programs that read line by line. */

#include <stdio.h>

#include <memopsy/error.h>

/* Writes and flushes. MO_E_CORRUPT: it is not JSON; MO_E_IO: it could not be written. */
struct mo_error *mo_write_json_line(const char *text, size_t n_bytes, FILE *out) MO_MUST_USE;

#endif
