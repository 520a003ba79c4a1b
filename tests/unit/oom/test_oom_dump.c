/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the dump says by itself: a task in the OOM killer with its request on its stack, marks, counters, limits. */
#include "fake_run.h"

#include "oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES (BASE_KVA + 0x1000)
#define OOM_LOCK (VARIABLES + 0x00)
#define OOM_VICTIMS (VARIABLES + 0x10)
#define REAPER_LIST (VARIABLES + 0x18)
#define GFP_NAMES (VARIABLES + 0x40)
#define OVERCOMMIT (VARIABLES + 0x80)
#define ADMIN_RESERVE (VARIABLES + 0x88)
#define MAX_MAPS (VARIABLES + 0x90)
#define CPU_POSSIBLE (VARIABLES + 0xa0)
#define NR_CPU_IDS (VARIABLES + 0xb0)
#define OFFSETS (VARIABLES + 0xc0)
#define NAMES (VARIABLES + 0x100)
#define TASK(i) (BASE_KVA + 0x4000 + (i) * 0x400)
#define SIGNAL(i) (BASE_KVA + 0x6000 + (i) * 0x400)
#define CRED (BASE_KVA + 0x7800)
#define STACK (BASE_KVA + 0x8000)
#define STACK_BYTES 0x4000
#define NODE (BASE_KVA + 0x10000)
#define CPU_AREA(i) (BASE_KVA + 0x20000 + (i) * 0x1000)
#define EVENTS 0x100 /* offset of vm_event_states in a CPU's area */
#define OUT_OF_MEMORY 0xffffffff81000000ull
#define CONTROL "struct oom_control"
#define TASK_TYPE "struct task_struct"

static const struct mo_fake_row rows[] = {
	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 },
	{ .type = "struct trace_print_flags", .bytes = 16 },
	{ .type = "struct trace_print_flags", .member = "mask", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct trace_print_flags", .member = "name", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct vm_event_state", .member = "event", .offset_bytes = 0, .bytes = 8, .n_elements = 4 },
	{ .type = "struct mutex", .member = "owner", .offset_bytes = 0, .bytes = 8 },
	{ .type = TASK_TYPE, .member = "signal", .offset_bytes = 0, .bytes = 8 },
	{ .type = TASK_TYPE, .member = "stack", .offset_bytes = 8, .bytes = 8 },
	{ .type = TASK_TYPE, .member = "oom_reaper_list", .offset_bytes = 16, .bytes = 8 },
	{ .type = TASK_TYPE, .member = "cred", .offset_bytes = 24, .bytes = 8 },
	{ .type = "struct cred", .member = "cap_effective", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct signal_struct", .member = "oom_mm", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct signal_struct", .member = "rlim", .offset_bytes = 0x10, .bytes = 16, .n_elements = 16 },
	{ .type = "struct rlimit", .bytes = 16 },
	{ .type = "struct rlimit", .member = "rlim_cur", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct pglist_data", .bytes = 0x1000 },
	{ .type = CONTROL, .bytes = 64 },
	{ .type = CONTROL, .member = "zonelist", .offset_bytes = 0, .bytes = 8 },
	{ .type = CONTROL, .member = "nodemask", .offset_bytes = 8, .bytes = 8 },
	{ .type = CONTROL, .member = "memcg", .offset_bytes = 16, .bytes = 8 },
	{ .type = CONTROL, .member = "gfp_mask", .offset_bytes = 24, .bytes = 4 },
	{ .type = CONTROL, .member = "order", .offset_bytes = 28, .bytes = 4, .is_signed = true },
	{ .type = CONTROL, .member = "totalpages", .offset_bytes = 32, .bytes = 8 },
	{ .type = CONTROL, .member = "chosen", .offset_bytes = 40, .bytes = 8 },
	{ .type = CONTROL, .member = "chosen_points", .offset_bytes = 48, .bytes = 8, .is_signed = true },
	{ .type = CONTROL, .member = "constraint", .offset_bytes = 56, .bytes = 4 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum vm_event_item", .name = "OOM_KILL", .value = 2 },
	{ .enum_name = "enum zone_type", .name = "ZONE_NORMAL", .value = 1 },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "oom_lock", .kva = OOM_LOCK, .bytes = 16 },
	{ .name = "oom_victims", .kva = OOM_VICTIMS, .bytes = 4 },
	{ .name = "oom_reaper_list", .kva = REAPER_LIST, .bytes = 8 },
	{ .name = "gfpflag_names", .kva = GFP_NAMES, .bytes = 48 },
	{ .name = "sysctl_overcommit_memory", .kva = OVERCOMMIT, .bytes = 4 },
	{ .name = "sysctl_admin_reserve_kbytes", .kva = ADMIN_RESERVE, .bytes = 8 },
	{ .name = "sysctl_max_map_count", .kva = MAX_MAPS, .bytes = 4 },
	{ .name = "vm_event_states", .kva = EVENTS, .bytes = 32 },
	{ .name = "__cpu_possible_mask", .kva = CPU_POSSIBLE, .bytes = 8 },
	{ .name = "nr_cpu_ids", .kva = NR_CPU_IDS, .bytes = 4 },
	{ .name = "__per_cpu_offset", .kva = OFFSETS, .bytes = 16 },
	{ .name = "out_of_memory", .kva = OUT_OF_MEMORY, .bytes = 0x500 },
};

