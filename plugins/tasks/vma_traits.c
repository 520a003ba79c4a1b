/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What smaps says of a VMA beside its pages: page size, huge pages allowed, flags. */
#include <memopsy/architecture.h>

#include "smaps.h"

#include <stdio.h>
#include <string.h>

#define MMF_DISABLE_THP 24u /* include/linux/sched/coredump.h */
#define FOLIO_ORDER_MAX_SHIFT 21u /* AS_FOLIO_ORDER_MAX (include/linux/pagemap.h, 6.12) */

uint64_t vma_page_bytes(const struct tasks_state *state, const struct vma *vma)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t page_bytes = mo_kernel_facts(mo_reader_kernel(state->reader))->page_bytes;
	uint64_t at_kva = 0;
	const uint64_t pmd_order = mo_pmd_order(mo_reader_kernel(state->reader));
	uint64_t order = pmd_order;
	struct mo_error *error;

	if (!(vma->flags & VM_HUGETLB) || !vma->file_kva)
		return page_bytes;
	if (!mo_has(&layout->smaps.s_fs_info) || !mo_has(&layout->smaps.hstate) || !mo_has(&layout->smaps.hstate_order))
		return page_bytes << pmd_order;
	error = mo_read_field(state->reader, &layout->file.f_inode, vma->file_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.i_sb, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->smaps.s_fs_info, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->smaps.hstate, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->smaps.hstate_order, at_kva, &order);
	return page_bytes << (mo_error_destroy(error) || order > 18 ? pmd_order : order);
}

static uint64_t read_mask(const struct tasks_state *state, const struct mo_address *symbol)
{
	uint64_t mask = 0;

	if (mo_has(symbol))
		mo_error_destroy(mo_read_pointer(state->reader, symbol->kva, &mask));
	return mask;
}

static bool has_thp_flag(uint64_t flags, const struct mo_constant *bit)
{
	return mo_has(bit) && bit->value >= 0 && bit->value < 64 && flags >> bit->value & 1;
}

/* thp_vma_suitable_order(): whether a huge page of this order fits at the VMA's end. */
static bool is_suitable(const struct tasks_state *state, const struct vma *vma, unsigned order)
{
	unsigned page_shift = mo_kernel_facts(mo_reader_kernel(state->reader))->page_shift;
	uint64_t bytes = 1ull << page_shift << order;
	uint64_t start;

	if (vma->file_kva && ((vma->start >> page_shift) - vma->pgoff) & ((1ull << order) - 1))
		return false;
	if (vma->end < bytes)
		return false;
	start = (vma->end - bytes) & ~(bytes - 1);
	return start >= vma->start && start + bytes <= vma->end;
}

/* Which orders the administrator allows for this anonymous VMA. */
static uint64_t allowed_anon_orders(const struct tasks_state *state, const struct vma *vma, bool is_enabled)
{
	const struct tasks_layout *layout = state->layout;
	unsigned pmd_order = mo_pmd_order(mo_reader_kernel(state->reader));
	uint64_t mask;

	if (!mo_has(&layout->smaps.orders_always))
		return is_enabled ? 1ull << pmd_order : 0;
	mask = read_mask(state, &layout->smaps.orders_always);
	if (vma->flags & VM_HUGEPAGE)
		mask |= read_mask(state, &layout->smaps.orders_madvise);
	if (is_enabled)
		mask |= read_mask(state, &layout->smaps.orders_inherit);
	return mask & ((1ull << (pmd_order + 1)) - 1) & ~3ull;
}

/* enum by values: mm/shmem.c, SHMEM_HUGE_*; the last two in one byte. */
enum { HUGE_NEVER = 0, HUGE_ALWAYS = 1, HUGE_WITHIN_SIZE = 2, HUGE_ADVISE = 3, HUGE_FORCE = 0xfe, HUGE_DENY = 0xff };

/* What the mount says; of a file's size it is not looked at. */
static int mount_eligible(uint64_t huge, const struct vma *vma)
{
	if (huge == HUGE_ALWAYS || (huge <= HUGE_ADVISE && huge != HUGE_NEVER && vma->flags & VM_HUGEPAGE))
		return 1;
	return huge == HUGE_WITHIN_SIZE || huge > HUGE_ADVISE ? -1 : 0;
}

/* shmem_huge_enabled(), shmem_is_huge(), shmem_allowable_huge_orders() */
static int shmem_eligible(const struct tasks_state *state, const struct vma *vma)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t at_kva = 0;
	uint64_t huge = HUGE_ALWAYS;
	uint8_t system = HUGE_ALWAYS;
	struct mo_error *error;

	if (!mo_has(&layout->smaps.shmem_huge) || !mo_has(&layout->smaps.s_fs_info) || !mo_has(&layout->smaps.shmem_sb_huge))
		return -1;
	error = mo_read_u8(state->reader, layout->smaps.shmem_huge.kva, &system);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.f_inode, vma->file_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->file.i_sb, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->smaps.s_fs_info, at_kva, &at_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->smaps.shmem_sb_huge, at_kva, &huge);
	if (mo_error_destroy(error))
		return -1;
	/* Settings for each size of anonymous shared memory count too, where there are any. */
	if (mo_has(&layout->smaps.shmem_anon_ops) && vma->ops_kva == layout->smaps.shmem_anon_ops.kva)
		return !system && !huge ? 0 : -1;
	if (system == HUGE_DENY || system == HUGE_FORCE)
		return system == HUGE_FORCE;
	return mount_eligible(huge, vma);
}

