/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_DWARF_API_H
#define MO_DWARF_API_H

/*
 * libdwarf, with the difference between its two interfaces kept here: Debian 12 has 20210528; releases from 0.1 on
 * renamed the object-access structures and dropped arguments. Nothing else in the project includes libdwarf.
 */

#include <stddef.h>
#include <stdint.h>

#include <dwarf.h>
#include <libdwarf.h>

/* A section as it is handed to libdwarf. Index 0 is the empty one that ELF files have, too. */
struct mo_dwarf_section {
	const char *name;
	const uint8_t *bytes;
	uint64_t n_bytes;
};

#define MO_DWARF_SECTIONS_MAX 8

struct mo_dwarf_object {
	struct mo_dwarf_section sections[MO_DWARF_SECTIONS_MAX];
	unsigned n_sections;
	unsigned pointer_bytes;
	bool is_big_endian;
};

#ifdef DW_LIBDWARF_VERSION_MAJOR
typedef Dwarf_Obj_Access_Interface_a mo_dwarf_interface;
typedef Dwarf_Obj_Access_Section_a mo_dwarf_api_section;
typedef Dwarf_Unsigned mo_dwarf_section_index;
typedef Dwarf_Small mo_dwarf_byte_order;
#else
typedef Dwarf_Obj_Access_Interface mo_dwarf_interface;
typedef Dwarf_Obj_Access_Section mo_dwarf_api_section;
typedef Dwarf_Half mo_dwarf_section_index;
typedef Dwarf_Endianness mo_dwarf_byte_order;
#endif

static inline int mo_dwarf_api_section_info(void *object, mo_dwarf_section_index index, mo_dwarf_api_section *ret,
					    int *error)
{
	const struct mo_dwarf_object *self = object;

	(void)error;
	if (index > self->n_sections)
		return DW_DLV_NO_ENTRY;
#ifdef DW_LIBDWARF_VERSION_MAJOR
	*ret = (mo_dwarf_api_section){ .as_name = "" };
	if (index) {
		ret->as_name = self->sections[index - 1].name;
		ret->as_size = self->sections[index - 1].n_bytes;
		ret->as_type = 1; /* SHT_PROGBITS */
	}
#else
	*ret = (mo_dwarf_api_section){ .name = "" };
	if (index) {
		ret->name = self->sections[index - 1].name;
		ret->size = self->sections[index - 1].n_bytes;
		ret->type = 1; /* SHT_PROGBITS */
	}
#endif
	return DW_DLV_OK;
}

static inline mo_dwarf_byte_order mo_dwarf_api_byte_order(void *object)
{
	const struct mo_dwarf_object *self = object;

#ifdef DW_LIBDWARF_VERSION_MAJOR
	return self->is_big_endian ? DW_END_big : DW_END_little;
#else
	return self->is_big_endian ? DW_OBJECT_MSB : DW_OBJECT_LSB;
#endif
}

/* The size of a length field that DWARF does not say itself: 4 also in 64-bit files, as gcc writes them. */
static inline Dwarf_Small mo_dwarf_api_length_size(void *object)
{
	(void)object;
	return 4;
}

static inline Dwarf_Small mo_dwarf_api_pointer_size(void *object)
{
	return (Dwarf_Small)((const struct mo_dwarf_object *)object)->pointer_bytes;
}

static inline Dwarf_Unsigned mo_dwarf_api_section_count(void *object)
{
	return ((const struct mo_dwarf_object *)object)->n_sections + 1;
}

/* The bytes stay ours: libdwarf reads them and frees nothing that it did not inflate itself. */
static inline int mo_dwarf_api_load_section(void *object, mo_dwarf_section_index index, Dwarf_Small **ret, int *error)
{
	const struct mo_dwarf_object *self = object;

	(void)error;
	if (!index || index > self->n_sections)
		return DW_DLV_NO_ENTRY;
	*ret = (Dwarf_Small *)(uintptr_t)self->sections[index - 1].bytes;
	return DW_DLV_OK;
}

static inline int mo_dwarf_api_relocate(void *object, mo_dwarf_section_index index, Dwarf_Debug debug, int *error)
{
	(void)object;
	(void)index;
	(void)debug;
	(void)error;
	return DW_DLV_NO_ENTRY;
}

#ifdef DW_LIBDWARF_VERSION_MAJOR
static inline Dwarf_Unsigned mo_dwarf_api_file_size(void *object)
{
	const struct mo_dwarf_object *self = object;
	Dwarf_Unsigned n_bytes = 0;

	for (unsigned i = 0; i < self->n_sections; i++)
		n_bytes += self->sections[i].n_bytes;
	return n_bytes;
}

static inline const Dwarf_Obj_Access_Methods_a *mo_dwarf_api_methods(void)
{
	static const Dwarf_Obj_Access_Methods_a methods = {
		.om_get_section_info = mo_dwarf_api_section_info,
		.om_get_byte_order = mo_dwarf_api_byte_order,
		.om_get_length_size = mo_dwarf_api_length_size,
		.om_get_pointer_size = mo_dwarf_api_pointer_size,
		.om_get_filesize = mo_dwarf_api_file_size,
		.om_get_section_count = mo_dwarf_api_section_count,
		.om_load_section = mo_dwarf_api_load_section,
		.om_relocate_a_section = mo_dwarf_api_relocate,
	};

	return &methods;
}

static inline void mo_dwarf_api_set(mo_dwarf_interface *interface, struct mo_dwarf_object *object)
{
	*interface = (mo_dwarf_interface){ .ai_object = object, .ai_methods = mo_dwarf_api_methods() };
}

static inline void mo_dwarf_api_finish(Dwarf_Debug debug)
{
	(void)dwarf_object_finish(debug);
}
#else
static inline const Dwarf_Obj_Access_Methods *mo_dwarf_api_methods(void)
{
	static const Dwarf_Obj_Access_Methods methods = {
		.get_section_info = mo_dwarf_api_section_info,
		.get_byte_order = mo_dwarf_api_byte_order,
		.get_length_size = mo_dwarf_api_length_size,
		.get_pointer_size = mo_dwarf_api_pointer_size,
		.get_section_count = mo_dwarf_api_section_count,
		.load_section = mo_dwarf_api_load_section,
		.relocate_a_section = mo_dwarf_api_relocate,
	};

	return &methods;
}

static inline void mo_dwarf_api_set(mo_dwarf_interface *interface, struct mo_dwarf_object *object)
{
	*interface = (mo_dwarf_interface){ .object = object, .methods = mo_dwarf_api_methods() };
}

static inline void mo_dwarf_api_finish(Dwarf_Debug debug)
{
	Dwarf_Error error = NULL;

	(void)dwarf_object_finish(debug, &error);
}
#endif

#endif