static const struct mo_meminfo_line meminfo[] = {
	{ .label = "MemTotal", .value = { 400000, MO_EXACT }, .unit = "kB" },
	{ .label = "MemAvailable", .value = { 100000, MO_EXACT }, .unit = "kB" },
	{ .label = "SwapTotal", .value = { 0, MO_EXACT }, .unit = "kB" },
	{ .label = "SwapFree", .value = { 0, MO_EXACT }, .unit = "kB" },
	{ .label = "CommitLimit", .value = { 200000, MO_EXACT }, .unit = "kB" },
	{ .label = "Committed_AS", .value = { 195000, MO_EXACT }, .unit = "kB" },
};

static const struct mo_node nodes[] = { { .pgdat_kva = NODE, .present_pages = { 100000, MO_EXACT } } };
static const struct mo_zones_model zones = { .nodes = nodes, .n_nodes = 1, .meminfo = meminfo, .n_meminfo = N_ROWS(meminfo) };

static const struct mo_mm mms[] = {
	{ .kva = 0x1000, .n_vmas = { 1000, MO_EXACT }, .total_vm_pages = { 24576, MO_EXACT }, .locked_pages = { 2048, MO_EXACT },
	  .n_tasks = 1, .is_readable = true },
};

static const struct mo_task tasks[] = {
	{ .kva = TASK(0), .pid = 10, .tgid = 10, .mm = MO_TASK_NONE, .n_threads = 1, .leader = 0, .is_readable = true,
	  .comm = "asker" },
	{ .kva = TASK(1), .pid = 11, .tgid = 11, .mm = 0, .n_threads = 1, .leader = 1, .is_readable = true,
	  .has_oom_score_adj = true, .comm = "mapper" },
};
static const struct mo_tasks_model model = { .tasks = tasks, .n_tasks = 2, .n_processes = 2, .mms = mms, .n_mms = 1,
					     .is_complete = true };

static struct mo_kernel *toy(void)
{
	const struct mo_fake fake = {
		.rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows, .n_more_rows = N_ROWS(rows),
		.enumerators = enumerators, .n_enumerators = N_ROWS(enumerators), .end_pfn = 1024,
		.symbols = symbols, .n_symbols = N_ROWS(symbols),
	};
	struct mo_kernel *kernel = mo_fake_kernel(&fake);

