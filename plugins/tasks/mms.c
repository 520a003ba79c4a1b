/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each mm once, however many tasks use it; what their threads have not yet added to its counters is added. */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

struct use {
	uint64_t mm_kva;
	uint32_t task;
};

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left;
	const struct use *b = right;

	if (a->mm_kva != b->mm_kva)
		return a->mm_kva < b->mm_kva ? -1 : 1;
	return a->task < b->task ? -1 : a->task > b->task;
}

/* pages[kind] as the kernel stores them. false: not known. */
static bool read_common_part(const struct tasks_state *state, uint64_t mm_kva, uint64_t index, int64_t *ret)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t value = 0;
	struct mo_error *error = NULL;

	if (!mo_has(&layout->mm.counters))
		return false;
	if (mo_has(&layout->counts) && layout->counts.width_bytes && index < layout->counts.n_elements) {
		error = mo_read_element(state->reader, &layout->counts, mo_field_kva(&layout->mm.counters, mm_kva), index,
					&value);
		*ret = (int64_t)value;
	} else if (!mo_has(&layout->counts) && index < layout->mm.counters.n_elements && mo_has(&layout->percpu_count)) {
		error = mo_read_field_signed(state->reader, &layout->percpu_count,
					     mo_element_kva(&layout->mm.counters, mm_kva, index), ret);
	} else {
		return false;
	}
	return !mo_error_destroy(error);
}

static struct mo_count positive(int64_t value)
{
	return mo_exact(value < 0 ? 0 : (uint64_t)value);
}

/* One kind of page: with and without what CPUs keep; threads' parts come later. */
static void read_counter(struct tasks_state *state, uint64_t mm_kva, unsigned kind, struct mo_mm *mm, int64_t *exact,
			 bool *has_exact)
{
	const struct mo_constant *constant = &state->layout->counters[kind];
	const struct mo_field *percpu = &state->layout->mm.counters;
	uint64_t index = (uint64_t)constant->value;
	int64_t common = 0;
	struct mo_error *error;

	*has_exact = false;
	mm->printed_pages[kind] = mo_unknown();
	if (!mo_has(constant)) { /* shmem before 4.5: counted as file pages */
		mm->printed_pages[kind] = kind == MO_MM_SHMEM ? mo_exact(0) : mo_unknown();
		*exact = 0;
		*has_exact = kind == MO_MM_SHMEM;
		return;
	}
	if (!read_common_part(state, mm_kva, index, &common))
		return;
	mm->printed_pages[kind] = positive(common);
	*exact = common;
	*has_exact = true;
	if (mo_has(&state->layout->counts))
		return;
	error = mo_percpu_counter_sum(state->reader, mo_element_kva(percpu, mm_kva, index), exact);
	if (error) {
		*has_exact = false;
		mo_trouble_note(&state->unreadable_mms, mo_error_prepend(error, "mm at 0x%" PRIx64, mm_kva));
	}
}

static struct mo_count read_number(const struct tasks_state *state, const struct mo_field *field, uint64_t mm_kva)
{
	uint64_t value = 0;
	struct mo_error *error;

	if (!mo_has(field) || !field->width_bytes)
		return mo_unknown();
	error = mo_read_field(state->reader, field, mm_kva, &value);
	return mo_error_destroy(error) ? mo_unknown() : mo_exact(value);
}

static void read_plain_members(const struct tasks_state *state, struct mo_mm *mm)
{
	const struct tasks_layout *layout = state->layout;
	struct mo_error *error;

	mm->total_vm_pages = read_number(state, &layout->mm.total_vm, mm->kva);
	mm->locked_pages = read_number(state, &layout->mm.locked_vm, mm->kva);
	mm->pinned_pages = read_number(state, &layout->mm.pinned_vm, mm->kva);
	mm->data_pages = read_number(state, &layout->mm.data_vm, mm->kva);
	mm->stack_pages = read_number(state, &layout->mm.stack_vm, mm->kva);
	mm->pgtables_bytes = read_number(state, &layout->mm.pgtables_bytes, mm->kva);
	mm->n_vmas = read_number(state, &layout->mm.map_count, mm->kva);
	mm->users = read_number(state, &layout->mm.users, mm->kva);
	if (!mo_has(&layout->mm.flags))
		return;
	error = mo_read_pointer(state->reader, mo_field_kva(&layout->mm.flags, mm->kva), &mm->flags);
	mo_error_destroy(error);
}

