/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the debug information of an ELF file: sections, units, libdwarf handles. */
#include "dwarf_file.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "elf_file.h"

/*
 * All that names and types need, and .debug_addr, without which libdwarf enters no unit of clang's DWARF 5. Line
 * tables, location lists and relocations would only cost time.
 */
static const char *const wanted_sections[] = {
	".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str", ".debug_str_offsets", ".debug_addr",
};

static struct mo_error *add_section(struct mo_dwarf_file *file, struct mo_elf *elf, const char *name)
{
	struct mo_elf_section section;
	struct mo_dwarf_section *added = &file->object.sections[file->object.n_sections];

	if (!mo_elf_has_section(elf, name))
		return NULL;
	MO_TRY(mo_elf_section_named(elf, name, &section));
	if (!section.bytes || !section.n_bytes)
		return NULL;
	*added = (struct mo_dwarf_section){ .name = name, .bytes = section.bytes, .n_bytes = section.n_bytes };
	file->object.n_sections++;
	if (!strcmp(name, ".debug_info"))
		file->info = *added;
	else if (!strcmp(name, ".debug_str"))
		file->text = *added;
	else if (!strcmp(name, ".debug_abbrev"))
		file->abbreviations = *added;
	else if (!strcmp(name, ".debug_str_offsets"))
		file->has_indexed_text = true;
	return NULL;
}

/*
 * A unit's header: its length (4 bytes or, behind 0xffffffff, 8), version, from DWARF 5 on its type and the size of
 * addresses, the offset of its abbreviations. false: it does not fit.
 */
static bool read_unit(const struct mo_dwarf_file *file, uint64_t offset, struct mo_dwarf_unit *ret)
{
	const uint8_t *bytes = file->info.bytes + offset;
	bool is_big_endian = file->object.is_big_endian;
	uint64_t length = mo_load_u32(bytes, is_big_endian);
	unsigned length_bytes = 4, offset_bytes = 4;
	const uint8_t *place;

	if (length == 0xffffffff) {
		length = mo_load_u64(bytes + 4, is_big_endian);
		length_bytes = 12;
		offset_bytes = 8;
	}
	if (!mo_is_within(offset + length_bytes, length, file->info.n_bytes))
		return false;
	*ret = (struct mo_dwarf_unit){ .offset = offset, .end_offset = offset + length_bytes + length };
	place = bytes + length_bytes + (length >= 2 && mo_load_u16(bytes + length_bytes, is_big_endian) >= 5 ? 4 : 2);
	if (mo_is_within((uint64_t)(place - bytes), offset_bytes, length_bytes + length))
		ret->abbreviations_offset = mo_load_unsigned(place, offset_bytes, is_big_endian);
	return true;
}

/* A unit that does not fit ends the list: what is before it can be read. */
static struct mo_error *find_units(struct mo_dwarf_file *file)
{
	uint64_t offset = 0;

	while (mo_is_within(offset, 12, file->info.n_bytes)) {
		struct mo_dwarf_unit unit;

		if (!read_unit(file, offset, &unit))
			break;
		if (mo_load_u32(file->info.bytes + offset, file->object.is_big_endian) == 0xffffffff)
			file->has_wide_units = true;
		/* Some linkers leave a few zero bytes between units. */
		if (unit.end_offset > offset + 4 && !mo_vector_append(&file->units, unit))
			return mo_error_no_memory();
		offset = unit.end_offset;
	}
	if (file->units.count)
		return NULL;
	return mo_error_create(MO_E_CORRUPT, "%s has no unit in its .debug_info", file->path);
}

static struct mo_error *relocate(struct mo_dwarf_file *file, struct mo_elf *elf)
{
	for (unsigned i = 0; i < file->object.n_sections; i++) {
		struct mo_dwarf_section *section = &file->object.sections[i];

		MO_TRY(mo_dwarf_relocate(elf, section, &file->relocated[i]));
		if (!file->relocated[i])
			continue;
		section->bytes = file->relocated[i];
		if (!strcmp(section->name, ".debug_info"))
			file->info = *section;
	}
	return NULL;
}