	mo_fake_map(kernel, BASE_KVA, 0x40000);
	mo_fake_put_u64(kernel, CPU_POSSIBLE, 3);
	mo_fake_put_u32(kernel, NR_CPU_IDS, 2);
	mo_fake_put_u64(kernel, OFFSETS, CPU_AREA(0));
	mo_fake_put_u64(kernel, OFFSETS + 8, CPU_AREA(1));
	mo_fake_put_u64(kernel, CPU_AREA(0) + EVENTS + 16, 4);
	mo_fake_put_u64(kernel, CPU_AREA(1) + EVENTS + 16, 3);
	for (unsigned i = 0; i < 2; i++) {
		mo_fake_put_u64(kernel, TASK(i), SIGNAL(i));
		mo_fake_put_u64(kernel, TASK(i) + 8, STACK);
		mo_fake_put_u64(kernel, TASK(i) + 24, CRED);
		for (unsigned k = 0; k < 16; k++)
			mo_fake_put_u64(kernel, SIGNAL(i) + 0x10 + k * 16, UINT64_MAX);
	}
	mo_fake_put_u64(kernel, GFP_NAMES, 0xcc0);
	mo_fake_put_u64(kernel, GFP_NAMES + 8, NAMES);
	mo_fake_put_u64(kernel, GFP_NAMES + 16, 0x100);
	mo_fake_put_u64(kernel, GFP_NAMES + 24, NAMES + 16);
	mo_fake_put(kernel, NAMES, "GFP_KERNEL", 11);
	mo_fake_put(kernel, NAMES + 16, "__GFP_ZERO", 11);
	mo_fake_put_u32(kernel, MAX_MAPS, 65530);
	return kernel;
}

/* The request of a task that holds oom_lock. */
static void put_control(struct mo_kernel *kernel, uint64_t kva)
{
	mo_fake_put_u64(kernel, OOM_LOCK, TASK(0) | 1);
	mo_fake_put_u64(kernel, STACK + 0x3000, OUT_OF_MEMORY + 0x1fd);
	mo_fake_put_u64(kernel, kva, NODE + 0x800);
	mo_fake_put_u32(kernel, kva + 24, 0xdc0);
	mo_fake_put_u32(kernel, kva + 28, 3);
	mo_fake_put_u64(kernel, kva + 32, 100000);
	mo_fake_put_u64(kernel, kva + 40, TASK(1));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		print_message("%s\n", text);
		fail_msg("it does not say '%s'", part);
	}
}

