/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What users write in the place of an address: SYMBOL+OFFSET. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/numbers.h>
#include <memopsy/symbols.h>

#include "cleanup.h"

/* "12g" is a slip of the pen, "task_lsit" may be a symbol of another kernel. */
static bool may_be_symbol(const char *name)
{
	return isalpha((unsigned char)name[0]) || name[0] == '_' || name[0] == '.' || name[0] == '$';
}

struct mo_error *mo_symbols_find_place(const struct mo_symbols *symbols, const char *text, uint64_t *ret_kva)
{
	const char *plus = strrchr(text, '+');
	MO_FREE char *name = NULL;
	struct mo_symbol symbol;
	struct mo_error *error;
	uint64_t offset = 0;

	if (plus && !mo_parse_number(plus + 1, &offset))
		return mo_error_create(MO_E_INVALID, "\"%s\": \"%s\" is no number", text, plus + 1);
	name = strndup(text, plus ? (size_t)(plus - text) : strlen(text));
	if (!name)
		return mo_error_no_memory();
	error = mo_symbols_find(symbols, NULL, name, &symbol, NULL);
	if (mo_error_catch(&error, MO_E_ABSENT))
		return mo_error_create(may_be_symbol(name) ? MO_E_ABSENT : MO_E_INVALID,
				       "\"%s\" is neither an address nor a symbol", text);
	if (error)
		return error;
	*ret_kva = symbol.value_kva + offset;
	return NULL;
}
