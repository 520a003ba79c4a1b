/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* THPeligible of shared memory: what the system and the mount of a tmpfs say. */

#include "toy_tasks.h"

#include "gathering.h"
#include "smaps.h"
#include "vmas.h"

#define AT(i) (BASE_KVA + 0x100ull * (i))
#define THP_FLAGS AT(0)
#define SHMEM_HUGE AT(1)
#define FILE_KVA AT(2)
#define MAPPING AT(3)
#define INODE_KVA AT(4)
#define SB_KVA AT(5)
#define SB_INFO AT(6)
#define AOPS AT(7)
#define ANON_OPS AT(8)
#define OTHER_OPS AT(9)
#define HUGE_BYTES (2ull << 20)

#define FIELD(at, n) { .offset_bytes = at, .size_bytes = n, .element_bytes = n, .width_bytes = n, .is_bound = true }

static const struct tasks_layout layout = {
	.file = { .f_inode = FIELD(0, 8), .i_sb = FIELD(0, 8) },
	.swap = { .f_mapping = FIELD(8, 8), .a_ops = FIELD(0, 8), .shmem_aops = { .kva = AOPS, .is_bound = true } },
	.smaps = {
		.s_fs_info = FIELD(8, 8),
		.shmem_sb_huge = FIELD(4, 1),
		.thp_flags = { .kva = THP_FLAGS, .is_bound = true },
		.shmem_huge = { .kva = SHMEM_HUGE, .is_bound = true },
		.shmem_anon_ops = { .kva = ANON_OPS, .is_bound = true },
	},
};

enum { NEVER = 0, ALWAYS = 1, WITHIN_SIZE = 2, ADVISE = 3, FORCE = 0xfe, DENY = 0xff };

/* 1, 0, and -1 for what is not known. */
static int eligible(uint8_t system, uint8_t mount, struct vma vma)
{
	static const struct mo_fake fake = { .end_pfn = 64 };
	struct mo_kernel *kernel = mo_fake_kernel(&fake);
	struct tasks_state state = { .layout = &layout };
	const struct mo_mm mm = { .kva = BASE_KVA };
	int thp;

	mo_fake_map(kernel, BASE_KVA, 0x1000);
	mo_fake_put_u8(kernel, SHMEM_HUGE, system);
	mo_fake_put_u64(kernel, FILE_KVA, INODE_KVA);
	mo_fake_put_u64(kernel, FILE_KVA + 8, MAPPING);
	mo_fake_put_u64(kernel, MAPPING, AOPS);
	mo_fake_put_u64(kernel, INODE_KVA, SB_KVA);
	mo_fake_put_u64(kernel, SB_KVA + 8, SB_INFO);
	mo_fake_put_u8(kernel, SB_INFO + 4, mount);
	state.reader = mo_fake_reader(kernel);
	if (!vma.end)
		vma.end = HUGE_BYTES;
	vma.file_kva = FILE_KVA;
	if (!vma.ops_kva)
		vma.ops_kva = OTHER_OPS;
	thp = vma_thp_eligible(&state, &mm, &vma);
	mo_fake_destroy(kernel);
	return thp;
}

static void test_mounts(void **unused)
{
	const struct vma plain = { .end = HUGE_BYTES };
	const struct vma advised = { .end = HUGE_BYTES, .flags = VM_HUGEPAGE };

	(void)unused;
	assert_int_equal(eligible(NEVER, NEVER, plain), 0);
	assert_int_equal(eligible(NEVER, NEVER, advised), 0);
	assert_int_equal(eligible(NEVER, ALWAYS, plain), 1);
	assert_int_equal(eligible(NEVER, ADVISE, plain), 0);
	assert_int_equal(eligible(NEVER, ADVISE, advised), 1);
	/* Within the file's size, which is not looked at; who advises need not be. */
	assert_int_equal(eligible(NEVER, WITHIN_SIZE, plain), -1);
	assert_int_equal(eligible(NEVER, WITHIN_SIZE, advised), 1);
	/* No mount has such a setting. */
	assert_int_equal(eligible(NEVER, 77, plain), -1);
}

static void test_system(void **unused)
{
	const struct vma plain = { .end = HUGE_BYTES };

	(void)unused;
	assert_int_equal(eligible(DENY, ALWAYS, plain), 0);
	assert_int_equal(eligible(FORCE, NEVER, plain), 1);
}

/* Anonymous shared memory has settings of its own, which are known only if nothing is allowed. */
static void test_anonymous_shared(void **unused)
{
	const struct vma anon = { .end = HUGE_BYTES, .ops_kva = ANON_OPS };

	(void)unused;
	assert_int_equal(eligible(NEVER, NEVER, anon), 0);
	assert_int_equal(eligible(NEVER, ALWAYS, anon), -1);
	assert_int_equal(eligible(ADVISE, NEVER, anon), -1);
}

/* Where no huge page fits, or none is wanted, the mount does not matter. */
static void test_unsuitable(void **unused)
{
	(void)unused;
	assert_int_equal(eligible(NEVER, ALWAYS, (struct vma){ .end = HUGE_BYTES - 4096 }), 0);
	assert_int_equal(eligible(NEVER, ALWAYS, (struct vma){ .start = 4096, .end = HUGE_BYTES + 4096 }), 0);
	assert_int_equal(eligible(NEVER, ALWAYS, (struct vma){ .end = HUGE_BYTES, .pgoff = 1 }), 0);
	assert_int_equal(eligible(NEVER, ALWAYS, (struct vma){ .end = HUGE_BYTES, .flags = VM_NOHUGEPAGE }), 0);
	assert_int_equal(eligible(NEVER, ALWAYS, (struct vma){ .end = HUGE_BYTES, .flags = VM_HUGETLB }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_anonymous_shared),
		cmocka_unit_test(test_unsuitable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
