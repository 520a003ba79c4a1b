/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debug_files.h"
#include "file.h"

#define RELEASE "6.1.0-99-toy"

struct tree {
	char *directory;
	const char *roots[2];
};

static int set_up(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -1;
	tree->directory = make_directory();
	tree->roots[0] = tree->directory;
	unsetenv("DEBUGINFOD_URLS");
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	struct tree *tree = *state;

	remove_directory(tree->directory);
	free(tree);
	return 0;
}

static void plant(const struct tree *tree, const char *toy, const char *name)
{
	char *path = toy_path(toy);

	copy_into(path, tree->directory, name);
	free(path);
}

/* Consumes elf. */
static void assert_found(struct mo_elf *elf, const struct tree *tree, const char *name)
{
	char *path = path_in(tree->directory, name);

	assert_non_null(elf);
	assert_string_equal(mo_elf_path(elf), path);
	mo_elf_close(elf);
	free(path);
}

static void test_crc32(void **state)
{
	uint8_t bytes[1000] = { 0 };

	(void)state;
	assert_int_equal(mo_debug_link_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
	assert_int_equal(mo_debug_link_crc32(bytes, 0), 0);
	assert_int_equal(mo_debug_link_crc32(bytes, 32), 0x190a55ad);
}

static void test_separate_by_build_id(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = open_toy("toy-stripped"), *debug = NULL;

	plant(tree, "toy.debug", ".build-id/01/23456789abcdef0123456789abcdef01234567.debug");
	assert_success(mo_elf_open_separate_debug(elf, tree->roots, &debug));
	assert_true(mo_elf_has_section(debug, ".debug_info"));
	assert_found(debug, tree, ".build-id/01/23456789abcdef0123456789abcdef01234567.debug");
	mo_elf_close(elf);
}

/* The stripped file in a directory of its own, its debug file in each place that the link may mean. */
static void check_debug_link(struct tree *tree, const char *stripped, const char *place)
{
	struct mo_elf *elf = NULL, *debug = NULL;
	char *path = path_in(tree->directory, "bin/toy");
	char *debug_path = path_in(tree->directory, place);

	plant(tree, stripped, "bin/toy");
	plant(tree, "toy.debug", place);
	assert_success(mo_elf_open(path, &elf));
	assert_success(mo_elf_open_separate_debug(elf, tree->roots, &debug));
	assert_found(debug, tree, place);
	mo_elf_close(elf);
	assert_int_equal(unlink(debug_path), 0);
	free(debug_path);
	free(path);
}

static void test_separate_by_debug_link(void **state)
{
	struct tree *tree = *state;
	char *below_root;

	check_debug_link(tree, "toy-stripped", "bin/toy.debug");
	check_debug_link(tree, "toy-stripped", "bin/.debug/toy.debug");
	check_debug_link(tree, "toy-no-id-stripped", "bin/toy.debug");
	below_root = path_in(tree->directory + 1, "bin/toy.debug");
	check_debug_link(tree, "toy-stripped", below_root);
	free(below_root);
}

static void test_a_debug_link_with_another_checksum(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL, *debug = NULL;
	char *path = path_in(tree->directory, "bin/toy");

	plant(tree, "toy-no-id-stripped", "bin/toy");
	plant(tree, "toy-other", "bin/toy.debug");
	assert_success(mo_elf_open(path, &elf));
	assert_error(mo_elf_open_separate_debug(elf, tree->roots, &debug), MO_E_MISMATCH, "/bin/toy.debug has checksum ");
	assert_null(debug);
	mo_elf_close(elf);
	free(path);
}

static void test_a_separate_file_of_another_build(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL, *debug = NULL;
	char *path = path_in(tree->directory, "bin/toy");

	plant(tree, "toy-stripped", "bin/toy");
	plant(tree, "toy-other", ".build-id/01/23456789abcdef0123456789abcdef01234567.debug");
	assert_success(mo_elf_open(path, &elf));
	assert_error(mo_elf_open_separate_debug(elf, tree->roots, &debug), MO_E_MISMATCH,
		     "01234567.debug has build-id " TOY_OTHER_BUILD_ID "; tried ");
	assert_null(debug);
	mo_elf_close(elf);
	free(path);
}

static void test_nothing_separate(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = open_toy("toy-anonymous"), *debug = NULL;

	assert_error(mo_elf_open_separate_debug(elf, tree->roots, &debug), MO_E_ABSENT,
		     "toy-anonymous: no separate debug file; tried no .gnu_debuglink");
	mo_elf_close(elf);
	elf = open_toy("toy");
	assert_error(mo_elf_open_separate_debug(elf, tree->roots, &debug), MO_E_ABSENT,
		     "/.build-id/01/23456789abcdef0123456789abcdef01234567.debug, no .gnu_debuglink, no debuginfod");
	mo_elf_close(elf);
}

static void test_vmlinux_in_each_place(void **state)
{
	static const char *const places[] = {
		".build-id/01/23456789abcdef0123456789abcdef01234567.debug",
		"boot/vmlinux-" RELEASE,
		"boot/vmlinux-" RELEASE ".debug",
		"lib/modules/" RELEASE "/vmlinux",
		"lib/modules/" RELEASE "/vmlinux.debug",
		"lib/modules/" RELEASE "/build/vmlinux",
		"usr/lib/modules/" RELEASE "/vmlinux",
		"usr/lib/modules/" RELEASE "/vmlinux.debug",
		"usr/lib/modules/" RELEASE "/build/vmlinux",
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path = path_in(tree->directory, places[i]);
		struct mo_elf *elf = NULL;

		plant(tree, "toy", places[i]);
		assert_success(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf));
		assert_found(elf, tree, places[i]);
		if (i > 0) { /* by release alone */
			assert_success(mo_elf_find_vmlinux(NULL, RELEASE, tree->roots, &elf));
			assert_found(elf, tree, places[i]);
		} else { /* by build-id alone, in capitals too */
			assert_success(mo_elf_find_vmlinux("0123456789ABCDEF0123456789ABCDEF01234567", NULL, tree->roots, &elf));
			assert_found(elf, tree, places[i]);
		}
		assert_int_equal(unlink(path), 0);
		free(path);
	}
}

