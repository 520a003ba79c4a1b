/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The symbol table of an ELF file, with types as nm prints them (which is where the kernel's kallsyms has them from). */

#include "symbol_source.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "elf_file.h"
#include "symbol_table.h"
#include "text.h"

/* What a section makes of its symbols. */
struct section_class {
	char type;       /* lower case; 0: symbols in it have no address */
	bool is_per_cpu; /* at address 0: values are offsets */
	uint64_t n_bytes;
};

struct symtab {
	struct mo_elf *elf;
	struct mo_elf_section symbols;
	struct mo_elf_section strings;
	struct mo_elf_section extended; /* SHT_SYMTAB_SHNDX; bytes NULL: none */
	struct section_class *classes;
	size_t n_classes;
	bool is_64_bit;
	bool is_big_endian;
	bool has_mapping_symbols;
};

struct raw_symbol {
	uint32_t name;
	uint8_t info;
	uint32_t section;
	uint64_t value;
	uint64_t size_bytes;
};

/* By flags, as nm does; code wins over data, and x86's .data is marked executable. */
static struct section_class classify(const struct mo_elf_section *section)
{
	struct section_class class = { .type = 'd', .n_bytes = section->n_bytes };

	if (!(section->flags & SHF_ALLOC))
		class.type = '\0';
	else if (section->flags & SHF_EXECINSTR)
		class.type = 't';
	else if (section->type == SHT_NOBITS)
		class.type = 'b';
	else if (!(section->flags & SHF_WRITE))
		class.type = 'r';
	/* x86_64 linked the per-CPU template at 0 until 6.15; no other section of a kernel is there. */
	class.is_per_cpu = strcmp(section->name, ".data..percpu") == 0 && section->address == 0;
	return class;
}

static struct mo_error *classify_sections(struct symtab *symtab)
{
	symtab->n_classes = mo_elf_section_count(symtab->elf);
	symtab->classes = calloc(symtab->n_classes + 1, sizeof(*symtab->classes));
	if (!symtab->classes)
		return mo_error_no_memory();
	for (size_t i = 0; i < symtab->n_classes; i++) {
		struct mo_elf_section section;

		MO_TRY(mo_elf_section_header(symtab->elf, i, &section));
		symtab->classes[i] = classify(&section);
	}
	return NULL;
}

static struct mo_error *find_symtab(struct mo_elf *elf, struct symtab *symtab)
{
	size_t number = 0;

	symtab->elf = elf;
	symtab->is_64_bit = mo_elf_pointer_bytes(elf) == 8;
	symtab->is_big_endian = mo_elf_is_big_endian(elf);
	for (size_t i = 0; i < mo_elf_section_count(elf) && number == 0; i++) {
		struct mo_elf_section section;

		MO_TRY(mo_elf_section_header(elf, i, &section));
		if (section.type == SHT_SYMTAB)
			number = i;
	}
	if (number == 0)
		return mo_error_create(MO_E_ABSENT, "%s has no symbol table: it was stripped", mo_elf_path(elf));
	MO_TRY(mo_elf_section_at(elf, number, &symtab->symbols));
	MO_TRY(mo_error_prepend(mo_elf_section_at(elf, symtab->symbols.link, &symtab->strings),
				"string table of section %s", symtab->symbols.name));
	if (symtab->strings.type != SHT_STRTAB || !symtab->strings.bytes || symtab->strings.n_bytes == 0 ||
	    symtab->strings.bytes[symtab->strings.n_bytes - 1] != '\0')
		return mo_error_create(MO_E_CORRUPT, "%s: section %zu %s has no string table, section %u is none",
				       mo_elf_path(elf), number, symtab->symbols.name, symtab->symbols.link);
	for (size_t i = 0; i < mo_elf_section_count(elf) && !symtab->extended.bytes; i++) {
		struct mo_elf_section section;

		MO_TRY(mo_elf_section_header(elf, i, &section));
		if (section.type == SHT_SYMTAB_SHNDX && section.link == number)
			MO_TRY(mo_elf_section_at(elf, i, &symtab->extended));
	}
	return NULL;
}

static void read_symbol(const struct symtab *symtab, uint64_t number, struct raw_symbol *ret)
{
	const uint8_t *bytes = symtab->symbols.bytes;
	bool is_big_endian = symtab->is_big_endian;

	if (symtab->is_64_bit) {
		bytes += number * sizeof(Elf64_Sym);
		*ret = (struct raw_symbol){
			.name = mo_load_u32(bytes, is_big_endian),
			.info = bytes[4],
			.section = mo_load_u16(bytes + 6, is_big_endian),
			.value = mo_load_u64(bytes + 8, is_big_endian),
			.size_bytes = mo_load_u64(bytes + 16, is_big_endian),
		};
	} else {
		bytes += number * sizeof(Elf32_Sym);
		*ret = (struct raw_symbol){
			.name = mo_load_u32(bytes, is_big_endian),
			.value = mo_load_u32(bytes + 4, is_big_endian),
			.size_bytes = mo_load_u32(bytes + 8, is_big_endian),
			.info = bytes[12],
			.section = mo_load_u16(bytes + 14, is_big_endian),
		};
	}
	if (ret->section == SHN_XINDEX && symtab->extended.bytes &&
	    mo_is_within(number * 4, 4, symtab->extended.n_bytes))
		ret->section = mo_load_u32(symtab->extended.bytes + number * 4, is_big_endian);
	else if (ret->section >= SHN_LORESERVE && ret->section != SHN_ABS)
		ret->section = SHN_UNDEF;
}

/* arm, aarch64 and riscv mark where code and data begin with "$a", "$d", "$t", "$x", perhaps followed by ".N". */
static bool is_mapping_symbol(const char *name)
{
	return name[0] == '$' && name[1] && strchr("adtx", name[1]) && (name[2] == '\0' || name[2] == '.' || name[1] == 'x');
}

static struct mo_error *add_symbol(const struct symtab *symtab, struct mo_symbol_builder *builder,
				   const struct raw_symbol *raw)
{
	unsigned kind = ELF64_ST_TYPE(raw->info), binding = ELF64_ST_BIND(raw->info);
	bool is_absolute = raw->section == SHN_ABS && symtab->n_classes <= SHN_ABS;
	bool is_per_cpu = false;
	const char *name;
	char type = 'a';

	if (kind == STT_FILE || kind == STT_SECTION || raw->section == SHN_UNDEF || raw->name >= symtab->strings.n_bytes)
		return NULL;
	if (!is_absolute) {
		if (raw->section >= symtab->n_classes || !symtab->classes[raw->section].type)
			return NULL;
		type = symtab->classes[raw->section].type;
		/* Symbols of the linker script that follow the section (__init_begin) are booked on it, yet are addresses. */
		is_per_cpu = symtab->classes[raw->section].is_per_cpu && raw->value <= symtab->classes[raw->section].n_bytes;
	}
	name = (const char *)symtab->strings.bytes + raw->name;
	if (!*name || (symtab->has_mapping_symbols && is_mapping_symbol(name)))
		return NULL;
	if (is_per_cpu)
		type = 'A'; /* as kallsyms shows per-CPU symbols while they are offsets */
	else if (binding == STB_WEAK)
		type = kind == STT_OBJECT ? 'V' : 'W';
	else if (binding == STB_GLOBAL)
		type = (char)(type - 'a' + 'A');
	return mo_symbol_builder_add(builder, name, strlen(name), type, raw->value, raw->size_bytes,
				     is_absolute || is_per_cpu ? MO_SYMBOL_FIXED : 0);
}

static struct mo_error *read_all(struct symtab *symtab, struct mo_symbol_builder *builder)
{
	uint64_t entry_bytes = symtab->is_64_bit ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint64_t n_symbols = symtab->symbols.bytes ? symtab->symbols.n_bytes / entry_bytes : 0;
	const char *arch = mo_elf_arch(symtab->elf);

	if (symtab->symbols.entry_bytes != entry_bytes)
		return mo_error_create(MO_E_CORRUPT, "%s: entries of section %s are %llu bytes, not %llu",
				       mo_elf_path(symtab->elf), symtab->symbols.name,
				       (unsigned long long)symtab->symbols.entry_bytes, (unsigned long long)entry_bytes);
	symtab->has_mapping_symbols = arch && (strncmp(arch, "arm", 3) == 0 || strcmp(arch, "aarch64") == 0 ||
					       strncmp(arch, "riscv", 5) == 0);
	MO_TRY(mo_symbol_builder_reserve(builder, n_symbols, symtab->strings.n_bytes));
	for (uint64_t i = 1; i < n_symbols; i++) {
		struct raw_symbol raw;

		read_symbol(symtab, i, &raw);
		MO_TRY(add_symbol(symtab, builder, &raw));
	}
	if (builder->records.count == 0)
		return mo_error_create(MO_E_ABSENT, "%s: section %s names no addresses", mo_elf_path(symtab->elf),
				       symtab->symbols.name);
	return NULL;
}

static struct mo_error *build(struct symtab *symtab, struct mo_symbol_part *ret)
{
	struct mo_symbol_builder builder = { .records = { .items = NULL } };
	struct mo_error *error = classify_sections(symtab);

	if (!error)
		error = read_all(symtab, &builder);
	free(symtab->classes);
	symtab->classes = NULL;
	if (error) {
		mo_symbol_builder_deinit(&builder);
		return error;
	}
	return mo_symbol_builder_finish(&builder, MO_SIZES_AS_GIVEN, ret);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct mo_error *mo_symbols_load_elf(struct mo_elf *elf, uint64_t slide, const char *cache_dir, struct mo_symbols **ret)
{
	struct symtab symtab = { .elf = elf };
	struct mo_symbol_cache_key key = { .cache_dir = cache_dir, .build_id = mo_elf_build_id(elf) };
	struct mo_symbol_part part;
	bool is_cached;

	if (mo_elf_is_relocatable(elf))
		return mo_error_create(MO_E_INVALID, "%s is a module: where its sections lie is known to the kernel only",
				       mo_elf_path(elf));
	MO_TRY(find_symtab(elf, &symtab));
	key.symtab_bytes = symtab.symbols.n_bytes;
	key.strtab_bytes = symtab.strings.n_bytes;
	is_cached = mo_symbol_cache_open(&key, &part);
	if (!is_cached) {
		MO_TRY(build(&symtab, &part));
		mo_symbol_cache_save(&key, &part);
	}
	part.slide = slide;
	return mo_symbols_create(&part, ret, "symbol table of %s%s", base_name(mo_elf_path(elf)),
				 is_cached ? " (cached)" : "");
}
