/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PAGE_SHAPE_H
#define MO_PAGE_SHAPE_H

/* The layout of struct page, checked once it is bound. */

#include <memopsy/page.h>

/* Checks the members that were bound into a struct mo_page_shape, and completes it. */
struct mo_error *mo_page_shape_finish(struct mo_kernel *kernel, void *shape) MO_MUST_USE;

#endif
