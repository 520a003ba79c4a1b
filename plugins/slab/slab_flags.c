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

/* Where SLAB keeps the array of free objects (mm/slab.c); the default is the slab's end. */
static uint32_t describe_slab_placement(uint32_t flags, char *text, size_t n_bytes, size_t *used)
{
	static const struct {
		uint32_t value;
		const char *name;
	} placements[] = { { 0x40000000, "OBJFREELIST_SLAB" }, { 0x80000000, "OFF_SLAB" } };

	for (size_t i = 0; i < sizeof(placements) / sizeof(placements[0]); i++) {
		if (!(flags & placements[i].value) || *used + 32 > n_bytes)
			continue;
		*used += (size_t)snprintf(text + *used, n_bytes - *used, "%s%s", *used ? " " : "", placements[i].name);
		flags &= ~placements[i].value;
	}
	return flags;
}

void describe_slab_flags(const struct slab_layout *layout, uint32_t flags, char *text, size_t n_bytes)
{
	/* Where SLUB has flags of its own, SLAB has others. */
	bool is_slab = !mo_has(&layout->cache.oo);
	size_t used = 0;

	*text = '\0';
	for (enum slab_flag flag = 0; flag < N_SLAB_FLAGS; flag++) {
		uint32_t value = is_slab && (flag == FLAG_CMPXCHG_DOUBLE || flag == FLAG_OBJECT_POISON) ? 0 : slab_flag(layout, flag);

		if (!(flags & value) || used + 32 > n_bytes)
			continue;
		used += (size_t)snprintf(text + used, n_bytes - used, "%s%s", used ? " " : "", names[flag]);
		flags &= ~value;
	}
	if (is_slab)
		flags = describe_slab_placement(flags, text, n_bytes, &used);
	if (flags && used + 16 < n_bytes)
		snprintf(text + used, n_bytes - used, "%s0x%x", used ? " " : "", flags);
}
