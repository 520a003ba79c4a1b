/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model that is read late is gathered when it is asked for, after those that it rests on, once; and never otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <memopsy/model_again.h>

#include "host.h"
#include "plugin_load.h"
#include "plugin_run.h"

/* All that the host has to do with a kernel is to hand it on: this one holds what the plugins below did, and shall do. */
struct mo_kernel {
	char told[32]; /* a letter each */
	bool asks;
	bool has_files;
	enum mo_error_code fails, fails_again;
	struct mo_kernel_facts facts;
};

const struct mo_kernel_facts *mo_kernel_facts(const struct mo_kernel *kernel)
{
	return &kernel->facts;
}

static void tell(const struct mo_run *run, char letter)
{
	struct mo_kernel *kernel = mo_run_kernel(run);
	size_t length = strlen(kernel->told);

	assert_true(length + 1 < sizeof(kernel->told));
	kernel->told[length] = letter;
}

static struct mo_error *gather_pages(struct mo_run *run, void **ret)
{
	tell(run, 'p');
	*ret = mo_run_kernel(run);
	return NULL;
}

static struct mo_error *gather_files(struct mo_run *run, void **ret)
{
	assert_non_null(mo_run_model_of(run, "pages"));
	tell(run, 'f');
	if (mo_run_kernel(run)->fails)
		return mo_error_create(mo_run_kernel(run)->fails, "files are broken");
	*ret = mo_run_kernel(run);
	return NULL;
}

static struct mo_error *gather_reader(struct mo_run *run, void **ret)
{
	const void *files = NULL;

	tell(run, 'r');
	/* Before it was asked for, and twice. */
	assert_true(mo_run_kernel(run)->has_files || !mo_run_model_of(run, "files"));
	for (unsigned i = 0; i < 2 && mo_run_kernel(run)->asks; i++) {
		struct mo_error *error = mo_run_late_model(run, "files", &files);

		if (error) {
			tell(run, 'E');
			return error;
		}
	}
	tell(run, files ? 'F' : '-');
	*ret = mo_run_kernel(run);
	return NULL;
}

static const struct mo_model_ref reads_pages[] = { { .name = "pages", .version = 1 } };
static const struct mo_model_ref reads_files_late[] = { { .name = "files", .version = 1, .is_optional = true, .is_late = true } };

static struct mo_loaded_plugin loaded[] = {
	{ .plugin = { .name = "reader", .reads = reads_files_late, .n_reads = 1, .gather = gather_reader, .reads_logs = true } },
	{ .plugin = { .name = "files", .publishes = { .name = "files", .version = 1 }, .reads = reads_pages, .n_reads = 1,
		      .gather = gather_files } },
	{ .plugin = { .name = "pages", .publishes = { .name = "pages", .version = 1 }, .gather = gather_pages } },
};

#define N_PLUGINS (sizeof(loaded) / sizeof(loaded[0]))

static struct mo_error *run_plugins(struct mo_kernel *kernel, bool wants_files, struct mo_host **ret)
{
	const struct mo_plugin_set set = { .items = loaded, .count = N_PLUGINS };
	const bool wanted[N_PLUGINS] = { true, wants_files, false };

	assert_null(mo_host_create(&set, kernel, NULL, ret));
	return mo_host_prepare(*ret, wanted, NULL, 0);
}

static void a_late_model_is_gathered_when_asked_for(void **state)
{
	struct mo_kernel kernel = { .asks = false };
	struct mo_host *host;

	(void)state;
	assert_null(run_plugins(&kernel, false, &host));
	assert_string_equal(kernel.told, "r-");
	mo_host_destroy(host);

	kernel = (struct mo_kernel){ .asks = true };
	assert_null(run_plugins(&kernel, false, &host));
	assert_string_equal(kernel.told, "rpfF");
	mo_host_destroy(host);

	/* Who is wanted for its own sake is gathered in any case, and once. */
	kernel = (struct mo_kernel){ .asks = true, .has_files = true };
	assert_null(run_plugins(&kernel, true, &host));
	assert_int_equal(strlen(kernel.told), 4);
	assert_non_null(strstr(kernel.told, "pf"));
	assert_non_null(strchr(kernel.told, 'F'));
	mo_host_destroy(host);
}

