/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Paths of dentries over a kernel of rows: over mounts, within a file system, and what a damaged dump may hold. */

#include "kernel_rows.h"

#include <memopsy/dentry_path.h>

#include <string.h>

#define INODE (BASE_KVA + 0x100)
#define NAME (BASE_KVA + 0x200)
#define MOUNT(i) (BASE_KVA + 0x800 + (i) * 0x40ull)
#define DENTRY(i) (BASE_KVA + 0x1000 + (i) * 0x40ull)

struct needs_layout {
	struct mo_dentry_layout dentry;
	struct mo_inode_dentries of_inode;
};

static const struct mo_need needs[] = { MO_DENTRY_NEEDS(struct needs_layout, dentry),
					MO_INODE_DENTRIES_NEEDS(struct needs_layout, of_inode, .is_optional = false) };

#define MEMBER(t, name, at, n) { .type = t, .member = name, .offset_bytes = at, .bytes = n }
#define D "struct dentry"
enum { PARENT = 0, LENGTH = 8, NAME_AT = 16, OPS = 24, PPREV = 32, ALIAS = 48, MNT = 16, MNT_PARENT = 0, MOUNTPOINT = 8 };
#define COMMON_ROWS \
	MEMBER(D, "d_parent", PARENT, 8), MEMBER(D, "d_name.len", LENGTH, 4), MEMBER(D, "d_name.name", NAME_AT, 8), \
	MEMBER(D, "d_op", OPS, 8), MEMBER(D, "d_hash.pprev", PPREV, 8), MEMBER(D, "d_inode", 40, 8), \
	MEMBER("struct path", "mnt", 0, 8), MEMBER("struct path", "dentry", 8, 8), MEMBER("struct inode", "i_ino", 0, 8), \
	MEMBER("struct inode", "i_dentry.first", 8, 8), MEMBER("struct dentry_operations", "d_dname", 0, 8), \
	MEMBER("struct mount", "mnt", MNT, 8), MEMBER("struct mount", "mnt_parent", MNT_PARENT, 8), \
	MEMBER("struct mount", "mnt_mountpoint", MOUNTPOINT, 8), MEMBER("struct vfsmount", "mnt_root", 0, 8)
static const struct mo_fake_row new_rows[] = { COMMON_ROWS, MEMBER(D, "d_alias", ALIAS, 16) };
static const struct mo_fake_row old_rows[] = { COMMON_ROWS, MEMBER(D, "d_u.d_alias", ALIAS, 16) };

struct toy {
	struct mo_kernel *kernel;
	struct mo_reader *reader;
	struct needs_layout layout;
	struct mo_path_reading reading;
};

static void put_dentry(struct toy *toy, unsigned i, unsigned parent, const char *name)
{
	uint64_t name_kva = NAME + i * 8;

	mo_fake_put_u64(toy->kernel, DENTRY(i) + PARENT, DENTRY(parent));
	mo_fake_put_u32(toy->kernel, DENTRY(i) + LENGTH, (uint32_t)strlen(name));
	mo_fake_put_u64(toy->kernel, DENTRY(i) + NAME_AT, name_kva);
	mo_fake_put_u64(toy->kernel, DENTRY(i) + PPREV, 1);
	mo_fake_put(toy->kernel, name_kva, name, strlen(name));
}

/* A mount of the file system whose root is a dentry, at another one of another mount. */
static void put_mount(struct toy *toy, unsigned i, unsigned root, unsigned parent, unsigned at)
{
	mo_fake_put_u64(toy->kernel, MOUNT(i) + MNT, DENTRY(root));
	mo_fake_put_u64(toy->kernel, MOUNT(i) + MNT_PARENT, MOUNT(parent));
	mo_fake_put_u64(toy->kernel, MOUNT(i) + MOUNTPOINT, DENTRY(at));
}

/* 0: root of all, 1: /mnt in it, on which 2 is mounted; 3: /mnt/dir, 4: /mnt/dir/file. */
static struct toy toy_of(const struct mo_fake_row *rows, size_t n_rows)
{
	struct toy toy = { .kernel = mo_fake_kernel(&(struct mo_fake){ .rows = rows, .n_rows = n_rows }) };

	expect_success(mo_bind(toy.kernel, needs, N_ROWS(needs), &toy.layout));
	mo_fake_map(toy.kernel, BASE_KVA, 0x4000);
	toy.reader = mo_fake_reader(toy.kernel);
	put_dentry(&toy, 0, 0, "/");
	put_dentry(&toy, 1, 0, "mnt");
	put_dentry(&toy, 2, 2, "/");
	put_dentry(&toy, 3, 2, "dir");
	put_dentry(&toy, 4, 3, "fi\nle");
	put_mount(&toy, 0, 0, 0, 0);
	put_mount(&toy, 1, 2, 0, 1);
	return toy;
}

