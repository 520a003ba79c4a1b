/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"

static struct mo_elf_section section_named(struct mo_elf *elf, const char *name)
{
	struct mo_elf_section section = { .name = NULL };

	assert_success(mo_elf_section_named(elf, name, &section));
	assert_string_equal(section.name, name);
	return section;
}

static void test_identity(void **state)
{
	struct mo_elf *elf = open_toy("toy");

	(void)state;
	assert_non_null(strstr(mo_elf_path(elf), "/toy"));
	assert_int_equal(mo_elf_pointer_bytes(elf), sizeof(void *));
	assert_int_equal(mo_elf_is_big_endian(elf), __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
#ifdef __x86_64__
	assert_string_equal(mo_elf_arch(elf), "x86_64");
#endif
	assert_false(mo_elf_is_relocatable(elf));
	assert_string_equal(mo_elf_build_id(elf), TOY_BUILD_ID);
	mo_elf_close(elf);
}

static void test_a_file_without_build_id(void **state)
{
	struct mo_elf *elf = open_toy("toy-anonymous");

	(void)state;
	assert_null(mo_elf_build_id(elf));
	mo_elf_close(elf);
	mo_elf_close(NULL);
}

static void test_a_module_is_relocatable(void **state)
{
	struct mo_elf *elf = open_toy("toy_module.ko");
	char byte;

	(void)state;
	assert_true(mo_elf_is_relocatable(elf));
	assert_true(mo_elf_has_section(elf, ".debug_info"));
	assert_error(mo_elf_read_address(elf, 0, &byte, 1), MO_E_NOT_MAPPED, "toy_module.ko has nothing at address 0x0");
	mo_elf_close(elf);
}

static void test_sections(void **state)
{
	struct mo_elf *elf = open_toy("toy");
	struct mo_elf_section section = section_named(elf, ".text");

	(void)state;
	assert_int_equal(section.address, TOY_TEXT);
	assert_non_null(section.bytes);
	assert_true(section.flags & SHF_EXECINSTR);
	section = section_named(elf, ".bss");
	assert_null(section.bytes);
	assert_int_equal(section.n_bytes, 64);
	assert_true(mo_elf_has_section(elf, ".symtab"));
	assert_false(mo_elf_has_section(elf, ".nothing"));
	assert_error(mo_elf_section_named(elf, ".nothing", &section), MO_E_ABSENT, "toy has no section .nothing");
	assert_error(mo_elf_section_at(elf, 4000, &section), MO_E_ABSENT, "toy has no section 4000, it has ");
	assert_error(mo_elf_section_header(elf, 4000, &section), MO_E_ABSENT, "toy has no section 4000, it has ");
	assert_string_equal(section.name, ".bss");
	mo_elf_close(elf);
}

static void check_inflated(const char *name)
{
	struct mo_elf *plain = open_toy("toy"), *packed = open_toy(name);
	size_t n_smaller = 0;

	assert_int_equal(mo_elf_section_count(plain), mo_elf_section_count(packed));
	for (size_t i = 1; i < mo_elf_section_count(plain); i++) {
		struct mo_elf_section a, b, header, again;

		assert_success(mo_elf_section_at(plain, i, &a));
		if (strncmp(a.name, ".debug", 6) != 0)
			continue;
		assert_success(mo_elf_section_header(packed, i, &header));
		assert_null(header.bytes);
		assert_success(mo_elf_section_named(packed, a.name, &b));
		assert_int_equal(b.n_bytes, a.n_bytes);
		assert_int_equal(header.n_bytes, a.n_bytes);
		assert_memory_equal(a.bytes, b.bytes, a.n_bytes);
		assert_success(mo_elf_section_named(packed, a.name, &again));
		assert_ptr_equal(b.bytes, again.bytes);
		n_smaller++;
	}
	assert_true(n_smaller >= 4);
	mo_elf_close(plain);
	mo_elf_close(packed);
}

static void test_compressed_sections_read_as_plain_ones(void **state)
{
	(void)state;
	check_inflated("toy-zlib");
	check_inflated("toy-zlib-gnu");
}

static void test_a_damaged_compressed_section_is_named(void **state)
{
	char *path = toy_path("toy-zlib"), *directory = make_directory(), *copy = path_in(directory, "damaged");
	struct mo_elf *elf = open_toy("toy-zlib");
	struct mo_elf_section section;
	uint8_t *bytes;
	size_t n_bytes, n_damaged = 0;

	(void)state;
	bytes = read_file(path, &n_bytes);
	/* Every zlib stream behind an Elf64_Chdr or Elf32_Chdr begins with 0x78. */
	for (size_t i = sizeof(void *) == 8 ? 24 : 12; i + 2 < n_bytes; i++) {
		if (bytes[i] == 0x78 && (bytes[i] * 256 + bytes[i + 1]) % 31 == 0 && bytes[i - 8] <= 8 && bytes[i - 7] == 0) {
			bytes[i] = 0;
			n_damaged++;
		}
	}
	assert_true(n_damaged > 0);
	write_file(copy, bytes, n_bytes);
	mo_elf_close(elf);
	assert_success(mo_elf_open(copy, &elf));
	assert_error(mo_elf_section_named(elf, ".debug_info", &section), MO_E_CORRUPT, ".debug_info: cannot inflate it");
	section = section_named(elf, ".text");
	assert_non_null(section.bytes);
	mo_elf_close(elf);
	free(bytes);
	free(path);
	free(copy);
	remove_directory(directory);
}

static void *ask_for_sections(void *context)
{
	struct mo_elf *elf = context;
	uintptr_t sum = 0;

	for (size_t i = 0; i < mo_elf_section_count(elf); i++) {
		struct mo_elf_section section;
		struct mo_error *error = mo_elf_section_at(elf, i, &section);

		if (!error && section.bytes && section.n_bytes)
			sum += section.bytes[section.n_bytes - 1] + (uintptr_t)section.bytes;
		mo_error_destroy(error);
	}
	return (void *)sum;
}

static void test_threads_may_ask_at_once(void **state)
{
	struct mo_elf *elf = open_toy("toy-zlib");
	pthread_t threads[4];
	void *sums[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_for_sections, elf), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], &sums[i]);
	for (size_t i = 1; i < 4; i++)
		assert_ptr_equal(sums[0], sums[i]);
	mo_elf_close(elf);
}

