/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin_order.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* zones <- slab <- report; leaks reads slab, and vmalloc if there. */
static const struct mo_model_ref reads_zones[] = { { .name = "zones", .version = 1 } };
static const struct mo_model_ref reads_slab[] = { { .name = "slab", .version = 2 } };
static const struct mo_model_ref reads_slab_maybe_vmalloc[] = {
	{ .name = "slab", .version = 2 },
	{ .name = "vmalloc", .version = 1, .is_optional = true },
};
static const struct mo_model_ref reads_old_slab[] = { { .name = "slab", .version = 1 } };
static const struct mo_model_ref reads_a[] = { { .name = "a", .version = 1 } };
static const struct mo_model_ref reads_b[] = { { .name = "b", .version = 1 } };
static const struct mo_model_ref maybe_b[] = { { .name = "b", .version = 1, .is_optional = true } };

static const struct mo_plugin zones = { .name = "zones", .publishes = { .name = "zones", .version = 1 } };
static const struct mo_plugin slab = {
	.name = "slab", .publishes = { .name = "slab", .version = 2 }, .reads = reads_zones, .n_reads = 1,
};
static const struct mo_plugin leaks = { .name = "leaks", .reads = reads_slab_maybe_vmalloc, .n_reads = 2 };
static const struct mo_plugin summary = { .name = "summary", .reads = reads_slab, .n_reads = 1 };
static const struct mo_plugin outdated = { .name = "outdated", .reads = reads_old_slab, .n_reads = 1 };
static const struct mo_plugin circle_a = {
	.name = "circle-a", .publishes = { .name = "a", .version = 1 }, .reads = reads_b, .n_reads = 1,
};
static const struct mo_plugin circle_b = {
	.name = "circle-b", .publishes = { .name = "b", .version = 1 }, .reads = reads_a, .n_reads = 1,
};
static const struct mo_plugin hopeful_a = {
	.name = "hopeful-a", .publishes = { .name = "a", .version = 1 }, .reads = maybe_b, .n_reads = 1,
};

static size_t place_of(const struct mo_plugin_order *order, size_t plugin)
{
	for (size_t i = 0; i < order->n_run; i++)
		if (order->run[i] == plugin)
			return i;
	return SIZE_MAX;
}

static void publishers_run_first_and_only_when_needed(void **state)
{
	const struct mo_plugin *const plugins[] = { &leaks, &summary, &slab, &zones };
	const bool wants_summary[] = { false, true, false, false };
	const bool wants_all[] = { true, true, true, true };
	struct mo_plugin_order order;

	(void)state;
	assert_null(mo_plugin_order(plugins, COUNT(plugins), wants_summary, &order));
	assert_int_equal(order.n_run, 3);
	assert_int_equal(order.run[0], 3);
	assert_int_equal(order.run[1], 2);
	assert_int_equal(order.run[2], 1);
	mo_plugin_order_deinit(&order);

	assert_null(mo_plugin_order(plugins, COUNT(plugins), wants_all, &order));
	assert_int_equal(order.n_run, 4);
	assert_true(place_of(&order, 3) < place_of(&order, 2));
	assert_true(place_of(&order, 2) < place_of(&order, 0));
	assert_true(place_of(&order, 2) < place_of(&order, 1));
	for (size_t i = 0; i < COUNT(plugins); i++)
		assert_null(order.why_not[i]);
	mo_plugin_order_deinit(&order);
}

static void an_absent_model_is_named_with_what_there_is(void **state)
{
	const struct mo_plugin *const plugins[] = { &outdated, &slab, &zones };
	const bool wanted[] = { true, false, false };
	struct mo_plugin_order order;

	(void)state;
	assert_null(mo_plugin_order(plugins, COUNT(plugins), wanted, &order));
	assert_int_equal(order.n_run, 0);
	assert_string_equal(order.why_not[0], "it reads the model slab, version 1, which no plugin publishes "
					      "(slab publishes version 2)");
	mo_plugin_order_deinit(&order);
}

static void what_cannot_run_takes_along_those_that_need_it(void **state)
{
	const struct mo_plugin *const plugins[] = { &summary, &slab };
	const bool wanted[] = { true, false };
	struct mo_plugin_order order;

	(void)state;
	assert_null(mo_plugin_order(plugins, COUNT(plugins), wanted, &order));
	assert_int_equal(order.n_run, 0);
	assert_string_equal(order.why_not[0], "it reads the model slab, and slab cannot run: it reads the model zones, "
					      "version 1, which no plugin publishes");
	mo_plugin_order_deinit(&order);
}

static void circles_are_named(void **state)
{
	const struct mo_plugin *const plugins[] = { &circle_a, &circle_b, &zones };
	const bool wanted[] = { true, true, true };
	struct mo_plugin_order order;

	(void)state;
	assert_null(mo_plugin_order(plugins, COUNT(plugins), wanted, &order));
	assert_int_equal(order.n_run, 1);
	assert_int_equal(order.run[0], 2);
	assert_string_equal(order.why_not[1],
			    "plugins read each other's models in a circle: circle-a -> circle-b -> circle-a");
	assert_non_null(order.why_not[0]);
	mo_plugin_order_deinit(&order);
}

static void an_optional_model_does_not_keep_from_running(void **state)
{
	const struct mo_plugin *const plugins[] = { &hopeful_a, &circle_b };
	const bool wanted[] = { true, false };
	struct mo_plugin_order order;

	(void)state;
	assert_null(mo_plugin_order(plugins, COUNT(plugins), wanted, &order));
	assert_int_equal(order.n_run, 1);
	assert_int_equal(order.run[0], 0);
	assert_null(order.why_not[0]);
	mo_plugin_order_deinit(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(publishers_run_first_and_only_when_needed),
		cmocka_unit_test(an_absent_model_is_named_with_what_there_is),
		cmocka_unit_test(what_cannot_run_takes_along_those_that_need_it),
		cmocka_unit_test(circles_are_named),
		cmocka_unit_test(an_optional_model_does_not_keep_from_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