/* exact[] and has_exact[] are what is in the mm and with the CPUs; printed and OOM values are decided here. */
static void finish_counters(const struct tasks_state *state, struct mo_mm *mm, const int64_t exact[MO_N_MM_COUNTERS],
			    const bool has_exact[MO_N_MM_COUNTERS], const int64_t pending[MO_N_MM_COUNTERS])
{
	struct mo_count oom = mo_exact(0);

	for (unsigned i = 0; i < MO_N_MM_COUNTERS; i++) {
		struct mo_count summed = has_exact[i] ? positive(exact[i]) : mo_unknown();

		oom = mo_count_add(oom, state->oom_sums ? summed : mm->printed_pages[i]);
		if (state->status_sums)
			mm->printed_pages[i] = summed;
		/* Wraps, as a damaged counter may, and is no error here. */
		mm->exact_pages[i] = has_exact[i] ? positive((int64_t)((uint64_t)exact[i] + (uint64_t)pending[i])) : mo_unknown();
	}
	if (mm->pgtables_bytes.certainty == MO_EXACT)
		mm->oom_pages = mo_count_add(oom, mo_exact(mm->pgtables_bytes.value /
							   mo_kernel_facts(mo_run_kernel(state->run))->page_bytes));
}

static void gather_mm(struct tasks_state *state, const struct use *uses, size_t n_uses, struct mo_mm *mm)
{
	int64_t exact[MO_N_MM_COUNTERS] = { 0 };
	int64_t pending[MO_N_MM_COUNTERS] = { 0 };
	bool has_exact[MO_N_MM_COUNTERS] = { false };
	struct mo_error *error;

	*mm = (struct mo_mm){ .kva = uses[0].mm_kva, .n_tasks = (uint32_t)n_uses, .first_task = uses[0].task };
	for (size_t i = 0; i < n_uses; i++)
		for (unsigned kind = 0; kind < MO_N_MM_COUNTERS; kind++)
			pending[kind] += state->pending[uses[i].task][kind];
	error = mo_read_field(state->reader, &state->layout->mm.pgd, mm->kva, &mm->pgd_kva);
	if (error) {
		mo_trouble_note(&state->unreadable_mms,
			     mo_error_prepend(error, "mm of pid %d", state->tasks[uses[0].task].pid));
		return;
	}
	mm->is_readable = true;
	read_plain_members(state, mm);
	for (unsigned kind = 0; kind < MO_N_MM_COUNTERS; kind++)
		read_counter(state, mm->kva, kind, mm, &exact[kind], &has_exact[kind]);
	finish_counters(state, mm, exact, has_exact, pending);
}

static size_t list_uses(const struct tasks_state *state, struct use *uses)
{
	size_t n = 0;

	for (size_t i = 0; i < state->n_tasks; i++)
		if (state->tasks[i].mm_kva)
			uses[n++] = (struct use){ state->tasks[i].mm_kva, (uint32_t)i };
	qsort(uses, n, sizeof(*uses), compare_uses);
	return n;
}

struct mo_error *gather_mms(struct tasks_state *state)
{
	struct use *uses = calloc(state->n_tasks + 1, sizeof(*uses));
	size_t n_uses;
	size_t n_mms = 0;

	state->mms = calloc(state->n_tasks + 1, sizeof(*state->mms));
	if (!uses || !state->mms) {
		free(uses);
		return mo_error_no_memory();
	}
	/* Where it cannot be told, the newer way. */
	state->status_sums = mo_has(&state->layout->counts) ||
			     function_calls(state->reader, &state->layout->task_mem, &state->layout->percpu_counter_sum);
	state->oom_sums = mo_has(&state->layout->counts) ||
			  function_calls(state->reader, &state->layout->oom_badness, &state->layout->percpu_counter_sum);
	n_uses = list_uses(state, uses);
	for (size_t first = 0, end; first < n_uses; first = end) {
		for (end = first; end < n_uses && uses[end].mm_kva == uses[first].mm_kva; end++)
			state->tasks[uses[end].task].mm = (uint32_t)n_mms;
		gather_mm(state, uses + first, end - first, &state->mms[n_mms++]);
	}
	free(uses);
	state->model.mms = state->mms;
	state->model.n_mms = n_mms;
	return NULL;
}
