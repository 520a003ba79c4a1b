/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What CPUs had in their registers, by the dump's notes. */
#include "kernel_private.h"

#include <string.h>

_Static_assert(MO_CPU_REGISTERS == MO_ARCH_REGISTERS, "as many registers as an architecture tells");

/* The note of that name in place `index` among those with registers. */
static bool find(const struct mo_kernel *kernel, const char *name, size_t index, struct mo_arch_registers *ret)
{
	const struct mo_dump_info *info = kernel->dump_info;
	const struct mo_arch_view view = { .is_big_endian = info->is_big_endian };

	for (size_t i = 0; i < info->n_notes; i++) {
		const struct mo_arch_note note = { .name = info->notes[i].name, .type = info->notes[i].type,
						   .desc = info->notes[i].desc, .desc_bytes = info->notes[i].desc_bytes };

		if (!strcmp(note.name, name) && kernel->arch->registers(&view, &note, ret) && !index--)
			return true;
	}
	return false;
}

bool mo_kernel_arch_registers(const struct mo_kernel *kernel, size_t index, struct mo_arch_registers *ret)
{
	/* /proc/kcore has a note of a CPU, and in it nothing. */
	if (!kernel->arch || !kernel->arch->registers || kernel->facts.is_live)
		return false;
	if (find(kernel, "CORE", index, ret))
		return true;
	/* QEMU's own notes have the same registers again. */
	return !find(kernel, "CORE", 0, ret) && find(kernel, "QEMU", index, ret);
}

bool mo_kernel_registers(const struct mo_kernel *kernel, size_t index, struct mo_cpu_registers *ret)
{
	struct mo_arch_registers found;

	if (!mo_kernel_arch_registers(kernel, index, &found))
		return false;
	*ret = (struct mo_cpu_registers){ .n_words = found.n_words, .instruction_kva = found.instruction,
					  .stack_kva = found.stack };
	memcpy(ret->words, found.words, sizeof(ret->words));
	return true;
}
