/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin needs of modules is bound when it asks, once; the modules' types are loaded for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host.h"
#include "plugin_load.h"
#include "plugin_run.h"

struct toy_layout {
	struct mo_field pool;
};

static const struct mo_need rows[] = { MO_FIELD(struct toy_layout, pool, "struct zram", "mem_pool") };
static const struct mo_need_table module_needs = { .needs = rows, .n_needs = 1 };

struct mo_kernel {
	unsigned n_asked; /* how often the plugin asks */
	unsigned n_loads;
	unsigned n_binds;
	bool is_absent;
	struct mo_kernel_facts facts;
};

const struct mo_kernel_facts *mo_kernel_facts(const struct mo_kernel *kernel)
{
	return &kernel->facts;
}

struct mo_error *mo_kernel_load_module_types(struct mo_kernel *kernel, size_t *n_modules_ret)
{
	assert_null(n_modules_ret);
	kernel->n_loads++;
	return NULL;
}

struct mo_error *mo_bind(struct mo_kernel *kernel, const struct mo_need *needs, size_t n_needs, void *layout)
{
	assert_ptr_equal(needs, rows);
	assert_int_equal(n_needs, 1);
	assert_non_null(layout);
	kernel->n_binds++;
	return kernel->is_absent ? mo_error_create(MO_E_ABSENT, "struct zram: no such type") : NULL;
}

static struct mo_error *gather(struct mo_run *run, void **ret)
{
	struct mo_kernel *kernel = mo_run_kernel(run);
	const void *first = NULL;

	for (unsigned i = 0; i < kernel->n_asked; i++) {
		const void *layout = NULL;
		struct mo_error *error = mo_run_module_layout(run, &layout);

		if (error)
			return error;
		assert_non_null(layout);
		assert_true(!first || layout == first);
		first = layout;
	}
	*ret = kernel;
	return NULL;
}

static struct mo_loaded_plugin loaded[] = {
	{ .plugin = { .name = "zram", .gather = gather, .module_needs = &module_needs,
		      .module_layout_bytes = sizeof(struct toy_layout) } },
};

static struct mo_host *run_plugin(struct mo_kernel *kernel)
{
	static const bool wanted[] = { true };
	const struct mo_plugin_set set = { .items = loaded, .count = 1 };
	struct mo_host *host;

	assert_null(mo_host_create(&set, kernel, NULL, &host));
	assert_null(mo_host_prepare(host, wanted, NULL, 0));
	return host;
}

static void bound_when_asked_for_and_once(void **state)
{
	struct mo_kernel kernel = { .n_asked = 0 };

	(void)state;
	mo_host_destroy(run_plugin(&kernel));
	assert_int_equal(kernel.n_loads, 0);
	assert_int_equal(kernel.n_binds, 0);
	kernel.n_asked = 3;
	mo_host_destroy(run_plugin(&kernel));
	assert_int_equal(kernel.n_loads, 1);
	assert_int_equal(kernel.n_binds, 1);
}

static void what_does_not_bind_is_the_plugins_to_tell(void **state)
{
	struct mo_kernel kernel = { .n_asked = 1, .is_absent = true };
	struct mo_host *host = run_plugin(&kernel);

	(void)state;
	assert_string_equal(mo_host_why_skipped(host, 0), "zram: skipped: struct zram: no such type");
	mo_host_destroy(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_when_asked_for_and_once),
		cmocka_unit_test(what_does_not_bind_is_the_plugins_to_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
