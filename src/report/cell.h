/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_CELL_H
#define MO_CELL_H

/* What one cell says, whatever draws it: how sure it is, its order among others, its form for people. */

#include <memopsy/report.h>

#include "text.h"
#include "text_store.h"

/* How sure a cell is; kinds of which a lower bound says nothing are unknown then. */
enum mo_certainty mo_cell_certainty(enum mo_cell_kind kind, const struct mo_cell *cell);

/* A copy whose text is visible and lives in the store. false: no memory. */
bool mo_cell_keep(struct mo_text_store *store, enum mo_cell_kind kind, unsigned column_flags,
		  const struct mo_cell *cell, struct mo_cell *copy);

/* Order for sorting: as memcmp(). Unknown stands after all else in either direction. */
int mo_cell_compare(enum mo_cell_kind kind, const struct mo_cell *left, const struct mo_cell *right,
		    bool is_descending);

/* Whether a column of this kind is aligned to the right. */
bool mo_cell_is_right_aligned(enum mo_cell_kind kind);

/* The form for people: "4.0 KiB", ">=17", "?". plain_bytes: sizes as numbers. */
void mo_cell_to_text(struct mo_text *out, enum mo_cell_kind kind, const struct mo_cell *cell, bool plain_bytes);

/* The exact form for programs, of a known cell that is not text: "4096", "12.345", "0xffff888000001000", "true". */
void mo_cell_to_literal(struct mo_text *out, enum mo_cell_kind kind, const struct mo_cell *cell);

/* "count", "bytes", ...: the kind's name in JSON. */
const char *mo_cell_kind_name(enum mo_cell_kind kind);

/* The unit that the numbers of this kind have in JSON; NULL: none. */
const char *mo_cell_kind_unit(enum mo_cell_kind kind);

#endif
