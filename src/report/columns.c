/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --columns and --sort: parsed, and checked against the tables. */
#include "columns.h"

#include <string.h>
#include <strings.h>

#include "report_write.h"

void mo_column_requests_deinit(struct mo_column_requests *requests)
{
	for (size_t i = 0; i < requests->list.count; i++)
		free(requests->list.items[i].name);
	mo_vector_deinit(&requests->list);
	requests->is_added = false;
}

/* "a,b" into names; an option's own marks have been taken off the front of the list. */
static struct mo_error *parse_list(const char *argument, const char *list, const char *option, bool may_descend,
				   struct mo_column_requests *ret)
{
	struct mo_column_requests requests = { .is_added = false };
	const char *at = list;

	for (;;) {
		struct mo_column_request request = { .name = NULL };
		size_t length = strcspn(at, ",");

		if (may_descend && *at == '-') {
			request.is_descending = true;
			at++;
			length--;
		}
		if (!length) {
			mo_column_requests_deinit(&requests);
			return mo_error_create(MO_E_INVALID, "%s: an empty column name in \"%s\"", option, argument);
		}
		request.name = strndup(at, length);
		if (!request.name || !mo_vector_append(&requests.list, request)) {
			free(request.name);
			mo_column_requests_deinit(&requests);
			return mo_error_no_memory();
		}
		at += length;
		if (!*at)
			break;
		at++;
	}
	*ret = requests;
	return NULL;
}

struct mo_error *mo_column_requests_parse_columns(const char *argument, struct mo_column_requests *ret)
{
	struct mo_column_requests requests = { .is_added = false };
	bool is_added = argument && *argument == '+';
	struct mo_error *error = NULL;

	if (argument)
		error = parse_list(argument, argument + is_added, "--columns", false, &requests);
	if (error)
		return error;
	requests.is_added = is_added;
	*ret = requests;
	return NULL;
}

struct mo_error *mo_column_requests_parse_sort(const char *argument, struct mo_column_requests *ret)
{
	struct mo_column_requests requests = { .is_added = false };
	struct mo_error *error = NULL;

	if (argument)
		error = parse_list(argument, argument, "--sort", true, &requests);
	if (error)
		return error;
	*ret = requests;
	return NULL;
}

size_t mo_column_find(const struct mo_table_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_columns; i++) {
		if (!strcmp(spec->columns[i].key, name))
			return i;
	}
	for (size_t i = 0; i < spec->n_columns; i++) {
		if (!strcasecmp(spec->columns[i].heading, name))
			return i;
	}
	return MO_NO_COLUMN;
}

size_t mo_column_requests_meet(struct mo_column_requests *requests, const struct mo_table_spec *spec)
{
	size_t n_met = 0;

	for (size_t i = 0; i < requests->list.count; i++) {
		if (mo_column_find(spec, requests->list.items[i].name) == MO_NO_COLUMN)
			continue;
		requests->list.items[i].is_met = true;
		n_met++;
	}
	return n_met;
}

static bool is_among(const size_t *shown, size_t n_shown, size_t column)
{
	for (size_t i = 0; i < n_shown; i++) {
		if (shown[i] == column)
			return true;
	}
	return false;
}

size_t mo_column_requests_shown(const struct mo_column_requests *requests, const struct mo_table_spec *spec, size_t *shown)
{
	size_t n_shown = 0;

	for (size_t i = 0; i < spec->n_columns && (!requests->list.count || requests->is_added); i++) {
		if (!(spec->columns[i].flags & MO_COLUMN_HIDDEN))
			shown[n_shown++] = i;
	}
	for (size_t i = 0; i < requests->list.count; i++) {
		size_t column = mo_column_find(spec, requests->list.items[i].name);

		if (column != MO_NO_COLUMN && !is_among(shown, n_shown, column))
			shown[n_shown++] = column;
	}
	return n_shown;
}

size_t mo_column_requests_keys(const struct mo_column_requests *requests, const struct mo_table_spec *spec,
			     struct mo_sort_key *keys)
{
	size_t n_keys = 0;

	for (size_t i = 0; i < requests->list.count; i++) {
		size_t column = mo_column_find(spec, requests->list.items[i].name);

		if (column == MO_NO_COLUMN)
			continue;
		keys[n_keys++] = (struct mo_sort_key){
			.column = column,
			.kind = spec->columns[column].kind,
			.is_descending = requests->list.items[i].is_descending,
		};
	}
	return n_keys;
}

void mo_column_append_names(struct mo_text *out, const struct mo_table_spec *spec)
{
	mo_text_printf(out, "%s%s has ", out->length ? "; " : "", spec->name);
	for (size_t i = 0; i < spec->n_columns; i++)
		mo_text_printf(out, "%s%s", i ? ", " : "", spec->columns[i].key);
}

struct mo_error *mo_column_requests_check(const struct mo_column_requests *requests, const char *option,
					const char *names_there_are)
{
	for (size_t i = 0; i < requests->list.count; i++) {
		if (requests->list.items[i].is_met)
			continue;
		return mo_error_create(MO_E_INVALID, "%s: no column \"%s\"; %s", option, requests->list.items[i].name,
				       names_there_are);
	}
	return NULL;
}

struct mo_error *mo_report_check_columns(const struct mo_report_options *options,
					 const struct mo_table_spec *const *specs, size_t n_specs)
{
	struct mo_column_requests columns = { .is_added = false };
	struct mo_column_requests sort = { .is_added = false };
	struct mo_text names = MO_TEXT_EMPTY;
	struct mo_error *error = mo_column_requests_parse_columns(options->columns, &columns);

	if (!error)
		error = mo_column_requests_parse_sort(options->sort, &sort);
	for (size_t i = 0; i < n_specs && !error; i++) {
		mo_column_requests_meet(&columns, specs[i]);
		mo_column_requests_meet(&sort, specs[i]);
		mo_column_append_names(&names, specs[i]);
	}
	if (!error)
		error = mo_column_requests_check(&columns, "--columns", mo_text_chars(&names));
	if (!error)
		error = mo_column_requests_check(&sort, "--sort", mo_text_chars(&names));
	mo_text_deinit(&names);
	mo_column_requests_deinit(&columns);
	mo_column_requests_deinit(&sort);
	return error;
}
