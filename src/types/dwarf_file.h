/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_FILE_H
#define MO_DWARF_FILE_H

/*
 * The debug information of one ELF file: its sections, where its units lie, and handles to read them with.
 *
 * libdwarf's handle is not for several threads, so each thread has its own over the same mapped sections. It keeps
 * what it learned of every unit until it is closed, and finds the unit of an offset by walking a list from the unit
 * that it stands on: hence mo_dwarf_handle_enter(), after which all look-ups within that unit are short.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#include "dwarf_api.h"
#include "vector.h"

struct mo_elf;

struct mo_dwarf_unit {
	uint64_t offset;     /* of the header, within .debug_info */
	uint64_t end_offset;
};

struct mo_dwarf_file {
	struct mo_dwarf_object object;
	const char *path;
	struct mo_dwarf_section info; /* .debug_info, after relocation */
	struct mo_dwarf_section text; /* .debug_str; no bytes: there is none */
	bool has_indexed_text;        /* names may be given by index (DW_FORM_strx) */
	uint8_t *relocated_info;      /* owned; NULL: the file's own bytes are used */
	MO_VECTOR(struct mo_dwarf_unit) units;
};

/* MO_E_ABSENT: no debug information in the file. elf must outlive the file. */
struct mo_error *mo_dwarf_file_open(struct mo_elf *elf, struct mo_dwarf_file **ret) MO_MUST_USE;
void mo_dwarf_file_close(struct mo_dwarf_file *file);

/* A copy of .debug_info with the relocations of a module applied. free() it. */
struct mo_error *mo_dwarf_relocate_info(struct mo_elf *elf, const struct mo_dwarf_section *info,
					uint8_t **ret) MO_MUST_USE;

struct mo_dwarf_handle {
	const struct mo_dwarf_file *file;
	struct mo_dwarf_object object;
	mo_dwarf_interface interface;
	Dwarf_Debug debug;
	Dwarf_Off next_offset; /* of the header that libdwarf reads next */
};

struct mo_error *mo_dwarf_handle_open(const struct mo_dwarf_file *file, struct mo_dwarf_handle *ret) MO_MUST_USE;
void mo_dwarf_handle_close(struct mo_dwarf_handle *handle);

/* Goes to a unit and gives its first entry; free it by dwarf_dealloc_die(). */
struct mo_error *mo_dwarf_handle_enter(struct mo_dwarf_handle *handle, const struct mo_dwarf_unit *unit,
				       Dwarf_Die *ret) MO_MUST_USE;

/* The error that libdwarf gave, as ours; frees libdwarf's. */
struct mo_error *mo_dwarf_error(const struct mo_dwarf_handle *handle, Dwarf_Error error, const char *what) MO_MUST_USE;

#endif
