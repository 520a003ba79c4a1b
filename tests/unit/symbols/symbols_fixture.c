/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

void assert_error(struct mo_error *error, enum mo_error_code code, const char *part)
{
	assert_non_null(error);
	if (mo_error_code(error) != code || !strstr(mo_error_text(error), part))
		fail_msg("error %d \"%s\", wanted %d \"%s\"", mo_error_code(error), mo_error_text(error), code, part);
	mo_error_destroy(error);
}

void assert_success(struct mo_error *error)
{
	if (error)
		fail_msg("error %d: %s", mo_error_code(error), mo_error_text(error));
}

char *path_in(const char *directory, const char *name)
{
	size_t n_bytes = strlen(directory) + strlen(name) + 2;
	char *path = malloc(n_bytes);

	assert_non_null(path);
	snprintf(path, n_bytes, "%s/%s", directory, name);
	return path;
}

char *toy_path(const char *name)
{
	const char *directory = getenv("MO_TOY_DIRECTORY");
	char *path;

	assert_non_null(directory);
	path = path_in(directory, name);
	if (access(path, R_OK) != 0) {
		print_message("skipped: %s was not built (no objcopy?)\n", path);
		free(path);
		skip();
	}
	return path;
}

struct mo_elf *open_toy(const char *name)
{
	char *path = toy_path(name);
	struct mo_elf *elf = NULL;

	assert_success(mo_elf_open(path, &elf));
	free(path);
	return elf;
}

char *make_directory(void)
{
	const char *parent = getenv("TMPDIR");
	char *path = path_in(parent ? parent : "/tmp", "memopsy-test-XXXXXX");

	assert_non_null(mkdtemp(path));
	return path;
}

void remove_directory(char *path)
{
	char *const paths[] = { path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	assert_non_null(tree);
	while ((entry = fts_read(tree)) != NULL)
		if (entry->fts_info != FTS_D)
			remove(entry->fts_accpath);
	fts_close(tree);
	free(path);
}

void write_file(const char *path, const void *bytes, size_t n_bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(n_bytes ? fwrite(bytes, 1, n_bytes, file) : 0, n_bytes);
	assert_int_equal(fclose(file), 0);
}

uint8_t *read_file(const char *path, size_t *n_bytes)
{
	struct mo_mapped_file map;
	uint8_t *bytes;

	assert_success(mo_map_file(path, &map));
	bytes = malloc(map.n_bytes + 1);
	assert_non_null(bytes);
	if (map.n_bytes)
		memcpy(bytes, map.bytes, map.n_bytes);
	*n_bytes = map.n_bytes;
	mo_unmap_file(&map);
	return bytes;
}

void copy_into(const char *from, const char *directory, const char *name)
{
	char *path = path_in(directory, name);
	char *slash = strrchr(path, '/');
	size_t n_bytes;
	uint8_t *bytes = read_file(from, &n_bytes);

	*slash = '\0';
	assert_success(mo_make_directories(path));
	*slash = '/';
	write_file(path, bytes, n_bytes);
	free(bytes);
	free(path);
}

struct mo_symbol find_symbol(const struct mo_symbols *symbols, const char *module, const char *name, size_t *n_same)
{
	struct mo_symbol symbol = { .name = NULL };

	assert_success(mo_symbols_find(symbols, module, name, &symbol, n_same));
	assert_string_equal(symbol.name, name);
	return symbol;
}

struct mo_symbol symbol_at(const struct mo_symbols *symbols, uint64_t kva)
{
	struct mo_symbol symbol = { .name = NULL };

	assert_success(mo_symbols_at(symbols, kva, &symbol));
	return symbol;
}
