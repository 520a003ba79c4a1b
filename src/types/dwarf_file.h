/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_FILE_H
#define MO_DWARF_FILE_H

/*
 * The debug information of one ELF file: its sections, where its units lie, and handles to read them with.
 *
 * libdwarf's handle is not for several threads, and to reach a unit it reads something of every unit before it. So a
 * handle here is for one unit: libdwarf is shown that unit's part of .debug_info as if it were all. Opening one costs
 * less than a tenth of a millisecond. Where entries refer to other units (DW_FORM_ref_addr: link-time optimisation),
 * a handle for the whole file does.
 *
 * All offsets that our functions take and give are those of the file's .debug_info.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/containers.h>
#include <memopsy/error.h>

#include "dwarf_api.h"

struct mo_elf;

struct mo_dwarf_unit {
	uint64_t offset;               /* of the header, within .debug_info */
	uint64_t end_offset;
	uint64_t abbreviations_offset; /* within .debug_abbrev */
};

struct mo_dwarf_file {
	struct mo_dwarf_object object;
	const char *path;
	struct mo_dwarf_section info; /* .debug_info, after relocation */
	struct mo_dwarf_section text; /* .debug_str; no bytes: there is none */
	struct mo_dwarf_section abbreviations;
	bool has_indexed_text;        /* names may be given by index (DW_FORM_strx) */
	bool has_wide_units;          /* of the 64-bit format: offsets have 8 bytes */
	uint8_t *relocated[MO_DWARF_SECTIONS_MAX]; /* owned; NULL: the file's own bytes are used */
	MO_VECTOR(struct mo_dwarf_unit) units;
};

/* MO_E_ABSENT: no debug information in the file. elf must outlive the file. */
struct mo_error *mo_dwarf_file_open(struct mo_elf *elf, struct mo_dwarf_file **ret) MO_MUST_USE;
void mo_dwarf_file_close(struct mo_dwarf_file *file);

/* A copy of a section with the relocations of a module applied. free() it; NULL: there are none for it. */
struct mo_error *mo_dwarf_relocate(struct mo_elf *elf, const struct mo_dwarf_section *section,
				   uint8_t **ret) MO_MUST_USE;

struct mo_dwarf_handle {
	const struct mo_dwarf_file *file;
	struct mo_dwarf_object object;
	mo_dwarf_interface interface;
	Dwarf_Debug debug;
	uint64_t base_offset; /* where in .debug_info that begins which libdwarf is shown */
	uint64_t end_offset;
};

/* unit NULL: for the whole file. *ret is to be closed only if there was no error; it must not be moved. */
struct mo_error *mo_dwarf_handle_open(const struct mo_dwarf_file *file, const struct mo_dwarf_unit *unit,
				      struct mo_dwarf_handle *ret) MO_MUST_USE;
void mo_dwarf_handle_close(struct mo_dwarf_handle *handle);

/* The first entry of a handle's (first) unit; free it by dwarf_dealloc_die(). */
struct mo_error *mo_dwarf_handle_enter(struct mo_dwarf_handle *handle, Dwarf_Die *ret) MO_MUST_USE;

/* The error that libdwarf gave, as ours; frees libdwarf's. */
struct mo_error *mo_dwarf_error(const struct mo_dwarf_handle *handle, Dwarf_Error error, const char *what) MO_MUST_USE;

#endif
