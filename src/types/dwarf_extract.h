/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_EXTRACT_H
#define MO_DWARF_EXTRACT_H

/*
 * Taking types out of DWARF into a table: an entry, and all that it has in itself. What is only pointed to is taken
 * as far as the builder needs it: named structs and unions by name.
 */

#include "dwarf_file.h"
#include "type_table.h"

/* Takes the entry at an offset of .debug_info. The handle had better stand on its unit. */
struct mo_error *mo_dwarf_extract(const struct mo_dwarf_handle *handle, struct mo_type_table *table, uint64_t offset,
				  uint32_t *ret) MO_MUST_USE;

#endif