static void a_late_model_that_fails_costs_itself(void **state)
{
	struct mo_kernel kernel = { .asks = true, .fails = MO_E_CORRUPT };
	struct mo_host *host;
	struct mo_error *error;

	(void)state;
	assert_null(run_plugins(&kernel, false, &host));
	assert_string_equal(kernel.told, "rpf-");
	assert_null(mo_host_why_skipped(host, 0));
	assert_string_equal(mo_host_why_skipped(host, 1), "files: skipped: files are broken");
	mo_host_destroy(host);

	/* The user's interruption ends the run, and who asked learns of it. */
	kernel = (struct mo_kernel){ .asks = true, .fails = MO_E_CANCELLED };
	error = run_plugins(&kernel, false, &host);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_CANCELLED);
	assert_string_equal(kernel.told, "rpfE");
	mo_error_destroy(error);
	mo_host_destroy(host);
}

/* Where there is nothing but the log, who reads it runs without the others' models; the others are left out without a word. */
static void a_log_alone(void **state)
{
	struct mo_kernel kernel = { .asks = true, .facts = { .is_log = true, .lacks_types = true } };
	struct mo_host *host;

	(void)state;
	assert_null(run_plugins(&kernel, true, &host));
	assert_string_equal(kernel.told, "r-");
	assert_null(mo_host_why_skipped(host, 0));
	assert_string_equal(mo_host_why_skipped(host, 1), "a log contains no memory");
	for (size_t i = 0; i < N_PLUGINS; i++)
		assert_int_equal(host->runs[i].findings.count, 0);
	mo_host_destroy(host);
}

static void release_pages(void *model)
{
	struct mo_kernel *kernel = model;

	kernel->told[strlen(kernel->told)] = 'R';
}

/* Looks at the pages a second time, as `leaks` does at a kernel that runs. */
static struct mo_error *gather_watcher(struct mo_run *run, void **ret)
{
	struct mo_kernel *kernel = mo_run_kernel(run);
	struct mo_model_again *again = NULL;
	struct mo_error *error;

	tell(run, 'w');
	kernel->fails_again = kernel->fails;
	error = mo_model_again(run, "pages", &again);
	if (!error)
		assert_ptr_equal(mo_model_again_get(again), kernel);
	kernel->fails_again = 0;
	tell(run, error ? 'x' : 'a');
	mo_model_again_destroy(again);
	*ret = kernel;
	return error;
}

static struct mo_error *gather_pages_again(struct mo_run *run, void **ret)
{
	tell(run, 'p');
	if (mo_run_kernel(run)->fails_again)
		return mo_error_create(mo_run_kernel(run)->fails_again, "pages have gone");
	mo_run_finding(run, &(const struct mo_finding){ .id = "pages-odd", .severity = MO_NOTICE, .verdict = "Pages are odd." });
	*ret = mo_run_kernel(run);
	return NULL;
}

static struct mo_loaded_plugin watching[] = {
	{ .plugin = { .name = "watcher", .reads = reads_pages, .n_reads = 1, .gather = gather_watcher } },
	{ .plugin = { .name = "pages", .publishes = { .name = "pages", .version = 1 }, .gather = gather_pages_again,
		      .release = release_pages } },
};

static void watch(struct mo_kernel *kernel, struct mo_host **ret)
{
	const struct mo_plugin_set set = { .items = watching, .count = 2 };
	const bool wanted[2] = { true, false };

	assert_null(mo_host_create(&set, kernel, NULL, ret));
	assert_null(mo_host_prepare(*ret, wanted, NULL, 0));
}

static void a_model_is_gathered_again_beside_the_first(void **state)
{
	struct mo_kernel kernel = { .asks = false };
	struct mo_host *host;

	(void)state;
	mo_model_again_destroy(NULL);
	watch(&kernel, &host);
	/* The second look is released by who asked for it, the first one by the host. */
	assert_string_equal(kernel.told, "pwpaR");
	assert_null(mo_host_why_skipped(host, 0));
	mo_host_destroy(host);
	assert_string_equal(kernel.told, "pwpaRR");

	kernel = (struct mo_kernel){ .fails = MO_E_CORRUPT };
	watch(&kernel, &host);
	assert_string_equal(kernel.told, "pwpx");
	assert_non_null(strstr(mo_host_why_skipped(host, 0), "the model pages could not be gathered again: pages have gone"));
	mo_host_destroy(host);
	assert_string_equal(kernel.told, "pwpxR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_model_is_gathered_when_asked_for),
		cmocka_unit_test(a_late_model_that_fails_costs_itself),
		cmocka_unit_test(a_log_alone),
		cmocka_unit_test(a_model_is_gathered_again_beside_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
