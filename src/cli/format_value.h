/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FORMAT_VALUE_H
#define MO_FORMAT_VALUE_H

/* Values of C types as text: numbers, enumerators by name, pointers with symbols, char arrays as strings. */

#include "command.h"
#include "print_object.h"
#include "text.h"

struct mo_value_place {
	const struct mo_type *type;   /* as declared: typedefs kept */
	uint64_t offset_bits;         /* in the object */
	uint32_t bitfield_bits;       /* 0: no bit-field */
};

/* Whether a type (typedefs followed) is shown as one value: all but structs, unions and arrays of other than char. */
bool mo_value_is_scalar(const struct mo_type *type);

/*
 * Appends a scalar value. "?": its bytes could not be read. with_strings: a char pointer's string is read and shown;
 * else no memory but the object's is looked at.
 */
void mo_value_append(struct mo_cli *cli, const struct mo_print_object *object, const struct mo_value_place *place,
		     bool as_hex, bool with_strings, struct mo_text *text);

/* The number of an integer, enum, pointer or bit-field. false: it could not be read, or is none. */
bool mo_value_number(struct mo_cli *cli, const struct mo_print_object *object, const struct mo_value_place *place,
		     uint64_t *ret);

#endif