static uint64_t toy_banner_address(struct mo_elf *elf)
{
	struct mo_elf_section rodata = section_named(elf, ".rodata");
	const uint8_t *banner = memmem(rodata.bytes, rodata.n_bytes, "Toy version", 11);

	assert_non_null(banner);
	return rodata.address + (uint64_t)(banner - rodata.bytes);
}

static void test_reading_at_an_address(void **state)
{
	struct mo_elf *elf = open_toy("toy");
	uint64_t banner = toy_banner_address(elf);
	struct mo_elf_section bss = section_named(elf, ".bss");
	char text[14];
	long first;

	(void)state;
	assert_success(mo_elf_read_address(elf, banner, text, sizeof(text)));
	assert_string_equal(text, "Toy version 1");
	assert_success(mo_elf_read_address(elf, 0, &first, sizeof(first)));
	assert_int_equal(first, 1);
	assert_error(mo_elf_read_address(elf, bss.address, text, 4), MO_E_NOT_MAPPED, "section .bss is empty in this file");
	assert_error(mo_elf_read_address(elf, 0x7000, text, 4), MO_E_NOT_MAPPED, "toy has nothing at address 0x7000");
	assert_error(mo_elf_read_address(elf, UINT64_MAX - 1, text, 4), MO_E_NOT_MAPPED, "0xfffffffffffffffe (4 bytes)");
	assert_error(mo_elf_read_address(elf, TOY_TEXT, text, SIZE_MAX), MO_E_NOT_MAPPED, "has nothing at address");
	mo_elf_close(elf);
}

