/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ROW_STORE_H
#define MO_ROW_STORE_H

/* Rows of one table, held until there are enough of them to print or until they are sorted. Starts zeroed. */

#include <memopsy/containers.h>
#include <memopsy/report.h>

#include "text_store.h"

struct mo_row_store {
	MO_VECTOR(struct mo_cell) cells; /* n_rows times n_columns */
	struct mo_text_store texts;
	size_t n_columns;
	size_t n_rows;
	size_t *order; /* row numbers after sorting; NULL: as added */
};

/* One key of a sort order. */
struct mo_sort_key {
	size_t column;
	enum mo_cell_kind kind;
	bool is_descending;
};

void mo_row_store_deinit(struct mo_row_store *store);
void mo_row_store_clear(struct mo_row_store *store);

/* Copies a row; text becomes visible UTF-8. false: no memory. */
bool mo_row_store_add(struct mo_row_store *store, const struct mo_table_spec *spec, const struct mo_cell *cells);

/* About how much memory the rows take. */
size_t mo_row_store_bytes(const struct mo_row_store *store);

/* Sorts by the keys, first key first; unknown values last either way; equal rows stay in order. false: no memory. */
bool mo_row_store_sort(struct mo_row_store *store, const struct mo_sort_key *keys, size_t n_keys);

/* The cells of the row at this position. */
const struct mo_cell *mo_row_store_row(const struct mo_row_store *store, size_t position);

#endif
