/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PRINT_LAYOUT_H
#define MO_PRINT_LAYOUT_H

/* A type as C declares it, with offsets and sizes in bytes: `memopsy print TYPE`. */

#include "command.h"

extern const struct mo_table_spec mo_print_layout_table; /* the same as rows, for JSON */

/*
 * The type as it was found by name, and the complete one behind it. depth: how many levels of named structs inside are
 * opened as well (anonymous ones always are).
 */
struct mo_error *mo_print_layout(struct mo_cli *cli, const struct mo_type *declared, const struct mo_type *complete,
				 uint64_t depth) MO_MUST_USE;

#endif
