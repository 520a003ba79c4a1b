/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_NUMBERS_H
#define MEMOPSY_NUMBERS_H

/*
 * Numbers as people type and read them: one reading of addresses, page frames and plain numbers, one writing of sizes. Any
 * thread may call these; they touch nothing but their arguments. A parser takes the whole text, without blanks or signs;
 * false: it is no such number, or does not fit, and *ret is untouched.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

MO_API_BEGIN

/* Decimal, or hexadecimal with 0x: counts, sizes in bytes, offsets. */
bool mo_parse_number(const char *text, uint64_t *ret);

/* Hexadecimal with or without 0x, as kernels print addresses. */
bool mo_parse_address(const char *text, uint64_t *ret);

/* A page frame, or a number of which nobody can tell: hexadecimal with 0x or with a letter in it, else decimal. */
bool mo_parse_pfn(const char *text, uint64_t *ret);

/*
 * "512 B", "1.5 MiB": one decimal place, in the largest unit that leaves at least 1, rounded half up; a lower bound is rounded
 * down, or it would be none. Cut to fit, always terminated; MO_SIZE_TEXT_BYTES are enough.
 */
#define MO_SIZE_TEXT_BYTES 16
void mo_format_bytes(char *ret, size_t n_bytes, uint64_t bytes, bool is_lower_bound);

MO_API_END

#endif
