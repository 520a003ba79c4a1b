/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all architectures have in common: an address's indexes through tables of a geometry, and flags by name. */
#include "arch.h"

#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"

#define MAX_ENTRY_BYTES 8u

void mo_paging_set_levels(struct mo_paging *paging, unsigned levels)
{
	unsigned shift = paging->page_shift;

	paging->levels = levels;
	for (unsigned height = 0; height < levels; height++) {
		paging->shift[height] = (uint8_t)shift;
		shift += paging->index_bits[height];
	}
}

uint64_t mo_arch_entry_value(const struct mo_paging *paging, const uint8_t *raw)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < paging->entry_bytes; i++)
		value |= (uint64_t)raw[i] << 8 * (paging->is_big_endian ? paging->entry_bytes - 1 - i : i);
	return value;
}

/* One level: the entry of the table at table_pa for the address. */
static struct mo_error *take_step(const struct mo_arch *arch, const struct mo_arch_view *view, const struct mo_paging *paging,
				  unsigned height, uint64_t table_pa, uint64_t va, struct mo_arch_step *step)
{
	uint64_t index = va >> paging->shift[height] & ((1ull << paging->index_bits[height]) - 1);
	uint8_t raw[MAX_ENTRY_BYTES];

	*step = (struct mo_arch_step){ .level = arch->level_name(paging, height),
				       .height = height,
				       .entry_pa = table_pa + index * paging->entry_bytes,
				       .covers_bytes = 1ull << paging->shift[height] };
	MO_TRY(mo_error_prepend(view->read_pa(view->context, step->entry_pa, raw, paging->entry_bytes),
				"cannot read the %s entry for 0x%" PRIx64 " at physical 0x%" PRIx64, step->level, va,
				step->entry_pa));
	if (!arch->decode(paging, height, raw, 1, &step->entry))
		step->entry = (struct mo_page_entry){ .value = mo_arch_entry_value(paging, raw), .kind = MO_ENTRY_NONE };
	return NULL;
}

struct mo_error *mo_arch_walk(const struct mo_arch *arch, const struct mo_arch_view *view, const struct mo_paging *paging,
			      uint64_t va, struct mo_arch_translation *ret)
{
	struct mo_arch_translation found = { .n_steps = 0 };
	uint64_t table_pa = paging->root_pa;

	if (va > paging->last_user_va && (va < paging->first_kernel_va || va > paging->last_kernel_va)) {
		found.span_bytes = 1;
		*ret = found;
		return NULL;
	}
	for (unsigned height = paging->levels; height-- > 0;) {
		struct mo_arch_step *step = &found.steps[found.n_steps++];
		uint64_t offset = va & ((1ull << paging->shift[height]) - 1);

		MO_TRY(take_step(arch, view, paging, height, table_pa, va, step));
		found.span_bytes = step->covers_bytes - offset;
		table_pa = step->entry.pa;
		if (step->entry.kind == MO_ENTRY_TABLE)
			continue;
		found.is_mapped = step->entry.kind == MO_ENTRY_LEAF || step->entry.kind == MO_ENTRY_NO_ACCESS;
		found.pa = found.is_mapped ? step->entry.pa + offset : 0;
		break;
	}
	*ret = found;
	return NULL;
}

static bool has_flag(const struct mo_arch_flag *flag, uint64_t entry, enum mo_entry_kind kind)
{
	if (!(entry >> flag->bit & 1))
		return false;
	if (kind == MO_ENTRY_TABLE)
		return !flag->of_leaves;
	if (flag->of_tables)
		return false;
	return kind == MO_ENTRY_LEAF ? !flag->of_no_access : !flag->of_access;
}

void mo_arch_flag_names(const struct mo_arch *arch, uint64_t entry, unsigned height, enum mo_entry_kind kind, char *buffer,
			size_t n_bytes)
{
	bool is_leaf = kind == MO_ENTRY_LEAF || kind == MO_ENTRY_NO_ACCESS;
	size_t length = 0;

	if (!n_bytes)
		return;
	*buffer = '\0';
	if (!is_leaf && kind != MO_ENTRY_TABLE)
		return;
	for (size_t i = 0; i < arch->n_flags && length < n_bytes; i++)
		if (has_flag(&arch->flags[i], entry, kind))
			length += (size_t)snprintf(buffer + length, n_bytes - length, "%s%s", length ? " " : "",
						   arch->flags[i].name);
	/* A leaf above the last level is a huge page, whatever bit says so. */
	if (is_leaf && height && length < n_bytes)
		snprintf(buffer + length, n_bytes - length, "%sHUGE", length ? " " : "");
}
