/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's sets of CPUs and NUMA nodes (cpumask, nodemask). */

#include "kernel_layouts.h"

#include "cleanup.h"

#define WHY_MASKS "kernel/cpu.c: since 4.5 the masks are struct cpumask __cpu_..._mask, before they were bitmaps"

static const struct mo_need sets_needs[] = {
	MO_FIELD(struct mo_sets_layout, cpumask_bits, "struct cpumask", "bits"),
	MO_FIELD(struct mo_sets_layout, nodemask_bits, "nodemask_t", "bits", .is_optional = true,
		 .why = "asked for by few: what lacks it must not cost the CPUs"),
	MO_SIZE(struct mo_sets_layout, nodemask, "nodemask_t", .is_optional = true),
	MO_ADDRESS(struct mo_sets_layout, possible, "__cpu_possible_mask", .or_names = { "cpu_possible_bits" },
		   .is_optional = true, .why = WHY_MASKS),
	MO_ADDRESS(struct mo_sets_layout, online, "__cpu_online_mask", .or_names = { "cpu_online_bits" },
		   .is_optional = true, .why = WHY_MASKS),
	MO_ADDRESS(struct mo_sets_layout, present, "__cpu_present_mask", .or_names = { "cpu_present_bits" },
		   .is_optional = true, .why = WHY_MASKS),
	MO_ADDRESS(struct mo_sets_layout, nr_cpu_ids, "nr_cpu_ids", .is_optional = true,
		   .why = "include/linux/cpumask.h: a constant where CONFIG_SMP is off or CONFIG_FORCE_NR_CPUS is on"),
	MO_ADDRESS(struct mo_sets_layout, node_states, "node_states", .is_optional = true),
};

static struct mo_error *check_bits(const struct mo_field *bits)
{
	/* A word of another width than 4 or 8, or more words than a set can hold, is not of this world. */
	if ((bits->element_bytes != 4 && bits->element_bytes != 8) || !bits->n_elements ||
	    bits->n_elements > MO_SET_WORDS * 8 / bits->element_bytes)
		return mo_error_create(MO_E_CORRUPT, "%s has %llu words of %llu bytes", bits->name,
				       (unsigned long long)bits->n_elements, (unsigned long long)bits->element_bytes);
	return NULL;
}

static struct mo_error *finish(struct mo_kernel *kernel, void *bound)
{
	const struct mo_sets_layout *layout = bound;

	(void)kernel;
	return check_bits(&layout->cpumask_bits);
}

const struct mo_layout_table mo_sets_table = {
	.id = MO_LAYOUT_SETS,
	.layout_bytes = sizeof(struct mo_sets_layout),
	.needs = sets_needs,
	.n_needs = MO_N_ROWS(sets_needs),
	.finish = finish,
};

int mo_set_next(const struct mo_set *set, unsigned number)
{
	while (number < set->n_bits) {
		uint64_t word = set->words[number / 64] >> (number % 64);

		if (word) {
			number += (unsigned)__builtin_ctzll(word);
			return number < set->n_bits ? (int)number : -1;
		}
		number = (number / 64 + 1) * 64;
	}
	return -1;
}

unsigned mo_set_count(const struct mo_set *set)
{
	unsigned count = 0;
	int number;

	for (number = mo_set_next(set, 0); number >= 0; number = mo_set_next(set, (unsigned)number + 1))
		count++;
	return count;
}

/* A bitmap of unsigned longs. Bits at n_bits and above are not members, whatever they are. */
static struct mo_error *read_set(struct mo_reader *reader, const struct mo_field *bits, uint64_t kva, unsigned n_bits,
				 struct mo_set *ret)
{
	uint8_t bytes[MO_SET_WORDS * 8];
	struct mo_set set = { .n_bits = (unsigned)(bits->n_elements * bits->element_bytes * 8) };
	unsigned per_word = (unsigned)bits->element_bytes * 8;
	unsigned i;

