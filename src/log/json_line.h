/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_JSON_LINE_H
#define MO_JSON_LINE_H

/*
 * The members of a JSON object that stands on one line, in their order, without building anything: logs have a million
 * such lines. What is not JSON ends the walk.
 */

#include "cursor.h"

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_ARRAY, JSON_OTHER };

struct json_member {
	struct cursor key;    /* as written, between its quotes */
	struct cursor value;  /* of a string: between its quotes; of an array: between its brackets */
	enum json_kind kind;
};

/* The cursor stands on the object's brace. */
bool json_begin(struct cursor *object);
bool json_next(struct cursor *object, struct json_member *ret);

/* A string's value, or an array of bytes (as the journal has texts that are not UTF-8); at most room bytes. */
size_t json_text(const struct json_member *member, char *to, size_t room);

/* A number, or a string of digits. */
bool json_number(const struct json_member *member, uint64_t *ret);

#endif
