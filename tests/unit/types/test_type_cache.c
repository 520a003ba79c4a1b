/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cache on disk: what is in it is used, whatever is wrong with it costs a remark and no more. */
#include "types_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "type_cache.h"

#define BUILD_ID "00112233445566778899aabbccddeeff00112233"

struct cache_test {
	char directory[64];
	char path[256];
};

static int make_directory(void **state)
{
	struct cache_test *test = calloc(1, sizeof(*test));

	assert_non_null(test);
	(void)snprintf(test->directory, sizeof(test->directory), "/tmp/memopsy-types-XXXXXX");
	assert_non_null(mkdtemp(test->directory));
	(void)snprintf(test->path, sizeof(test->path), "%s/types-%s.cache", test->directory, BUILD_ID);
	*state = test;
	return 0;
}

static int remove_directory(void **state)
{
	struct cache_test *test = *state;
	DIR *directory;
	struct dirent *entry;

	(void)chmod(test->directory, 0700);
	directory = opendir(test->directory);
	assert_non_null(directory);
	while ((entry = readdir(directory)))
		(void)unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	assert_int_equal(rmdir(test->directory), 0);
	free(test);
	return 0;
}

static struct mo_types *open_cached(struct mo_elf *elf, const struct cache_test *test)
{
	struct mo_types *types = NULL;

	assert_no_error(mo_types_open_dwarf(elf, test->directory, NULL, &types));
	return types;
}

/* What every start must find, from the cache or not. */
static void check_page(struct mo_types *types)
{
	const struct mo_type *type = NULL;

	assert_member(types, "struct page", "rcu.func", 128, 0, "void (*x)(struct callback_head *)");
	assert_member(types, "struct page", "bits.b", 1027, 61, "u64 x");
	assert_enumerator(types, NULL, "PG_slab", 7);
	assert_enumerator(types, "enum errors", "ERROR_MINUS", -3);
	assert_error_contains(mo_types_find(types, "struct nowhere", &type), MO_E_ABSENT, " has no struct nowhere");
	assert_no_error(mo_types_complete(types, must_find(types, "struct only_second")->members[0].type->target, &type));
	assert_int_equal(type->size_bytes, 24);
}

/* A first start: fills the cache. */
static void fill(struct mo_elf *elf, const struct cache_test *test)
{
	struct mo_types *types = open_cached(elf, test);

	assert_null(mo_types_cache_remark(types));
	check_page(types);
	mo_types_destroy(types);
	assert_int_equal(access(test->path, R_OK), 0);
}

