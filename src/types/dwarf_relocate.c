/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A module is an object file: its .debug_info (and clang's .debug_str_offsets) has zeros where the linker would put
 * offsets into .debug_str and .debug_abbrev. Only such plain additions of a symbol's value are applied; relocations of
 * other kinds stand where code addresses go, which types do not need.
 */
#include "dwarf_file.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "elf_file.h"

/* The two relocations of each architecture that store a symbol's value and nothing else. */
struct plain_relocations {
	const char *arch;
	uint32_t bytes_4;
	uint32_t bytes_8;
};

static const struct plain_relocations known[] = {
	{ .arch = "x86_64", .bytes_4 = R_X86_64_32, .bytes_8 = R_X86_64_64 },
	{ .arch = "aarch64", .bytes_4 = R_AARCH64_ABS32, .bytes_8 = R_AARCH64_ABS64 },
	{ .arch = "s390x", .bytes_4 = R_390_32, .bytes_8 = R_390_64 },
	{ .arch = "ppc64", .bytes_4 = R_PPC64_ADDR32, .bytes_8 = R_PPC64_ADDR64 },
	{ .arch = "ppc64le", .bytes_4 = R_PPC64_ADDR32, .bytes_8 = R_PPC64_ADDR64 },
	{ .arch = "riscv64", .bytes_4 = R_RISCV_32, .bytes_8 = R_RISCV_64 },
	{ .arch = "loongarch64", .bytes_4 = 1, .bytes_8 = 2 }, /* R_LARCH_32, R_LARCH_64: too new for some elf.h */
};

struct relocation {
	uint64_t offset;
	uint64_t addend;
	uint32_t type;
	uint32_t symbol;
};

#define RELA_BYTES 24
#define SYMBOL_BYTES 24
#define SYMBOL_VALUE 8 /* offset of st_value in a 64-bit symbol */

static const struct plain_relocations *find_known(const char *arch)
{
	for (size_t i = 0; arch && i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].arch, arch))
			return &known[i];
	}
	return NULL;
}

/* The relocations of a section; none: bytes NULL. */
static struct mo_error *find_relocations(struct mo_elf *elf, const char *name, struct mo_elf_section *ret)
{
	size_t n_sections = mo_elf_section_count(elf);

	*ret = (struct mo_elf_section){ .bytes = NULL };
	for (size_t i = 1; i < n_sections; i++) {
		struct mo_elf_section section, target;

		MO_TRY(mo_elf_section_header(elf, i, &section));
		if (section.type != SHT_RELA || !section.info || section.info >= n_sections)
			continue;
		MO_TRY(mo_elf_section_header(elf, section.info, &target));
		if (!strcmp(target.name, name))
			return mo_elf_section_at(elf, i, ret);
	}
	return NULL;
}

static struct mo_error *apply_one(const struct plain_relocations *plain, const struct relocation *relocation,
				  const struct mo_elf_section *symbols, bool is_big_endian, uint8_t *bytes,
				  uint64_t n_bytes)
{
	uint64_t symbol = (uint64_t)relocation->symbol * SYMBOL_BYTES;
	unsigned width = relocation->type == plain->bytes_4 ? 4 : relocation->type == plain->bytes_8 ? 8 : 0;
	uint64_t value;

	if (!width)
		return NULL;
	if (!mo_is_within(symbol, SYMBOL_BYTES, symbols->n_bytes) || !mo_is_within(relocation->offset, width, n_bytes))
		return mo_error_create(MO_E_CORRUPT, "a relocation points outside of its section or of the symbols");
	value = mo_load_u64(symbols->bytes + symbol + SYMBOL_VALUE, is_big_endian) + relocation->addend;
	for (unsigned i = 0; i < width; i++)
		bytes[relocation->offset + i] = (uint8_t)(value >> 8 * (is_big_endian ? width - 1 - i : i));
	return NULL;
}

static struct mo_error *apply_all(struct mo_elf *elf, const struct mo_elf_section *relocations, uint8_t *bytes,
				  uint64_t n_bytes)
{
	const struct plain_relocations *plain = find_known(mo_elf_arch(elf));
	bool is_big_endian = mo_elf_is_big_endian(elf);
	struct mo_elf_section symbols;

	if (!plain || mo_elf_pointer_bytes(elf) != 8)
		return mo_error_create(MO_E_UNSUPPORTED, "relocations of architecture %s are not known",
				       mo_elf_arch(elf) ? mo_elf_arch(elf) : "(unknown)");
	MO_TRY(mo_elf_section_at(elf, relocations->link, &symbols));
	if (!symbols.bytes)
		return mo_error_create(MO_E_CORRUPT, "the relocations have no symbols");
	for (uint64_t at = 0; mo_is_within(at, RELA_BYTES, relocations->n_bytes); at += RELA_BYTES) {
		uint64_t info = mo_load_u64(relocations->bytes + at + 8, is_big_endian);
		struct relocation relocation = {
			.offset = mo_load_u64(relocations->bytes + at, is_big_endian),
			.addend = mo_load_u64(relocations->bytes + at + 16, is_big_endian),
			.type = (uint32_t)info,
			.symbol = (uint32_t)(info >> 32),
		};

		MO_TRY(apply_one(plain, &relocation, &symbols, is_big_endian, bytes, n_bytes));
	}
	return NULL;
}

struct mo_error *mo_dwarf_relocate(struct mo_elf *elf, const struct mo_dwarf_section *section, uint8_t **ret)
{
	MO_FREE uint8_t *bytes = NULL;
	struct mo_elf_section relocations;
	struct mo_error *error;

	MO_TRY(find_relocations(elf, section->name, &relocations));
	*ret = NULL;
	if (!relocations.bytes)
		return NULL;
	bytes = malloc(section->n_bytes);
	if (!bytes)
		return mo_error_no_memory();
	memcpy(bytes, section->bytes, section->n_bytes);
	error = apply_all(elf, &relocations, bytes, section->n_bytes);
	if (error)
		return mo_error_prepend(error, "%s: cannot relocate %s", mo_elf_path(elf), section->name);
	*ret = mo_take(bytes);
	return NULL;
}
