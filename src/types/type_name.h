/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_NAME_H
#define MO_TYPE_NAME_H

/*
 * Names of types as a user writes them, made one: "struct  page" is "struct page", and the many spellings of an
 * integer ("long unsigned int", "unsigned long int") are the one that people write ("unsigned long").
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>
#include <memopsy/types.h>

enum mo_name_space {
	MO_NAME_STRUCT = 0,
	MO_NAME_UNION = 1,
	MO_NAME_ENUM = 2,
	MO_NAME_PLAIN = 3,      /* a typedef or a base type */
	MO_NAME_ENUMERATOR = 4,
	MO_NAME_VARIABLE = 5,   /* found is the type of the variable */
};

/* Longer names are refused: the kernel's longest identifiers have 511 characters (KSYM_NAME_LEN). */
#define MO_TYPE_NAME_BYTES 512

struct mo_type_name { /* holds a pointer into itself: mo_type_name_copy() */
	enum mo_name_space space;
	char key[MO_TYPE_NAME_BYTES + 16]; /* "struct page", "unsigned long", "enumerator NR_FREE_PAGES", "variable init_task" */
	const char *tag;                   /* within key: "page", "unsigned long", "NR_FREE_PAGES" */
	size_t tag_length;
};

/* MO_E_INVALID: empty, too long, or not a name ("struct", "a b"). */
struct mo_error *mo_type_name_parse(const char *text, struct mo_type_name *ret) MO_MUST_USE;
struct mo_error *mo_type_name_parse_tag(enum mo_name_space space, const char *tag, struct mo_type_name *ret) MO_MUST_USE;
struct mo_error *mo_type_name_parse_enumerator(const char *text, struct mo_type_name *ret) MO_MUST_USE;

/* to and from may be the same. */
void mo_type_name_copy(struct mo_type_name *to, const struct mo_type_name *from);

/* The one spelling of an integer type; NULL: not an integer type of C. Static text. */
const char *mo_type_name_integer(const char *name);

/*
 * The ways in which compilers spell the integer type of this (canonical) name: index 0, 1, ... until NULL. Not an
 * integer: the name alone.
 */
const char *mo_type_name_spelling(const char *canonical, unsigned index);

/* "struct ", "enum ", ... in front of a tag; "" for the plain ones. */
const char *mo_name_space_prefix(enum mo_name_space space);

/* Whether a name out of type information may be shown as it is: printable, and of sane length. */
bool mo_type_name_is_sane(const char *name);

#endif
