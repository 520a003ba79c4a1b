/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ELF files that this machine's compiler does not make: 32 bits, big-endian, made by hand. */

#include "symbols_fixture.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol_source.h"

#define N_SECTIONS 6

enum { TEXT = 1, PACKED = 2, SYMTAB = 3, STRTAB = 4, SHSTRTAB = 5 };

struct image {
	uint8_t bytes[2048];
	size_t n_bytes;
};

static void put(struct image *image, size_t offset, uint32_t value, unsigned n_bytes)
{
	for (unsigned i = 0; i < n_bytes; i++)
		image->bytes[offset + i] = (uint8_t)(value >> 8 * (n_bytes - 1 - i));
}

static size_t append(struct image *image, const void *bytes, size_t n_bytes)
{
	size_t offset = image->n_bytes;

	memcpy(image->bytes + offset, bytes, n_bytes);
	image->n_bytes += (n_bytes + 3) & ~(size_t)3;
	return offset;
}

static void append_symbol(struct image *image, uint32_t name, uint32_t value, uint32_t size, uint8_t info, uint16_t section)
{
	size_t offset = append(image, (uint8_t[sizeof(Elf32_Sym)]){ 0 }, sizeof(Elf32_Sym));

	put(image, offset, name, 4);
	put(image, offset + 4, value, 4);
	put(image, offset + 8, size, 4);
	put(image, offset + 12, info, 1);
	put(image, offset + 14, section, 2);
}

static void put_section(struct image *image, size_t table, unsigned number, const uint32_t fields[10])
{
	for (unsigned i = 0; i < 10; i++)
		put(image, table + number * sizeof(Elf32_Shdr) + 4 * i, fields[i], 4);
}

static void put_header(struct image *image, uint16_t machine, size_t table)
{
	static const uint8_t identity[] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2MSB, EV_CURRENT };

	memcpy(image->bytes, identity, sizeof(identity));
	put(image, offsetof(Elf32_Ehdr, e_type), ET_EXEC, 2);
	put(image, offsetof(Elf32_Ehdr, e_machine), machine, 2);
	put(image, offsetof(Elf32_Ehdr, e_version), EV_CURRENT, 4);
	put(image, offsetof(Elf32_Ehdr, e_shoff), (uint32_t)table, 4);
	put(image, offsetof(Elf32_Ehdr, e_ehsize), sizeof(Elf32_Ehdr), 2);
	put(image, offsetof(Elf32_Ehdr, e_shentsize), sizeof(Elf32_Shdr), 2);
	put(image, offsetof(Elf32_Ehdr, e_shnum), N_SECTIONS, 2);
	put(image, offsetof(Elf32_Ehdr, e_shstrndx), SHSTRTAB, 2);
}

/* An arm image: text, a section compressed in a way that nobody knows, and symbols. */
static void make_image(struct image *image, uint16_t machine, uint32_t symtab_entry_bytes)
{
	static const char names[] = "\0.text\0.debug_odd\0.symtab\0.strtab\0.shstrtab";
	static const char strings[] = "\0start\0$a\0weak_one\0$d.12\0$other";
	static const uint8_t packed[] = { 0, 0, 0, 77, 0, 0, 0, 100, 0, 0, 0, 1, 9, 9, 9, 9 };
	uint32_t text, odd, symtab, strtab, shstrtab;
	size_t table;

	*image = (struct image){ .n_bytes = sizeof(Elf32_Ehdr) };
	text = (uint32_t)append(image, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	odd = (uint32_t)append(image, packed, sizeof(packed));
	symtab = (uint32_t)image->n_bytes;
	append_symbol(image, 0, 0, 0, 0, 0);
	append_symbol(image, 7, 0xc0008000, 0, ELF32_ST_INFO(STB_LOCAL, STT_NOTYPE), TEXT);
	append_symbol(image, 19, 0xc0008004, 0, ELF32_ST_INFO(STB_LOCAL, STT_NOTYPE), TEXT);
	append_symbol(image, 25, 0xc0008006, 1, ELF32_ST_INFO(STB_LOCAL, STT_FUNC), TEXT);
	append_symbol(image, 1, 0xc0008000, 4, ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), TEXT);
	append_symbol(image, 10, 0xc0008004, 4, ELF32_ST_INFO(STB_WEAK, STT_FUNC), TEXT);
	append_symbol(image, 0xffff, 0xc0008004, 4, ELF32_ST_INFO(STB_WEAK, STT_FUNC), TEXT); /* a name from nowhere */
	append_symbol(image, 1, 0xc0008004, 4, ELF32_ST_INFO(STB_WEAK, STT_FUNC), 99);        /* so is the section */
	strtab = (uint32_t)append(image, strings, sizeof(strings));
	shstrtab = (uint32_t)append(image, names, sizeof(names));
	table = image->n_bytes;
	image->n_bytes += N_SECTIONS * sizeof(Elf32_Shdr);
	put_section(image, table, TEXT, (uint32_t[10]){ 1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0xc0008000, text, 8 });
	put_section(image, table, PACKED, (uint32_t[10]){ 7, SHT_PROGBITS, SHF_COMPRESSED, 0, odd, sizeof(packed) });
	put_section(image, table, SYMTAB, (uint32_t[10]){ 18, SHT_SYMTAB, 0, 0, symtab, strtab - symtab, STRTAB, 1, 4,
							   symtab_entry_bytes });
	put_section(image, table, STRTAB, (uint32_t[10]){ 26, SHT_STRTAB, 0, 0, strtab, sizeof(strings) });
	put_section(image, table, SHSTRTAB, (uint32_t[10]){ 34, SHT_STRTAB, 0, 0, shstrtab, sizeof(names) });
	put_header(image, machine, table);
}

