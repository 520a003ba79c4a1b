/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PAGE_TYPE_H
#define MO_PAGE_TYPE_H

/* How a kernel marks the type of a page. */

#include <memopsy/page.h>

/*
 * How this kernel marks a type. What is known of it, the surest first: the key of VMCOREINFO that gives the whole
 * page_type ("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"; NULL: there is none), the enumerator (bound or not), and the bit that
 * was a macro (0: none).
 */
struct mo_page_type_test mo_page_type_test(const struct mo_kernel *kernel, const char *vmcoreinfo_key,
					   const struct mo_constant *enumerator, uint32_t macro_bit);

#endif
