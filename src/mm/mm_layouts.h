/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MM_LAYOUTS_H
#define MO_MM_LAYOUTS_H

/* The layouts of src/mm, which a session binds once for all plugins. */

#include "kernel_layouts.h"

/* The tables of this room's layouts; *n_ret of them. */
const struct mo_layout_table *const *mo_mm_layout_tables(size_t *n_ret);

/* In page/. */
extern const struct mo_layout_table mo_page_shape_table, mo_page_owner_names_table, mo_page_ext_table;

#endif
