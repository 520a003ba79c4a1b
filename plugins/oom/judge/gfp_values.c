/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the bits of a gfp_t were called, release by release, for logs that have only the number (before 4.6) and for dumps
 * of kernels that keep no names. The low four bits (zones) and HIGH, IO, FS never moved (include/linux/gfp.h; since 6.0
 * gfp_types.h). Distributions took these values over with the rest of their base: RHEL 8's 4.18 has those of 4.19.
 */
#include "gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { L_WAIT, L_SPLIT_RECLAIM, L_NO_OTHER_NODE, L_REORDERED, L_ZERO_LOW, L_ZEROTAGS, L_NO_ATOMIC, N_LAYOUTS };

/* The first release of each. */
static const struct {
	unsigned major, minor;
} firsts[N_LAYOUTS] = {
	[L_WAIT] = { 2, 6 },          /* __GFP_WAIT is one bit, GFP_ATOMIC is __GFP_HIGH alone */
	[L_SPLIT_RECLAIM] = { 4, 4 }, /* WAIT became DIRECT_RECLAIM and KSWAPD_RECLAIM (d0164adc89f6) */
	[L_NO_OTHER_NODE] = { 4, 10 },
	[L_REORDERED] = { 4, 18 },    /* COLD, NOTRACK gone since 4.15; WRITE in COLD's place */
	[L_ZERO_LOW] = { 5, 1 },      /* in the order that still holds */
	[L_ZEROTAGS] = { 5, 14 },
	[L_NO_ATOMIC] = { 6, 3 },     /* bit 9 is unused since (2973d8229b78) */
};

/* A flag's bit in each layout, and how it is called; 0: none there. */
static const struct {
	const char *name;
	uint32_t bits[N_LAYOUTS];
} flags[] = {
	{ "__GFP_HIGHMEM", { 0x2, 0x2, 0x2, 0x2, 0x2, 0x2, 0x2 } },
	{ "__GFP_DMA", { 0x1, 0x1, 0x1, 0x1, 0x1, 0x1, 0x1 } },
	{ "__GFP_DMA32", { 0x4, 0x4, 0x4, 0x4, 0x4, 0x4, 0x4 } },
	{ "__GFP_MOVABLE", { 0x8, 0x8, 0x8, 0x8, 0x8, 0x8, 0x8 } },
	{ "__GFP_WAIT", { 0x10 } },
	{ "__GFP_RECLAIMABLE", { 0x80000, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10 } },
	{ "__GFP_HIGH", { 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20 } },
	{ "__GFP_IO", { 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40 } },
	{ "__GFP_FS", { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 } },
	{ "__GFP_COLD", { 0x100, 0x100, 0x100 } },
	{ "__GFP_NOWARN", { 0x200, 0x200, 0x200, 0x200, 0x2000, 0x2000, 0x2000 } },
	{ "__GFP_REPEAT", { 0x400, 0x400 } },
	{ "__GFP_RETRY_MAYFAIL", { 0, 0, 0x400, 0x400, 0x4000, 0x4000, 0x4000 } }, /* __GFP_REPEAT until 4.12 */
	{ "__GFP_NOFAIL", { 0x800, 0x800, 0x800, 0x800, 0x8000, 0x8000, 0x8000 } },
	{ "__GFP_NORETRY", { 0x1000, 0x1000, 0x1000, 0x1000, 0x10000, 0x10000, 0x10000 } },
	{ "__GFP_MEMALLOC", { 0x2000, 0x2000, 0x2000, 0x2000, 0x20000, 0x20000, 0x20000 } },
	{ "__GFP_COMP", { 0x4000, 0x4000, 0x4000, 0x4000, 0x40000, 0x40000, 0x40000 } },
	{ "__GFP_ZERO", { 0x8000, 0x8000, 0x8000, 0x8000, 0x100, 0x100, 0x100 } },
	{ "__GFP_NOMEMALLOC", { 0x10000, 0x10000, 0x10000, 0x10000, 0x80000, 0x80000, 0x80000 } },
	{ "__GFP_HARDWALL", { 0x20000, 0x20000, 0x20000, 0x20000, 0x100000, 0x100000, 0x100000 } },
	{ "__GFP_THISNODE", { 0x40000, 0x40000, 0x40000, 0x40000, 0x200000, 0x200000, 0x200000 } },
	{ "__GFP_ATOMIC", { 0, 0x80000, 0x80000, 0x80000, 0x200, 0x200 } },
	{ "__GFP_ACCOUNT", { 0, 0x100000, 0x100000, 0x100000, 0x400000, 0x400000, 0x400000 } }, /* 4.5 */
	{ "__GFP_KMEMCG", { 0x100000 } }, /* 3.8 to 3.19; 4.1 to 4.3: __GFP_NOACCOUNT */
	{ "__GFP_NOTRACK", { 0x200000, 0x200000, 0x200000 } },
	{ "__GFP_NO_KSWAPD", { 0x400000 } },
	{ "__GFP_OTHER_NODE", { 0x800000, 0x800000 } },
	{ "__GFP_WRITE", { 0x1000000, 0x1000000, 0x800000, 0x100, 0x1000, 0x1000, 0x1000 } },
	{ "__GFP_DIRECT_RECLAIM", { 0, 0x400000, 0x400000, 0x200000, 0x400, 0x400, 0x400 } },
	{ "__GFP_KSWAPD_RECLAIM", { 0, 0x2000000, 0x1000000, 0x400000, 0x800, 0x800, 0x800 } },
	{ "__GFP_ZEROTAGS", { 0, 0, 0, 0, 0, 0x800000, 0x800000 } },
};
#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))