static void end(struct mo_kernel *kernel, struct mo_run *run)
{
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_running(void **context)
{
	struct mo_kernel *kernel = toy();
	const struct mo_oom_model *oom;
	struct mo_run *run;
	char *text;

	(void)context;
	put_control(kernel, STACK + 0x2f80);
	run = fake_run(kernel, &zones, &model);
	oom = fake_run_model(run);
	assert_int_equal(oom->n_events, 1);
	assert_int_equal(oom->worst, 0);
	assert_int_equal(oom->events[0].source, MO_OOM_OF_DUMP);
	assert_int_equal(oom->events[0].order, 3);
	assert_string_equal(oom->events[0].gfp_text, "GFP_KERNEL|__GFP_ZERO");
	assert_int_not_equal(oom->events[0].gap, MO_OOM_NO_GAP);
	assert_int_equal(oom->events[0].constraint, MO_OOM_GLOBAL);
	assert_int_equal(oom->events[0].n_candidates, 1);
	assert_int_equal(oom->events[0].candidates[0].pid, 11);
	text = fake_run_text(run, 0, false);
	assert_has(text, "asker (PID 10): 32.0 KiB in one piece (order 3), GFP_KERNEL");
	assert_has(text, "in the OOM killer (holds oom_lock)");
	free(text);
	end(kernel, run);
}

/* Remains of older calls, and what only looks like a request. */
static void test_not_running(void **context)
{
	static const struct {
		uint64_t offset;
		uint64_t value;
	} spoilt[] = {
		{ 0, BASE_KVA },         /* a zonelist outside of every node */
		{ 24, 0x0000000300000000 }, /* no flags */
		{ 24, 0x0000007f00000cc0 }, /* an order that cannot be */
		{ 32, 900000 },          /* more pages than the machine has */
		{ 40, 0x1234 },          /* chosen is no task */
		{ 56, 9 },               /* no such constraint */
	};

	(void)context;
	for (size_t i = 0; i <= sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct mo_kernel *kernel = toy();
		const struct mo_oom_model *oom;
		struct mo_run *run;

		put_control(kernel, STACK + 0x2f80);
		if (i < sizeof(spoilt) / sizeof(spoilt[0]))
			mo_fake_put_u64(kernel, STACK + 0x2f80 + spoilt[i].offset, spoilt[i].value);
		else
			mo_fake_put_u64(kernel, STACK + 0x3000, 0); /* out_of_memory() was not called yet */
		run = fake_run(kernel, &zones, &model);
		oom = fake_run_model(run);
		assert_int_equal(oom->n_events, 0);
		end(kernel, run);
	}
}

static void test_nothing(void **context)
{
	struct mo_kernel *kernel = toy();
	const struct mo_oom_model *oom;
	struct mo_run *run;
	char *text;

	(void)context;
	run = fake_run(kernel, &zones, &model);
	oom = fake_run_model(run);
	assert_int_equal(oom->worst, MO_OOM_NONE);
	assert_int_equal(oom->kills_counted.value, 7);
	assert_false(oom->has_log);
	text = fake_run_text(run, 0, false);
	assert_has(text, "The kernel log could not be read");
	assert_has(text, "The kernel counted 7 OOM kills since boot, and the log has 0 of them.");
	assert_has(text, "97.7 MiB of 390.6 MiB (25 %) are available in the dump");
	assert_has(text, "not enforced (overcommit 0)");
	free(text);
	expect_error(fake_run_error(run, 1), MO_E_ABSENT, "--event 1: the timeline has 0 events, counted from 1");
	end(kernel, run);
}

/* A victim that is still there, and a reaper's list that leads back to itself. */
static void test_marks(void **context)
{
	struct mo_kernel *kernel = toy();
	struct mo_run *run;
	char *text;

	(void)context;
	mo_fake_put_u64(kernel, SIGNAL(1), 0xffff888012345000ull);
	mo_fake_put_u64(kernel, REAPER_LIST, TASK(1));
	mo_fake_put_u64(kernel, TASK(1) + 16, TASK(1));
	run = fake_run(kernel, &zones, &model);
	text = fake_run_text(run, 0, false);
	assert_has(text, "killed by the OOM killer, not gone yet");
	assert_has(text, "waits for the OOM reaper");
	free(text);
	end(kernel, run);
}

static void test_limits(void **context)
{
	struct mo_kernel *kernel = toy();
	struct mo_run *run;
	char *text;

	(void)context;
	mo_fake_put_u32(kernel, OVERCOMMIT, 2);
	mo_fake_put_u64(kernel, ADMIN_RESERVE, 8192);
	mo_fake_put_u32(kernel, MAX_MAPS, 1000);
	mo_fake_put_u64(kernel, SIGNAL(1) + 0x10 + 8 * 16, 8 << 20);  /* RLIMIT_MEMLOCK: all of it */
	mo_fake_put_u64(kernel, SIGNAL(1) + 0x10 + 9 * 16, 100 << 20); /* RLIMIT_AS: 96 MiB are mapped */
	run = fake_run(kernel, &zones, &model);
	text = fake_run_text(run, 0, false);
	assert_has(text, "reached, but for root");
	assert_has(text, "1000       1000");
	assert_has(text, "RLIMIT_MEMLOCK");
	assert_has(text, "near");
	assert_has(text, "malloc() or mmap() fail in the dump however much memory is free");
	free(text);
	end(kernel, run);

	/* CAP_IPC_LOCK */
	kernel = toy();
	mo_fake_put_u64(kernel, SIGNAL(1) + 0x10 + 8 * 16, 8 << 20);
	mo_fake_put_u64(kernel, CRED + 8, 1 << 14);
	run = fake_run(kernel, &zones, &model);
	text = fake_run_text(run, 0, false);
	assert_null(strstr(text, "RLIMIT_MEMLOCK"));
	free(text);
	end(kernel, run);
}

/* What cannot be read is not known, and costs nothing else. */
static void test_broken(void **context)
{
	struct mo_kernel *kernel = toy();
	const struct mo_oom_model *oom;
	struct mo_run *run;

	(void)context;
	put_control(kernel, STACK + 0x2f80);
	mo_fake_break(kernel, CPU_AREA(1), 0x1000, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, STACK, STACK_BYTES, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, SIGNAL(0), 0x400, MO_E_NOT_IN_DUMP);
	run = fake_run(kernel, &zones, &model);
	oom = fake_run_model(run);
	assert_int_equal(oom->kills_counted.certainty, MO_UNKNOWN);
	assert_int_equal(oom->n_events, 0);
	end(kernel, run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running), cmocka_unit_test(test_not_running), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_marks),	cmocka_unit_test(test_limits),	    cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
