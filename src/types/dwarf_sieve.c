/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules out units by their bytes, before libdwarf reads them. */
#include "dwarf_sieve.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"

/* More abbreviations than any unit has. */
#define CLASSES_MAX 65536
/* gcc puts the name first, but for base types (after size and encoding: 2 bytes); clang an enum's type (4 bytes). */
#define DISTANCE_MAX 16

void mo_dwarf_sieve_deinit(struct mo_dwarf_sieve *sieve)
{
	free(sieve->classes);
	*sieve = (struct mo_dwarf_sieve){ .classes = NULL };
}

/* Bytes with an end; reading past it gives zeros and says so. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool is_past_end;
};

static uint64_t read_leb128(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned shift = 0;

	while (cursor->at < cursor->end) {
		uint8_t byte = *cursor->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			return value;
	}
	cursor->is_past_end = true;
	return 0;
}

static unsigned spaces_of_tag(uint64_t tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
		return 1u << MO_NAME_STRUCT;
	case DW_TAG_union_type:
		return 1u << MO_NAME_UNION;
	case DW_TAG_enumeration_type:
		return 1u << MO_NAME_ENUM;
	case DW_TAG_typedef:
	case DW_TAG_base_type:
		return 1u << MO_NAME_PLAIN;
	case DW_TAG_enumerator:
		return 1u << MO_NAME_ENUMERATOR;
	case DW_TAG_variable:
		return 1u << MO_NAME_VARIABLE;
	default:
		return 0;
	}
}

struct abbreviation {
	uint64_t number;
	uint64_t tag;
	bool has_name;
	bool is_place_known; /* and the name is in a form whose bytes the sieve knows */
	bool is_declaration;
	unsigned distance;   /* of the name, if its place is known */
};

/* The bytes that an attribute takes; DISTANCE_MAX: they vary, or are too many to matter. */
static unsigned form_bytes(uint64_t form)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
		return 2;
	case DW_FORM_data4:
	case DW_FORM_ref4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
		return 8;
	default:
		return DISTANCE_MAX;
	}
}

static void read_abbreviation(struct cursor *cursor, struct abbreviation *ret)
{
	unsigned distance = 0;

	*ret = (struct abbreviation){ .number = read_leb128(cursor) };
	if (!ret->number)
		return;
	ret->tag = read_leb128(cursor);
	(void)read_leb128(cursor); /* whether it has children: one byte, 0 or 1 */
	while (!cursor->is_past_end) {
		uint64_t attribute = read_leb128(cursor);
		uint64_t form = read_leb128(cursor);

		if (!attribute && !form)
			return;
		if (form == DW_FORM_implicit_const)
			(void)read_leb128(cursor);
		if (attribute == DW_AT_name) {
			ret->has_name = true;
			ret->is_place_known = distance < DISTANCE_MAX && (form == DW_FORM_strp || form == DW_FORM_string);
			ret->distance = distance;
		}
		if (attribute == DW_AT_declaration)
			ret->is_declaration = true;
		if (distance < DISTANCE_MAX)
			distance += form_bytes(form);
	}
}

static struct mo_error *set_class(struct mo_dwarf_sieve *sieve, uint64_t number, unsigned spaces, unsigned distance)
{
	size_t wanted = sieve->capacity ? sieve->capacity : 1024;
	struct mo_dwarf_class *classes;

	while (wanted <= number)
		wanted *= 2;
	if (wanted > sieve->capacity) {
		classes = realloc(sieve->classes, wanted * sizeof(*classes));
		if (!classes)
			return mo_error_no_memory();
		sieve->classes = classes;
		sieve->capacity = wanted;
	}
	if (number >= sieve->n_classes) {
		memset(sieve->classes + sieve->n_classes, 0, (number + 1 - sieve->n_classes) * sizeof(*sieve->classes));
		sieve->n_classes = number + 1;
	}
	sieve->classes[number] = (struct mo_dwarf_class){ .spaces = (uint8_t)spaces, .distance = (uint8_t)distance };
	if (spaces)
		sieve->distances |= 1u << distance;
	return NULL;
}

static struct mo_error *load_abbreviations(struct mo_dwarf_sieve *sieve, const struct mo_dwarf_file *file,
					   const struct mo_dwarf_unit *unit)
{
	const struct mo_dwarf_section *section = &file->abbreviations;
	struct cursor cursor = { .at = section->bytes, .end = section->bytes };

	sieve->is_loaded = true;
	sieve->is_regular = false;
	sieve->n_classes = 0;
	sieve->distances = 0;
	if (unit->abbreviations_offset >= section->n_bytes)
		return NULL;
	cursor.at += unit->abbreviations_offset;
	cursor.end += section->n_bytes;
	for (;;) {
		struct abbreviation abbreviation;
		unsigned spaces;

		read_abbreviation(&cursor, &abbreviation);
		if (cursor.is_past_end || abbreviation.number >= CLASSES_MAX)
			return NULL;
		if (!abbreviation.number)
			break;
		spaces = abbreviation.has_name ? spaces_of_tag(abbreviation.tag) : 0;
		/* A declaration tells the type of a variable; a definition behind it has no name of its own. */
		if (abbreviation.is_declaration)
			spaces &= 1u << MO_NAME_VARIABLE;
		if (spaces && !abbreviation.is_place_known)
			return NULL;
		MO_TRY(set_class(sieve, abbreviation.number, spaces, abbreviation.distance));
	}
	sieve->is_regular = true;
	return NULL;
}

