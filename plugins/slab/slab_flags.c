/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flags of a cache (include/linux/slab.h): bit numbers of enum _slab_flag_bits since 6.9, macros
 * before.
 */
#include "gathering.h"

#include <stdio.h>

#define AS_NAME(name, value) [FLAG_##name] = #name,
#define AS_VALUE(name, value) [FLAG_##name] = value,
static const char *const names[N_SLAB_FLAGS] = { SLAB_FLAGS(AS_NAME) };
static const uint32_t macros[N_SLAB_FLAGS] = { SLAB_FLAGS(AS_VALUE) };

uint32_t slab_flag(const struct slab_layout *layout, enum slab_flag flag)
{
	const struct mo_constant *bit = &layout->flags[flag];

	if (mo_has(bit))
		return bit->value >= 0 && bit->value < 32 ? 1u << bit->value : 0;
	/* Where there is the enum, a flag that it does not have does not exist. */
	if (mo_has(&layout->flags[FLAG_POISON]))
		return 0;
	return macros[flag];
}

void describe_slab_flags(const struct slab_layout *layout, uint32_t flags, char *text, size_t n_bytes)
{
	size_t used = 0;

	*text = '\0';
	for (enum slab_flag flag = 0; flag < N_SLAB_FLAGS; flag++) {
		uint32_t value = slab_flag(layout, flag);

		if (!(flags & value) || used + 32 > n_bytes)
			continue;
		used += (size_t)snprintf(text + used, n_bytes - used, "%s%s", used ? " " : "", names[flag]);
		flags &= ~value;
	}
	if (flags && used + 16 < n_bytes)
		snprintf(text + used, n_bytes - used, "%s0x%x", used ? " " : "", flags);
}
