/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Per-CPU addresses, and sums of percpu_counters. */

#include "kernel_layouts.h"

#include "cleanup.h"

static const struct mo_need cpus_needs[] = {
	MO_ADDRESS(struct mo_cpus_layout, per_cpu_offset, "__per_cpu_offset", .is_optional = true,
		   .why = "mm/percpu.c: a kernel for one CPU has no offsets, per-CPU variables are ordinary ones"),
};

/*
 * Reads __per_cpu_offset[] up to the highest possible CPU. An address of the per-CPU section plus a CPU's offset is
 * the address of its copy, whether the section begins at 0 (x86_64 before 6.15), or within the kernel image (all
 * others; there the offset is that of the copy from the section).
 */
static struct mo_error *read_offsets(struct mo_reader *reader, struct mo_cpus_layout *layout)
{
	unsigned pointer_bytes = mo_kernel_facts(mo_reader_kernel(reader))->pointer_bytes;
	unsigned i;
	int cpu;

	for (cpu = mo_set_next(&layout->possible, 0); cpu >= 0;
	     cpu = mo_set_next(&layout->possible, (unsigned)cpu + 1))
		layout->n_offsets = (unsigned)cpu + 1;
	if (layout->per_cpu_offset.size_bytes >= pointer_bytes &&
	    layout->n_offsets > layout->per_cpu_offset.size_bytes / pointer_bytes)
		return mo_error_create(MO_E_CORRUPT, "CPU %u is possible, but __per_cpu_offset has only %llu bytes",
				       layout->n_offsets - 1, (unsigned long long)layout->per_cpu_offset.size_bytes);
	/* At most MO_SET_WORDS * 64 numbers. */
	layout->offsets = calloc(layout->n_offsets ? layout->n_offsets : 1, sizeof(*layout->offsets));
	if (!layout->offsets)
		return mo_error_no_memory();
	for (i = 0; i < layout->n_offsets; i++) {
		uint64_t at = layout->per_cpu_offset.kva + (uint64_t)i * pointer_bytes;

		if (mo_set_has(&layout->possible, i))
			MO_TRY(mo_error_prepend(mo_read_pointer(reader, at, &layout->offsets[i]),
						"cannot read __per_cpu_offset[%u]", i));
	}
	return NULL;
}

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	struct mo_cpus_layout *layout = bound;
	struct mo_reader *reader = NULL;
	struct mo_error *error;

	layout->address_mask = mo_kernel_facts(kernel)->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
	MO_TRY(mo_reader_create(kernel, &reader));
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &layout->possible);
	if (!error && mo_set_next(&layout->possible, 0) < 0)
		error = mo_error_create(MO_E_CORRUPT, "no CPU is possible: __cpu_possible_mask is empty");
	if (!error && mo_has(&layout->per_cpu_offset))
		error = read_offsets(reader, layout);
	mo_reader_destroy(reader);
	return error;
}

static void release(void *bound)
{
	struct mo_cpus_layout *layout = bound;

	free(layout->offsets);
}

const struct mo_layout_table mo_cpus_table = {
	.id = MO_LAYOUT_CPUS,
	.layout_bytes = sizeof(struct mo_cpus_layout),
	.needs = cpus_needs,
	.n_needs = MO_N_ROWS(cpus_needs),
	.finish = finish,
	.release = release,
};

static const struct mo_need percpu_counter_needs[] = {
	MO_FIELD(struct mo_percpu_counter_layout, count, "struct percpu_counter", "count"),
	MO_FIELD(struct mo_percpu_counter_layout, counters, "struct percpu_counter", "counters", .is_optional = true,
		 .why = "include/linux/percpu_counter.h: absent where CONFIG_SMP is off"),
};

const struct mo_layout_table mo_percpu_counter_table = {
	.id = MO_LAYOUT_PERCPU_COUNTER,
	.layout_bytes = sizeof(struct mo_percpu_counter_layout),
	.needs = percpu_counter_needs,
	.n_needs = MO_N_ROWS(percpu_counter_needs),
};

/* Kernel addresses lie in the upper half: with 64 bits the top bit is set, with 32 the lowest page is nobody's. */
static bool is_kernel_address(const struct mo_cpus_layout *layout, uint64_t kva)
{
	return layout->address_mask == UINT64_MAX ? kva >> 63 : kva >= 4096;
}

static struct mo_error *percpu_address(const struct mo_cpus_layout *layout, uint64_t percpu_kva, unsigned cpu,
				       uint64_t *kva_ret)
{
	uint64_t kva = percpu_kva;

	if (!mo_set_has(&layout->possible, cpu))
		return mo_error_create(MO_E_INVALID, "CPU %u is not a possible CPU", cpu);
	if (layout->offsets)
		kva = (percpu_kva + layout->offsets[cpu]) & layout->address_mask;
	if (!is_kernel_address(layout, kva))
		return mo_error_create(MO_E_CORRUPT, "0x%llx is not a per-CPU address: for CPU %u it would mean 0x%llx",
				       (unsigned long long)percpu_kva, cpu, (unsigned long long)kva);
	*kva_ret = kva;
	return NULL;
}

struct mo_error *mo_percpu(struct mo_reader *reader, uint64_t percpu_kva, unsigned cpu, uint64_t *kva_ret)
{
	const void *layout = NULL;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_CPUS, &layout));
	return percpu_address(layout, percpu_kva, cpu, kva_ret);
}

struct mo_error *mo_percpu_counter_sum(struct mo_reader *reader, uint64_t counter_kva, int64_t *ret)
{
	struct mo_kernel *kernel = mo_reader_kernel(reader);
	const void *bound = NULL;
	const void *bound_cpus = NULL;
	const struct mo_percpu_counter_layout *layout;
	const struct mo_cpus_layout *cpus;
	uint64_t counters = 0;
	int64_t sum = 0;
	int cpu;

	MO_TRY(mo_kernel_layout(kernel, MO_LAYOUT_PERCPU_COUNTER, &bound));
	layout = bound;
	MO_TRY(mo_read_field_signed(reader, &layout->count, counter_kva, &sum));
	if (mo_has(&layout->counters))
		MO_TRY(mo_read_field(reader, &layout->counters, counter_kva, &counters));
	if (!counters) { /* one CPU, or not yet initialised */
		*ret = sum;
		return NULL;
	}
	MO_TRY(mo_kernel_layout(kernel, MO_LAYOUT_CPUS, &bound_cpus));
	cpus = bound_cpus;
	for (cpu = mo_set_next(&cpus->possible, 0); cpu >= 0; cpu = mo_set_next(&cpus->possible, (unsigned)cpu + 1)) {
		uint64_t kva = 0;
		uint32_t part = 0; /* s32 */
		struct mo_error *error = percpu_address(cpus, counters, (unsigned)cpu, &kva);

		if (!error)
			error = mo_read_u32(reader, kva, &part);
		if (error)
			return mo_error_prepend(error, "cannot sum the percpu_counter at 0x%llx",
						(unsigned long long)counter_kva);
		/* Wraps as the kernel's own sum would. */
		sum = (int64_t)((uint64_t)sum + (uint64_t)(int64_t)(int32_t)part);
	}
	*ret = sum;
	return NULL;
}
