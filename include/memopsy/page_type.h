/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_TYPE_H
#define MEMOPSY_PAGE_TYPE_H

/*
 * Page types: what stands in struct page.page_type (before 4.18 in _mapcount) of a page that is no user's. They have had
 * three forms (include/linux/page-flags.h): bits that are cleared in a page_type of ones, macros up to 6.9 and
 * enumerators of enum pagetype in 6.10 and 6.11; and since 6.12 a value in the top byte.
 */

#include <memopsy/layout.h>

MO_API_BEGIN

/* A page has the type if (page_type & mask) == value. mask 0: this kernel has no such type. */
struct mo_page_type_test {
	uint32_t mask;
	uint32_t value;
};

/*
 * How this kernel marks a type. What is known of it, the surest first: the key of VMCOREINFO that gives the whole
 * page_type ("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"; NULL: there is none), the enumerator (bound or not), and the bit that
 * was a macro (0: none).
 */
struct mo_page_type_test mo_page_type_test(const struct mo_kernel *kernel, const char *vmcoreinfo_key,
					   const struct mo_constant *enumerator, uint32_t macro_bit);

static inline bool mo_page_has_type(struct mo_page_type_test test, uint32_t page_type)
{
	return test.mask && (page_type & test.mask) == test.value;
}

MO_API_END

#endif
