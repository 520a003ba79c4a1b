/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said where /proc/kcore cannot be read: what is missing, and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "live_trouble.h"

static const struct {
	int errno_value;
	struct mo_live_facts facts;
	enum mo_error_code code;
	const char *says[3];
	const char *does_not_say;
} rows[] = {
	{ ENOENT, { .is_root = true }, MO_E_IO, { "offers no /proc/kcore", "CONFIG_PROC_KCORE", NULL }, "container" },
	{ ENOENT, { .is_in_container = true }, MO_E_IO, { "offers no /proc/kcore", "run memopsy on the host", NULL }, NULL },
	{ EACCES, { .is_root = false }, MO_E_PERMISSION, { "Permission denied", "run as root", NULL }, "container" },
	{ EPERM, { .is_root = true, .knows_rawio = true, .has_rawio = true, .lockdown = "none integrity [confidentiality]\n" }, MO_E_PERMISSION,
	  { "locked down (confidentiality)", "lockdown=integrity", NULL }, "CAP_SYS_RAWIO" },
	{ EPERM, { .is_root = true, .knows_rawio = true, .lockdown = "none [integrity] confidentiality\n" }, MO_E_PERMISSION,
	  { "CAP_SYS_RAWIO is missing", "though this is root", "CapabilityBoundingSet" }, "locked" },
	{ EPERM, { .is_root = false, .knows_rawio = true }, MO_E_PERMISSION, { "CAP_SYS_RAWIO is missing: run as root", NULL }, "though" },
	{ EPERM, { .is_root = true, .knows_rawio = true, .is_in_container = true }, MO_E_PERMISSION,
	  { "CAP_SYS_RAWIO", "this is a container: run memopsy on the host", NULL }, NULL },
	{ EPERM, { .is_root = true }, MO_E_PERMISSION, { "root and CAP_SYS_RAWIO are needed", "lockdown", NULL }, "missing" },
	{ 0, { .is_masked = true }, MO_E_PERMISSION, { "is hidden", "mounted over it", "on the host" }, NULL },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mo_error *error = mo_live_trouble(rows[i].errno_value, &rows[i].facts);

		assert_non_null(error);
		if (rows[i].code != MO_E_IO)
			assert_int_equal(mo_error_code(error), rows[i].code);
		for (size_t k = 0; k < 3 && rows[i].says[k]; k++)
			assert_non_null(strstr(mo_error_text(error), rows[i].says[k]));
		if (rows[i].does_not_say)
			assert_null(strstr(mo_error_text(error), rows[i].does_not_say));
		mo_error_destroy(error);
	}
}

/* Of this machine, whatever it is: an error in any case. */
static void test_here(void **state)
{
	struct mo_error *error = mo_live_trouble_here(EACCES, false);

	(void)state;
	assert_non_null(strstr(mo_error_text(error), "run as root"));
	mo_error_destroy(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
