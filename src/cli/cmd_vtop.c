/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy vtop`: an address translated, with every level of the page-table walk. */
#include <string.h>

#include <memopsy/memmap.h>
#include <memopsy/page_entry.h>

#include "cleanup.h"
#include "command.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_FLAG_NAMES 256

enum step_column { STEP_LEVEL, STEP_ENTRY_PA, STEP_ENTRY, STEP_COVERS, STEP_STATE, STEP_FLAGS, STEP_COLUMNS };

static const struct mo_column step_columns[STEP_COLUMNS] = {
	[STEP_LEVEL] = { .key = "level", .heading = "LEVEL", .help = "of the page table: PGD, P4D, PUD, PMD, PTE" },
	[STEP_ENTRY_PA] = { .key = "entry_pa", .heading = "ENTRY AT", .kind = MO_CELL_ADDRESS,
			    .help = "physical address of the entry" },
	[STEP_ENTRY] = { .key = "entry", .heading = "ENTRY", .kind = MO_CELL_ADDRESS, .help = "its value" },
	[STEP_COVERS] = { .key = "covers_bytes", .heading = "COVERS", .kind = MO_CELL_BYTES,
			  .help = "virtual memory mapped by one entry of this level" },
	[STEP_STATE] = { .key = "state", .heading = "STATE",
			 .help = "table: points at the next level; page: maps memory; no access: mapped but "
				 "inaccessible (PROT_NONE, NUMA "
				 "balancing); swap: swapped out, migrated or poisoned; absent: maps nothing" },
	[STEP_FLAGS] = { .key = "flags", .heading = "FLAGS", .help = "bits of the entry by name" },
};

static const struct mo_table_spec step_table = {
	.name = "steps",
	.title = "Page-table walk",
	.columns = step_columns,
	.n_columns = COUNT(step_columns),
	.flags = MO_TABLE_NO_TITLE,
};

enum result_column {
	RESULT_VIRTUAL,
	RESULT_SYMBOL,
	RESULT_PHYSICAL,
	RESULT_PFN,
	RESULT_SPAN,
	RESULT_PRESENCE,
	RESULT_DIRECT_MAP,
	RESULT_STRUCT_PAGE,
	RESULT_COLUMNS,
};

static const struct mo_column result_columns[RESULT_COLUMNS] = {
	[RESULT_VIRTUAL] = { .key = "virtual", .heading = "Virtual address", .kind = MO_CELL_ADDRESS,
			     .help = "the address asked for; ?: it was a physical one" },
	[RESULT_SYMBOL] = { .key = "symbol", .heading = "Symbol", .help = "that contains it; empty: none" },
	[RESULT_PHYSICAL] = { .key = "physical", .heading = "Physical address", .kind = MO_CELL_ADDRESS,
			      .help = "?: not mapped" },
	[RESULT_PFN] = { .key = "pfn", .heading = "Page frame", .kind = MO_CELL_PFN, .help = "number of the page frame" },
	[RESULT_SPAN] = { .key = "span_bytes", .heading = "Contiguous for", .kind = MO_CELL_BYTES,
			  .help = "from the address to the end of the mapping or hole" },
	[RESULT_PRESENCE] = { .key = "presence", .heading = "In the dump", .help = "whether the page frame is in the dump" },
	[RESULT_DIRECT_MAP] = { .key = "direct_map", .heading = "Direct map", .kind = MO_CELL_ADDRESS,
				.help = "kernel virtual address of the same memory in the direct map" },
	[RESULT_STRUCT_PAGE] = { .key = "struct_page", .heading = "struct page", .kind = MO_CELL_ADDRESS,
				 .help = "of the page frame" },
};

static const struct mo_table_spec result_table = {
	.name = "address",
	.title = "Address",
	.columns = result_columns,
	.n_columns = COUNT(result_columns),
	.flags = MO_TABLE_RECORD | MO_TABLE_NO_TITLE,
};

static const char *state_text(enum mo_entry_kind kind)
{
	switch (kind) {
	case MO_ENTRY_NONE:
		return "absent";
	case MO_ENTRY_TABLE:
		return "table";
	case MO_ENTRY_LEAF:
		return "page";
	case MO_ENTRY_NO_ACCESS:
		return "no access";
	case MO_ENTRY_SWAP:
		return "swap";
	}
	return NULL;
}

static void write_steps(struct mo_cli *cli, const struct mo_translation *translation)
{
	mo_report_table_begin(cli->report, &step_table);
	for (unsigned i = 0; i < translation->n_steps; i++) {
		const struct mo_translation_step *step = &translation->steps[i];
		struct mo_cell cells[STEP_COLUMNS];
		char flags[MAX_FLAG_NAMES];

		mo_entry_flag_names(cli->kernel, step, flags, sizeof(flags));
		cells[STEP_LEVEL] = mo_cell_text(step->level);
		cells[STEP_ENTRY_PA] = mo_cell_number(mo_exact(step->entry_pa));
		cells[STEP_ENTRY] = mo_cell_number(mo_exact(step->entry));
		cells[STEP_COVERS] = mo_cell_number(mo_exact(step->covers_bytes));
		cells[STEP_STATE] = mo_cell_text(state_text(step->kind));
		cells[STEP_FLAGS] = mo_cell_text(flags);
		mo_report_row(cli->report, cells);
	}
	mo_report_table_end(cli->report);
}

static const char *presence_text(enum mo_frame_presence presence)
{
	switch (presence) {
	case MO_FRAME_PRESENT:
		return "yes";
	case MO_FRAME_EXCLUDED:
		return "no: excluded";
	case MO_FRAME_HOLE:
		return "no: no memory at this address according to the dump";
	}
	return NULL;
}

/* The number behind a call that may fail; what cannot be told is unknown. */
static struct mo_cell cell_of(struct mo_error *error, const uint64_t *value)
{
	if (!error)
		return mo_cell_number(mo_exact(*value));
	mo_error_destroy(error);
	return mo_cell_unknown();
}

static void fill_physical(struct mo_cli *cli, uint64_t pa, struct mo_cell *cells)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(cli->kernel);
	const struct mo_memmap *memmap;
	uint64_t pfn = pa >> facts->page_shift;
	uint64_t value = 0;
	struct mo_error *error;

	cells[RESULT_PHYSICAL] = mo_cell_number(mo_exact(pa));
	cells[RESULT_PFN] = mo_cell_number(mo_exact(pfn));
	cells[RESULT_PRESENCE] = mo_cell_text(presence_text(mo_kernel_frame_presence(cli->kernel, pfn)));
	error = mo_pa_to_kva(cli->kernel, pa, &value);
	cells[RESULT_DIRECT_MAP] = cell_of(error, &value);
	error = mo_memmap(cli->reader, &memmap);
	if (!error)
		error = mo_pfn_to_page(memmap, pfn, &value);
	cells[RESULT_STRUCT_PAGE] = cell_of(error, &value);
}

static struct mo_error *show_virtual(struct mo_cli *cli, const char *word)
{
	const char *pgd = mo_parsed_text(cli->parsed, "pgd");
	MO_CLEANUP(mo_cleanup_text) struct mo_text symbol = MO_TEXT_EMPTY;
	struct mo_translation translation;
	struct mo_cell cells[RESULT_COLUMNS];
	uint64_t root_pa = 0;
	uint64_t va;

	if (pgd && (!mo_parse_address(pgd, &root_pa) || !root_pa))
		return mo_error_create(MO_E_INVALID, "--pgd: '%s' is not a physical address", pgd);
	MO_TRY(mo_cli_address(cli, word, &va));
	MO_TRY(mo_walk_page_table(cli->reader, root_pa, va, &translation));
	for (size_t i = 0; i < RESULT_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
	write_steps(cli, &translation);
	mo_cli_append_symbol(cli, va, &symbol);
	cells[RESULT_VIRTUAL] = mo_cell_number(mo_exact(va));
	cells[RESULT_SYMBOL] = mo_cell_text(mo_text_chars(&symbol));
	cells[RESULT_SPAN] = mo_cell_number(mo_exact(translation.span_bytes));
	if (translation.is_mapped)
		fill_physical(cli, translation.pa, cells);
	mo_report_record(cli->report, &result_table, cells);
	/* The walk is shown, but it has no physical address to show: a script is told by the exit status. */
	if (!translation.is_mapped) {
		mo_cli_missing(cli, "0x%llx is not mapped", (unsigned long long)va);
	}
	return NULL;
}

static struct mo_error *show_physical(struct mo_cli *cli, const char *word)
{
	struct mo_cell cells[RESULT_COLUMNS];
	uint64_t pa;

	if (mo_parsed_has(cli->parsed, "pgd"))
		return mo_error_create(MO_E_INVALID, "--pgd has no effect with --pa");
	if (!mo_parse_address(word, &pa))
		return mo_error_create(MO_E_INVALID, "'%s' is not a physical address", word);
	for (size_t i = 0; i < RESULT_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
	fill_physical(cli, pa, cells);
	mo_report_record(cli->report, &result_table, cells);
	return NULL;
}

static struct mo_error *run_vtop(struct mo_cli *cli)
{
	const char *word = cli->arguments[0];

	return mo_parsed_has(cli->parsed, "pa") ? show_physical(cli, word) : show_virtual(cli, word);
}

static const struct mo_cli_option options[] = {
	{ .name = "pgd", .kind = MO_OPTION_TEXT, .value = "ADDRESS",
	  .help = "walk the page table whose top level is at this physical address, instead of the kernel's" },
	{ .name = "pa", .kind = MO_OPTION_FLAG,
	  .help = "ADDRESS is physical: show its place in the direct map, its struct page" },
};

static const struct mo_table_spec *const tables[] = { &step_table, &result_table };

const struct mo_command mo_cmd_vtop = {
	.name = "vtop",
	.arguments = "ADDRESS|SYMBOL[+OFFSET]",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = "translate an address, showing every level of the page-table walk",
	.help = "Walks the page table for a virtual address and shows each entry with its flags, then the physical address, "
		"whether it is in the dump, its place in the direct map and its struct page. Addresses are hexadecimal.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT | MO_COMMAND_TYPES_OPTIONAL,
	.run = run_vtop,
};
