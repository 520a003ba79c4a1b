/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sets of CPUs and nodes, and what belongs to each CPU. */

#include "kernel_rows.h"

#include <memopsy/walk.h>

#define POSSIBLE (BASE_KVA + 0x000)
#define ONLINE (BASE_KVA + 0x400)
#define PRESENT (BASE_KVA + 0x800)
#define NR_CPU_IDS (BASE_KVA + 0xc00)
#define NODE_STATES (BASE_KVA + 0xc80)
#define OFFSETS (BASE_KVA + 0x1000)
#define COUNTER (BASE_KVA + 0x3000)

static const struct mo_fake_row rows[] = {
	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 128 },
	{ .type = "nodemask_t", .bytes = 16 },
	{ .type = "nodemask_t", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 2 },
	{ .type = "struct percpu_counter", .member = "count", .offset_bytes = 8, .bytes = 8, .is_signed = true },
	{ .type = "struct percpu_counter", .member = "counters", .offset_bytes = 32, .bytes = 8 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum node_states", .name = "N_ONLINE", .value = 1 },
	{ .enum_name = "enum node_states", .name = "N_MEMORY", .value = 3 },
	{ .enum_name = "enum node_states", .name = "N_ODD", .value = 1000000 },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "__cpu_possible_mask", .kva = POSSIBLE, .bytes = 1024 },
	{ .name = "__cpu_online_mask", .kva = ONLINE, .bytes = 1024 },
	{ .name = "__cpu_present_mask", .kva = PRESENT, .bytes = 1024 },
	{ .name = "nr_cpu_ids", .kva = NR_CPU_IDS, .bytes = 4 },
	{ .name = "node_states", .kva = NODE_STATES, .bytes = 96 },
	{ .name = "__per_cpu_offset", .kva = OFFSETS, .bytes = 8192 },
};

static const struct mo_fake machine = {
	.rows = rows, .n_rows = N_ROWS(rows), .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
	.symbols = symbols, .n_symbols = N_ROWS(symbols),
};

static struct mo_kernel *machine_kernel(void)
{
	struct mo_kernel *kernel = mo_fake_kernel(&machine);

	mo_fake_map(kernel, BASE_KVA, 0x8000);
	/* CPUs 0, 1, 5 and 70 are possible, 0 and 70 online. */
	mo_fake_put_u64(kernel, POSSIBLE, 0x23);
	mo_fake_put_u64(kernel, POSSIBLE + 8, 1 << 6);
	mo_fake_put_u64(kernel, ONLINE, 1);
	mo_fake_put_u64(kernel, ONLINE + 8, 1 << 6);
	mo_fake_put_u32(kernel, NR_CPU_IDS, 71);
	mo_fake_put_u64(kernel, OFFSETS, BASE_KVA + 0x4000);
	mo_fake_put_u64(kernel, OFFSETS + 8, BASE_KVA + 0x5000);
	mo_fake_put_u64(kernel, OFFSETS + 5 * 8, BASE_KVA + 0x6000);
	mo_fake_put_u64(kernel, OFFSETS + 70 * 8, BASE_KVA + 0x7000);
	return kernel;
}

static void test_sets(void **state)
{
	struct mo_kernel *kernel = machine_kernel();
	struct mo_reader *reader = mo_fake_reader(kernel);
	struct mo_set set;

	(void)state;
	expect_success(mo_cpus(reader, MO_CPUS_POSSIBLE, &set));
	assert_int_equal(set.n_bits, 71);
	assert_int_equal(mo_set_count(&set), 4);
	assert_int_equal(mo_set_next(&set, 0), 0);
	assert_int_equal(mo_set_next(&set, 2), 5);
	assert_int_equal(mo_set_next(&set, 6), 70);
	assert_int_equal(mo_set_next(&set, 71), -1);
	assert_int_equal(mo_set_next(&set, 100000), -1);
	assert_true(mo_set_has(&set, 70));
	assert_false(mo_set_has(&set, 69));
	assert_false(mo_set_has(&set, 1u << 31));
	expect_success(mo_cpus(reader, MO_CPUS_ONLINE, &set));
	assert_int_equal(mo_set_count(&set), 2);
	expect_success(mo_cpus(reader, MO_CPUS_PRESENT, &set));
	assert_int_equal(mo_set_count(&set), 0);
	/* A bit above nr_cpu_ids is no CPU. */
	mo_fake_put_u64(kernel, ONLINE + 16, 1);
	expect_success(mo_cpus(reader, MO_CPUS_ONLINE, &set));
	assert_int_equal(mo_set_count(&set), 2);
	mo_fake_put_u32(kernel, NR_CPU_IDS, 9000);
	expect_error(mo_cpus(reader, MO_CPUS_ONLINE, &set), MO_E_CORRUPT,
		     "nr_cpu_ids is 9000, but struct cpumask has only 8192 bits");
	mo_fake_break(kernel, ONLINE, 1, MO_E_NOT_IN_DUMP);
	mo_fake_put_u32(kernel, NR_CPU_IDS, 71);
	expect_error(mo_cpus(reader, MO_CPUS_ONLINE, &set), MO_E_NOT_IN_DUMP, "cannot read __cpu_online_mask");
	mo_fake_destroy(kernel);
}

