/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_EXTRACT_H
#define MO_DWARF_EXTRACT_H

/*
 * Taking types out of DWARF into a table: an entry, and all that it has in itself. What is only pointed to is taken
 * as far as the builder needs it: named structs and unions by name.
 */

#include "dwarf_file.h"
#include "type_table.h"

/* Takes the entries at some offsets of .debug_info, all of one unit. On failure the table is as it was. */
struct mo_error *mo_dwarf_extract(const struct mo_dwarf_file *file, const struct mo_dwarf_unit *unit,
				  struct mo_type_table *table, const uint64_t *offsets, size_t n_offsets,
				  uint32_t *ids) MO_MUST_USE;

#endif