static struct mo_error *open_sections(struct mo_dwarf_file *file, struct mo_elf *elf)
{
	for (size_t i = 0; i < sizeof(wanted_sections) / sizeof(wanted_sections[0]); i++)
		MO_TRY(add_section(file, elf, wanted_sections[i]));
	if (!file->info.bytes)
		return mo_error_create(MO_E_ABSENT, "%s has no debug information (no section .debug_info)", file->path);
	if (mo_elf_is_relocatable(elf))
		MO_TRY(relocate(file, elf));
	return find_units(file);
}

struct mo_error *mo_dwarf_file_open(struct mo_elf *elf, struct mo_dwarf_file **ret)
{
	struct mo_dwarf_file *file = calloc(1, sizeof(*file));
	struct mo_error *error;

	if (!file)
		return mo_error_no_memory();
	file->path = mo_elf_path(elf);
	file->object.pointer_bytes = mo_elf_pointer_bytes(elf);
	file->object.is_big_endian = mo_elf_is_big_endian(elf);
	error = open_sections(file, elf);
	if (error) {
		mo_dwarf_file_close(file);
		return error;
	}
	*ret = file;
	return NULL;
}

void mo_dwarf_file_close(struct mo_dwarf_file *file)
{
	if (!file)
		return;
	mo_vector_deinit(&file->units);
	for (unsigned i = 0; i < MO_DWARF_SECTIONS_MAX; i++)
		free(file->relocated[i]);
	free(file);
}

struct mo_error *mo_dwarf_error(const struct mo_dwarf_handle *handle, Dwarf_Error error, const char *what)
{
	struct mo_error *ret = mo_error_create(MO_E_CORRUPT, "%s: cannot read %s: %s", handle->file->path, what,
					       error ? dwarf_errmsg(error) : "nothing is there");

	if (error)
		dwarf_dealloc_error(handle->debug, error);
	return ret;
}

/* Shows libdwarf one unit as if it were all of .debug_info. */
static void narrow(struct mo_dwarf_handle *handle, const struct mo_dwarf_unit *unit)
{
	for (unsigned i = 0; i < handle->object.n_sections; i++) {
		struct mo_dwarf_section *section = &handle->object.sections[i];

		if (strcmp(section->name, ".debug_info"))
			continue;
		section->bytes += unit->offset;
		section->n_bytes = unit->end_offset - unit->offset;
	}
	handle->base_offset = unit->offset;
	handle->end_offset = unit->end_offset;
}

struct mo_error *mo_dwarf_handle_open(const struct mo_dwarf_file *file, const struct mo_dwarf_unit *unit,
				      struct mo_dwarf_handle *ret)
{
	Dwarf_Error error = NULL;
	int result;

	*ret = (struct mo_dwarf_handle){ .file = file, .object = file->object, .end_offset = file->info.n_bytes };
	if (unit)
		narrow(ret, unit);
	mo_dwarf_api_set(&ret->interface, &ret->object);
	result = dwarf_object_init_b(&ret->interface, NULL, NULL, DW_GROUPNUMBER_ANY, &ret->debug, &error);
	if (result == DW_DLV_OK)
		return NULL;
	ret->debug = NULL;
	return mo_dwarf_error(ret, result == DW_DLV_ERROR ? error : NULL, "the debug information");
}

void mo_dwarf_handle_close(struct mo_dwarf_handle *handle)
{
	if (handle->debug)
		mo_dwarf_api_finish(handle->debug);
	handle->debug = NULL;
}

struct mo_error *mo_dwarf_handle_enter(struct mo_dwarf_handle *handle, Dwarf_Die *ret)
{
	Dwarf_Unsigned length, type_offset, next;
	Dwarf_Half version, address_size, length_size, extension_size, unit_type;
	Dwarf_Off abbreviations;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int result = dwarf_next_cu_header_d(handle->debug, 1, &length, &version, &abbreviations, &address_size,
					    &length_size, &extension_size, &signature, &type_offset, &next, &unit_type,
					    &error);

	if (result != DW_DLV_OK)
		return mo_dwarf_error(handle, result == DW_DLV_ERROR ? error : NULL, "a unit's header");
	result = dwarf_siblingof_b(handle->debug, NULL, 1, ret, &error);
	if (result != DW_DLV_OK)
		return mo_dwarf_error(handle, result == DW_DLV_ERROR ? error : NULL, "a unit's first entry");
	return NULL;
}