static void test_nodes(void **state)
{
	struct mo_kernel *kernel = machine_kernel();
	struct mo_set set;

	(void)state;
	mo_fake_put_u64(kernel, NODE_STATES + 3 * 16 + 8, 1);
	mo_fake_put_u64(kernel, NODE_STATES + 3 * 16, 5);
	expect_success(mo_nodes(mo_fake_reader(kernel), "N_MEMORY", &set));
	assert_int_equal(mo_set_count(&set), 3);
	assert_int_equal(mo_set_next(&set, 3), 64);
	expect_success(mo_nodes(mo_fake_reader(kernel), "N_ONLINE", &set));
	assert_int_equal(mo_set_count(&set), 0);
	expect_error(mo_nodes(mo_fake_reader(kernel), "N_NOTHING", &set), MO_E_ABSENT, "N_NOTHING");
	expect_error(mo_nodes(mo_fake_reader(kernel), "N_ODD", &set), MO_E_CORRUPT, "N_ODD is 1000000");
	mo_fake_destroy(kernel);
}

static void test_percpu(void **state)
{
	struct mo_kernel *kernel = machine_kernel();
	struct mo_reader *reader = mo_fake_reader(kernel);
	uint64_t kva = 0;

	(void)state;
	/* A section that begins at 0 (x86_64 before 6.15): a symbol's value is small. */
	expect_success(mo_percpu(reader, 0x1c40, 1, &kva));
	assert_int_equal(kva, BASE_KVA + 0x6c40);
	expect_success(mo_percpu(reader, 0, 70, &kva));
	assert_int_equal(kva, BASE_KVA + 0x7000);
	/* One within the image: offset and address together wrap around. */
	mo_fake_destroy(kernel);
	kernel = machine_kernel();
	reader = mo_fake_reader(kernel);
	mo_fake_put_u64(kernel, OFFSETS + 8, BASE_KVA + 0x5000 - 0xffffffff83e0c000ull);
	expect_success(mo_percpu(reader, 0xffffffff83e0c040ull, 1, &kva));
	assert_int_equal(kva, BASE_KVA + 0x5040);
	expect_error(mo_percpu(reader, 0, 2, &kva), MO_E_INVALID, "CPU 2 is not a possible CPU");
	expect_error(mo_percpu(reader, 0, 1u << 30, &kva), MO_E_INVALID, "is not a possible CPU");
	expect_error(mo_percpu(reader, 0x0000800000000000ull, 0, &kva), MO_E_CORRUPT,
		     "0x800000000000 is not a per-CPU address: for CPU 0 it would mean 0x88000004000");
	mo_fake_destroy(kernel);
}

static void test_percpu_counter(void **state)
{
	struct mo_kernel *kernel = machine_kernel();
	struct mo_reader *reader = mo_fake_reader(kernel);
	int64_t sum = 0;

	(void)state;
	mo_fake_put_u64(kernel, COUNTER + 8, 1000);
	expect_success(mo_percpu_counter_sum(reader, COUNTER, &sum)); /* not initialised: no parts */
	assert_int_equal(sum, 1000);
	mo_fake_put_u64(kernel, COUNTER + 32, 0x10);
	mo_fake_put_u32(kernel, BASE_KVA + 0x4010, 5);
	mo_fake_put_u32(kernel, BASE_KVA + 0x5010, (uint32_t)-2000);
	mo_fake_put_u32(kernel, BASE_KVA + 0x7010, 30);
	expect_success(mo_percpu_counter_sum(reader, COUNTER, &sum));
	assert_int_equal(sum, 1000 + 5 - 2000 + 30);
	mo_fake_put_u64(kernel, COUNTER + 8, (uint64_t)INT64_MAX); /* a wrong count is no undefined behaviour */
	expect_success(mo_percpu_counter_sum(reader, COUNTER, &sum));
	mo_fake_break(kernel, BASE_KVA + 0x7010, 4, MO_E_NOT_IN_DUMP);
	expect_error(mo_percpu_counter_sum(reader, COUNTER, &sum), MO_E_NOT_IN_DUMP,
		     "cannot sum the percpu_counter at 0xffff888000003000");
	mo_fake_destroy(kernel);
}

