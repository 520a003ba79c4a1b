/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A module's symbols: an ELF symbol table, its strings and a letter for each symbol, in the module's own data. */

#include <ctype.h>
#include <elf.h>

#include "cleanup.h"
#include "bytes.h"
#include "kernel_layouts.h"
#include "modules.h"
#include "symbol_source.h"

#define SYMBOLS_MAX (1u << 20)
#define STRING_BYTES_MAX (16u << 20)
#define CHUNK_BYTES 4096u

struct tables {
	uint64_t symtab_kva;
	uint64_t strtab_kva;
	uint64_t typetab_kva; /* 0: the letter is in st_info, as before 5.2 */
	uint64_t n_symbols;
};

struct reading {
	struct mo_reader *reader;
	bool is_64_bit;
	bool is_big_endian;
	uint8_t *symtab;
	uint8_t *typetab;     /* NULL: none */
	char *strtab;         /* terminated */
	uint64_t *exports;    /* addresses, ascending */
	size_t n_symbols;
	size_t n_string_bytes;
	size_t n_exports;
};

static void reading_deinit(struct reading *reading)
{
	free(reading->exports);
	free(reading->symtab);
	free(reading->typetab);
	free(reading->strtab);
}

/* Where the tables are: module->kallsyms (4.5 on), or members of struct module. */
static struct mo_error *find_tables(struct mo_reader *reader, const struct mo_modules_layout *layout,
				    const struct mo_module *module, struct tables *ret)
{
	struct tables tables = { .n_symbols = 0 };
	uint64_t kallsyms_kva = 0;

	if (mo_has(&layout->kallsyms) && mo_has(&layout->symtab) && mo_has(&layout->n_symbols) && mo_has(&layout->strtab)) {
		MO_TRY(mo_read_field(reader, &layout->kallsyms, module->module_kva, &kallsyms_kva));
		MO_TRY(mo_read_field(reader, &layout->symtab, kallsyms_kva, &tables.symtab_kva));
		MO_TRY(mo_read_field(reader, &layout->n_symbols, kallsyms_kva, &tables.n_symbols));
		MO_TRY(mo_read_field(reader, &layout->strtab, kallsyms_kva, &tables.strtab_kva));
		if (mo_has(&layout->typetab))
			MO_TRY(mo_read_field(reader, &layout->typetab, kallsyms_kva, &tables.typetab_kva));
	} else if (mo_has(&layout->direct_symtab) && mo_has(&layout->direct_n_symbols) && mo_has(&layout->direct_strtab)) {
		MO_TRY(mo_read_field(reader, &layout->direct_symtab, module->module_kva, &tables.symtab_kva));
		MO_TRY(mo_read_field(reader, &layout->direct_n_symbols, module->module_kva, &tables.n_symbols));
		MO_TRY(mo_read_field(reader, &layout->direct_strtab, module->module_kva, &tables.strtab_kva));
	} else {
		return mo_error_create(MO_E_ABSENT, "struct module keeps no symbols (CONFIG_KALLSYMS)");
	}
	*ret = tables;
	return NULL;
}

/* Bytes from kva to the end of the part of the module that holds it; 0: none does. */
static uint64_t bytes_to_end(const struct mo_module *module, uint64_t kva)
{
	size_t i;

	for (i = 0; i < module->n_ranges; i++)
		if (kva - module->ranges[i].first_kva < module->ranges[i].n_bytes)
			return module->ranges[i].n_bytes - (kva - module->ranges[i].first_kva);
	return 0;
}

/* Reads as far as memory goes: all at once, or page by page up to the first that is missing. */
static size_t read_prefix(struct mo_reader *reader, uint64_t kva, void *buffer, size_t n_bytes)
{
	struct mo_error *error = mo_read(reader, kva, buffer, n_bytes);
	size_t n_read = 0;

	if (!error)
		return n_bytes;
	mo_error_destroy(error);
	while (n_read < n_bytes) {
		size_t n = CHUNK_BYTES - (size_t)((kva + n_read) % CHUNK_BYTES);

		if (n > n_bytes - n_read)
			n = n_bytes - n_read;
		error = mo_read(reader, kva + n_read, (uint8_t *)buffer + n_read, n);
		if (error) {
			mo_error_destroy(error);
			break;
		}
		n_read += n;
	}
	return n_read;
}

