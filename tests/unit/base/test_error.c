/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "cleanup.h"

static void assert_error(struct mo_error *error, enum mo_error_code code, const char *text)
{
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), code);
	assert_string_equal(mo_error_text(error), text);
	mo_error_destroy(error);
}

static void test_create(void **state)
{
	(void)state;
	assert_error(mo_error_create(MO_E_CORRUPT, "list at 0x%llx has %d entries", 0xffff888000001000ull, 3),
		     MO_E_CORRUPT, "list at 0xffff888000001000 has 3 entries");
}

static void test_prepend_reads_as_a_path(void **state)
{
	struct mo_error *error = mo_error_create(MO_E_NOT_IN_DUMP, "page frame 0x%x is not in the dump", 0x13fffa);

	(void)state;
	error = mo_error_prepend(error, "cannot read struct %s", "zone");
	error = mo_error_prepend(error, "%s", "zones");
	assert_error(error, MO_E_NOT_IN_DUMP,
		     "zones: cannot read struct zone: page frame 0x13fffa is not in the dump");
}

static void test_prepend_of_nothing_is_nothing(void **state)
{
	(void)state;
	assert_null(mo_error_prepend(NULL, "context %d", 1));
	mo_error_destroy(NULL);
}

static void test_text_is_visible(void **state)
{
	struct mo_error *error = mo_error_create(MO_E_INVALID, "no file \"%s\"", "a\033[31mb\nc\xff");

	(void)state;
	/* What was made visible once stays as it is when a layer is added. */
	error = mo_error_prepend(error, "%s", "\007");
	assert_error(error, MO_E_INVALID, "\\x07: no file \"a\\x1b[31mb\\x0ac\\xff\"");
}

static void test_errno(void **state)
{
	(void)state;
	assert_error(mo_error_from_errno(ENOENT, "cannot open %s", "/x"), MO_E_IO,
		     "cannot open /x: No such file or directory");
	assert_error(mo_error_from_errno(EACCES, "a"), MO_E_PERMISSION, "a: Permission denied");
	assert_error(mo_error_from_errno(EPERM, "b"), MO_E_PERMISSION, "b: Operation not permitted");
	assert_error(mo_error_from_errno(ENOMEM, "c"), MO_E_NO_MEMORY, "c: Cannot allocate memory");
	assert_error(mo_error_from_errno(987654, "d"), MO_E_IO, "d: Unknown error 987654");
}

static void test_no_memory_needs_none(void **state)
{
	struct mo_error *first = mo_error_no_memory();
	struct mo_error *second = mo_error_no_memory();

	(void)state;
	assert_ptr_equal(first, second);
	/* Shared: neither prepending nor destroying may change it. */
	first = mo_error_prepend(first, "while testing");
	assert_ptr_equal(first, second);
	assert_true(mo_error_destroy(first));
	assert_true(mo_error_ends_run(second));
	assert_error(second, MO_E_NO_MEMORY, "out of memory");
}

static void test_destroy_says_whether_there_was_one(void **state)
{
	struct mo_error *cancelled = mo_error_create(MO_E_CANCELLED, "interrupted");
	struct mo_error *absent = mo_error_create(MO_E_ABSENT, "no such type");

	(void)state;
	assert_false(mo_error_ends_run(NULL));
	assert_false(mo_error_ends_run(absent));
	assert_true(mo_error_ends_run(cancelled));
	assert_false(mo_error_destroy(NULL));
	assert_true(mo_error_destroy(absent));
	assert_true(mo_error_destroy(cancelled));
}

static void test_catch_takes_its_code_only(void **state)
{
	struct mo_error *error = mo_error_create(MO_E_ABSENT, "no such member");
	struct mo_error *none = NULL;

	(void)state;
	assert_false(mo_error_catch(&none, MO_E_ABSENT));
	assert_false(mo_error_catch(&error, MO_E_CORRUPT));
	assert_non_null(error);
	assert_string_equal(mo_error_text(error), "no such member");
	assert_true(mo_error_catch(&error, MO_E_ABSENT));
	assert_null(error);
}

static struct mo_error *fail_if(bool is_failing)
{
	return is_failing ? mo_error_create(MO_E_LIMIT, "too far") : NULL;
}

static struct mo_error *try_it(bool is_failing, int *reached)
{
	MO_TRY(fail_if(is_failing));
	*reached = 1;
	return NULL;
}

static void test_try_passes_errors_on(void **state)
{
	int reached = 0;

	(void)state;
	assert_error(try_it(true, &reached), MO_E_LIMIT, "too far");
	assert_int_equal(reached, 0);
	assert_null(try_it(false, &reached));
	assert_int_equal(reached, 1);
}

static char *make_name(bool is_kept)
{
	MO_FREE char *name = strdup("name");
	MO_DROP_ERROR struct mo_error *error = mo_error_create(MO_E_IO, "dropped at the end of the block");

	(void)error;
	return is_kept ? mo_take(name) : NULL;
}

static void test_locals_clean_up(void **state)
{
	char *name = make_name(true);

	(void)state;
	assert_string_equal(name, "name");
	free(name);
	/* What is not taken is freed: the leak checkers that run these tests would see it otherwise. */
	assert_null(make_name(false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_prepend_reads_as_a_path),
		cmocka_unit_test(test_prepend_of_nothing_is_nothing),
		cmocka_unit_test(test_text_is_visible),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_no_memory_needs_none),
		cmocka_unit_test(test_destroy_says_whether_there_was_one),
		cmocka_unit_test(test_catch_takes_its_code_only),
		cmocka_unit_test(test_try_passes_errors_on),
		cmocka_unit_test(test_locals_clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
