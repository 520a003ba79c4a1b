/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * ELF files with damaged bytes: headers, compressed sections, symbol tables, notes, debug links. What must hold: no
 * crash, no hang, an error with a text or a file that can be asked for everything. Deterministic. Usage: fuzz-elf
 * ROUNDS FILE... ; the files are not touched.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_file.h"
#include "file.h"
#include "symbol_source.h"

struct fuzzer {
	uint64_t random;
	size_t n_opened, n_refused, n_loaded;
	volatile uint64_t sum; /* so that the bytes are read */
};

static uint64_t next_random(struct fuzzer *fuzzer, uint64_t below)
{
	fuzzer->random ^= fuzzer->random << 13;
	fuzzer->random ^= fuzzer->random >> 7;
	fuzzer->random ^= fuzzer->random << 17;
	return fuzzer->random % below;
}

static void check_error(struct mo_error *error)
{
	if (error && mo_error_text(error)[0] == '\0')
		abort();
	mo_error_destroy(error);
}

static void ask_everything(struct fuzzer *fuzzer, struct mo_elf *elf)
{
	static const char *const no_roots[] = { NULL };
	struct mo_symbols *symbols = NULL;
	struct mo_elf *other = NULL;
	struct mo_error *error;
	uint8_t bytes[16];

	for (size_t i = 0; i < mo_elf_section_count(elf); i++) {
		struct mo_elf_section section;

		error = mo_elf_section_at(elf, i, &section);
		for (uint64_t k = 0; !error && section.bytes && k < section.n_bytes; k += 64)
			fuzzer->sum += section.bytes[k];
		if (!error && section.bytes && section.n_bytes)
			fuzzer->sum += section.bytes[section.n_bytes - 1] + strlen(section.name);
		check_error(error);
	}
	check_error(mo_elf_read_address(elf, UINT64_C(0x10000000), bytes, sizeof(bytes)));
	check_error(mo_elf_open_separate_debug(elf, no_roots, &other));
	mo_elf_close(other);
	error = mo_symbols_load_elf(elf, 0x1000, NULL, &symbols);
	for (size_t i = 0; !error && i < mo_symbols_count(symbols); i++) {
		struct mo_symbol symbol, found;

		mo_symbols_get(symbols, i, &symbol);
		check_error(mo_symbols_at(symbols, symbol.value_kva, &found));
		if (mo_symbols_find(symbols, NULL, symbol.name, &found, NULL))
			abort();
	}
	fuzzer->n_loaded += !error;
	check_error(error);
	mo_symbols_destroy(symbols);
}

/* Bytes of the headers at both ends, of the symbol table before the last, or anywhere. */
static size_t choose_offset(struct fuzzer *fuzzer, size_t n_bytes)
{
	switch (next_random(fuzzer, 4)) {
	case 0:
		return (size_t)next_random(fuzzer, n_bytes < 512 ? n_bytes : 512);
	case 1:
		return n_bytes - 1 - (size_t)next_random(fuzzer, n_bytes < 2048 ? n_bytes : 2048);
	default:
		return (size_t)next_random(fuzzer, n_bytes);
	}
}

static void run_round(struct fuzzer *fuzzer, const struct mo_mapped_file *file, int fd, const char *path)
{
	static const uint8_t values[] = { 0, 0xff, 0x7f, 0x80, 1 };
	unsigned n_damages = 1 + (unsigned)next_random(fuzzer, 4);
	struct mo_error *error;
	struct mo_elf *elf = NULL;

	if (ftruncate(fd, 0) || pwrite(fd, file->bytes, file->n_bytes, 0) != (ssize_t)file->n_bytes)
		abort();
	for (unsigned i = 0; i < n_damages; i++) {
		size_t offset = choose_offset(fuzzer, file->n_bytes);
		uint8_t byte = next_random(fuzzer, 2) ? values[next_random(fuzzer, sizeof(values))] :
							(uint8_t)(file->bytes[offset] ^ (1u << next_random(fuzzer, 8)));

		if (pwrite(fd, &byte, 1, (off_t)offset) != 1)
			abort();
	}
	if (next_random(fuzzer, 16) == 0 && ftruncate(fd, (off_t)next_random(fuzzer, file->n_bytes)))
		abort();
	error = mo_elf_open(path, &elf);
	fuzzer->n_opened += !error;
	fuzzer->n_refused += error != NULL;
	check_error(error);
	if (elf)
		ask_everything(fuzzer, elf);
	mo_elf_close(elf);
}

int main(int argc, char **argv)
{
	unsigned long n_rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	struct fuzzer fuzzer = { .random = UINT64_C(0x2545f4914f6cdd1d) };
	int fd = memfd_create("fuzz-elf", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || argc < 3)
		return 2;
	unsetenv("DEBUGINFOD_URLS");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int i = 2; i < argc; i++) {
		struct mo_mapped_file file;

		if (access(argv[i], R_OK) != 0)
			continue; /* not built without objcopy */
		if (mo_map_file(argv[i], &file))
			abort();
		for (unsigned long round = 0; round < n_rounds; round++)
			run_round(&fuzzer, &file, fd, path);
		mo_unmap_file(&file);
	}
	close(fd);
	printf("fuzz-elf: %zu opened, %zu refused, %zu symbol tables loaded\n", fuzzer.n_opened, fuzzer.n_refused,
	       fuzzer.n_loaded);
	return fuzzer.n_opened && fuzzer.n_loaded ? 0 : 1;
}
