/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"

/* Each test has a directory of its own; paths are made in it. */
struct place {
	char directory[64];
	char path[128];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory), "/tmp/memopsy-file-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/file", place->directory);
	*state = place;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	struct place *place = *state;

	nftw(place->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

static void write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected)
{
	struct mo_mapped_file file;

	assert_null(mo_map_file(path, &file));
	assert_int_equal(file.n_bytes, strlen(expected));
	if (file.n_bytes)
		assert_memory_equal(file.bytes, expected, file.n_bytes);
	mo_unmap_file(&file);
}

static size_t files_in(const char *path)
{
	DIR *directory = opendir(path);
	size_t n = 0;

	assert_non_null(directory);
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

/* The error names the path, which is given as %s in `format`. */
static void assert_error_of(struct mo_error *error, enum mo_error_code code, const char *before, const char *path,
			    const char *after)
{
	struct mo_text expected = MO_TEXT_EMPTY;

	mo_text_printf(&expected, "%s%s%s", before, path, after);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), code);
	assert_string_equal(mo_error_text(error), mo_text_chars(&expected));
	mo_error_destroy(error);
	mo_text_deinit(&expected);
}

static void test_map(void **state)
{
	struct place *place = *state;
	struct mo_mapped_file file;

	write_file(place->path, "content");
	assert_content(place->path, "content");
	write_file(place->path, "");
	assert_null(mo_map_file(place->path, &file));
	assert_null(file.bytes);
	assert_int_equal(file.n_bytes, 0);
	mo_unmap_file(&file);
}

static void test_map_of_what_is_no_file(void **state)
{
	struct place *place = *state;
	struct mo_mapped_file file = { .n_bytes = 77 };

	assert_error_of(mo_map_file(place->path, &file), MO_E_IO, "cannot open ", place->path,
			": No such file or directory");
	assert_error_of(mo_map_file(place->directory, &file), MO_E_INVALID, "", place->directory, " is a directory");
	assert_error_of(mo_map_file("/dev/null", &file), MO_E_INVALID, "/dev/null", "", " is not a regular file");
	assert_int_equal(file.n_bytes, 77);
}

static void test_map_of_a_pipe_does_not_wait(void **state)
{
	struct place *place = *state;
	struct mo_mapped_file file;

	assert_int_equal(mkfifo(place->path, 0600), 0);
	alarm(20); /* opening a pipe that nobody writes to must not hang: then this ends the test */
	assert_error_of(mo_map_file(place->path, &file), MO_E_INVALID, "", place->path, " is not a regular file");
	alarm(0);
}

static void test_staged_commit(void **state)
{
	struct place *place = *state;
	struct mo_staged_file *staged;
	struct stat status;

	write_file(place->path, "old");
	assert_null(mo_staged_open(place->path, &staged));
	assert_null(mo_staged_write(staged, "new ", 4));
	assert_null(mo_staged_write(staged, "content", 7));
	/* Until the commit the old file is what others see. */
	assert_content(place->path, "old");
	assert_null(mo_staged_commit(staged));
	assert_content(place->path, "new content");
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(files_in(place->directory), 1);
}

static void test_staged_abort(void **state)
{
	struct place *place = *state;
	struct mo_staged_file *staged;

	write_file(place->path, "old");
	assert_null(mo_staged_open(place->path, &staged));
	assert_null(mo_staged_write(staged, "new", 3));
	mo_staged_abort(staged);
	assert_content(place->path, "old");
	assert_int_equal(files_in(place->directory), 1);
	mo_staged_abort(NULL);
}

static void test_two_staged_files_at_once(void **state)
{
	struct place *place = *state;
	struct mo_staged_file *first;
	struct mo_staged_file *second;

	assert_null(mo_staged_open(place->path, &first));
	assert_null(mo_staged_open(place->path, &second));
	assert_null(mo_staged_write(first, "first", 5));
	assert_null(mo_staged_write(second, "second", 6));
	assert_null(mo_staged_commit(second));
	assert_content(place->path, "second");
	assert_null(mo_staged_commit(first));
	assert_content(place->path, "first");
	assert_int_equal(files_in(place->directory), 1);
}