static void expect_path(struct toy *toy, unsigned mount, unsigned dentry, const char *expected)
{
	char bytes[MO_PATH_BYTES_MAX];
	size_t n_bytes = 0;

	mo_path_reading_begin(&toy->reading, toy->reader, &toy->layout.dentry, 0);
	expect_success(mo_path_print(&toy->reading, (struct mo_path){ MOUNT(mount) + MNT, DENTRY(dentry) }, bytes, &n_bytes));
	assert_int_equal(n_bytes, strlen(expected));
	assert_memory_equal(bytes, expected, n_bytes);
}

static void expect_path_within(struct toy *toy, unsigned dentry, const char *expected)
{
	char bytes[MO_PATH_BYTES_MAX];
	size_t n_bytes = 0;

	expect_success(mo_dentry_path(toy->reader, &toy->layout.dentry.names, DENTRY(dentry), bytes, &n_bytes));
	assert_int_equal(n_bytes, strlen(expected));
	assert_memory_equal(bytes, expected, n_bytes);
}

static void expect_broken(struct toy *toy, unsigned dentry, enum mo_error_code code, const char *part)
{
	char bytes[MO_PATH_BYTES_MAX];
	size_t n_bytes = 0;

	expect_error(mo_dentry_path(toy->reader, &toy->layout.dentry.names, DENTRY(dentry), bytes, &n_bytes), code, part);
	mo_path_reading_begin(&toy->reading, toy->reader, &toy->layout.dentry, 0);
	expect_error(mo_path_print(&toy->reading, (struct mo_path){ MOUNT(1) + MNT, DENTRY(dentry) }, bytes, &n_bytes), code, part);
}

static void test_paths(void **unused)
{
	struct toy toy = toy_of(new_rows, N_ROWS(new_rows));

	(void)unused;
	expect_path(&toy, 1, 4, "/mnt/dir/fi\nle");
	expect_path(&toy, 0, 0, "/");
	expect_path_within(&toy, 4, "/dir/fi\nle");
	expect_path_within(&toy, 2, "/");
	mo_fake_put_u64(toy.kernel, DENTRY(4) + PPREV, 0);
	expect_path(&toy, 1, 4, "/mnt/dir/fi\nle (deleted)");
	expect_path_within(&toy, 4, "/dir/fi\nle");
	mo_fake_destroy(toy.kernel);
}

static void expect_alias(const struct mo_fake_row *rows, size_t n_rows)
{
	struct toy toy = toy_of(rows, n_rows);
	uint64_t dentry_kva = 1;

	expect_success(mo_inode_dentry(toy.reader, &toy.layout.of_inode, INODE, &dentry_kva));
	assert_int_equal(dentry_kva, 0);
	mo_fake_put_u64(toy.kernel, INODE + 8, DENTRY(4) + ALIAS);
	expect_success(mo_inode_dentry(toy.reader, &toy.layout.of_inode, INODE, &dentry_kva));
	assert_int_equal(dentry_kva, DENTRY(4));
	mo_fake_destroy(toy.kernel);
}

static void test_dentry_of_an_inode(void **unused)
{
	(void)unused;
	expect_alias(new_rows, N_ROWS(new_rows));
	expect_alias(old_rows, N_ROWS(old_rows));
}

static void test_circles(void **unused)
{
	struct toy toy = toy_of(new_rows, N_ROWS(new_rows));
	char bytes[MO_PATH_BYTES_MAX];
	size_t n_bytes = 0;

	(void)unused;
	put_dentry(&toy, 3, 4, "dir");
	expect_broken(&toy, 4, MO_E_LIMIT, "longer than 4096 bytes");
	put_dentry(&toy, 3, 4, "");  /* names without a byte: each has a slash all the same */
	put_dentry(&toy, 4, 3, "");
	expect_broken(&toy, 4, MO_E_CYCLE, "has no end");
	put_dentry(&toy, 3, 2, "dir");
	put_dentry(&toy, 4, 3, "file");
	put_mount(&toy, 0, 0, 1, 2); /* two mounts, each on the root of the other */
	put_mount(&toy, 1, 2, 0, 0);
	mo_path_reading_begin(&toy.reading, toy.reader, &toy.layout.dentry, 0);
	expect_error(mo_path_print(&toy.reading, (struct mo_path){ MOUNT(1) + MNT, DENTRY(4) }, bytes, &n_bytes), MO_E_CYCLE,
		     "has no end");
	mo_fake_destroy(toy.kernel);
}

static void test_damage(void **unused)
{
	struct toy toy = toy_of(new_rows, N_ROWS(new_rows));

	(void)unused;
	mo_fake_put_u32(toy.kernel, DENTRY(4) + LENGTH, 256);
	expect_broken(&toy, 4, MO_E_CORRUPT, "has a name of 256 bytes");
	mo_fake_put_u32(toy.kernel, DENTRY(4) + LENGTH, 5);
	mo_fake_put_u64(toy.kernel, DENTRY(3) + PARENT, 0xbad0000);
	expect_broken(&toy, 4, MO_E_NOT_MAPPED, "d_parent");
	mo_fake_destroy(toy.kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths), cmocka_unit_test(test_dentry_of_an_inode), cmocka_unit_test(test_circles),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
