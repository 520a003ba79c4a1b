/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_JSON_OBJECT_H
#define MO_JSON_OBJECT_H

/*
 * JSON objects that are written over several lines (journalctl -o json-pretty, dmesg --json, jq) become one line each.
 * Of objects within an array those of the array are given, and not the one that has it. What turns out not to be JSON
 * is dropped up to the line that shows it: programs print lone braces, too.
 */

#include "cursor.h"

struct json_object;

struct json_object *json_object_create(void); /* NULL: no memory */
void json_object_destroy(struct json_object *object);

enum json_object_state {
	JSON_OBJECT_NONE,     /* the line is of no object */
	JSON_OBJECT_MORE,     /* it is, and more lines come */
	JSON_OBJECT_COMPLETE, /* *ret is all of the object; valid until the next call, may be written to */
};

enum json_object_state json_object_line(struct json_object *object, struct cursor line, struct cursor *ret);

#endif
