/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_ENTRY_H
#define MO_DWARF_ENTRY_H

/* Attributes of a DWARF entry. libdwarf frees little by itself: every function here frees what it took. */

#include "dwarf_file.h"

/* MO_DWARF_ABSENT is no error: the entry does not have the attribute, or has it in a form that says nothing. */
enum mo_dwarf_presence {
	MO_DWARF_ABSENT = 0,
	MO_DWARF_PRESENT = 1,
};

Dwarf_Half mo_dwarf_tag(const struct mo_dwarf_handle *handle, Dwarf_Die die);

/* NULL: none. Lives as long as the file. */
const char *mo_dwarf_name(const struct mo_dwarf_handle *handle, Dwarf_Die die);

bool mo_dwarf_has(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute);

/* A constant, read as unsigned; *is_signed (may be NULL): the form says that it is signed, sign-extended. */
enum mo_dwarf_presence mo_dwarf_constant(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute,
					 uint64_t *ret, bool *is_signed);

/*
 * The offset within .debug_info that an attribute refers to; has_reference false: there is no such attribute.
 * MO_E_LIMIT: it is in another unit, and the handle is for one.
 */
struct mo_error *mo_dwarf_reference(const struct mo_dwarf_handle *handle, Dwarf_Die die, Dwarf_Half attribute,
				    bool *has_reference, uint64_t *ret) MO_MUST_USE;

/* Bytes of a member's location: a constant, or an expression that adds one (DW_OP_plus_uconst, DW_OP_constu). */
struct mo_error *mo_dwarf_member_location(const struct mo_dwarf_handle *handle, Dwarf_Die die,
					  uint64_t *ret) MO_MUST_USE;

/*
 * Visits entries: the first child, then each sibling; *die is freed when the next one is given, and NULL at the end.
 */
struct mo_error *mo_dwarf_first_child(const struct mo_dwarf_handle *handle, Dwarf_Die parent,
				      Dwarf_Die *die) MO_MUST_USE;
struct mo_error *mo_dwarf_next_sibling(const struct mo_dwarf_handle *handle, Dwarf_Die *die) MO_MUST_USE;

static inline void mo_cleanup_die(Dwarf_Die *die)
{
	if (*die)
		dwarf_dealloc_die(*die);
}

#define MO_DIE __attribute__((cleanup(mo_cleanup_die))) Dwarf_Die

#endif
