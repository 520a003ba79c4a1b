/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

struct place {
	char directory[64];
	char path[80];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	snprintf(place->directory, sizeof(place->directory), "/tmp/memopsy-output-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/out", place->directory);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	assert_int_equal(rmdir(place->directory), 0); /* nothing else was left in it */
	free(place);
	return 0;
}

static void a_file_appears_when_it_is_complete(void **state)
{
	struct place *place = *state;
	struct mo_output *output;
	struct stat status;

	assert_null(mo_output_open(place->path, &output));
	fputs("text", mo_output_file(output));
	assert_int_not_equal(stat(place->path, &status), 0);
	assert_null(mo_output_finish(output, true));
	mo_output_destroy(output);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_size, 4);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_file_that_is_not_kept_never_appears(void **state)
{
	struct place *place = *state;
	struct mo_output *output;

	assert_null(mo_output_open(place->path, &output));
	fputs("text", mo_output_file(output));
	assert_null(mo_output_finish(output, false));
	mo_output_destroy(output);
	assert_int_not_equal(access(place->path, F_OK), 0);
}

static void a_full_disk_is_told_with_its_name(void **state)
{
	struct mo_output *output;
	struct mo_error *error;

	(void)state;
	if (access("/dev/full", W_OK))
		skip();
	assert_null(mo_output_open("/dev/full", &output));
	fputs("text", mo_output_file(output));
	error = mo_output_finish(output, true);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_IO);
	assert_string_equal(mo_error_text(error), "cannot write to /dev/full: No space left on device");
	assert_false(mo_output_is_broken_pipe(output));
	mo_error_destroy(error);
	mo_output_destroy(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_appears_when_it_is_complete, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_file_that_is_not_kept_never_appears, make_place, remove_place),
		cmocka_unit_test(a_full_disk_is_told_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
