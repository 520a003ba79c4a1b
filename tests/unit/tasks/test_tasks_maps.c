/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* maps: names of every kind, paths over mounts, trees and lists of VMAs that are broken. */

#include "toy_tasks.h"

#include <stdlib.h>
#include <string.h>

static const char *const pid_5[] = { "5", NULL };

#define R 0x1
#define W 0x2
#define X 0x4
#define MAYSHARE 0x80

static struct mo_kernel *one_process(enum toy_shape shape)
{
	struct mo_kernel *kernel = toy_tasks(shape);

	toy_process(kernel, 5, 0, "one");
	toy_mm(kernel, 5, 0, 0, 0, 0, 0);
	toy_dentry(kernel, 0, 0, "");
	toy_mount(kernel, 0, 0, 0, 0);
	return kernel;
}

static void expect_maps(struct mo_kernel *kernel, const char *expected)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());
	char *text = fake_run_text(run, "maps", pid_5);

	assert_string_equal(text, expected);
	assert_int_equal(fake_run_finding_count(run), 0);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* Shows what is there, and says `finding`. */
static void expect_broken(struct mo_kernel *kernel, const char *part, const char *finding)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());
	char *text = fake_run_text(run, "maps", pid_5);

	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
	assert_true(fake_run_said(run, "vmas-broken"));
	assert_true(fake_run_said(run, finding));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_names(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);

	(void)unused;
	mo_fake_put_u64(kernel, MM(0) + MM_BRK, 0x30000);
	mo_fake_put_u64(kernel, MM(0) + MM_BRK + 8, 0x21000);
	mo_fake_put_u64(kernel, MM(0) + MM_BRK + 16, 0x7ffd00001234);
	toy_vma(kernel, 0, 0, 0x10000, 0x11000, R);
	toy_vma(kernel, 0, 1, 0x20000, 0x30000, R | W);
	toy_vma(kernel, 0, 2, 0x7f0000000000, 0x7f0000002000, R | X);
	mo_fake_put_u64(kernel, VMA(2) + VMA_OPS, SPARE(0));
	mo_fake_put_u64(kernel, SPARE(0), CODE(3));
	mo_fake_put_u64(kernel, VMA(2) + VMA_PRIVATE, SPARE(1));
	mo_fake_put_u64(kernel, SPARE(1), SPARE(2));
	mo_fake_put(kernel, SPARE(2), "[vdso]", 6);
	toy_vma(kernel, 0, 3, 0x7f0000003000, 0x7f0000004000, 0);
	mo_fake_put_u64(kernel, VMA(3) + VMA_ANON_NAME, SPARE(3));
	mo_fake_put(kernel, SPARE(3) + 4, "arena", 5);
	toy_vma(kernel, 0, 4, 0x7ffd00000000, 0x7ffd00002000, R | W);
	expect_maps(kernel,
		    "00010000-00011000 r--p 00000000 00:00 0 \n"
		    "00020000-00030000 rw-p 00000000 00:00 0                                  [heap]\n"
		    "7f0000000000-7f0000002000 r-xp 00000000 00:00 0                          [vdso]\n"
		    "7f0000003000-7f0000004000 ---p 00000000 00:00 0                          [anon:arena]\n"
		    "7ffd00000000-7ffd00002000 rw-p 00000000 00:00 0                          [stack]\n");
}

static void test_paths(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);

	(void)unused;
	toy_dentry(kernel, 1, 0, "mnt");
	toy_dentry(kernel, 2, 2, "");
	toy_mount(kernel, 1, 2, 0, 1);
	toy_dentry(kernel, 3, 2, "deep");
	toy_dentry(kernel, 4, 3, "a\nb");
	toy_dentry(kernel, 5, 0, "gone");
	mo_fake_put_u64(kernel, DENTRY(5) + 32, 0);
	toy_dentry(kernel, 6, 6, "memfd:x");
	toy_mount(kernel, 2, 2, 2, 2);
	mo_fake_put_u64(kernel, DENTRY(6) + 24, SPARE(0));
	mo_fake_put_u64(kernel, SPARE(0), CODE(4));
	toy_vma(kernel, 0, 0, 0x10000, 0x11000, R | MAYSHARE);
	toy_file(kernel, 0, 1, 4);
	mo_fake_put_u64(kernel, VMA(0) + VMA_PGOFF, 2);
	toy_vma(kernel, 0, 1, 0x11000, 0x12000, R);
	toy_file(kernel, 1, 0, 5);
	toy_vma(kernel, 0, 2, 0x12000, 0x13000, R);
	toy_file(kernel, 2, 2, 6);
	toy_vma(kernel, 0, 3, 0x13000, 0x14000, R);
	toy_file(kernel, 3, 1, 2);
	toy_vma(kernel, 0, 4, 0x14000, 0x15000, R); /* shared anonymous memory that was given a name */
	toy_file(kernel, 4, 1, 2);
	mo_fake_put_u64(kernel, VMA(4) + VMA_ANON_NAME, SPARE(3));
	mo_fake_put(kernel, SPARE(3) + 4, "buf\x1b" "fer", 7);
	expect_maps(kernel,
		    "00010000-00011000 r--s 00002000 08:03 4711                               /mnt/deep/a\\012b\n"
		    "00011000-00012000 r--p 00000000 08:03 4711                               /gone (deleted)\n"
		    "00012000-00013000 r--p 00000000 08:03 4711                               /memfd:x (deleted)\n"
		    "00013000-00014000 r--p 00000000 08:03 4711                               /mnt\n"
		    "00014000-00015000 r--p 00000000 08:03 4711                               [anon_shmem:buf\\x1bfer]\n");
}

