/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pages by file, large folios, users, file systems and dentries, on a kernel in good order. */

#include "toy_files.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/files.h>

#include "mapping_table.h"
#include "negative_dirs.h"

#define DIRTY (1ull << PG_DIRTY)
#define HEAD (1ull << PG_HEAD)

static const struct mo_files_model *model_of(const struct mo_run *run)
{
	return mo_run_model(run);
}

static struct mo_kernel *two_files(void)
{
	struct mo_kernel *kernel = toy_files();

	toy_dentry(kernel, 3, 0, "data");
	toy_dentry(kernel, 4, 2, "shared");
	toy_inode(kernel, 0, 0, 3);
	toy_inode(kernel, 1, 1, 4);
	toy_page(kernel, 3, MO_PAGE_FILE, MAPPING(0), DIRTY, 0);
	toy_page(kernel, 5, MO_PAGE_FILE, MAPPING(0), 0, 2);
	toy_page(kernel, 40, MO_PAGE_FILE, MAPPING(0), 1ull << PG_WRITEBACK, 0);
	toy_page(kernel, 6, MO_PAGE_SHMEM, MAPPING(1), DIRTY | 1ull << PG_UNEVICTABLE, 1);
	toy_page(kernel, 7, MO_PAGE_SHMEM, MAPPING(1), DIRTY, 0);
	toy_page(kernel, 8, MO_PAGE_ANON, MAPPING(1), 0, 1); /* not of the page cache */
	return kernel;
}

static void test_counts(void **unused)
{
	struct mo_kernel *kernel = two_files();
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_files());
	const struct mo_files_model *model = model_of(run);

	(void)unused;
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_int_equal(model->n_files, 2);
	assert_string_equal(model->files[0].path, "/data");
	assert_int_equal(model->files[0].kind, MO_FILE_REGULAR);
	assert_int_equal(model->files[0].pages, 3);
	assert_int_equal(model->files[0].dirty_pages, 1);
	assert_int_equal(model->files[0].writeback_pages, 1);
	assert_int_equal(model->files[0].mapped_pages, 1);
	assert_int_equal(model->files[0].inode_number, 100);
	assert_string_equal(model->files[1].path, "/tmp/shared");
	assert_int_equal(model->files[1].kind, MO_FILE_SHMEM);
	assert_int_equal(model->files[1].pages, 2);
	assert_int_equal(model->files[1].dirty_pages, 0); /* PG_dirty, and nothing to write it to */
	assert_int_equal(model->files[1].unevictable_pages, 1);
	assert_int_equal(model->n_mounts, 2);
	assert_string_equal(model->mounts[0].type, "ext4");
	assert_int_equal(model->mounts[0].pages, 3);
	assert_string_equal(model->mounts[1].path, "/tmp");
	assert_true(model->is_complete);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* Tail pages count for their head's file, and are mapped when the whole is. */