/* Combinations that have names, as sets of the flags above; the kernel's own order, larger ones first. */
#define RECLAIM "__GFP_WAIT __GFP_DIRECT_RECLAIM __GFP_KSWAPD_RECLAIM "
#define KERNEL RECLAIM "__GFP_IO __GFP_FS "
#define USER KERNEL "__GFP_HARDWALL "
#define MOVABLE USER "__GFP_HIGHMEM __GFP_MOVABLE "
static const struct {
	const char *name;
	const char *parts;
} combinations[] = {
	{ "GFP_HIGHUSER_MOVABLE", MOVABLE },
	{ "GFP_HIGHUSER", USER "__GFP_HIGHMEM " },
	{ "GFP_USER", USER },
	{ "GFP_KERNEL_ACCOUNT", KERNEL "__GFP_ACCOUNT " },
	{ "GFP_KERNEL", KERNEL },
	{ "GFP_NOFS", RECLAIM "__GFP_IO " },
	{ "GFP_ATOMIC", "__GFP_HIGH __GFP_ATOMIC __GFP_KSWAPD_RECLAIM " },
	{ "GFP_NOIO", RECLAIM },
	{ "GFP_NOWAIT", "__GFP_KSWAPD_RECLAIM " },
	{ "GFP_DMA", "__GFP_DMA " },
	{ "GFP_DMA32", "__GFP_DMA32 " },
};

static uint32_t bits_of(const char *parts, unsigned layout)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < N_FLAGS; i++) {
		size_t length = strlen(flags[i].name);
		const char *at = strstr(parts, flags[i].name);

		if (at && at[length] == ' ')
			bits |= flags[i].bits[layout];
	}
	return bits;
}

/* Of "3.10.0-957.el7.x86_64"; false: it is no release. */
static bool read_release(const char *release, unsigned *major, unsigned *minor)
{
	return release && sscanf(release, "%3u.%3u", major, minor) == 2;
}

/*
 * Without a release: a number without names is older than 4.6, and of those 4.4 and 4.5 have bit 25 in nearly every request, and
 * others WAIT or HIGH. N_LAYOUTS: cannot be told.
 */
static unsigned layout_of(const char *release, uint64_t gfp)
{
	unsigned layout = L_WAIT;
	unsigned major, minor;

	if (!read_release(release, &major, &minor))
		return gfp & 0x2000000 ? L_SPLIT_RECLAIM : gfp & 0x30 ? L_WAIT : N_LAYOUTS;
	for (unsigned i = 0; i < N_LAYOUTS; i++)
		if (major > firsts[i].major || (major == firsts[i].major && minor >= firsts[i].minor))
			layout = i;
	return layout;
}

static void add_name(char *text, size_t text_bytes, const char *name)
{
	size_t length = strlen(text);

	snprintf(text + length, text_bytes - length, "%s%s", length ? "|" : "", name);
}

void name_gfp_by_release(const char *release, uint64_t gfp, char *text, size_t text_bytes)
{
	unsigned layout = layout_of(release, gfp);

	text[0] = '\0';
	if (layout == N_LAYOUTS)
		return;
	for (size_t i = 0; i < sizeof(combinations) / sizeof(combinations[0]); i++) {
		uint32_t bits = bits_of(combinations[i].parts, layout);

		/* Without its flag it would be GFP_KERNEL. */
		if (!bits || (gfp & bits) != bits || (layout == L_WAIT && !strcmp(combinations[i].name, "GFP_KERNEL_ACCOUNT")))
			continue;
		add_name(text, text_bytes, combinations[i].name);
		gfp &= ~(uint64_t)bits;
	}
	for (size_t i = 0; i < N_FLAGS; i++) {
		uint32_t bits = flags[i].bits[layout];

		if (!bits || (gfp & bits) != bits)
			continue;
		add_name(text, text_bytes, flags[i].name);
		gfp &= ~(uint64_t)bits;
	}
	if (gfp) {
		char rest[24];

		snprintf(rest, sizeof(rest), "0x%llx", (unsigned long long)gfp);
		add_name(text, text_bytes, rest);
	}
	if (!text[0] && layout == L_WAIT)
		add_name(text, text_bytes, "GFP_NOWAIT");
}
