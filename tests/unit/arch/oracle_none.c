/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Without libaddrxlat nobody is asked. */
#include "oracle.h"

bool oracle_knows(const struct mo_arch *arch)
{
	(void)arch;
	return false;
}

bool oracle_translate(const struct mo_arch *arch, const struct mo_paging *paging, struct translation_memory *memory, uint64_t va,
		      uint64_t *pa)
{
	(void)arch;
	(void)paging;
	(void)memory;
	(void)va;
	(void)pa;
	return false;
}