/* The segments of a debug file claim bytes that are not there; its sections do not. */
static void test_a_debug_file_has_no_bytes_of_the_image(void **state)
{
	struct mo_elf *elf = open_toy("toy"), *debug = open_toy("toy.debug");
	char text[14];

	(void)state;
	assert_error(mo_elf_read_address(debug, toy_banner_address(elf), text, sizeof(text)), MO_E_NOT_MAPPED,
		     "section .rodata is empty in this file");
	assert_string_equal(mo_elf_build_id(debug), TOY_BUILD_ID);
	mo_elf_close(elf);
	mo_elf_close(debug);
}

/* Without section headers the build-id comes from PT_NOTE and bytes from PT_LOAD. */
static void test_a_file_without_sections(void **state)
{
	char *path = toy_path("toy"), *directory = make_directory(), *copy = path_in(directory, "no-sections");
	struct mo_elf *elf = open_toy("toy");
	uint64_t banner = toy_banner_address(elf);
	char text[14];
	uint8_t *bytes;
	size_t n_bytes;

	(void)state;
	mo_elf_close(elf);
	bytes = read_file(path, &n_bytes);
	if (sizeof(void *) == 8) {
		memset(bytes + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
		memset(bytes + offsetof(Elf64_Ehdr, e_shnum), 0, 4);
	} else {
		memset(bytes + offsetof(Elf32_Ehdr, e_shoff), 0, 4);
		memset(bytes + offsetof(Elf32_Ehdr, e_shnum), 0, 4);
	}
	write_file(copy, bytes, n_bytes);
	assert_success(mo_elf_open(copy, &elf));
	assert_int_equal(mo_elf_section_count(elf), 0);
	assert_string_equal(mo_elf_build_id(elf), TOY_BUILD_ID);
	assert_success(mo_elf_read_address(elf, banner, text, sizeof(text)));
	assert_string_equal(text, "Toy version 1");
	mo_elf_close(elf);
	free(bytes);
	free(path);
	free(copy);
	remove_directory(directory);
}

static void check_stranger(const char *directory, const char *name, const void *bytes, size_t n_bytes,
			   enum mo_error_code code, const char *text)
{
	char *path = path_in(directory, name);
	struct mo_elf *elf = NULL;

	write_file(path, bytes, n_bytes);
	assert_error(mo_elf_open(path, &elf), code, text);
	assert_null(elf);
	free(path);
}

static void test_strangers_are_named(void **state)
{
	char *directory = make_directory(), *path = path_in(directory, "nothing");
	uint8_t image[1024] = { 'M', 'Z' };
	struct mo_elf *elf = NULL;
	Elf64_Ehdr core = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = htole16(ET_CORE),
		.e_version = htole32(EV_CURRENT),
		.e_ehsize = htole16(sizeof(core)),
	};

	(void)state;
	assert_error(mo_elf_open(path, &elf), MO_E_IO, "/nothing: No such file or directory");
	assert_error(mo_elf_open(directory, &elf), MO_E_INVALID, " is a directory, not an ELF file");
	assert_error(mo_elf_open("/dev/null", &elf), MO_E_INVALID, "/dev/null is not a regular file");
	memcpy(image + 0x202, "HdrS", 4);
	check_stranger(directory, "empty", NULL, 0, MO_E_INVALID, "/empty is empty");
	check_stranger(directory, "text", "hello\n", 6, MO_E_INVALID, "/text is not an ELF file");
	check_stranger(directory, "vmlinux.gz", "\x1f\x8b\x08", 3, MO_E_UNSUPPORTED, "is compressed with gzip: unpack it");
	check_stranger(directory, "vmlinux.xz", "\xfd" "7zXZ", 6, MO_E_UNSUPPORTED, "is compressed with xz: unpack it");
	check_stranger(directory, "vmlinux.zst", "\x28\xb5\x2f\xfd", 4, MO_E_UNSUPPORTED, "compressed with zstd: unpack it");
	check_stranger(directory, "vmlinuz", image, sizeof(image), MO_E_INVALID, "is a bootable kernel image (vmlinuz)");
	check_stranger(directory, "core", &core, sizeof(core), MO_E_INVALID, "core is a core file, not a kernel");
	free(path);
	remove_directory(directory);
}