static void test_staged_where_it_cannot_be(void **state)
{
	struct place *place = *state;
	struct mo_staged_file *staged = NULL;
	char inside[160];

	snprintf(inside, sizeof(inside), "%s/none/file", place->directory);
	assert_error_of(mo_staged_open(inside, &staged), MO_E_IO, "cannot write ", inside, ": No such file or directory");
	assert_null(staged);
	assert_int_equal(files_in(place->directory), 0);
}

static void test_failed_commit_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct mo_staged_file *staged;
	struct mo_error *error;

	assert_null(mo_staged_open(place->path, &staged));
	assert_null(mo_staged_write(staged, "x", 1));
	assert_int_equal(mkdir(place->path, 0700), 0); /* a directory came in its way: rename refuses */
	error = mo_staged_commit(staged);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_IO);
	assert_non_null(strstr(mo_error_text(error), ": Is a directory"));
	assert_non_null(strstr(mo_error_text(error), place->path));
	mo_error_destroy(error);
	assert_int_equal(files_in(place->directory), 1);
}

static void test_disk_full_while_writing(void **state)
{
	struct rlimit small = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY };
	struct rlimit before;
	struct place *place = *state;
	struct mo_staged_file *staged;
	char *much = calloc(1, 10000);

	/* A limit of the file's size stands in for the full disk: a short write, then an error. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	write_file(place->path, "old");
	assert_null(mo_staged_open(place->path, &staged));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_error_of(mo_staged_write(staged, much, 10000), MO_E_IO, "cannot write ", place->path, ": File too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	mo_staged_abort(staged);
	signal(SIGXFSZ, SIG_DFL);
	assert_content(place->path, "old");
	assert_int_equal(files_in(place->directory), 1);
	free(much);
}

static void test_make_directories(void **state)
{
	struct place *place = *state;
	struct stat status;
	char deep[160];
	char below_file[160];

	snprintf(deep, sizeof(deep), "%s/a/b/c", place->directory);
	assert_null(mo_make_directories(deep));
	assert_int_equal(stat(deep, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_null(mo_make_directories(deep));
	assert_error_of(mo_make_directories(""), MO_E_INVALID, "cannot create a directory without a name", "", "");
	write_file(place->path, "in the way");
	snprintf(below_file, sizeof(below_file), "%s/below", place->path);
	assert_error_of(mo_make_directories(below_file), MO_E_IO, "cannot create directory ", below_file,
			": Not a directory");
}

static void assert_cache(const char *own, const char *xdg, const char *home, const char *expected)
{
	char *path;

	if (own)
		setenv("MEMOPSY_CACHE", own, 1);
	else
		unsetenv("MEMOPSY_CACHE");
	if (xdg)
		setenv("XDG_CACHE_HOME", xdg, 1);
	else
		unsetenv("XDG_CACHE_HOME");
	if (home)
		setenv("HOME", home, 1);
	else
		unsetenv("HOME");
	path = mo_cache_directory();
	if (expected)
		assert_string_equal(path, expected);
	else
		assert_null(path);
	free(path);
}

static void test_cache_directory(void **state)
{
	(void)state;
	assert_cache("/own", "/xdg", "/home/me", "/own");
	assert_cache("", "/xdg", "/home/me", NULL);
	assert_cache(NULL, "/xdg", "/home/me", "/xdg/memopsy");
	assert_cache(NULL, "", "/home/me", "/home/me/.cache/memopsy");
	/* Never below the working directory. */
	assert_cache(NULL, "relative", "/home/me", "/home/me/.cache/memopsy");
	assert_cache(NULL, NULL, "relative", NULL);
	assert_cache(NULL, NULL, NULL, NULL);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(test_map),
		IN_A_PLACE(test_map_of_what_is_no_file),
		IN_A_PLACE(test_map_of_a_pipe_does_not_wait),
		IN_A_PLACE(test_staged_commit),
		IN_A_PLACE(test_staged_abort),
		IN_A_PLACE(test_two_staged_files_at_once),
		IN_A_PLACE(test_staged_where_it_cannot_be),
		IN_A_PLACE(test_failed_commit_leaves_nothing),
		IN_A_PLACE(test_disk_full_while_writing),
		IN_A_PLACE(test_make_directories),
		cmocka_unit_test(test_cache_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
