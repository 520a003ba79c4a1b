/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PRINT_VALUE_H
#define MO_PRINT_VALUE_H

/* An object in memory, member by member: `memopsy print TYPE ADDRESS`. */

#include "command.h"

extern const struct mo_table_spec mo_print_value_table; /* the same as rows, for JSON */

struct mo_print_requests {
	uint64_t depth;          /* how many pointers deep structs that are pointed to are shown */
	uint64_t array_limit;    /* elements of an array; of a flexible one only if asked_for_array */
	bool asked_for_array;
	bool as_hex;
	bool with_strings;
	const char *const *members; /* paths of members to show; none: all */
	size_t n_members;
};

struct mo_error *mo_print_value(struct mo_cli *cli, const char *type_name, const struct mo_type *type, uint64_t kva,
				const struct mo_print_requests *requests) MO_MUST_USE;

#endif