static void test_large_folio(void **unused)
{
	struct mo_kernel *kernel = two_files();
	struct mo_run *run;

	(void)unused;
	toy_page(kernel, 16, MO_PAGE_SHMEM, MAPPING(1), HEAD | DIRTY, 0);
	for (uint64_t pfn = 17; pfn < 24; pfn++) {
		toy_page(kernel, pfn, MO_PAGE_SHMEM, 0xdead000000000400, 0, 0);
		mo_fake_put_u64(kernel, PAGE(pfn) + 8, PAGE(16) | 1);
	}
	mo_fake_put_u32(kernel, PAGE(17) + 16, 0); /* mapped once */
	run = fake_run(kernel, memopsy_plugin_entry_files());
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_string_equal(model_of(run)->files[0].path, "/tmp/shared");
	assert_int_equal(model_of(run)->files[0].pages, 10);
	assert_int_equal(model_of(run)->files[0].mapped_pages, 9);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* A file that is open and mapped, and has no name left. */
static void test_users_of_a_deleted_file(void **unused)
{
	struct mo_kernel *kernel = two_files();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u32(kernel, INODE(1) + INODE_NLINK, 0);
	mo_fake_put_u64(kernel, DENTRY(4) + DENTRY_PPREV, 0);
	mo_fake_put_u64(kernel, TASK(0), SPARE(3));
	mo_fake_put_u64(kernel, SPARE(3), SPARE(4));
	mo_fake_put_u32(kernel, SPARE(4), 4);
	mo_fake_put_u64(kernel, SPARE(4) + 8, SPARE(5));
	mo_fake_put_u64(kernel, SPARE(5) + 16, FILE_AT(0));
	mo_fake_put_u64(kernel, FILE_AT(0), MAPPING(1));
	mo_fake_put_u64(kernel, MAPPING(1) + MAPPING_TREE, VMA(0));
	mo_fake_put_u64(kernel, VMA(0), 1); /* black, no parent */
	mo_fake_put_u64(kernel, VMA(0) + 24, MM(0));
	run = fake_run(kernel, memopsy_plugin_entry_files());
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_true(model_of(run)->files[1].is_deleted);
	assert_int_equal(model_of(run)->files[1].n_users, 1);
	assert_true(model_of(run)->files[1].users[0].has_open && model_of(run)->files[1].users[0].has_mapped);
	assert_int_equal(model_of(run)->files[0].n_users, 0);
	text = fake_run_text(run, "files", (const char *const[]){ "--deleted", NULL });
	if (!strstr(text, "user(7)  /tmp/shared (deleted)\n") || strstr(text, "data"))
		fail_msg("%s", text);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_tmpfs_limit(void **unused)
{
	struct mo_kernel *kernel = two_files();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, SPARE(1), 16);         /* max_blocks */
	mo_fake_put_u64(kernel, SPARE(1) + 8 + 8, 14); /* used_blocks.count, and what the CPU has not folded in */
	mo_fake_put_u64(kernel, SPARE(1) + 8 + 0x20, 0x200);
	mo_fake_put_u32(kernel, BASE_KVA + 0x2000 + 0x200, 2);
	run = fake_run(kernel, memopsy_plugin_entry_files());
	text = fake_run_text(run, "files", (const char *const[]){ "--mounts", NULL });
	if (!strstr(text, "64.0 KiB  64.0 KiB  /tmp\n"))
		fail_msg("%s", text);
	free(text);
	text = fake_run_section(run, "files");
	if (!strstr(text, "A tmpfs is full"))
		fail_msg("%s", text);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_dentries(void **unused)
{
	struct mo_kernel *kernel = two_files();
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_dentry(kernel, 5, 0, "absent");
	mo_fake_put_u64(kernel, DENTRY(0) + DENTRY_INODE, INODE(9));
	mo_fake_put_u64(kernel, DENTRY(1) + DENTRY_INODE, INODE(9));
	mo_fake_put_u32(kernel, DENTRY(3) + DENTRY_COUNT, 1);
	mo_fake_put_u64(kernel, BASE_KVA + 0x2000 + 0x100, 8); /* nr_dentry of the one CPU */
	run = fake_run(kernel, memopsy_plugin_entry_files());
	text = fake_run_text(run, "files", (const char *const[]){ "--dentries", NULL });
	if (!strstr(text, "ext4          4         3         1       3"))
		fail_msg("%s", text);
	if (!strstr(text, "\n       1         3  ext4  /\n"))
		fail_msg("%s", text);
	if (!strstr(text, "2 dentries are in no tree"))
		fail_msg("%s", text);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_directories_kept(void **unused)
{
	struct negative_dirs all = { .n = 0 };

	(void)unused;
	note_negative_dir(&all, &(struct negative_dir){ .negative = 0, .children = 9 });
	assert_int_equal(all.n_all, 0);
	for (uint64_t i = 0; i < 100; i++) /* 0, 37, 74, 11 ...: each once */
		note_negative_dir(&all, &(struct negative_dir){ .negative = i * 37 % 100 + 1, .dentry_kva = i });
	assert_int_equal(all.n_all, 100);
	assert_int_equal(all.n, MAX_NEGATIVE_DIRS);
	for (size_t i = 0; i < all.n; i++)
		assert_int_equal(all.dirs[i].negative, 100 - i);
}

static void test_table_of_mappings(void **unused)
{
	struct mapping_table table = { 0 };
	struct mapping_table sum = { 0 };

	(void)unused;
	assert_null(mapping_table_find(&table, BASE_KVA));
	for (unsigned round = 1; round <= 2; round++)
		for (uint64_t i = 0; i < 10000; i++) {
			struct mapping_counts *counts = mapping_table_get(&table, BASE_KVA + i * 8);

			assert_non_null(counts);
			assert_int_equal(counts->pages, round == 1 ? 0 : i);
			counts->pages += i;
		}
	assert_int_equal(table.n_used, 10000);
	expect_success(mapping_table_merge(&sum, &table));
	assert_int_equal(table.n_used, 0);
	assert_null(mapping_table_find(&table, BASE_KVA));
	for (uint64_t i = 10001; i-- > 0;)
		mapping_table_get(&table, BASE_KVA + i * 8)->pages = i * 2;
	expect_success(mapping_table_merge(&sum, &table));
	assert_int_equal(sum.n_used, 10001);
	assert_int_equal(table.n_used, 0);
	for (unsigned round = 1; round <= 2; round++) {
		for (uint64_t i = 0; i < 10000; i++)
			assert_int_equal(mapping_table_find(&sum, BASE_KVA + i * 8)->pages, i * 4);
		assert_int_equal(mapping_table_find(&sum, BASE_KVA + 80000)->pages, 20000);
		expect_success(mapping_table_sort(&sum));
	}
	for (size_t i = 1; i < sum.n_used; i++)
		assert_true(sum.rows[i - 1].mapping_kva < sum.rows[i].mapping_kva);
	assert_null(mapping_table_find(&sum, BASE_KVA + 4));
	assert_null(mapping_table_find(&sum, 0));
	mapping_table_deinit(&table);
	mapping_table_deinit(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_large_folio),
		cmocka_unit_test(test_users_of_a_deleted_file),
		cmocka_unit_test(test_tmpfs_limit),
		cmocka_unit_test(test_dentries),
		cmocka_unit_test(test_directories_kept),
		cmocka_unit_test(test_table_of_mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
