/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom each CPU ran when the dump was taken, and which of the dump's notes has its registers. */
#include <memopsy/walk.h>

#include "gathering.h"

static void read_clock(struct stacks_state *state, uint64_t rq_kva)
{
	const struct mo_field *clock = mo_has(&state->layout->exec_start) && mo_has(&state->layout->rq_clock_task) ?
					       &state->layout->rq_clock_task :
					       &state->layout->rq_clock;
	uint64_t now_ns = 0;

	if (!mo_has(clock) || mo_error_destroy(mo_read_field(state->reader, clock, rq_kva, &now_ns)))
		return;
	if (!state->has_now || now_ns > state->now_ns)
		state->now_ns = now_ns;
	state->has_now = true;
}

static struct mo_error *add_cpu(struct stacks_state *state, unsigned cpu)
{
	const struct stacks_layout *layout = state->layout;
	struct cpu_state found = { .cpu = cpu };
	uint64_t rq_kva = 0;
	struct mo_error *error = mo_percpu(state->reader, layout->runqueues.kva, cpu, &rq_kva);

	if (!error)
		error = mo_read_field(state->reader, &layout->rq_curr, rq_kva, &found.task_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->task_stack, found.task_kva, &found.stack_kva);
	if (error)
		return mo_trouble_or_end(&state->unreadable, mo_error_prepend(error, "CPU %u", cpu));
	read_clock(state, rq_kva);
	return mo_vector_append(&state->cpus, found) ? NULL : mo_error_no_memory();
}

/* The CPU on whose task's stack the registers were; NULL: on none, but on one for interrupts. */
static struct cpu_state *cpu_on_stack(struct stacks_state *state, uint64_t stack_kva)
{
	for (size_t i = 0; i < state->cpus.count && state->stack_bytes; i++)
		if (stack_kva > state->cpus.items[i].stack_kva &&
		    stack_kva - state->cpus.items[i].stack_kva <= state->stack_bytes)
			return &state->cpus.items[i];
	return NULL;
}

static void take_note(struct cpu_state *cpu, size_t note)
{
	if (cpu && !cpu->has_registers) {
		cpu->has_registers = true;
		cpu->note = note;
	}
}

/*
 * The stack pointer tells whose registers a note has, unless it is on a stack for interrupts. Else notes are in the order of
 * CPUs: of all if there are as many (QEMU's), or of those that were online (the kernel's). A CPU that a panic has stopped is
 * not online any more.
 */
static void find_registers(struct stacks_state *state, const struct mo_set *online)
{
	struct mo_cpu_registers registers;
	size_t n_notes = 0;
	size_t next = 0;

	for (; n_notes < MAX_CPUS && mo_kernel_registers(mo_run_kernel(state->run), n_notes, &registers); n_notes++)
		if (registers.instruction_kva)
			take_note(cpu_on_stack(state, registers.stack_kva), n_notes);
	for (size_t note = 0; note < n_notes; note++) {
		bool is_taken = false;

		while (next < state->cpus.count && n_notes != state->cpus.count && !mo_set_has(online, state->cpus.items[next].cpu))
			next++;
		for (size_t i = 0; i < state->cpus.count; i++)
			is_taken |= state->cpus.items[i].has_registers && state->cpus.items[i].note == note;
		if (!is_taken && next < state->cpus.count &&
		    mo_kernel_registers(mo_run_kernel(state->run), note, &registers) && registers.instruction_kva)
			take_note(&state->cpus.items[next], note);
		next++;
	}
}

struct mo_error *gather_cpus(struct stacks_state *state)
{
	struct mo_set present = { .n_bits = 0 };
	struct mo_set online = { .n_bits = 0 };
	struct mo_error *error = NULL;

	if (!mo_has(&state->layout->runqueues) || !mo_has(&state->layout->rq_curr))
		return NULL;
	error = mo_cpus(state->reader, MO_CPUS_ONLINE, &online);
	if (!error)
		error = mo_cpus(state->reader, MO_CPUS_PRESENT, &present);
	if (error)
		return mo_trouble_or_end(&state->unreadable, error);
	for (int cpu = mo_set_next(&present, 0); cpu >= 0 && !error; cpu = mo_set_next(&present, (unsigned)cpu + 1))
		error = add_cpu(state, (unsigned)cpu);
	if (!error)
		find_registers(state, &online);
	return error;
}

const struct cpu_state *cpu_of_task(const struct stacks_state *state, uint64_t task_kva)
{
	for (size_t i = 0; i < state->cpus.count; i++)
		if (state->cpus.items[i].task_kva == task_kva)
			return &state->cpus.items[i];
	return NULL;
}
