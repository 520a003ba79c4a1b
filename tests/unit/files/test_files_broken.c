/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a dump may hold in place of files: each broken thing costs one thing, and is told. */

#include "toy_files.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/files.h>

/* /good with two pages, and /sub/bad with one, which tests break. */
static struct mo_kernel *good_and_bad(void)
{
	struct mo_kernel *kernel = toy_files();

	toy_dentry(kernel, 3, 0, "good");
	toy_dentry(kernel, 4, 0, "sub");
	toy_dentry(kernel, 5, 4, "bad");
	toy_inode(kernel, 0, 0, 3);
	toy_inode(kernel, 1, 0, 5);
	toy_page(kernel, 1, MO_PAGE_FILE, MAPPING(0), 0, 0);
	toy_page(kernel, 2, MO_PAGE_FILE, MAPPING(0), 0, 0);
	toy_page(kernel, 3, MO_PAGE_FILE, MAPPING(1), 0, 0);
	return kernel;
}

/* The good file is as it should be; `text` is in a finding, `path` (NULL: none) that of the bad one, if it is a file. */
static void expect_finding(struct mo_kernel *kernel, const char *text, size_t n_files, const char *path)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_files());
	const struct mo_files_model *model = mo_run_model(run);

	assert_true(fake_run_said(run, text));
	assert_int_equal(model->n_files, n_files);
	assert_string_equal(model->files[0].path, "/good");
	assert_int_equal(model->files[0].pages, 2);
	if (n_files > 1 && path)
		assert_string_equal(model->files[1].path, path);
	else if (n_files > 1)
		assert_null(model->files[1].path);
	free(fake_run_text(run, "files", NULL));
	free(fake_run_text(run, "files", (const char *const[]){ "--dentries", NULL }));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_mappings_of_garbage(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();

	(void)unused;
	toy_page(kernel, 3, MO_PAGE_FILE, 0xffff999900000000, 0, 0);
	expect_finding(kernel, "address_space at 0xffff999900000000", 2, NULL);
	kernel = good_and_bad();
	toy_page(kernel, 3, MO_PAGE_FILE, MAPPING(1) + 8, 0, 0); /* its host would be a count */
	expect_finding(kernel, "it has no inode", 2, NULL);
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, MAPPING(1) + MAPPING_HOST, INODE(0));
	expect_finding(kernel, "has another mapping", 2, NULL);
	kernel = good_and_bad();
	toy_page(kernel, 3, MO_PAGE_FILE, MAPPING(1) | 1, 0, 0);
	expect_finding(kernel, "has the mapping 0x", 1, NULL);
}

static void test_unreadable_pages(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();

	(void)unused;
	mo_fake_break(kernel, PAGE(3), 64, MO_E_NOT_IN_DUMP);
	expect_finding(kernel, "file-pages-unreadable", 1, NULL);
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, PAGE(3) + 8, 0xffff999900000001); /* a tail page of nowhere */
	expect_finding(kernel, "struct page at 0xffff999900000000", 1, NULL);
}

static void test_dentries_in_a_circle(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();

	(void)unused;
	mo_fake_put_u64(kernel, DENTRY(4) + DENTRY_PARENT, DENTRY(5));
	expect_finding(kernel, "path is longer than 4096 bytes", 2, NULL);
}

static void test_names(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u32(kernel, DENTRY(5) + DENTRY_LENGTH, 0x80000000);
	expect_finding(kernel, "has a name of 2147483648 bytes", 2, NULL);
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, DENTRY(5) + DENTRY_NAME, 8);
	expect_finding(kernel, "path of the inode at", 2, NULL);
	kernel = good_and_bad();
	mo_fake_put(kernel, DENTRY(5) + 0x80, "\n\x1b\xff", 3);
	run = fake_run(kernel, memopsy_plugin_entry_files());
	assert_string_equal(((const struct mo_files_model *)mo_run_model(run))->files[1].path, "/sub/\n\x1b\xff");
	text = fake_run_text(run, "files", NULL);
	if (!strstr(text, "/sub/\\x0a\\x1b\\xff\n"))
		fail_msg("%s", text);
	assert_int_equal(fake_run_finding_count(run), 0);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* The tmpfs would be mounted below the mount that is mounted below it. */
static void test_mounts_in_a_circle(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();

	(void)unused;
	mo_fake_put_u64(kernel, MOUNT(1) + MOUNT_PARENT, MOUNT(2));
	mo_fake_put_u64(kernel, MOUNT(1) + MOUNT_POINT, DENTRY(2));
	mo_fake_put_u64(kernel, MOUNT(2) + MOUNT_PARENT, MOUNT(1));
	mo_fake_put_u64(kernel, MOUNT(2) + MOUNT_POINT, DENTRY(2));
	mo_fake_put_u64(kernel, MOUNT(2) + MOUNT_MNT, DENTRY(2));
	expect_finding(kernel, "the path has no end", 2, "/sub/bad");
}

static void test_superblocks(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();

	(void)unused;
	mo_fake_put_u64(kernel, SB(1) + SB_LIST, SB(0) + SB_LIST); /* the list runs back */
	expect_finding(kernel, "superblocks-broken", 2, "/sub/bad");
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, SB(1) + SB_TYPE, 0x10);
	expect_finding(kernel, "superblocks-broken", 2, "/sub/bad");
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, SB(1) + SB_MOUNTS, 0);
	expect_finding(kernel, "mounts of the superblock", 2, "/sub/bad");
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, SPARE(1), 16);
	mo_fake_put_u64(kernel, SB(1) + SB_INFO, 0x10);
	expect_finding(kernel, "tmpfs at 0x", 2, "/sub/bad");
}

static void test_users(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();

	(void)unused;
	mo_fake_put_u64(kernel, TASK(0), SPARE(3));
	mo_fake_put_u64(kernel, SPARE(3), SPARE(4));
	mo_fake_put_u32(kernel, SPARE(4), 0x40000000);
	expect_finding(kernel, "it has 1073741824 file descriptors", 2, "/sub/bad");
	kernel = good_and_bad();
	mo_fake_put_u64(kernel, MAPPING(1) + MAPPING_TREE, 0x1000);
	expect_finding(kernel, "file-users-broken", 2, "/sub/bad");
}

/* A child that belongs to another directory is not counted twice, and the walk comes to an end. */
static void test_foreign_child(void **unused)
{
	struct mo_kernel *kernel = good_and_bad();
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_link(kernel, DENTRY(6) + DENTRY_CHILD, DENTRY(4) + DENTRY_SUBDIRS);
	mo_fake_put_u64(kernel, DENTRY(6) + DENTRY_PARENT, DENTRY(1));
	run = fake_run(kernel, memopsy_plugin_entry_files());
	text = fake_run_text(run, "files", (const char *const[]){ "--dentries", NULL });
	if (!strstr(text, "ext4          5 "))
		fail_msg("%s", text);
	assert_true(fake_run_said(run, "has another parent"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mappings_of_garbage),
		cmocka_unit_test(test_unreadable_pages),
		cmocka_unit_test(test_dentries_in_a_circle),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mounts_in_a_circle),
		cmocka_unit_test(test_superblocks),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_foreign_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