static struct mo_elf *open_image(const struct image *image, const char *directory)
{
	char *path = path_in(directory, "foreign");
	struct mo_elf *elf = NULL;

	write_file(path, image->bytes, image->n_bytes);
	assert_success(mo_elf_open(path, &elf));
	free(path);
	return elf;
}

static void test_a_32_bit_big_endian_image(void **state)
{
	char *directory = make_directory();
	struct mo_symbols *symbols = NULL;
	struct mo_elf_section section;
	struct image image;
	struct mo_elf *elf;
	uint8_t bytes[2];
	struct mo_symbol symbol;

	(void)state;
	make_image(&image, EM_ARM, sizeof(Elf32_Sym));
	elf = open_image(&image, directory);
	assert_int_equal(mo_elf_pointer_bytes(elf), 4);
	assert_true(mo_elf_is_big_endian(elf));
	assert_string_equal(mo_elf_arch(elf), "arm");
	assert_success(mo_elf_read_address(elf, 0xc0008002, bytes, 2));
	assert_int_equal(bytes[0], 0x33);
	assert_success(mo_elf_section_header(elf, PACKED, &section));
	assert_int_equal(section.n_bytes, 100);
	assert_error(mo_elf_section_named(elf, ".debug_odd", &section), MO_E_UNSUPPORTED,
		     "section 2 .debug_odd: compressed with an unknown algorithm, which this libelf cannot inflate");
	assert_success(mo_symbols_load_elf(elf, 0x100000, NULL, &symbols));
	assert_int_equal(mo_symbols_count(symbols), 3); /* mapping symbols and nonsense left out */
	symbol = find_symbol(symbols, NULL, "start", NULL);
	assert_int_equal(symbol.value_kva, 0xc0108000);
	assert_int_equal(symbol.type, 'T');
	assert_int_equal(find_symbol(symbols, NULL, "weak_one", NULL).type, 'W');
	assert_int_equal(find_symbol(symbols, NULL, "$other", NULL).type, 't');
	mo_symbols_destroy(symbols);
	mo_elf_close(elf);
	remove_directory(directory);
}

static void test_an_unknown_machine(void **state)
{
	char *directory = make_directory();
	struct mo_symbols *symbols = NULL;
	struct image image;
	struct mo_elf *elf;

	(void)state;
	make_image(&image, 0x7777, sizeof(Elf32_Sym));
	elf = open_image(&image, directory);
	assert_null(mo_elf_arch(elf));
	assert_success(mo_symbols_load_elf(elf, 0, NULL, &symbols));
	assert_int_equal(mo_symbols_count(symbols), 5); /* "$a" is a name here */
	mo_symbols_destroy(symbols);
	mo_elf_close(elf);
	remove_directory(directory);
}

static void test_a_symbol_table_of_odd_entries(void **state)
{
	char *directory = make_directory();
	struct mo_symbols *symbols = NULL;
	struct image image;
	struct mo_elf *elf;

	(void)state;
	make_image(&image, EM_ARM, 7);
	elf = open_image(&image, directory);
	assert_error(mo_symbols_load_elf(elf, 0, NULL, &symbols), MO_E_CORRUPT, "entries of section .symtab are 7 bytes, not 16");
	assert_null(symbols);
	mo_elf_close(elf);
	remove_directory(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_32_bit_big_endian_image),
		cmocka_unit_test(test_an_unknown_machine),
		cmocka_unit_test(test_a_symbol_table_of_odd_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
