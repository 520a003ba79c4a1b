/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All layouts that this room lays over the kernel, for who lists what is needed of one. */
#include "mm_layouts.h"

static const struct mo_layout_table *const tables[] = { &mo_page_shape_table, &mo_page_owner_names_table, &mo_page_ext_table };

const struct mo_layout_table *const *mo_mm_layout_tables(size_t *n_ret)
{
	*n_ret = sizeof(tables) / sizeof(tables[0]);
	return tables;
}
