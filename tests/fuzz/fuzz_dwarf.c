/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DWARF damaged anywhere in its sections. A vmlinux is given by the user and not hostile, but files do get damaged: no
 * crash, no hang. Takes vmlinux files; "-n ROUNDS" before them sets the rounds for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "type_source.h"
#include "type_walk.h"

#define DEFAULT_ROUNDS 1500
#define BYTES_MAX (4 << 20)

static const char *const names[] = {
	"struct page", "struct list_head", "struct kmem_cache", "enum zone_type", "enum wide", "u64", "unsigned long",
	"struct only_second", "enumerator PG_slab", "struct nowhere",
};

/* A linked file has not the last. */
static const char *const sections[] = { ".debug_info", ".debug_abbrev", ".debug_str", ".rela.debug_info" };

#define N_SECTIONS 4

struct sound_file {
	uint8_t *bytes;
	size_t n_bytes;
	struct {
		size_t offset;
		size_t n_bytes;
	} parts[N_SECTIONS];
};

static bool read_sound(const char *path, struct sound_file *ret)
{
	FILE *stream = fopen(path, "rb");
	struct mo_elf *elf = NULL;
	bool is_complete = true;

	ret->bytes = malloc(BYTES_MAX);
	if (!stream || !ret->bytes || mo_elf_open(path, &elf))
		return false;
	ret->n_bytes = fread(ret->bytes, 1, BYTES_MAX, stream);
	fclose(stream);
	for (size_t i = 0; i < N_SECTIONS; i++) {
		struct mo_elf_section section = { .bytes = NULL };
		struct mo_error *error = mo_elf_section_named(elf, sections[i], &section);
		const uint8_t *place = error || !section.n_bytes ?
					       NULL :
					       memmem(ret->bytes, ret->n_bytes, section.bytes, section.n_bytes);

		mo_error_destroy(error);
		is_complete = is_complete && (place || i == 3); /* a compressed section is not found in the file */
		ret->parts[i].offset = place ? (size_t)(place - ret->bytes) : 0;
		ret->parts[i].n_bytes = place ? section.n_bytes : 0;
	}
	mo_elf_close(elf);
	return is_complete;
}

static void write_damaged(struct type_fuzzer *fuzzer, const struct sound_file *file, const char *path)
{
	uint8_t *bytes = malloc(file->n_bytes);
	size_t part = fuzz_random(fuzzer, N_SECTIONS + 2);
	FILE *stream = fopen(path, "wb");

	fuzz_demand(fuzzer, bytes && stream, "no memory, or no disk");
	memcpy(bytes, file->bytes, file->n_bytes);
	if (part >= N_SECTIONS || !file->parts[part].n_bytes)
		part = 0; /* entries are most interesting */
	fuzz_damage(fuzzer, bytes + file->parts[part].offset, file->parts[part].n_bytes);
	fuzz_demand(fuzzer, fwrite(bytes, 1, file->n_bytes, stream) == file->n_bytes, "no disk");
	fclose(stream);
	free(bytes);
}

static void run_round(struct type_fuzzer *fuzzer, const struct sound_file *file, const char *path)
{
	struct mo_types *types = NULL;
	struct mo_elf *elf = NULL;
	struct mo_error *error;

	write_damaged(fuzzer, file, path);
	error = mo_elf_open(path, &elf);
	if (!error)
		error = mo_types_open_dwarf(elf, NULL, NULL, &types);
	if (error) {
		fuzzer->n_refused++;
		mo_error_destroy(error);
	} else {
		fuzzer->n_opened++;
		fuzz_look_up(fuzzer, types, names, sizeof(names) / sizeof(names[0]));
		mo_types_destroy(types);
	}
	mo_elf_close(elf);
}

int main(int argc, char **argv)
{
	struct type_fuzzer fuzzer = { .name = "fuzz-dwarf", .random = 0xd1342543de82ef95ull };
	unsigned long n_rounds = DEFAULT_ROUNDS;
	char path[64] = "/tmp/memopsy-fuzz-XXXXXX";
	int fd = mkstemp(path);
	int first = 1;

	fuzz_demand(&fuzzer, fd >= 0, "no temporary file");
	close(fd);
	if (argc > 2 && !strcmp(argv[1], "-n")) {
		n_rounds = strtoul(argv[2], NULL, 10);
		first = 3;
	}
	for (int i = first; i < argc; i++) {
		struct sound_file file = { .bytes = NULL };

		if (read_sound(argv[i], &file)) {
			for (unsigned long round = 0; round < n_rounds; round++, fuzzer.round++)
				run_round(&fuzzer, &file, path);
		}
		free(file.bytes);
	}
	fuzz_report(&fuzzer);
	(void)unlink(path);
	fuzz_demand(&fuzzer, fuzzer.n_found > 0, "nothing was ever found");
	return 0;
}