	MO_TRY(mo_read(reader, kva + bits->offset_bytes, bytes, bits->n_elements * bits->element_bytes));
	if (n_bits && n_bits < set.n_bits)
		set.n_bits = n_bits;
	for (i = 0; i < bits->n_elements; i++) {
		/* The bytes begin at the bits themselves. */
		uint64_t word = mo_decode_(bits, bytes + (size_t)i * bits->element_bytes);

		set.words[i * per_word / 64] |= word << (i * per_word % 64);
	}
	for (i = set.n_bits; i < MO_SET_WORDS * 64 && i < bits->n_elements * per_word; i++)
		set.words[i / 64] &= ~(1ull << (i % 64));
	*ret = set;
	return NULL;
}

/* The bound of CPU numbers; 0: not known. */
static struct mo_error *read_cpu_bound(struct mo_reader *reader, const struct mo_sets_layout *layout, unsigned *ret)
{
	uint32_t bound = 0;

	if (mo_has(&layout->nr_cpu_ids))
		MO_TRY(mo_error_prepend(mo_read_u32(reader, layout->nr_cpu_ids.kva, &bound), "cannot read nr_cpu_ids"));
	if (bound > layout->cpumask_bits.size_bytes * 8)
		return mo_error_create(MO_E_CORRUPT, "nr_cpu_ids is %u, but struct cpumask has only %llu bits", bound,
				       (unsigned long long)layout->cpumask_bits.size_bytes * 8);
	*ret = bound;
	return NULL;
}

struct mo_error *mo_cpus(struct mo_reader *reader, enum mo_cpu_set which, struct mo_set *ret)
{
	const void *bound = NULL;
	const struct mo_sets_layout *layout;
	const struct mo_address *mask;
	unsigned n_bits = 0;

	MO_TRY(mo_kernel_layout(mo_reader_kernel(reader), MO_LAYOUT_SETS, &bound));
	layout = bound;
	mask = which == MO_CPUS_ONLINE ? &layout->online : which == MO_CPUS_PRESENT ? &layout->present : &layout->possible;
	if (!mo_has(mask)) {
		if (mo_has(&layout->possible))
			return mo_error_create(MO_E_ABSENT, "the kernel has no such CPU mask");
		/* A kernel for one CPU may do without masks. */
		*ret = (struct mo_set){ .n_bits = 1, .words = { 1 } };
		return NULL;
	}
	MO_TRY(read_cpu_bound(reader, layout, &n_bits));
	return mo_error_prepend(read_set(reader, &layout->cpumask_bits, mask->kva, n_bits, ret), "cannot read %s",
				mask->name);
}

struct mo_error *mo_nodes(struct mo_reader *reader, const char *node_state, struct mo_set *ret)
{
	struct mo_kernel *kernel = mo_reader_kernel(reader);
	const void *bound = NULL;
	const struct mo_sets_layout *layout;
	int64_t index = 0;

	MO_TRY(mo_kernel_layout(kernel, MO_LAYOUT_SETS, &bound));
	layout = bound;
	if (!mo_has(&layout->nodemask_bits) || !mo_has(&layout->nodemask) || !mo_has(&layout->node_states))
		return mo_error_create(MO_E_ABSENT, "%s is unknown: the kernel's node masks cannot be read",
				       mo_has(&layout->node_states) ? "nodemask_t" : "node_states");
	MO_TRY(check_bits(&layout->nodemask_bits));
	MO_TRY(mo_types_find_enumerator(mo_kernel_types(kernel), "enum node_states", node_state, &index));
	if (index < 0 || index > 63)
		return mo_error_create(MO_E_CORRUPT, "%s is %lld", node_state, (long long)index);
	return mo_error_prepend(read_set(reader, &layout->nodemask_bits,
					 layout->node_states.kva + (uint64_t)index * layout->nodemask.bytes, 0, ret),
				"cannot read node_states[%s]", node_state);
}
