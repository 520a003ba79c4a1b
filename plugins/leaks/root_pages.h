/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ROOT_PAGES_H
#define ROOT_PAGES_H

/* Which page frames hold what the kernel itself put there, outside of slabs. */

#include <memopsy/mem_map.h>

/* Whether the words of pages of this class are roots. */
bool is_root_class(enum mo_page_class class);

#endif
