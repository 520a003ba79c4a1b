/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Paths of control groups over a kernel of rows: both names of the parent, the limit, and what a damaged dump may hold. */

#include "kernel_rows.h"

#include <memopsy/cgroup_path.h>

#include <string.h>

#define MEMCG (BASE_KVA + 0x100)
#define CGROUP (BASE_KVA + 0x200)
#define NAME (BASE_KVA + 0x400)
#define NODE(i) (BASE_KVA + 0x1000 + (i) * 0x10ull) /* parent, name */

struct needs_layout {
	struct mo_cgroup_path_layout path;
};

static const struct mo_need needs[] = { MO_CGROUP_PATH_NEEDS(struct needs_layout, path) };

#define COMMON_ROWS \
	{ .type = "struct mem_cgroup", .member = "css.cgroup", .offset_bytes = 8, .bytes = 8 }, \
	{ .type = "struct cgroup", .member = "kn", .offset_bytes = 16, .bytes = 8 }, \
	{ .type = "struct kernfs_node", .member = "name", .offset_bytes = 8, .bytes = 8 }
static const struct mo_fake_row new_rows[] = {
	COMMON_ROWS, { .type = "struct kernfs_node", .member = "__parent", .offset_bytes = 0, .bytes = 8 },
};
static const struct mo_fake_row old_rows[] = {
	COMMON_ROWS, { .type = "struct kernfs_node", .member = "parent", .offset_bytes = 0, .bytes = 8 },
};
static const struct mo_fake_row no_names[] = {
	{ .type = "struct cgroup", .member = "kn", .offset_bytes = 16, .bytes = 8 },
};

static struct mo_kernel *kernel_of(const struct mo_fake_row *rows, size_t n_rows, struct needs_layout *layout)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .rows = rows, .n_rows = n_rows });

	memset(layout, 0, sizeof(*layout));
	expect_success(mo_bind(kernel, needs, N_ROWS(needs), layout));
	mo_fake_map(kernel, BASE_KVA, 0x20000);
	mo_fake_put_u64(kernel, MEMCG + 8, CGROUP);
	mo_fake_put_u64(kernel, CGROUP + 16, NODE(0));
	return kernel;
}

/* NODE(0) is the deepest; each is in the next, the last of them is the root. */
static void chain(struct mo_kernel *kernel, unsigned n, const char *name)
{
	mo_fake_put(kernel, NAME, name, strlen(name) + 1);
	for (unsigned i = 0; i <= n; i++) {
		mo_fake_put_u64(kernel, NODE(i), i < n ? NODE(i + 1) : 0);
		mo_fake_put_u64(kernel, NODE(i) + 8, NAME);
	}
}

static void expect_names(const struct mo_fake_row *rows, size_t n_rows)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	struct needs_layout layout;
	struct mo_kernel *kernel = kernel_of(rows, n_rows, &layout);

	chain(kernel, 0, "ignored");
	expect_success(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path));
	assert_string_equal(path, "/");
	chain(kernel, 2, "slice");
	mo_fake_put(kernel, NAME + 0x100, "db.service", 11);
	mo_fake_put_u64(kernel, NODE(0) + 8, NAME + 0x100);
	expect_success(mo_kernfs_path(mo_fake_reader(kernel), &layout.path, NODE(0), path));
	assert_string_equal(path, "/slice/db.service");
	expect_success(mo_memcg_path(mo_fake_reader(kernel), &layout.path, MEMCG, path));
	assert_string_equal(path, "/slice/db.service");
	mo_fake_destroy(kernel);
}

static void test_both_names_of_the_parent(void **unused)
{
	(void)unused;
	expect_names(new_rows, N_ROWS(new_rows));
	expect_names(old_rows, N_ROWS(old_rows));
}

/* The path's bytes are the one limit: 2,047 groups within each other fit, and one more does not. */
static void test_as_deep_as_the_path_is_long(void **unused)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	struct needs_layout layout;
	struct mo_kernel *kernel = kernel_of(new_rows, N_ROWS(new_rows), &layout);

	(void)unused;
	chain(kernel, 2047, "a");
	expect_success(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path));
	assert_int_equal(strlen(path), 4094);
	chain(kernel, 2048, "a");
	expect_error(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path), MO_E_LIMIT, "longer than 4096 bytes");
	mo_fake_destroy(kernel);
}

static void test_circle(void **unused)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	struct needs_layout layout;
	struct mo_kernel *kernel = kernel_of(new_rows, N_ROWS(new_rows), &layout);

	(void)unused;
	chain(kernel, 3, "round");
	mo_fake_put_u64(kernel, NODE(2), NODE(1));
	expect_error(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path), MO_E_LIMIT, "has no end");
	mo_fake_destroy(kernel);
}

static void test_names(void **unused)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	char name[257];
	struct needs_layout layout;
	struct mo_kernel *kernel = kernel_of(new_rows, N_ROWS(new_rows), &layout);

	(void)unused;
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	chain(kernel, 1, name);
	expect_success(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path));
	assert_int_equal(strlen(path), 256);
	name[255] = 'n';
	name[256] = '\0';
	chain(kernel, 1, name);
	expect_error(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path), MO_E_CORRUPT, "a name of 256 bytes or more");
	chain(kernel, 1, "");
	expect_error(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path), MO_E_CORRUPT, "a name of 0 bytes");
	mo_fake_put_u64(kernel, NODE(0) + 8, 0xbad0000);
	expect_error(mo_cgroup_path(mo_fake_reader(kernel), &layout.path, CGROUP, path), MO_E_NOT_MAPPED,
		     "path of the kernfs_node at 0xffff888000001000");
	mo_fake_destroy(kernel);
}

static void test_absent(void **unused)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	struct needs_layout layout;
	struct mo_kernel *kernel = kernel_of(no_names, N_ROWS(no_names), &layout);

	(void)unused;
	assert_false(mo_cgroup_paths_are_known(&layout.path));
	expect_error(mo_kernfs_path(mo_fake_reader(kernel), &layout.path, NODE(0), path), MO_E_ABSENT, "not known");
	expect_error(mo_memcg_path(mo_fake_reader(kernel), &layout.path, MEMCG, path), MO_E_ABSENT, "not known");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_names_of_the_parent), cmocka_unit_test(test_as_deep_as_the_path_is_long),
		cmocka_unit_test(test_circle), cmocka_unit_test(test_names), cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
