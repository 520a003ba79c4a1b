/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows held until they are printed or sorted. */
#include "row_store.h"

#include <string.h>

#include "cell.h"

void mo_row_store_deinit(struct mo_row_store *store)
{
	mo_vector_deinit(&store->cells);
	mo_text_store_deinit(&store->texts);
	free(store->order);
	*store = (struct mo_row_store){ .n_rows = 0 };
}

void mo_row_store_clear(struct mo_row_store *store)
{
	store->cells.count = 0;
	store->n_rows = 0;
	free(store->order);
	store->order = NULL;
	mo_text_store_clear(&store->texts);
}

bool mo_row_store_add(struct mo_row_store *store, const struct mo_table_spec *spec, const struct mo_cell *cells)
{
	size_t first = store->cells.count;

	store->n_columns = spec->n_columns;
	if (!mo_vector_reserve(&store->cells, first + spec->n_columns))
		return false;
	for (size_t i = 0; i < spec->n_columns; i++) {
		struct mo_cell *copy = &store->cells.items[first + i];

		if (!mo_cell_keep(&store->texts, spec->columns[i].kind, spec->columns[i].flags, &cells[i], copy))
			return false;
	}
	store->cells.count += spec->n_columns;
	store->n_rows++;
	return true;
}

size_t mo_row_store_bytes(const struct mo_row_store *store)
{
	return store->cells.count * sizeof(struct mo_cell) + store->texts.total_bytes;
}

const struct mo_cell *mo_row_store_row(const struct mo_row_store *store, size_t position)
{
	size_t row = store->order ? store->order[position] : position;

	return store->cells.items + row * store->n_columns;
}

struct sorting {
	const struct mo_row_store *store;
	const struct mo_sort_key *keys;
	size_t n_keys;
};

static int compare_rows(const void *left_row, const void *right_row, void *context)
{
	const struct sorting *sorting = context;
	size_t left = *(const size_t *)left_row;
	size_t right = *(const size_t *)right_row;
	const struct mo_cell *left_cells = sorting->store->cells.items + left * sorting->store->n_columns;
	const struct mo_cell *right_cells = sorting->store->cells.items + right * sorting->store->n_columns;

	for (size_t i = 0; i < sorting->n_keys; i++) {
		const struct mo_sort_key *key = &sorting->keys[i];
		int difference = mo_cell_compare(key->kind, &left_cells[key->column], &right_cells[key->column],
						 key->is_descending);

		if (difference)
			return difference;
	}
	return left < right ? -1 : left > right;
}

bool mo_row_store_sort(struct mo_row_store *store, const struct mo_sort_key *keys, size_t n_keys)
{
	struct sorting sorting = { .store = store, .keys = keys, .n_keys = n_keys };
	size_t *order = reallocarray(NULL, store->n_rows + 1, sizeof(*order));

	if (!order)
		return false;
	for (size_t i = 0; i < store->n_rows; i++)
		order[i] = i;
	qsort_r(order, store->n_rows, sizeof(*order), compare_rows, &sorting);
	free(store->order);
	store->order = order;
	return true;
}