/* What is above the root of the first process is left out. */
static void test_root_of_first_process(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);

	(void)unused;
	toy_dentry(kernel, 1, 0, "newroot");
	toy_dentry(kernel, 2, 1, "bin");
	mo_fake_put_u64(kernel, TASK(5) + TASK_FS, SPARE(0));
	mo_fake_put_u64(kernel, SPARE(0), MOUNT(0) + 16);
	mo_fake_put_u64(kernel, SPARE(0) + 8, DENTRY(1));
	toy_vma(kernel, 0, 0, 0x10000, 0x11000, R);
	toy_file(kernel, 0, 0, 2);
	expect_maps(kernel, "00010000-00011000 r--p 00000000 08:03 4711                               /bin\n");
}

/* A maple tree of one leaf; [heap] needs more than touching there. */
static void test_maple_tree(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_PERCPU_RSS);
	uint64_t leaf = SPARE(4);

	(void)unused;
	mo_fake_put_u64(kernel, MM(0) + MM_BRK, 0x30000);
	mo_fake_put_u64(kernel, MM(0) + MM_BRK + 8, 0x20000);
	for (unsigned i = 0; i < 3; i++)
		toy_vma(kernel, 0, i, 0x10000 * (i + 1), 0x10000 * (i + 2), R);
	mo_fake_put_u64(kernel, MM(0) + MM_MMAP + 8, leaf | 1 << 3 | 6);
	mo_fake_put_u64(kernel, leaf, (MM(0) + MM_MMAP) | 1);
	mo_fake_put_u64(kernel, leaf + 8, 0xffff);
	for (unsigned i = 0; i < 3; i++) {
		mo_fake_put_u64(kernel, leaf + 8 + (i + 1) * 8, 0x10000 * (i + 2) - 1);
		mo_fake_put_u64(kernel, leaf + 128 + (i + 1) * 8, VMA(i));
	}
	mo_fake_put_u64(kernel, leaf + 8 + 4 * 8, UINT64_MAX);
	mo_fake_put_u8(kernel, leaf + 248, 4);
	expect_maps(kernel,
		    "00010000-00020000 r--p 00000000 00:00 0 \n"
		    "00020000-00030000 r--p 00000000 00:00 0                                  [heap]\n"
		    "00030000-00040000 r--p 00000000 00:00 0 \n");
}

static void test_kernel_thread(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);

	(void)unused;
	mo_fake_put_u64(kernel, TASK(5) + TASK_MM, 0);
	expect_maps(kernel, "");
}

static void test_garbage_tree(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_PERCPU_RSS);

	(void)unused;
	mo_fake_put_u64(kernel, MM(0) + MM_MMAP + 8, 0xffffdeadbeef000e);
	expect_broken(kernel, "", "VMAs of the mm at 0xffff888000060000: ");
}

static void test_list_that_loops(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);

	(void)unused;
	toy_vma(kernel, 0, 0, 0x10000, 0x11000, R);
	toy_vma(kernel, 0, 1, 0x11000, 0x12000, R);
	mo_fake_put_u64(kernel, VMA(1) + VMA_NEXT, VMA(0));
	expect_broken(kernel, "00011000-00012000", "which does not fit where it was found");
}

static void test_path_without_end(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);

	(void)unused;
	toy_dentry(kernel, 1, 2, "");
	toy_dentry(kernel, 2, 1, "");
	toy_vma(kernel, 0, 0, 0x10000, 0x11000, R);
	toy_file(kernel, 0, 0, 1);
	expect_broken(kernel, "                               ?\n", "path of the file at 0xffff8880000a0080: ");
	kernel = one_process(TOY_SPLIT_RSS);
	toy_vma(kernel, 0, 0, 0x10000, 0x11000, R);
	mo_fake_put_u64(kernel, VMA(0) + VMA_FILE, 0xbad0000);
	expect_broken(kernel, "? ? ", "inode of the file at 0xbad0000: ");
}

static void test_wrong_arguments(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS);
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());

	(void)unused;
	expect_error(fake_run_error(run, "maps", (const char *const[]){ "6", NULL }), MO_E_ABSENT,
		     "no process or thread with id 6");
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_root_of_first_process),
		cmocka_unit_test(test_maple_tree),
		cmocka_unit_test(test_kernel_thread),
		cmocka_unit_test(test_garbage_tree),
		cmocka_unit_test(test_list_that_loops),
		cmocka_unit_test(test_path_without_end),
		cmocka_unit_test(test_wrong_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
