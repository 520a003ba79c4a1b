/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses on the command line: hexadecimal, or SYMBOL+OFFSET; and symbols beside printed values. */
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "text.h"

#define LOWEST_SYMBOL 0x1000000

/* A name in the kernel, then, if the kernel has none of it, in its modules. */
static struct mo_error *find_symbol(struct mo_cli *cli, const char *name, struct mo_symbol *ret)
{
	struct mo_error *error = mo_symbols_find(mo_kernel_symbols(cli->kernel), NULL, name, ret, NULL);

	if (!error || mo_error_code(error) != MO_E_ABSENT)
		return error;
	mo_error_destroy(mo_kernel_load_modules(cli->kernel));
	mo_error_destroy(error);
	return mo_symbols_find(mo_kernel_symbols(cli->kernel), NULL, name, ret, NULL);
}

/* Whether a text that is all hexadecimal digits is long enough to be meant as an address. */
static bool looks_like_address(const char *text)
{
	return !strncmp(text, "0x", 2) || !strncmp(text, "0X", 2) || strlen(text) >= 8;
}

struct mo_error *mo_cli_address(struct mo_cli *cli, const char *text, uint64_t *ret)
{
	const char *plus = strrchr(text, '+');
	size_t name_length = plus ? (size_t)(plus - text) : strlen(text);
	MO_FREE char *name = NULL;
	struct mo_symbol symbol;
	struct mo_error *error;
	uint64_t address;
	uint64_t offset = 0;

	if (mo_parse_address(text, &address) && looks_like_address(text)) {
		*ret = address;
		return NULL;
	}
	if (plus && !mo_parse_number(plus + 1, &offset))
		return mo_error_create(MO_E_INVALID, "'%s': '%s' is not a number", text, plus + 1);
	name = strndup(text, name_length);
	if (!name)
		return mo_error_no_memory();
	error = find_symbol(cli, name, &symbol);
	if (error && mo_error_code(error) == MO_E_ABSENT && mo_parse_address(text, &address)) {
		/* A short number that names no symbol: "vtop 1000". */
		mo_error_destroy(error);
		*ret = address;
		return NULL;
	}
	if (error)
		return mo_error_prepend(error, "'%s' is neither an address nor a symbol", text);
	*ret = symbol.value_kva + offset;
	return NULL;
}

void mo_cli_append_symbol(const struct mo_cli *cli, uint64_t kva, struct mo_text *text)
{
	struct mo_symbol symbol;
	struct mo_error *error;

	/* Small numbers are numbers: what lies there is at most the template of the per-CPU variables, from 0 on. */
	if (kva < LOWEST_SYMBOL)
		return;
	error = mo_symbols_at(mo_kernel_symbols(cli->kernel), kva, &symbol);
	if (error) {
		mo_error_destroy(error);
		return;
	}
	if (symbol.module) {
		mo_text_append_visible(text, symbol.module, strlen(symbol.module), MO_ONE_LINE);
		mo_text_append_char(text, ':');
	}
	mo_text_append_visible(text, symbol.name, strlen(symbol.name), MO_ONE_LINE);
	if (kva != symbol.value_kva)
		mo_text_printf(text, "+0x%llx", (unsigned long long)(kva - symbol.value_kva));
}