static void test_vmlinux_with_debug_information_is_preferred(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL;

	plant(tree, "toy-stripped", "boot/vmlinux-" RELEASE);
	assert_success(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf));
	assert_found(elf, tree, "boot/vmlinux-" RELEASE);
	plant(tree, "toy", "usr/lib/modules/" RELEASE "/vmlinux");
	assert_success(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf));
	assert_found(elf, tree, "usr/lib/modules/" RELEASE "/vmlinux");
}

static void test_vmlinux_of_another_build_is_not_taken(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL;

	plant(tree, "toy-other", "boot/vmlinux-" RELEASE);
	assert_error(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_MISMATCH,
		     "no vmlinux of " RELEASE " with build-id " TOY_BUILD_ID ": ");
	assert_error(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_MISMATCH,
		     "boot/vmlinux-" RELEASE " has build-id " TOY_OTHER_BUILD_ID "; tried ");
	plant(tree, "toy-anonymous", "lib/modules/" RELEASE "/vmlinux");
	assert_error(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_MISMATCH, "vmlinux (no build-id)");
	assert_null(elf);
	plant(tree, "toy", "usr/lib/modules/" RELEASE "/vmlinux");
	assert_success(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf));
	assert_found(elf, tree, "usr/lib/modules/" RELEASE "/vmlinux");
}

static void test_what_was_tried_is_said(void **state)
{
	struct tree *tree = *state;
	char *path = path_in(tree->directory, "boot/vmlinux-" RELEASE ".gz");
	char *broken = path_in(tree->directory, "boot/vmlinux-" RELEASE);
	struct mo_elf *elf = NULL;

	plant(tree, "toy", "boot/vmlinux-" RELEASE ".gz");
	write_file(broken, "garbage", 7);
	assert_error(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_ABSENT, " is not an ELF file), ");
	assert_error(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_ABSENT,
		     ".gz (compressed: unpack it first)");
	assert_error(mo_elf_find_vmlinux(NULL, NULL, tree->roots, &elf), MO_E_ABSENT, "no vmlinux; tried nothing");
	free(path);
	free(broken);
}

/* Release, build-id and module names may come from a dump. */
static void test_names_do_not_lead_out(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL;

	plant(tree, "toy", "boot/vmlinux-6/toy");
	assert_error(mo_elf_find_vmlinux(NULL, "6/toy", tree->roots, &elf), MO_E_ABSENT, "(\"6/toy\" is no release)");
	assert_error(mo_elf_find_vmlinux(NULL, "..", tree->roots, &elf), MO_E_ABSENT, "(\"..\" is no release)");
	assert_error(mo_elf_find_vmlinux("../../x", NULL, tree->roots, &elf), MO_E_ABSENT, "(\"../../x\" is no build-id)");
	assert_error(mo_elf_find_vmlinux("ab", NULL, tree->roots, &elf), MO_E_ABSENT, "(\"ab\" is no build-id)");
	assert_error(mo_elf_find_module_debug(RELEASE, "../x", NULL, tree->roots, &elf), MO_E_INVALID, "\"../x\" is no name");
	assert_null(elf);
}

