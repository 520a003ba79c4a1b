/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy sym`: symbols by name, pattern or address. */
#include <fnmatch.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum symbol_column { SYMBOL_ADDRESS, SYMBOL_TYPE, SYMBOL_SIZE, SYMBOL_NAME, SYMBOL_OFFSET, SYMBOL_MODULE, SYMBOL_COLUMNS };

static const struct mo_column columns[SYMBOL_COLUMNS] = {
	[SYMBOL_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS,
			     .help = "address in the running kernel" },
	[SYMBOL_TYPE] = { .key = "type", .heading = "T", .help = "as in /proc/kallsyms: T code, D data, B bss, ...; lower "
								 "case: local to its file" },
	[SYMBOL_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_COUNT,
			  .help = "in bytes; without an ELF symbol table, the distance to the next symbol" },
	[SYMBOL_NAME] = { .key = "name", .heading = "NAME", .help = "of the symbol" },
	[SYMBOL_OFFSET] = { .key = "offset_bytes", .heading = "OFFSET", .kind = MO_CELL_FLAGS,
			    .help = "of the address asked for, from the symbol" },
	[SYMBOL_MODULE] = { .key = "module", .heading = "MODULE", .help = "empty: the kernel itself" },
};

static const struct mo_table_spec symbol_table = {
	.name = "symbols",
	.title = "Symbols",
	.columns = columns,
	.n_columns = COUNT(columns),
	.flags = MO_TABLE_NO_TITLE,
};

static void write_symbol(struct mo_report *report, const struct mo_symbol *symbol, uint64_t offset_bytes)
{
	const char type[2] = { symbol->type, '\0' };
	struct mo_cell cells[SYMBOL_COLUMNS];

	cells[SYMBOL_ADDRESS] = mo_cell_number(mo_exact(symbol->value_kva));
	cells[SYMBOL_TYPE] = mo_cell_text(type);
	cells[SYMBOL_SIZE] = symbol->size_bytes ? mo_cell_number(mo_exact(symbol->size_bytes)) : mo_cell_unknown();
	cells[SYMBOL_NAME] = mo_cell_text(symbol->name);
	cells[SYMBOL_OFFSET] = mo_cell_number(mo_exact(offset_bytes));
	cells[SYMBOL_MODULE] = mo_cell_text(symbol->module ? symbol->module : "");
	mo_report_row(report, cells);
}

/* Every symbol whose name is the word, or matches the pattern; how many there were. */
static size_t write_named(struct mo_cli *cli, const char *word, bool is_pattern)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(cli->kernel);
	size_t n_symbols = mo_symbols_count(symbols);
	size_t n_found = 0;

	for (size_t i = 0; i < n_symbols; i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		if (is_pattern ? fnmatch(word, symbol.name, 0) : strcmp(word, symbol.name))
			continue;
		write_symbol(cli->report, &symbol, 0);
		n_found++;
	}
	return n_found;
}

/* The symbol that covers an address; whether there is one. */
static bool write_covering(struct mo_cli *cli, uint64_t kva)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(cli->kernel), kva, &symbol);

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	write_symbol(cli->report, &symbol, kva - symbol.value_kva);
	return true;
}

static bool write_word(struct mo_cli *cli, const char *word)
{
	bool is_pattern = mo_parsed_has(cli->parsed, "all") || strpbrk(word, "*?[");
	uint64_t kva;

	if (write_named(cli, word, is_pattern))
		return true;
	return !is_pattern && mo_parse_address(word, &kva) && write_covering(cli, kva);
}

/* Modules whose symbols cannot be read are told of, and the kernel's own are still there. */
static void load_modules(struct mo_cli *cli)
{
	struct mo_error *error = mo_kernel_load_modules(cli->kernel);

	if (error && mo_error_code(error) != MO_E_ABSENT) {
		mo_cli_missing(cli, "the symbols of modules: %s", mo_error_text(error));
	}
	mo_error_destroy(error);
}

static struct mo_error *run_sym(struct mo_cli *cli)
{
	const char *first_missing = NULL;

	load_modules(cli);
	mo_report_table_begin(cli->report, &symbol_table);
	for (size_t i = 0; i < cli->n_arguments; i++)
		if (!write_word(cli, cli->arguments[i]) && !first_missing)
			first_missing = cli->arguments[i];
	mo_report_table_end(cli->report);
	if (first_missing)
		return mo_error_create(MO_E_ABSENT, "no symbol named or containing '%s'", first_missing);
	return NULL;
}

static const struct mo_cli_option options[] = {
	{ .name = "all", .letter = 'a', .kind = MO_OPTION_FLAG,
	  .help = "treat the words as shell patterns (as words with *, ? or [ are)" },
};

static const struct mo_table_spec *const tables[] = { &symbol_table };

const struct mo_command mo_cmd_sym = {
	.name = "sym",
	.arguments = "NAME|ADDRESS|PATTERN...",
	.min_arguments = 1,
	.max_arguments = MO_MAX_ARGUMENTS,
	.summary = "symbols by name, pattern or address",
	.help = "Finds symbols of the kernel and its modules: all of a name, all that match a shell pattern, or the "
		"one that contains a (hexadecimal) address.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | MO_COMMAND_TYPES_OPTIONAL,
	.run = run_sym,
};
