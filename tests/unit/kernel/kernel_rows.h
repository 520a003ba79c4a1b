/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KERNEL_ROWS_H
#define MO_KERNEL_ROWS_H

/* The containers' types as x86_64 has them (6.1 where kernels differ), and checks that tests of the kernel room share. */

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_kernel.h"

/* The members of struct page that mo_page_table() needs, where x86_64 has them; what names the head (compound_head, compound_info) comes besides. */
#define MO_PAGE_MEMBER(name_, offset, n_bytes, has_sign) \
	{ .type = "struct page", .member = name_, .offset_bytes = offset, .bytes = n_bytes, .is_signed = has_sign }
#define MO_PAGE_ROWS \
	{ .type = "struct page", .bytes = 64 }, MO_PAGE_MEMBER("flags", 0, 8, false), MO_PAGE_MEMBER("mapping", 24, 8, false), \
		MO_PAGE_MEMBER("private", 40, 8, false), MO_PAGE_MEMBER("_mapcount.counter", 48, 4, true), \
		MO_PAGE_MEMBER("_refcount.counter", 52, 4, true)

extern const struct mo_fake_row mo_container_rows[];
extern const size_t mo_n_container_rows;
extern const struct mo_fake_enumerator mo_container_enumerators[];
extern const size_t mo_n_container_enumerators;

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A kernel with the containers' rows and nothing else. */
struct mo_kernel *container_kernel(void);

/* Fails unless the error has this code and its text contains `part`; frees it. */
void expect_error(struct mo_error *error, enum mo_error_code code, const char *part);

/* Fails, showing its text, if there is an error. */
void expect_success(struct mo_error *error);

/* Numbers that are the same in every run. */
uint64_t next_random(uint64_t *state);

/* Where tests put things: the direct map of x86_64. */
#define BASE_KVA 0xffff888000000000ull

#endif
