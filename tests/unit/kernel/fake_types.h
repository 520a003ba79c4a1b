/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FAKE_TYPES_H
#define MO_FAKE_TYPES_H

/* The type and symbol models over the rows of a fake kernel. */

#include "fake_kernel.h"

struct mo_types *mo_fake_types_create(const struct mo_fake *fake);
void mo_fake_types_destroy(struct mo_types *types);
struct mo_symbols *mo_fake_symbols_create(const struct mo_fake *fake);
void mo_fake_symbols_destroy(struct mo_symbols *symbols);

/* calloc that ends the test instead of failing. */
void *mo_fake_allocate(size_t n, size_t bytes);

#endif
