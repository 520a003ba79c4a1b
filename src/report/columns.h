/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COLUMNS_H
#define MO_COLUMNS_H

/* The columns that a user named in --columns and --sort. */

#include <memopsy/containers.h>
#include <memopsy/error.h>
#include <memopsy/report.h>

#include "row_store.h"
#include "text.h"

struct mo_column_request {
	char *name;
	bool is_descending; /* "-name" of --sort */
	bool is_met;        /* a table had it */
};

/* Starts zeroed: nothing named. */
struct mo_column_requests {
	MO_VECTOR(struct mo_column_request) list;
	bool is_added; /* "+name": to the default columns */
};

#define MO_NO_COLUMN SIZE_MAX

void mo_column_requests_deinit(struct mo_column_requests *requests);

/* Reads the argument of --columns or of --sort; NULL: nothing named. MO_E_INVALID for an empty name. */
struct mo_error *mo_column_requests_parse_columns(const char *argument, struct mo_column_requests *ret) MO_MUST_USE;
struct mo_error *mo_column_requests_parse_sort(const char *argument, struct mo_column_requests *ret) MO_MUST_USE;

/* The column of that key, or of that heading in any case; MO_NO_COLUMN: none. */
size_t mo_column_find(const struct mo_table_spec *spec, const char *name);

/* Notes which requests this table meets. Returns how many. */
size_t mo_column_requests_meet(struct mo_column_requests *requests, const struct mo_table_spec *spec);

/* Writes the numbers of the columns to be shown, in order, to shown (room for n_columns); returns how many. */
size_t mo_column_requests_shown(const struct mo_column_requests *requests, const struct mo_table_spec *spec, size_t *shown);

/* Writes the sort keys that this table has to keys (room for requests->list.count); returns how many. */
size_t mo_column_requests_keys(const struct mo_column_requests *requests, const struct mo_table_spec *spec,
			     struct mo_sort_key *keys);

/* Appends `zones has node, name, free_pages`, to say what there would have been. */
void mo_column_append_names(struct mo_text *out, const struct mo_table_spec *spec);

/* MO_E_INVALID for the first request that no table met. */
struct mo_error *mo_column_requests_check(const struct mo_column_requests *requests, const char *option,
					const char *names_there_are) MO_MUST_USE;

#endif