static uint8_t *read_cache(const struct cache_test *test, size_t *n_bytes)
{
	FILE *file = fopen(test->path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(bytes);
	*n_bytes = fread(bytes, 1, 1 << 20, file);
	assert_true(*n_bytes >= 200 && *n_bytes < 1 << 20);
	fclose(file);
	return bytes;
}

static void write_cache(const struct cache_test *test, const uint8_t *bytes, size_t n_bytes)
{
	FILE *file = fopen(test->path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
	fclose(file);
}

/* The file's own identity tells whether it was written again. */
static ino_t inode_of(const struct cache_test *test)
{
	struct stat status;

	assert_int_equal(stat(test->path, &status), 0);
	return status.st_ino;
}

static void a_second_start_reads_no_dwarf(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	/* The same build-id, but no debug information at all: whatever comes, comes from the cache. */
	struct mo_elf *other = open_sample("sample-same-id");
	struct mo_types *types;
	struct stat status;
	ino_t inode;

	fill(elf, test);
	assert_int_equal(stat(test->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	inode = inode_of(test);
	types = open_cached(other, test);
	assert_null(mo_types_cache_remark(types));
	check_page(types);
	mo_types_destroy(types);
	assert_int_equal(inode_of(test), inode); /* nothing new, nothing written */
	mo_elf_close(other);
	mo_elf_close(elf);
}

static void cached_types_are_the_same(void **state)
{
	static const char *const names[] = { "struct page", "struct only_second", "enum errors", "enum wide", "u8" };
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_types *first = open_cached(elf, test), *second;
	unsigned n_differences = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)must_find(first, names[i]);
	mo_types_save_cache(first);
	second = open_cached(elf, test);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		n_differences += count_differences(must_find(first, names[i]), must_find(second, names[i]), names[i]);
	assert_int_equal(n_differences, 0);
	mo_types_destroy(first);
	mo_types_destroy(second);
	mo_elf_close(elf);
}

static void later_requests_extend_the_cache(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_elf *other = open_sample("sample-same-id");
	struct mo_types *types;

	fill(elf, test);
	types = open_cached(elf, test);
	assert_member(types, "struct kmem_cache", "size", 64, 0, "unsigned int x");
	mo_types_destroy(types);
	types = open_cached(other, test);
	assert_member(types, "struct kmem_cache", "size", 64, 0, "unsigned int x");
	check_page(types);
	mo_types_destroy(types);
	mo_elf_close(other);
	mo_elf_close(elf);
}

/* Opens with a cache that cannot be used: all is found even so, the remark says why, and the cache is made anew. */
static void assert_made_anew(struct mo_elf *elf, const struct cache_test *test, const char *why)
{
	struct mo_types *types = open_cached(elf, test);

	assert_non_null(mo_types_cache_remark(types));
	if (!strstr(mo_types_cache_remark(types), why))
		print_message("remark: %s\n", mo_types_cache_remark(types));
	assert_non_null(strstr(mo_types_cache_remark(types), why));
	check_page(types);
	mo_types_destroy(types);
	types = open_cached(elf, test);
	assert_null(mo_types_cache_remark(types));
	mo_types_destroy(types);
}

static void every_flipped_byte_is_noticed(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_types *types = open_cached(elf, test);
	size_t n_bytes;
	uint8_t *bytes;

	/* A small one, so that all of it can be tried. */
	assert_int_equal(must_find(types, "struct list_head")->size_bytes, 16);
	mo_types_destroy(types);
	bytes = read_cache(test, &n_bytes);
	for (size_t i = 0; i < n_bytes; i++) {
		struct mo_type_table table;
		struct mo_error *error;

		bytes[i] ^= (uint8_t)(1u << i % 8);
		write_cache(test, bytes, n_bytes);
		assert_no_error(mo_type_table_init(&table));
		error = mo_type_cache_load(test->path, BUILD_ID, &table);
		assert_non_null(error);
		assert_non_null(strstr(mo_error_text(error), " is not used: it is "));
		assert_int_equal(table.types.count, 1);
		mo_error_destroy(error);
		mo_type_table_deinit(&table);
		bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	bytes[n_bytes / 2] ^= 1;
	write_cache(test, bytes, n_bytes);
	assert_made_anew(elf, test, "the type cache is rebuilt: ");
	free(bytes);
	mo_elf_close(elf);
}

static void every_cut_is_noticed(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	size_t n_bytes;
	uint8_t *bytes;

	fill(elf, test);
	bytes = read_cache(test, &n_bytes);
	for (size_t cut = 0; cut < n_bytes; cut += 97) {
		struct mo_type_table table;

		write_cache(test, bytes, cut);
		assert_no_error(mo_type_table_init(&table));
		assert_error_contains(mo_type_cache_load(test->path, BUILD_ID, &table), MO_E_CORRUPT, "it is damaged (");
		mo_type_table_deinit(&table);
	}
	write_cache(test, bytes, 0);
	assert_made_anew(elf, test, "it is damaged (its size is invalid)");
	free(bytes);
	mo_elf_close(elf);
}

static void other_versions_and_builds_are_not_used(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_type_table table;
	size_t n_bytes;
	uint8_t *bytes;

	fill(elf, test);
	bytes = read_cache(test, &n_bytes);
	bytes[12]++; /* the version, which stands before what is summed */
	write_cache(test, bytes, n_bytes);
	assert_made_anew(elf, test, "it is of version 2, and this build writes 1");
	bytes[12]--;
	bytes[8] ^= 0xff;
	write_cache(test, bytes, n_bytes);
	assert_made_anew(elf, test, "it is of a machine of the other byte order");
	bytes[8] ^= 0xff;
	write_cache(test, bytes, n_bytes);
	assert_no_error(mo_type_table_init(&table));
	assert_error_contains(mo_type_cache_load(test->path, "ffff", &table), MO_E_MISMATCH, "it is of another build-id");
	mo_type_table_deinit(&table);
	free(bytes);
	mo_elf_close(elf);
}

static void a_directory_that_cannot_be_written_is_a_remark(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_types *types = NULL;
	char path[128];
	FILE *file;

	/* A file where the directory should be: refused for root, too. */
	(void)snprintf(path, sizeof(path), "%s/file", test->directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_no_error(mo_types_open_dwarf(elf, path, NULL, &types));
	check_page(types);
	mo_types_save_cache(types);
	assert_non_null(mo_types_cache_remark(types));
	assert_non_null(strstr(mo_types_cache_remark(types), "the type cache could not be written: "));
	mo_types_destroy(types);
	mo_elf_close(elf);
}

static void the_directory_is_made(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_types *types = NULL;
	char directory[128], path[256];

	(void)snprintf(directory, sizeof(directory), "%s/deep", test->directory);
	(void)snprintf(path, sizeof(path), "%s/types-%s.cache", directory, BUILD_ID);
	assert_no_error(mo_types_open_dwarf(elf, directory, NULL, &types));
	check_page(types);
	mo_types_destroy(types);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	mo_elf_close(elf);
}

static void without_a_build_id_nothing_is_cached(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-no-id");
	struct mo_types *types = open_cached(elf, test);
	DIR *directory;
	unsigned n_entries = 0;

	check_page(types);
	assert_non_null(strstr(mo_types_cache_remark(types), "has no build-id, so nothing is cached"));
	mo_types_destroy(types);
	directory = opendir(test->directory);
	while (readdir(directory))
		n_entries++;
	closedir(directory);
	assert_int_equal(n_entries, 2); /* "." and ".." */
	mo_elf_close(elf);
}

static void two_first_starts_at_once_are_safe(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct mo_types *types;
	pid_t children[6];

	for (unsigned round = 0; round < 5; round++) {
		(void)unlink(test->path);
		for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
			children[i] = fork();
			assert_true(children[i] >= 0);
			if (children[i])
				continue;
			if (!mo_types_open_dwarf(elf, test->directory, NULL, &types)) {
				const struct mo_type *page;
				bool is_good = !mo_types_find(types, "struct page", &page) && page->size_bytes == 152;

				mo_types_save_cache(types);
				_exit(is_good && !mo_types_cache_remark(types) ? 0 : 1);
			}
			_exit(2);
		}
		for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
			int status = -1;

			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			assert_int_equal(status, 0);
		}
		types = open_cached(elf, test);
		assert_null(mo_types_cache_remark(types));
		check_page(types);
		mo_types_destroy(types);
	}
	mo_elf_close(elf);
}

/* Sixty-four files are kept; the one longest unwritten goes first, and so does what a killed process left. */
static void the_directory_does_not_grow_without_bound(void **state)
{
	const struct cache_test *test = *state;
	struct mo_elf *elf = open_sample("sample-dwarf5");
	struct utimbuf old = { .actime = 1000, .modtime = 1000 };
	char path[256];

	for (unsigned i = 0; i < 64; i++) {
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/types-%040u.cache", test->directory, i);
		file = fopen(path, "w");
		assert_non_null(file);
		fclose(file);
		old.modtime = 2000 + i;
		assert_int_equal(utime(path, &old), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/types-%s.cache.Ab12Cd", test->directory, BUILD_ID);
	fclose(fopen(path, "w"));
	assert_int_equal(utime(path, &old), 0);
	fill(elf, test);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/types-%040u.cache", test->directory, 0);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/types-%040u.cache", test->directory, 1);
	assert_int_equal(access(path, F_OK), 0);
	mo_elf_close(elf);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CACHE_TEST(a_second_start_reads_no_dwarf),
		CACHE_TEST(cached_types_are_the_same),
		CACHE_TEST(later_requests_extend_the_cache),
		CACHE_TEST(every_flipped_byte_is_noticed),
		CACHE_TEST(every_cut_is_noticed),
		CACHE_TEST(other_versions_and_builds_are_not_used),
		CACHE_TEST(a_directory_that_cannot_be_written_is_a_remark),
		CACHE_TEST(the_directory_is_made),
		CACHE_TEST(without_a_build_id_nothing_is_cached),
		CACHE_TEST(two_first_starts_at_once_are_safe),
		CACHE_TEST(the_directory_does_not_grow_without_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