/* Of a file, where huge pages are enabled for it. */
static int file_eligible(const struct tasks_state *state, const struct vma *vma)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t huge_fault = 0;
	uint64_t mapping_kva = 0;
	uint64_t flags = 0;
	struct mo_error *error = NULL;

	if (mo_has(&layout->smaps.orders_always) && mo_has(&layout->smaps.huge_fault))
		error = mo_read_field(state->reader, &layout->smaps.huge_fault, vma->ops_kva, &huge_fault);
	if (!error && huge_fault)
		return 1;
	/* For programs it depends on who writes to the file. */
	if (!error && mo_has(&layout->smaps.nr_thps))
		return vma->flags & VM_EXEC ? -1 : 0;
	if (!error && mo_has(&layout->swap.f_mapping) && mo_has(&layout->smaps.mapping_flags)) {
		error = mo_read_field(state->reader, &layout->swap.f_mapping, vma->file_kva, &mapping_kva);
		if (!error)
			error = mo_read_field(state->reader, &layout->smaps.mapping_flags, mapping_kva, &flags);
	}
	if (mo_error_destroy(error))
		return -1;
	return mo_has(&layout->smaps.guard_bit) && (flags >> FOLIO_ORDER_MAX_SHIFT & 31) >= mo_pmd_order(mo_reader_kernel(state->reader));
}

int vma_thp_eligible(const struct tasks_state *state, const struct mo_mm *mm, const struct vma *vma)
{
	const struct tasks_layout *layout = state->layout;
	unsigned pmd_order = mo_pmd_order(mo_reader_kernel(state->reader));
	uint64_t flags = read_mask(state, &layout->smaps.thp_flags);
	bool is_enabled = has_thp_flag(flags, &layout->smaps.thp_always) ||
			  (has_thp_flag(flags, &layout->smaps.thp_madvise) && vma->flags & VM_HUGEPAGE);

	if (!mo_has(&layout->smaps.thp_flags) || vma->is_gate || vma->flags & VM_NOHUGEPAGE || mm->flags >> MMF_DISABLE_THP & 1 ||
	    has_thp_flag(flags, &layout->smaps.thp_unsupported))
		return 0;
	if (!vma->ops_kva) {
		uint64_t orders = allowed_anon_orders(state, vma, is_enabled);

		for (unsigned order = 2; order <= pmd_order; order++)
			if (orders >> order & 1 && is_suitable(state, vma, order))
				return 1;
		return 0;
	}
	if (!is_suitable(state, vma, pmd_order) || vma->flags & VM_HUGETLB)
		return 0;
	if (is_shmem_vma(state, vma))
		return shmem_eligible(state, vma);
	return is_enabled && vma->file_kva ? file_eligible(state, vma) : 0;
}

bool has_protection_keys(const struct tasks_state *state)
{
	const struct tasks_layout *layout = state->layout;
	int bit = mo_cpu_feature_bit(mo_reader_kernel(state->reader), MO_CPU_PROTECTION_KEYS);
	uint32_t word = 0;

	if (bit < 0 || !mo_has(&layout->smaps.boot_cpu_data) || !mo_has(&layout->smaps.cpu_capability))
		return false;
	mo_error_destroy(mo_read_u32(state->reader, mo_field_kva(&layout->smaps.cpu_capability,
								  layout->smaps.boot_cpu_data.kva) + (unsigned)bit / 32 * 4,
				     &word));
	return word >> (unsigned)bit % 32 & 1;
}

/* show_smap_vma_flags() */
void describe_vma_flags(const struct tasks_state *state, uint64_t flags, char *text, size_t n_bytes)
{
	static const char low[32][3] = {
		"rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "um", "pf", "dw", "uw", "lo", "io", "sr",
		"rr", "dc", "de", "??", "ac", "nr", "ht", "sf", "ar", "wf", "dd", "sd", "mm", "hg", "nh", "mg",
	};
	const struct tasks_layout *layout = state->layout;
	bool is_newer = mo_has(&layout->smaps.orders_always); /* 6.8: bit 37 is of the shadow stack */
	const struct {
		const struct mo_constant *bit;
		int64_t before_enum; /* -1: it had none */
		const char *name;
	} high[] = {
		{ &layout->smaps.minor_bit, is_newer ? 38 : 37, "ui" },
		{ &layout->smaps.shadow_stack_bit, is_newer ? 37 : -1, "ss" },
		{ &layout->smaps.droppable_bit, 40, "dp" },
		{ &layout->smaps.sealed_bit, 63, "sl" },
		{ &layout->smaps.guard_bit, -1, "gu" },
	};
	bool has_enum = mo_has(&layout->smaps.minor_bit) || mo_has(&layout->smaps.guard_bit);
	size_t used = 0;

	*text = '\0';
	for (unsigned bit = 0; bit < 64 && used + 4 < n_bytes; bit++) {
		const char *name = bit < 32 ? low[bit] : "??";

		const char *own = mo_vma_flag_name(mo_reader_kernel(state->reader), bit, mo_has(&layout->smaps.set_user_key));

		if (!(flags >> bit & 1) || (own && !*own))
			continue;
		if (bit == 19 && is_newer)
			name = "lf";
		for (size_t i = 0; i < sizeof(high) / sizeof(high[0]); i++)
			if (mo_has(high[i].bit) ? high[i].bit->value == bit : !has_enum && high[i].before_enum == bit)
				name = high[i].name;
		name = own ? own : name;
		used += (size_t)snprintf(text + used, n_bytes - used, "%s ", name);
	}
}
