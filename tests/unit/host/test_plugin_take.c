/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin_load.h"

struct layout {
	struct mo_address symbol;
	struct mo_field field;
};

static const struct mo_need rows[] = { MO_ADDRESS(struct layout, symbol, "a"), MO_FIELD(struct layout, field, "struct b", "c") };
static const struct mo_need_table needs = { .needs = rows, .n_needs = 2 };

static struct mo_error *show(struct mo_run *run, struct mo_report *report)
{
	(void)run;
	(void)report;
	return NULL;
}

static const struct mo_view views[] = { { .name = "view", .title = "View", .summary = "A view", .show = show } };

static struct mo_plugin good(void)
{
	const struct mo_plugin plugin = {
		MO_PLUGIN_HEADER,
		.name = "good",
		.needs = &needs,
		.layout_bytes = sizeof(struct layout),
		.views = views,
		.n_views = 1,
	};

	return plugin;
}

static void assert_refused(const struct mo_plugin *described, enum mo_error_code code, const char *text)
{
	struct mo_plugin taken = { .name = "untouched" };
	struct mo_error *error = mo_plugin_take(described, &taken);

	assert_non_null(error);
	assert_int_equal(mo_error_code(error), code);
	assert_string_equal(mo_error_text(error), text);
	assert_string_equal(taken.name, "untouched");
	mo_error_destroy(error);
}

static void a_good_plugin_is_taken(void **state)
{
	const struct mo_plugin described = good();
	struct mo_plugin taken;

	(void)state;
	assert_null(mo_plugin_take(&described, &taken));
	assert_string_equal(taken.name, "good");
	assert_ptr_equal(taken.needs, &needs);
	assert_int_equal(taken.n_views, 1);
}

static void of_a_short_description_no_more_is_read_than_there_is(void **state)
{
	struct mo_plugin described = good();
	struct mo_plugin taken;

	(void)state;
	described.struct_size = offsetof(struct mo_plugin, reads);
	described.n_views = 1000; /* behind its end */
	assert_null(mo_plugin_take(&described, &taken));
	assert_int_equal(taken.n_views, 0);
	assert_null(taken.views);
	assert_ptr_equal(taken.needs, &needs);
}

static void of_a_longer_description_only_the_known_part_is_read(void **state)
{
	struct mo_plugin described = good();
	struct mo_plugin taken;

	(void)state;
	described.struct_size = 1u << 30;
	assert_null(mo_plugin_take(&described, &taken));
	assert_string_equal(taken.name, "good");
}

static void foreign_abis_are_refused(void **state)
{
	struct mo_plugin described = good();
	char text[128];

	(void)state;
	described.abi = MO_PLUGIN_ABI + 1;
	described.name = (const char *)8; /* nothing but the first two members may be looked at */
	snprintf(text, sizeof(text),
		 "it was built for plugin ABI %u, and this memopsy has ABI %u: build it again with this memopsy's headers",
		 MO_PLUGIN_ABI + 1, MO_PLUGIN_ABI);
	assert_refused(&described, MO_E_UNSUPPORTED, text);
	described.abi = MO_PLUGIN_ABI;
	described.struct_size = 4;
	assert_refused(&described, MO_E_INVALID, "its description says that it is 4 bytes long");
	assert_refused(NULL, MO_E_INVALID, "its entry function returns no description");
}

static void nonsense_is_refused(void **state)
{
	struct mo_plugin described = good();
	const struct mo_view nameless = { .name = "Two words", .title = "T", .summary = "S", .show = show };
	const struct mo_view empty = { .name = "empty" };
	struct mo_view view = { .name = "good", .title = "T", .summary = "S", .show = show };
	struct mo_option options[2] = { { .name = "All of it" } };

	(void)state;
	described.name = "../evil";
	assert_refused(&described, MO_E_INVALID, "it has no name of lower-case letters");
	described = good();
	described.layout_bytes = sizeof(struct layout) - 1;
	assert_refused(&described, MO_E_INVALID, "need 1 points outside of the layout");
	described = good();
	described.publishes.name = "model";
	assert_refused(&described, MO_E_INVALID, "it publishes the model model, and has no function to gather it");
	described = good();
	described.views = &nameless;
	assert_refused(&described, MO_E_INVALID, "view 0 has no name of lower-case letters");
	described.views = &empty;
	assert_refused(&described, MO_E_INVALID, "view empty lacks its function, title or summary");
	described.views = NULL;
	assert_refused(&described, MO_E_INVALID, "it has a number of views but no list of them");
	described.views = &view;
	view.n_options = 1;
	assert_refused(&described, MO_E_INVALID, "view good has a number of options but no list of them");
	view.options = options;
	assert_refused(&described, MO_E_INVALID, "option 0 of view good has no name of lower-case letters");
	options[0] = (struct mo_option){ .name = "all", .kind = MO_OPTION_NUMBER + 1 };
	assert_refused(&described, MO_E_INVALID, "option --all of view good is of unknown kind");
	options[0].kind = MO_OPTION_FLAG;
	options[1] = options[0];
	view.n_options = 2;
	assert_refused(&described, MO_E_INVALID, "view good has two options --all");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_plugin_is_taken),
		cmocka_unit_test(of_a_short_description_no_more_is_read_than_there_is),
		cmocka_unit_test(of_a_longer_description_only_the_known_part_is_read),
		cmocka_unit_test(foreign_abis_are_refused),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
