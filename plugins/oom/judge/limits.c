/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits at which malloc() and mmap() fail while memory is free: the commit limit, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK,
 * vm.max_map_count. A process is told from nine tenths of its limit on.
 */
#include "gathering.h"

#include <stdio.h>

/* include/uapi/asm-generic/resource.h; mips, sparc and alpha have others. */
#define LIMIT_DATA 2
#define CAP_IPC_LOCK 14 /* include/uapi/linux/capability.h */
#define LIMIT_MEMLOCK 8
#define LIMIT_AS 9

static bool is_near(uint64_t used, uint64_t max)
{
	return max && used >= max - max / 10;
}

static void add(struct oom_state *state, const struct limit_row *row)
{
	if (state->n_limits < MAX_LIMITS)
		state->limits[state->n_limits++] = *row;
}

static struct mo_count meminfo_kib(const struct oom_state *state, const char *label)
{
	const struct mo_meminfo_line *line = mo_meminfo_find(state->zones, label);

	return line ? line->value : mo_unknown();
}

static bool read_int(const struct oom_state *state, const struct mo_address *symbol, uint32_t *ret)
{
	struct mo_error *error;

	if (!mo_has(symbol))
		return false;
	error = mo_read_u32(state->reader, symbol->kva, ret);
	return !mo_error_destroy(error);
}

/* __vm_enough_memory(): all but root have to leave admin_reserve_kbytes, and each process a part of its own size. */
static void judge_commitment(const struct oom_state *state, struct limit_row *row)
{
	uint64_t used = row->used_bytes.value;
	uint64_t reserve_kib = 0;
	uint64_t max;

	if (mo_has(&state->layout->admin_reserve))
		mo_error_destroy(mo_read_pointer(state->reader, state->layout->admin_reserve.kva, &reserve_kib));
	max = reserve_kib < row->max_bytes.value / 1024 ? row->max_bytes.value - reserve_kib * 1024 : 0;
	row->is_reached = used >= max;
	snprintf(row->verdict, sizeof(row->verdict), "%s",
		 used >= row->max_bytes.value ? "reached" :
		 used >= max ? "reached, but for root" :
		 used >= max - max / 10 ? "near" :
					  "kept");
}

static void add_commitment(struct oom_state *state)
{
	struct limit_row row = { .name = "CommitLimit", .used_bytes = meminfo_kib(state, "Committed_AS"),
				 .max_bytes = meminfo_kib(state, "CommitLimit") };
	uint32_t mode = 0;

	if (row.used_bytes.certainty == MO_UNKNOWN || row.max_bytes.certainty == MO_UNKNOWN)
		return;
	row.used_bytes.value *= 1024;
	row.max_bytes.value *= 1024;
	if (read_int(state, &state->layout->overcommit_memory, &mode) && mode < 2)
		snprintf(row.verdict, sizeof(row.verdict), "not enforced (overcommit %u)", mode);
	else if (mode == 2)
		judge_commitment(state, &row);
	add(state, &row);
}

/* The soft limit; false: none, or it cannot be read. */
static bool read_rlimit(const struct oom_state *state, uint64_t signal_kva, unsigned which, uint64_t *ret)
{
	const struct oom_layout *layout = state->layout;
	struct mo_error *error;
	uint64_t value = 0;

	if (!mo_has(&layout->rlim) || !mo_has(&layout->rlim_cur) || which >= layout->rlim.n_elements)
		return false;
	error = mo_read_field(state->reader, &layout->rlim_cur, mo_element_kva(&layout->rlim, signal_kva, which), &value);
	*ret = value;
	return !mo_error_destroy(error) && value != UINT64_MAX && value >> 62 == 0;
}

static void add_rlimit(struct oom_state *state, const struct mo_task *task, uint64_t signal_kva, const char *name,
		       unsigned which, struct mo_count pages)
{
	struct limit_row row = { .name = name, .pid = task->tgid };
	uint64_t max;

	if (pages.certainty != MO_EXACT || pages.value >> 50 || !pages.value || !read_rlimit(state, signal_kva, which, &max) ||
	    !is_near(pages.value * state->page_bytes, max))
		return;
	row.used_bytes = mo_exact(pages.value * state->page_bytes);
	row.max_bytes = mo_exact(max);
	/* The next large mapping is refused long before the last page. */
	row.is_reached = row.used_bytes.value >= max - max / 50;
	snprintf(row.verdict, sizeof(row.verdict), "%s", row.used_bytes.value > max ? "above: the limit came later" :
							 row.is_reached		    ? "reached" :
										      "near");
	snprintf(row.comm, sizeof(row.comm), "%s", task->comm);
	add(state, &row);
}

/* CAP_IPC_LOCK: RLIMIT_MEMLOCK does not bind it. The low word of the set comes first, in both forms that it has had. */
static bool may_lock(const struct oom_state *state, const struct mo_task *task)
{
	uint64_t cred_kva = 0;
	uint32_t capabilities = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->cred) || !mo_has(&state->layout->cap_effective) || state->layout->cred.is_big_endian)
		return false;
	error = mo_read_field(state->reader, &state->layout->cred, task->kva, &cred_kva);
	if (!error)
		error = mo_read_u32(state->reader, mo_field_kva(&state->layout->cap_effective, cred_kva), &capabilities);
	return !mo_error_destroy(error) && capabilities >> CAP_IPC_LOCK & 1;
}

static void add_process(struct oom_state *state, const struct mo_task *task, const struct mo_mm *mm, uint32_t most_maps)
{
	struct mo_error *error;
	uint64_t signal_kva = 0;

	if (most_maps && mm->n_vmas.certainty == MO_EXACT && is_near(mm->n_vmas.value, most_maps)) {
		struct limit_row row = { .name = "vm.max_map_count", .used_bytes = mm->n_vmas, .max_bytes = mo_exact(most_maps),
					 .is_number = true, .pid = task->tgid,
					 .is_reached = mm->n_vmas.value >= most_maps - 1 };

		snprintf(row.verdict, sizeof(row.verdict), "%s", row.is_reached ? "reached" : "near");
		snprintf(row.comm, sizeof(row.comm), "%s", task->comm);
		add(state, &row);
	}
	if (!mo_has(&state->layout->signal))
		return;
	error = mo_read_field(state->reader, &state->layout->signal, task->kva, &signal_kva);
	if (error) {
		mo_error_destroy(error);
		return;
	}
	add_rlimit(state, task, signal_kva, "RLIMIT_AS", LIMIT_AS, mm->total_vm_pages);
	add_rlimit(state, task, signal_kva, "RLIMIT_DATA", LIMIT_DATA, mm->data_pages);
	if (!may_lock(state, task))
		add_rlimit(state, task, signal_kva, "RLIMIT_MEMLOCK", LIMIT_MEMLOCK, mm->locked_pages);
}

void gather_limits(struct oom_state *state)
{
	uint32_t most_maps = 0;

	add_commitment(state);
	if (!read_int(state, &state->layout->max_map_count, &most_maps) || most_maps >> 31)
		most_maps = 0;
	for (size_t i = 0; i < state->tasks->n_tasks; i++) {
		const struct mo_task *task = &state->tasks->tasks[i];
		const struct mo_mm *mm = mo_task_mm(state->tasks, task);

		if (task->leader == i && !task->is_kernel_thread && mm && mm->is_readable)
			add_process(state, task, mm, most_maps);
	}
}
