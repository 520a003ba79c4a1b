/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TRANSLATION_ORACLE_H
#define MO_TRANSLATION_ORACLE_H

/* libaddrxlat over the memory of a test, where the tests are built with it. */

#include "arch.h"

#define TRANSLATION_PAGES 64

struct translation_memory {
	struct {
		uint64_t pa;
		uint8_t bytes[4096];
	} pages[TRANSLATION_PAGES];
	size_t n_pages;
};

/* The page that holds pa; NULL: none, and none is to be made. */
uint8_t *translation_page(struct translation_memory *memory, uint64_t pa, bool is_new);

bool oracle_knows(const struct mo_arch *arch);

/* Whether the address is mapped; *pa: to what. */
bool oracle_translate(const struct mo_arch *arch, const struct mo_paging *paging, struct translation_memory *memory, uint64_t va,
		      uint64_t *pa);

#endif