static size_t entry_bytes(const struct reading *reading)
{
	return reading->is_64_bit ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

static uint32_t name_offset(const struct reading *reading, size_t index)
{
	return mo_load_u32(reading->symtab + index * entry_bytes(reading), reading->is_big_endian);
}

/* The strings reach as far as the last name does; how long that is, only its NUL tells. */
static struct mo_error *read_strings(struct reading *reading, const struct mo_module *module, uint64_t strtab_kva)
{
	uint64_t room = bytes_to_end(module, strtab_kva);
	uint64_t wanted = 0;
	size_t i;

	for (i = 0; i < reading->n_symbols; i++)
		if (name_offset(reading, i) > wanted && name_offset(reading, i) < room)
			wanted = name_offset(reading, i);
	wanted += 512; /* KSYM_NAME_LEN is 512 since 6.1, less before */
	if (wanted > room)
		wanted = room;
	if (wanted > STRING_BYTES_MAX)
		wanted = STRING_BYTES_MAX;
	reading->strtab = malloc(wanted + 1);
	if (!reading->strtab)
		return mo_error_no_memory();
	reading->n_string_bytes = read_prefix(reading->reader, strtab_kva, reading->strtab, wanted);
	reading->strtab[reading->n_string_bytes] = '\0';
	return NULL;
}

static struct mo_error *read_tables(struct reading *reading, const struct mo_module *module, const struct tables *tables,
				    const char **remark)
{
	uint64_t n_bytes = tables->n_symbols * entry_bytes(reading);
	size_t n_read;

	if (tables->n_symbols > SYMBOLS_MAX || n_bytes > bytes_to_end(module, tables->symtab_kva))
		return mo_error_create(MO_E_CORRUPT, "%llu symbols at 0x%llx do not fit into module %s",
				       (unsigned long long)tables->n_symbols, (unsigned long long)tables->symtab_kva,
				       module->name);
	reading->symtab = malloc(n_bytes ? n_bytes : 1);
	if (!reading->symtab)
		return mo_error_no_memory();
	n_read = read_prefix(reading->reader, tables->symtab_kva, reading->symtab, n_bytes);
	if (n_read < n_bytes)
		*remark = "part of its symbol table could not be read";
	reading->n_symbols = n_read / entry_bytes(reading);
	MO_TRY(read_strings(reading, module, tables->strtab_kva));
	if (tables->typetab_kva) {
		reading->typetab = malloc(reading->n_symbols ? reading->n_symbols : 1);
		if (!reading->typetab)
			return mo_error_no_memory();
		n_read = read_prefix(reading->reader, tables->typetab_kva, reading->typetab, reading->n_symbols);
		memset(reading->typetab + n_read, '?', reading->n_symbols - n_read);
	}
	return NULL;
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* The address that an entry of the table of exports stands for. */
static uint64_t export_address(const struct mo_modules_layout *layout, const uint8_t *entry, uint64_t entry_kva)
{
	if (mo_has(&layout->export_value_offset))
		return mo_field_kva(&layout->export_value_offset, entry_kva) +
		       (uint64_t)mo_get_signed(&layout->export_value_offset, entry);
	return mo_get(&layout->export_value, entry);
}

/*
 * Addresses that the module exports with EXPORT_SYMBOL(): /proc/kallsyms gives those a capital letter, and a small one
 * to all others of a module. What cannot be read is no export: the letter is all that it costs.
 */
static struct mo_error *read_exports(struct reading *reading, const struct mo_modules_layout *layout,
				     const struct mo_module *module)
{
	uint64_t kva = 0;
	uint64_t n = 0;
	size_t i;
	MO_FREE uint8_t *bytes = NULL;
	MO_DROP_ERROR struct mo_error *no_kva = NULL;
	MO_DROP_ERROR struct mo_error *no_count = NULL;

	if (!mo_has(&layout->exports) || !mo_has(&layout->n_exports) || !mo_has(&layout->export) || !layout->export.bytes ||
	    (!mo_has(&layout->export_value_offset) && !mo_has(&layout->export_value)))
		return NULL;
	no_kva = mo_read_field(reading->reader, &layout->exports, module->module_kva, &kva);
	no_count = mo_read_field(reading->reader, &layout->n_exports, module->module_kva, &n);
	if (no_kva || no_count || !n || n > bytes_to_end(module, kva) / layout->export.bytes)
		return NULL;
	bytes = malloc(n * layout->export.bytes);
	reading->exports = calloc(n, sizeof(*reading->exports));
	if (!bytes || !reading->exports)
		return mo_error_no_memory();
	reading->n_exports = read_prefix(reading->reader, kva, bytes, n * layout->export.bytes) / layout->export.bytes;
	for (i = 0; i < reading->n_exports; i++)
		reading->exports[i] = export_address(layout, bytes + i * layout->export.bytes,
						     kva + i * layout->export.bytes);
	qsort(reading->exports, reading->n_exports, sizeof(*reading->exports), compare_addresses);
	return NULL;
}

/* The letter as /proc/kallsyms prints it. */
static char letter_of(const struct reading *reading, uint8_t letter, uint64_t value)
{
	if (letter <= ' ' || letter >= 127)
		return '?';
	if (reading->n_exports &&
	    bsearch(&value, reading->exports, reading->n_exports, sizeof(value), compare_addresses))
		return (char)toupper(letter);
	return (char)tolower(letter);
}

/* Symbols of the assembler that mark places ("$x" on arm64), not things. */
static bool is_mapping_symbol(const char *name)
{
	return name[0] == '$' && name[1] && strchr("adtx", name[1]) && (!name[2] || name[2] == '.');
}

/* One symbol; false: there is none that has a name. */
static bool decode_symbol(const struct reading *reading, size_t index, const char *module_name, struct mo_symbol *ret)
{
	const uint8_t *entry = reading->symtab + index * entry_bytes(reading);
	uint32_t name = name_offset(reading, index);
	bool is_big = reading->is_big_endian;
	uint8_t letter = reading->typetab ? reading->typetab[index] : entry[reading->is_64_bit ? 4 : 12];

	if (!name || name >= reading->n_string_bytes || !reading->strtab[name] ||
	    is_mapping_symbol(reading->strtab + name))
		return false;
	*ret = (struct mo_symbol){
		.name = reading->strtab + name,
		.module = module_name,
		.value_kva = reading->is_64_bit ? mo_load_u64(entry + 8, is_big) : mo_load_u32(entry + 4, is_big),
		.size_bytes = reading->is_64_bit ? mo_load_u64(entry + 16, is_big) : mo_load_u32(entry + 8, is_big),
	};
	ret->type = letter_of(reading, letter, ret->value_kva);
	return true;
}

static struct mo_error *add_all(const struct reading *reading, const struct mo_module *module, struct mo_symbols *symbols,
				const char **remark)
{
	MO_FREE struct mo_symbol *entries = calloc(reading->n_symbols ? reading->n_symbols : 1, sizeof(*entries));
	size_t n_entries = 0;
	size_t i;

	if (!entries)
		return mo_error_no_memory();
	/* Entry 0 is the null symbol. */
	for (i = 1; i < reading->n_symbols; i++) {
		if (decode_symbol(reading, i, module->name, &entries[n_entries]))
			n_entries++;
		else if (name_offset(reading, i) >= reading->n_string_bytes && !*remark)
			*remark = "some names of its symbols could not be read";
	}
	return mo_symbols_add_module(symbols, module->name, entries, n_entries);
}

struct mo_error *mo_module_add_symbols(struct mo_reader *reader, const struct mo_module *module,
				       struct mo_symbols *symbols, const char **remark_ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_reader_kernel(reader));
	struct reading reading = {
		.reader = reader, .is_64_bit = facts->pointer_bytes == 8, .is_big_endian = facts->is_big_endian,
	};
	const char *remark = NULL;
	const void *bound = NULL;
	struct tables tables = { .n_symbols = 0 };
	struct mo_error *error;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_MODULES, &bound));
	error = find_tables(reader, bound, module, &tables);
	if (!error)
		error = read_tables(&reading, module, &tables, &remark);
	if (!error)
		error = read_exports(&reading, bound, module);
	if (!error)
		error = add_all(&reading, module, symbols, &remark);
	reading_deinit(&reading);
	if (error)
		return mo_error_prepend(error, "cannot read the symbols of module %s", module->name);
	if (remark_ret)
		*remark_ret = remark;
	return NULL;
}