/* Neither offsets nor masks: every per-CPU variable is an ordinary one. */
static void test_one_cpu(void **state)
{
	struct mo_fake one = machine;
	struct mo_kernel *kernel;
	uint64_t kva = 0;
	int64_t sum = 0;
	struct mo_set set;

	(void)state;
	one.n_symbols = 0;
	one.n_rows = 4; /* without percpu_counter.counters */
	kernel = mo_fake_kernel(&one);
	mo_fake_map(kernel, BASE_KVA, 0x8000);
	expect_success(mo_cpus(mo_fake_reader(kernel), MO_CPUS_ONLINE, &set));
	assert_int_equal(mo_set_count(&set), 1);
	expect_success(mo_percpu(mo_fake_reader(kernel), BASE_KVA + 0x40, 0, &kva));
	assert_int_equal(kva, BASE_KVA + 0x40);
	expect_error(mo_percpu(mo_fake_reader(kernel), BASE_KVA + 0x40, 1, &kva), MO_E_INVALID, "CPU 1 is not a possible CPU");
	mo_fake_put_u64(kernel, COUNTER + 8, (uint64_t)-7);
	expect_success(mo_percpu_counter_sum(mo_fake_reader(kernel), COUNTER, &sum));
	assert_int_equal(sum, -7);
	expect_error(mo_nodes(mo_fake_reader(kernel), "N_MEMORY", &set), MO_E_ABSENT, "node_states is unknown");
	mo_fake_destroy(kernel);
}

/* i386: unsigned long is 4 bytes, and addresses wrap there. */
static void test_32_bits(void **state)
{
	static const struct mo_fake_row narrow_rows[] = {
		{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 4, .n_elements = 3 },
	};
	static const struct mo_fake_symbol narrow_symbols[] = {
		{ .name = "__cpu_possible_mask", .kva = 0xc1000000, .bytes = 12 },
		{ .name = "__per_cpu_offset", .kva = 0xc1000100, .bytes = 96 * 4 },
	};
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = narrow_rows, .n_rows = 1, .symbols = narrow_symbols, .n_symbols = 2, .pointer_bytes = 4 });
	struct mo_set set;
	uint64_t kva = 0;

	(void)state;
	mo_fake_map(kernel, 0xc1000000, 0x1000);
	mo_fake_put_u32(kernel, 0xc1000000, 1);
	mo_fake_put_u32(kernel, 0xc1000004, 0x80000001u);
	mo_fake_put_u32(kernel, 0xc1000008, 2);
	mo_fake_put_u32(kernel, 0xc1000100 + 65 * 4, 0xf0000000u);
	expect_success(mo_cpus(mo_fake_reader(kernel), MO_CPUS_POSSIBLE, &set));
	assert_int_equal(set.n_bits, 96);
	assert_int_equal(mo_set_count(&set), 4);
	assert_int_equal(mo_set_next(&set, 1), 32);
	assert_int_equal(mo_set_next(&set, 33), 63);
	assert_int_equal(mo_set_next(&set, 64), 65);
	expect_success(mo_percpu(mo_fake_reader(kernel), 0xd1a00040, 65, &kva));
	assert_int_equal(kva, 0xc1a00040);
	mo_fake_destroy(kernel);
}

static void test_broken_tables(void **state)
{
	struct mo_kernel *kernel = machine_kernel();
	uint64_t kva = 0;

	(void)state;
	mo_fake_put_u64(kernel, POSSIBLE, 0);
	mo_fake_put_u64(kernel, POSSIBLE + 8, 0);
	expect_error(mo_percpu(mo_fake_reader(kernel), 0, 0, &kva), MO_E_CORRUPT, "no CPU is possible");
	mo_fake_destroy(kernel);

	kernel = machine_kernel();
	mo_fake_put_u64(kernel, POSSIBLE + 16 * 8, 1);
	mo_fake_put_u32(kernel, NR_CPU_IDS, 8192);
	expect_error(mo_percpu(mo_fake_reader(kernel), 0, 0, &kva), MO_E_CORRUPT,
		     "CPU 1024 is possible, but __per_cpu_offset has only 8192 bytes");
	mo_fake_destroy(kernel);

	kernel = machine_kernel();
	mo_fake_break(kernel, OFFSETS + 5 * 8, 8, MO_E_NOT_IN_DUMP);
	expect_error(mo_percpu(mo_fake_reader(kernel), 0, 0, &kva), MO_E_NOT_IN_DUMP, "cannot read __per_cpu_offset[5]");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_percpu),
		cmocka_unit_test(test_percpu_counter),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_32_bits),
		cmocka_unit_test(test_broken_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
