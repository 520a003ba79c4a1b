/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cache of types that is damaged and has its checksum made right again, as only malice would: what is refused must be
 * refused whole, what is taken must be sound. Takes a vmlinux with debug information; a number of rounds may follow.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "type_cache.h"
#include "type_cache_format.h"
#include "type_source.h"
#include "type_walk.h"

#define DEFAULT_ROUNDS 5000
#define BYTES_MAX (1 << 20)

static const char *const names[] = {
	"struct page", "struct list_head", "enum zone_type", "enum wide", "u64", "struct only_first", "enumerator PG_slab",
};

struct cache_file {
	char directory[64];
	char path[512];
	uint8_t *bytes;
	size_t n_bytes;
};

static void must(struct type_fuzzer *fuzzer, struct mo_error *error)
{
	if (error)
		fprintf(stderr, "%s\n", mo_error_text(error));
	fuzz_demand(fuzzer, !error, "a sound file was refused");
}

static void make_sound(struct type_fuzzer *fuzzer, struct mo_elf *elf, struct cache_file *file)
{
	struct mo_types *types = NULL;
	char *path;
	FILE *stream;

	(void)snprintf(file->directory, sizeof(file->directory), "/tmp/memopsy-fuzz-XXXXXX");
	fuzz_demand(fuzzer, mkdtemp(file->directory) && mo_elf_build_id(elf), "no directory, or no build-id");
	must(fuzzer, mo_types_open_dwarf(elf, file->directory, NULL, &types));
	fuzz_look_up(fuzzer, types, names, sizeof(names) / sizeof(names[0]));
	mo_types_destroy(types);
	path = mo_type_cache_path(file->directory, mo_elf_build_id(elf));
	fuzz_demand(fuzzer, path != NULL, "no memory");
	(void)snprintf(file->path, sizeof(file->path), "%s", path);
	free(path);
	file->bytes = malloc(BYTES_MAX);
	stream = fopen(file->path, "rb");
	fuzz_demand(fuzzer, file->bytes && stream, "no cache was written");
	file->n_bytes = fread(file->bytes, 1, BYTES_MAX, stream);
	fclose(stream);
}

static void write_damaged(struct type_fuzzer *fuzzer, const struct cache_file *file)
{
	size_t summed = offsetof(struct mo_cache_header, build_id);
	uint8_t *bytes = malloc(file->n_bytes);
	uint64_t sum;
	FILE *stream = fopen(file->path, "wb");

	fuzz_demand(fuzzer, bytes && stream, "no memory, or no disk");
	memcpy(bytes, file->bytes, file->n_bytes);
	fuzz_damage(fuzzer, bytes + sizeof(struct mo_cache_header) - 24,
		    file->n_bytes - sizeof(struct mo_cache_header) + 24);
	sum = mo_cache_checksum(MO_CACHE_CHECKSUM_START, bytes + summed, sizeof(struct mo_cache_header) - summed);
	sum = mo_cache_checksum(sum, bytes + sizeof(struct mo_cache_header),
				file->n_bytes - sizeof(struct mo_cache_header));
	memcpy(bytes + offsetof(struct mo_cache_header, checksum), &sum, sizeof(sum));
	fuzz_demand(fuzzer, fwrite(bytes, 1, file->n_bytes, stream) == file->n_bytes, "no disk");
	fclose(stream);
	free(bytes);
}

int main(int argc, char **argv)
{
	struct type_fuzzer fuzzer = { .name = "fuzz-type-cache", .random = 0x2545f4914f6cdd1dull };
	unsigned long n_rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : DEFAULT_ROUNDS;
	struct cache_file file = { .n_bytes = 0 };
	struct mo_elf *elf = NULL;

	if (argc < 2)
		return 2;
	must(&fuzzer, mo_elf_open(argv[1], &elf));
	make_sound(&fuzzer, elf, &file);
	for (fuzzer.round = 0; fuzzer.round < n_rounds; fuzzer.round++) {
		struct mo_types *types = NULL;

		write_damaged(&fuzzer, &file);
		must(&fuzzer, mo_types_open_dwarf(elf, file.directory, NULL, &types));
		if (mo_types_cache_remark(types))
			fuzzer.n_refused++;
		else
			fuzzer.n_opened++;
		fuzz_look_up(&fuzzer, types, names, sizeof(names) / sizeof(names[0]));
		mo_types_destroy(types);
	}
	fuzz_report(&fuzzer);
	fuzz_demand(&fuzzer, fuzzer.n_opened && fuzzer.n_refused, "nothing was opened, or nothing refused");
	(void)unlink(file.path);
	(void)rmdir(file.directory);
	free(file.bytes);
	mo_elf_close(elf);
	return 0;
}
