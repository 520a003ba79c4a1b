/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy read`: memory as bytes, words or raw. */
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "cleanup.h"
#include "command.h"
#include "output.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEFAULT_BYTES 256
#define ROW_BYTES 16

/* Memory that is being shown, in pieces that end at page borders, so that a page that is missing costs only itself. */
struct piece {
	uint64_t address;
	const uint8_t *bytes; /* NULL: unreadable, see why */
	size_t n_bytes;
	struct mo_error *why;
};

typedef void (*show_piece)(struct mo_cli *cli, const struct piece *piece);

enum bytes_column { BYTES_ADDRESS, BYTES_HEX, BYTES_TEXT, BYTES_COLUMNS };

static const struct mo_column bytes_columns[BYTES_COLUMNS] = {
	[BYTES_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "of the first byte" },
	[BYTES_HEX] = { .key = "bytes", .heading = "BYTES", .help = "in hexadecimal, in memory order; ?: unreadable" },
	[BYTES_TEXT] = { .key = "text", .heading = "TEXT", .help = "printable ASCII, other bytes as dots; or why unreadable" },
};

static void bytes_line(const struct mo_cell *cells, struct mo_line *line)
{
	unsigned long long address = cells[BYTES_ADDRESS].as.number.value;
	const char *hex = cells[BYTES_HEX].as.text.bytes;
	size_t n_hex = cells[BYTES_HEX].as.text.n_bytes;

	if (!hex) {
		mo_line_printf(line, "%016llx  unreadable: %.*s\n", address, (int)cells[BYTES_TEXT].as.text.n_bytes,
			       cells[BYTES_TEXT].as.text.bytes);
		return;
	}
	mo_line_printf(line, "%016llx ", address);
	for (size_t i = 0; i < ROW_BYTES; i++)
		mo_line_printf(line, "%s%.2s", i == ROW_BYTES / 2 ? "  " : " ", 2 * i < n_hex ? hex + 2 * i : "  ");
	mo_line_printf(line, "  |%.*s|\n", (int)cells[BYTES_TEXT].as.text.n_bytes, cells[BYTES_TEXT].as.text.bytes);
}

static const struct mo_table_spec bytes_table = {
	.name = "memory",
	.title = "Memory",
	.columns = bytes_columns,
	.n_columns = COUNT(bytes_columns),
	.flags = MO_TABLE_NO_TITLE,
	.line = bytes_line,
};

enum word_column { WORD_ADDRESS, WORD_VALUE, WORD_SYMBOL, WORD_COLUMNS };

static const struct mo_column word_columns[WORD_COLUMNS] = {
	[WORD_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "of the word" },
	[WORD_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_ADDRESS, .help = "of the word; ?: unreadable" },
	[WORD_SYMBOL] = { .key = "symbol", .heading = "SYMBOL", .help = "that contains the value; or why unreadable" },
};

static const struct mo_table_spec word_table = {
	.name = "words",
	.title = "Memory",
	.columns = word_columns,
	.n_columns = COUNT(word_columns),
	.flags = MO_TABLE_NO_TITLE,
};

static void write_bytes_row(struct mo_cli *cli, uint64_t address, const uint8_t *bytes, size_t n_bytes)
{
	char hex[2 * ROW_BYTES + 1];
	char text[ROW_BYTES];
	struct mo_cell cells[BYTES_COLUMNS];

	for (size_t i = 0; i < n_bytes; i++) {
		snprintf(hex + 2 * i, sizeof(hex) - 2 * i, "%02x", bytes[i]);
		text[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '.';
	}
	cells[BYTES_ADDRESS] = mo_cell_number(mo_exact(address));
	cells[BYTES_HEX] = mo_cell_bytes_of_text(hex, 2 * n_bytes);
	cells[BYTES_TEXT] = mo_cell_bytes_of_text(text, n_bytes);
	mo_report_row(cli->report, cells);
}

static void show_bytes(struct mo_cli *cli, const struct piece *piece)
{
	if (!piece->bytes) {
		struct mo_cell cells[BYTES_COLUMNS];

		cells[BYTES_ADDRESS] = mo_cell_number(mo_exact(piece->address));
		cells[BYTES_HEX] = mo_cell_text(NULL);
		cells[BYTES_TEXT] = mo_cell_text(mo_error_text(piece->why));
		mo_report_row(cli->report, cells);
		return;
	}
	for (size_t at = 0; at < piece->n_bytes; at += ROW_BYTES) {
		size_t left = piece->n_bytes - at;

		write_bytes_row(cli, piece->address + at, piece->bytes + at, left < ROW_BYTES ? left : ROW_BYTES);
	}
}

static void show_words(struct mo_cli *cli, const struct piece *piece)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(cli->kernel);
	unsigned word_bytes = facts->pointer_bytes;
	struct mo_cell cells[WORD_COLUMNS];

	cells[WORD_ADDRESS] = mo_cell_number(mo_exact(piece->address));
	cells[WORD_VALUE] = mo_cell_unknown();
	if (!piece->bytes) {
		cells[WORD_SYMBOL] = mo_cell_text(mo_error_text(piece->why));
		mo_report_row(cli->report, cells);
		return;
	}
	for (size_t at = 0; at + word_bytes <= piece->n_bytes; at += word_bytes) {
		uint64_t value = mo_load_unsigned(piece->bytes + at, word_bytes, facts->is_big_endian);
		MO_CLEANUP(mo_cleanup_text) struct mo_text symbol = MO_TEXT_EMPTY;

		mo_cli_append_symbol(cli, value, &symbol);
		cells[WORD_ADDRESS] = mo_cell_number(mo_exact(piece->address + at));
		cells[WORD_VALUE] = mo_cell_number(mo_exact(value));
		cells[WORD_SYMBOL] = mo_cell_text(mo_text_chars(&symbol));
		mo_report_row(cli->report, cells);
	}
}

static void show_raw(struct mo_cli *cli, const struct piece *piece)
{
	if (piece->bytes)
		fwrite(piece->bytes, 1, piece->n_bytes, cli->out);
}

/* The next piece: up to the end of its page, cut at what is left, and never across the end of a view. */
static void next_piece(struct mo_cli *cli, uint64_t address, uint64_t left, size_t align, struct piece *ret)
{
	uint64_t page_bytes = mo_kernel_facts(cli->kernel)->page_bytes;
	uint64_t to_page_end = page_bytes - (address & (page_bytes - 1));
	size_t n_max = (size_t)(left < to_page_end ? left : to_page_end);
	bool is_physical = mo_parsed_has(cli->parsed, "pa");
	const void *bytes = NULL;

	*ret = (struct piece){ .address = address, .n_bytes = n_max };
	ret->why = is_physical ? mo_view_pa(cli->reader, address, n_max, &bytes, &ret->n_bytes) :
				 mo_view(cli->reader, address, n_max, &bytes, &ret->n_bytes);
	ret->bytes = ret->why ? NULL : bytes;
	if (ret->why)
		ret->n_bytes = n_max;
	else if (ret->n_bytes > align)
		ret->n_bytes -= ret->n_bytes % align;
}

/* Shows [address, address + n_bytes). Unreadable pages are rows of their own; raw output ends at the first. */
static struct mo_error *show_range(struct mo_cli *cli, uint64_t address, uint64_t n_bytes, show_piece show, size_t align)
{
	struct mo_error *error = NULL;
	uint64_t done = 0;
	MO_DROP_ERROR struct mo_error *missing = NULL;

	mo_progress_begin(cli->progress, "reading memory", n_bytes);
	while (!error && done < n_bytes && !mo_report_failed(cli->report) && !ferror(cli->out)) {
		struct piece piece;

		next_piece(cli, address + done, n_bytes - done, align, &piece);
		show(cli, &piece);
		done += piece.n_bytes;
		if (piece.why && show == show_raw)
			error = mo_take(piece.why);
		else if (!mo_progress_add(cli->progress, piece.n_bytes))
			error = mo_progress_cancelled(cli->progress);
		if (!missing)
			missing = mo_take(piece.why);
		mo_error_destroy(piece.why);
	}
	if (missing)
		mo_cli_missing(cli, "%s", mo_error_text(missing));
	mo_progress_end(cli->progress);
	return error;
}

static struct mo_error *parse_range(struct mo_cli *cli, uint64_t *address, uint64_t *n_bytes)
{
	const char *word = cli->arguments[0];

	*n_bytes = DEFAULT_BYTES;
	if (cli->n_arguments > 1 && !mo_parse_number(cli->arguments[1], n_bytes))
		return mo_error_create(MO_E_INVALID, "'%s' is not a number of bytes", cli->arguments[1]);
	if (!mo_parsed_has(cli->parsed, "pa"))
		MO_TRY(mo_cli_address(cli, word, address));
	else if (!mo_parse_address(word, address))
		return mo_error_create(MO_E_INVALID, "'%s' is not a physical address", word);
	if (*n_bytes && *address > UINT64_MAX - (*n_bytes - 1))
		return mo_error_create(MO_E_INVALID, "%llu bytes from 0x%llx run past the end of the address space",
				       (unsigned long long)*n_bytes, (unsigned long long)*address);
	return NULL;
}

static struct mo_error *run_read(struct mo_cli *cli)
{
	bool is_raw = mo_parsed_has(cli->parsed, "raw");
	bool is_words = mo_parsed_has(cli->parsed, "words");
	struct mo_error *error;
	uint64_t address = 0;
	uint64_t n_bytes;

	if (is_raw && (is_words || mo_cli_is_for_programs(cli)))
		return mo_error_create(MO_E_INVALID, "--raw cannot be combined with --words or --json");
	if (is_raw && mo_output_is_terminal(cli->output))
		return mo_error_create(MO_E_INVALID, "--raw writes to a pipe or a file, not to a terminal");
	MO_TRY(parse_range(cli, &address, &n_bytes));
	if (is_raw)
		return show_range(cli, address, n_bytes, show_raw, 1);
	mo_report_table_begin(cli->report, is_words ? &word_table : &bytes_table);
	if (is_words)
		error = show_range(cli, address, n_bytes, show_words, mo_kernel_facts(cli->kernel)->pointer_bytes);
	else
		error = show_range(cli, address, n_bytes, show_bytes, ROW_BYTES);
	mo_report_table_end(cli->report);
	return error;
}

static const struct mo_cli_option options[] = {
	{ .name = "pa", .kind = MO_OPTION_FLAG, .help = "ADDRESS is physical" },
	{ .name = "words", .letter = 'w', .kind = MO_OPTION_FLAG,
	  .help = "as pointer-sized words, with the symbols they point to" },
	{ .name = "raw", .kind = MO_OPTION_FLAG, .help = "raw bytes, to a pipe or a file" },
};

static const struct mo_table_spec *const tables[] = { &bytes_table, &word_table };

const struct mo_command mo_cmd_read = {
	.name = "read",
	.arguments = "ADDRESS|SYMBOL[+OFFSET] [BYTES]",
	.min_arguments = 1,
	.max_arguments = 2,
	.summary = "memory at an address, as bytes, words or raw",
	.help = "Prints memory: 256 bytes, or BYTES. An unreadable page is one line that says why.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | MO_COMMAND_TYPES_OPTIONAL,
	.run = run_read,
};
