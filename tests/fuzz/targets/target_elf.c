/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ELF file: its sections, its symbols, its DWARF. */
#include <string.h>

#include "elf_file.h"
#include "symbol_source.h"
#include "target.h"
#include "type_source.h"
#include "type_walk.h"

static const char *const names[] = { "struct page", "struct list_head", "enum zone_type", "enum wide", "u64", "struct only_second",
				     "enumerator PG_slab", "struct nowhere" };

static void read_types(struct mo_elf *elf)
{
	struct type_fuzzer fuzzer = { .name = "target-elf" };
	struct mo_types *types;
	struct mo_error *error = mo_types_open_dwarf(elf, NULL, NULL, &types);

	if (!error) {
		fuzz_look_up(&fuzzer, types, names, sizeof(names) / sizeof(names[0]));
		mo_types_destroy(types);
	}
	mo_error_destroy(error);
}

static void read_symbols(struct mo_elf *elf)
{
	struct mo_symbols *symbols;
	struct mo_error *error = mo_symbols_load_elf(elf, 0x1000, NULL, &symbols);
	struct mo_symbol symbol, found;

	for (size_t i = 0; !error && i < mo_symbols_count(symbols); i++) {
		mo_symbols_get(symbols, i, &symbol);
		demand(!mo_symbols_find(symbols, NULL, symbol.name, &found, NULL), "a symbol is found by its name");
	}
	if (!error)
		mo_symbols_destroy(symbols);
	mo_error_destroy(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct input_file file;
	struct mo_elf *elf;
	struct mo_error *error;

	input_file_open(&file, bytes, n_bytes);
	error = mo_elf_open(file.path, &elf);
	if (!error) {
		for (size_t i = 0; i < mo_elf_section_count(elf); i++) {
			struct mo_elf_section section;

			mo_error_destroy(mo_elf_section_at(elf, i, &section));
		}
		read_symbols(elf);
		read_types(elf);
		mo_elf_close(elf);
	}
	mo_error_destroy(error);
	input_file_close(&file);
	return 0;
}
