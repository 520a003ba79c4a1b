/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_MEMBERS_H
#define MO_DWARF_MEMBERS_H

/* What an entry has below it: members, parameters, enumerators, dimensions. For dwarf_extract.c. */

#include "dwarf_file.h"
#include "type_table.h"

struct mo_dwarf_extraction {
	const struct mo_dwarf_handle *handle;
	struct mo_type_table *table;
	unsigned depth;
};

/* The type that DW_AT_type of an entry refers to; 0 (void) if it has none. */
struct mo_error *mo_dwarf_extract_target(struct mo_dwarf_extraction *extraction, Dwarf_Die die, enum mo_build_how how,
					 uint32_t *ret) MO_MUST_USE;

struct mo_error *mo_dwarf_extract_members(struct mo_dwarf_extraction *extraction, Dwarf_Die die,
					  uint32_t id) MO_MUST_USE;
struct mo_error *mo_dwarf_extract_parameters(struct mo_dwarf_extraction *extraction, Dwarf_Die die,
					     uint32_t id) MO_MUST_USE;
struct mo_error *mo_dwarf_extract_enumerators(struct mo_dwarf_extraction *extraction, Dwarf_Die die,
					      uint32_t id) MO_MUST_USE;
struct mo_error *mo_dwarf_extract_dimensions(struct mo_dwarf_extraction *extraction, Dwarf_Die die,
					     uint32_t id) MO_MUST_USE;

#endif