static unsigned class_of(const struct mo_dwarf_sieve *sieve, uint32_t number, unsigned distance)
{
	if (number >= sieve->n_classes || sieve->classes[number].distance != distance)
		return 0;
	return sieve->classes[number].spaces;
}

/*
 * The name spaces that an entry could define whose number ends before `end`, with the name at some distance. The
 * number is in LEB128, of one to three bytes; how many cannot be told from its end, so all are tried.
 */
static unsigned spaces_ending(const struct mo_dwarf_sieve *sieve, const uint8_t *start, const uint8_t *end,
			      unsigned distance)
{
	uint32_t number;
	unsigned spaces;

	if (end <= start || (end[-1] & 0x80))
		return 0;
	number = end[-1];
	spaces = class_of(sieve, number, distance);
	for (const uint8_t *byte = end - 2; byte >= start && byte >= end - 3 && (*byte & 0x80); byte--) {
		number = number << 7 | (*byte & 0x7f);
		spaces |= class_of(sieve, number, distance);
	}
	return spaces;
}

/* The name spaces that an entry could define whose name is at `name`. */
static unsigned spaces_before(const struct mo_dwarf_sieve *sieve, const uint8_t *start, const uint8_t *name)
{
	uint32_t distances = sieve->distances;
	unsigned spaces = 0;

	if (!sieve->is_regular)
		return ~0u;
	for (unsigned distance = 0; distances; distance++, distances >>= 1) {
		if ((distances & 1) && (uint64_t)(name - start) > distance)
			spaces |= spaces_ending(sieve, start, name - distance, distance);
	}
	return spaces;
}

/* The short names that are still open, which mostly are none after the first units. */
static void prepare_short(struct mo_dwarf_sieve *sieve, const struct mo_dwarf_names *names, uint64_t unit)
{
	if (sieve->has_short)
		memset(sieve->short_first, 0, sizeof(sieve->short_first));
	sieve->has_short = false;
	for (size_t i = 0; i < names->short_needles.count; i++) {
		uint32_t needle = names->short_needles.items[i];

		if (!mo_dwarf_open_spaces(names, needle, unit))
			continue;
		sieve->short_first[(uint8_t)names->needles.items[needle].text[0]] = 1;
		sieve->has_short = true;
	}
}

static unsigned open_short(const struct mo_dwarf_names *names, const uint8_t *bytes, const uint8_t *end, uint64_t unit)
{
	unsigned spaces = 0;

	for (size_t i = 0; i < names->short_needles.count; i++) {
		uint32_t number = names->short_needles.items[i];
		const struct mo_dwarf_needle *needle = &names->needles.items[number];

		if (needle->length < (size_t)(end - bytes) && !memcmp(bytes, needle->text, needle->length + 1))
			spaces |= mo_dwarf_open_spaces(names, number, unit);
	}
	return spaces;
}

static struct mo_error *check_place(struct mo_dwarf_sieve *sieve, const struct mo_dwarf_file *file,
				    const struct mo_dwarf_unit *unit, const uint8_t *name, unsigned open,
				    unsigned *spaces)
{
	if (!open)
		return NULL;
	if (!sieve->is_loaded)
		MO_TRY(load_abbreviations(sieve, file, unit));
	*spaces |= open & spaces_before(sieve, file->info.bytes + unit->offset, name);
	return NULL;
}

/* The loop over all bytes, made once for each byte order. */
static inline struct mo_error *sift_bytes(struct mo_dwarf_sieve *sieve, const struct mo_dwarf_names *names,
					  uint64_t unit_number, uint64_t first_open, bool is_big_endian,
					  unsigned *spaces)
{
	const struct mo_dwarf_unit *unit = &names->file->units.items[unit_number];
	const uint8_t *bytes = names->file->info.bytes + unit->offset + 1;
	const uint8_t *end = names->file->info.bytes + unit->end_offset;
	uint32_t text_bytes = (uint32_t)names->file->text.n_bytes;
	bool has_short = sieve->has_short;

	/* The last three bytes of a unit cannot hold the name of an entry that has attributes behind it. */
	for (; end - bytes >= 4; bytes++) {
		uint32_t word = mo_load_u32(bytes, is_big_endian);
		/* What is no offset tests the spare bit, which is never set: no branch that cannot be foreseen. */
		uint32_t tested = word < text_bytes ? word : text_bytes;
		unsigned open = 0;

		if (__builtin_expect(mo_dwarf_may_be_named(names, tested), 0))
			open = mo_dwarf_open_spaces_at(names, word, first_open);
		if (has_short && sieve->short_first[*bytes])
			open |= open_short(names, bytes, end, first_open);
		if (open)
			MO_TRY(check_place(sieve, names->file, unit, bytes, open, spaces));
	}
	return NULL;
}

struct mo_error *mo_dwarf_sift(struct mo_dwarf_sieve *sieve, const struct mo_dwarf_names *names, uint64_t unit_number,
			       uint64_t first_open, unsigned *spaces)
{
	*spaces = names->has_places ? 0 : ~0u;
	if (!names->has_places)
		return NULL;
	sieve->is_loaded = false;
	prepare_short(sieve, names, first_open);
	if (names->file->object.is_big_endian)
		return sift_bytes(sieve, names, unit_number, first_open, true, spaces);
	return sift_bytes(sieve, names, unit_number, first_open, false, spaces);
}