static void test_module_debug_files(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL;

	plant(tree, "toy_module.ko", "lib/modules/" RELEASE "/kernel/drivers/net/virtio-net.ko");
	assert_success(mo_elf_find_module_debug(RELEASE, "virtio_net", NULL, tree->roots, &elf));
	assert_found(elf, tree, "lib/modules/" RELEASE "/kernel/drivers/net/virtio-net.ko");
	plant(tree, "toy_module.ko", "usr/lib/modules/" RELEASE "/kernel/a_b.ko.debug");
	assert_success(mo_elf_find_module_debug(RELEASE, "a-b", NULL, tree->roots, &elf));
	assert_found(elf, tree, "usr/lib/modules/" RELEASE "/kernel/a_b.ko.debug");
	assert_error(mo_elf_find_module_debug(RELEASE, "virtio", NULL, tree->roots, &elf), MO_E_ABSENT,
		     "no debug file of module virtio; tried ");
	plant(tree, "toy", "lib/modules/" RELEASE "/kernel/toy.ko");
	assert_success(mo_elf_find_module_debug(RELEASE, "toy", TOY_BUILD_ID, tree->roots, &elf));
	assert_found(elf, tree, "lib/modules/" RELEASE "/kernel/toy.ko");
	assert_error(mo_elf_find_module_debug(RELEASE, "toy", TOY_OTHER_BUILD_ID, tree->roots, &elf), MO_E_MISMATCH,
		     "no debug file of module toy with build-id " TOY_OTHER_BUILD_ID ": ");
	plant(tree, "toy-other", ".build-id/fe/dcba9876543210fedcba9876543210fedcba98.debug");
	assert_success(mo_elf_find_module_debug(NULL, "toy", TOY_OTHER_BUILD_ID, tree->roots, &elf));
	assert_found(elf, tree, ".build-id/fe/dcba9876543210fedcba9876543210fedcba98.debug");
}

static void test_a_module_without_debug_information(void **state)
{
	struct tree *tree = *state;
	struct mo_elf *elf = NULL;

	plant(tree, "toy-stripped", "lib/modules/" RELEASE "/kernel/toy.ko");
	assert_error(mo_elf_find_module_debug(RELEASE, "toy", TOY_BUILD_ID, tree->roots, &elf), MO_E_ABSENT,
		     "/kernel/toy.ko (no debug information)");
}

/* debuginfod's client reads directories as well as servers. */
static void test_debuginfod(void **state)
{
	struct tree *tree = *state;
	void *library = dlopen("libdebuginfod.so.1", RTLD_NOW);
	char *cache = path_in(tree->directory, "cache");
	struct mo_elf *elf = NULL;
	char urls[4096];

	if (!library) {
		print_message("skipped: libdebuginfod.so.1 cannot be loaded\n");
		free(cache);
		skip();
	}
	plant(tree, "toy", "server/buildid/" TOY_BUILD_ID "/debuginfo");
	assert_success(mo_make_directories(cache));
	snprintf(urls, sizeof(urls), "file://%s/server", tree->directory);
	setenv("DEBUGINFOD_URLS", urls, 1);
	setenv("DEBUGINFOD_CACHE_PATH", cache, 1);
	assert_success(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf));
	assert_string_equal(mo_elf_build_id(elf), TOY_BUILD_ID);
	assert_true(mo_elf_has_section(elf, ".debug_info"));
	mo_elf_close(elf);
	elf = NULL;
	assert_error(mo_elf_find_vmlinux(TOY_OTHER_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_ABSENT, "debuginfod at file:");
	assert_null(elf);
	unsetenv("DEBUGINFOD_URLS");
	assert_error(mo_elf_find_vmlinux(TOY_BUILD_ID, RELEASE, tree->roots, &elf), MO_E_ABSENT,
		     "no debuginfod (DEBUGINFOD_URLS is not set)");
	free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32),
		cmocka_unit_test_setup_teardown(test_separate_by_build_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_separate_by_debug_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_debug_link_with_another_checksum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_separate_file_of_another_build, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_separate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vmlinux_in_each_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vmlinux_with_debug_information_is_preferred, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vmlinux_of_another_build_is_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_tried_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_do_not_lead_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_module_debug_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_module_without_debug_information, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debuginfod, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