/* Cut anywhere, a file is an error or reads without one; and it never says that it is whole when it is not. */
static void test_files_cut_short(void **state)
{
	char *path = toy_path("toy"), *directory = make_directory(), *copy = path_in(directory, "cut");
	size_t n_bytes, n_refused = 0;
	uint8_t *bytes = read_file(path, &n_bytes);

	(void)state;
	for (size_t n_kept = 64; n_kept < n_bytes; n_kept += 64) {
		struct mo_elf *elf = NULL;
		struct mo_error *error;

		write_file(copy, bytes, n_kept);
		error = mo_elf_open(copy, &elf);
		if (error) {
			assert_int_equal(mo_error_code(error), MO_E_CORRUPT);
			assert_non_null(strstr(mo_error_text(error), "/cut"));
			mo_error_destroy(error);
			n_refused++;
			continue;
		}
		ask_for_sections(elf);
		mo_elf_close(elf);
	}
	assert_int_equal(n_refused, (n_bytes - 1) / 64); /* the section headers come last */
	free(bytes);
	free(path);
	free(copy);
	remove_directory(directory);
}

static void set_byte(int fd, size_t offset, uint8_t byte)
{
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
}

/* Any byte of the headers may lie. */
static void test_damaged_headers(void **state)
{
	char *path = toy_path("toy-zlib"), *directory = make_directory(), *copy = path_in(directory, "damaged");
	size_t n_bytes, n_opened = 0;
	uint8_t *bytes = read_file(path, &n_bytes);
	size_t tables = n_bytes > 4096 ? n_bytes - 4096 : 0;
	int fd;

	(void)state;
	write_file(copy, bytes, n_bytes);
	fd = open(copy, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 4; i < n_bytes; i = i == 512 ? tables : i + 1) {
		struct mo_elf *elf = NULL;
		struct mo_error *error;

		set_byte(fd, i, bytes[i] ^ 0xff);
		error = mo_elf_open(copy, &elf);
		if (!error) {
			ask_for_sections(elf);
			mo_elf_close(elf);
			n_opened++;
		}
		mo_error_destroy(error);
		set_byte(fd, i, bytes[i]);
	}
	close(fd);
	assert_true(n_opened > 0);
	free(bytes);
	free(path);
	free(copy);
	remove_directory(directory);
}

/* A section that lies behind the end is an error when asked for, with its name; the others are not. */
static void test_a_section_behind_the_end(void **state)
{
	char *path = toy_path("toy"), *directory = make_directory(), *copy = path_in(directory, "behind");
	struct mo_elf_section section;
	struct mo_elf *elf = NULL;
	size_t n_bytes;
	uint8_t *bytes = read_file(path, &n_bytes);

	(void)state;
	if (sizeof(void *) == 8) {
		uint64_t table = mo_load_u64(bytes + offsetof(Elf64_Ehdr, e_shoff), __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);

		memset(bytes + table + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset) + 1, 0x7f, 6);
		write_file(copy, bytes, n_bytes);
		assert_success(mo_elf_open(copy, &elf));
		assert_error(mo_elf_section_at(elf, 1, &section), MO_E_CORRUPT, "section 1 .text (offset ");
		section = section_named(elf, ".rodata");
		assert_non_null(section.bytes);
		mo_elf_close(elf);
	}
	free(bytes);
	free(path);
	free(copy);
	remove_directory(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_a_file_without_build_id),
		cmocka_unit_test(test_a_module_is_relocatable),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_compressed_sections_read_as_plain_ones),
		cmocka_unit_test(test_a_damaged_compressed_section_is_named),
		cmocka_unit_test(test_threads_may_ask_at_once),
		cmocka_unit_test(test_reading_at_an_address),
		cmocka_unit_test(test_a_debug_file_has_no_bytes_of_the_image),
		cmocka_unit_test(test_a_file_without_sections),
		cmocka_unit_test(test_strangers_are_named),
		cmocka_unit_test(test_files_cut_short),
		cmocka_unit_test(test_damaged_headers),
		cmocka_unit_test(test_a_section_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
