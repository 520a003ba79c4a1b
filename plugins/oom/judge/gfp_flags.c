/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flags of a request by the kernel's own names. Names have kept their meaning while bits moved, so what a request may do
 * is told from names: those that the log printed (4.6 on), or those that this kernel has for the number.
 */
#include "gathering.h"

#include <stdio.h>
#include <string.h>

enum meaning { DIRECT = 1, HIGH = 2, MOVABLE = 4, HIGHMEM = 8, DMA = 16, DMA32 = 32, THIS_NODE = 64, FS = 128, IO = 256,
	       NO_RECLAIM = 512, TRY = 1024 };

#define USER (DIRECT | IO | FS)

/* include/linux/gfp_types.h; names that say nothing of what is asked here mean 0. */
static const struct {
	const char *name;
	unsigned meaning;
} names[] = {
	{ "GFP_TRANSHUGE_LIGHT", MOVABLE | HIGHMEM | IO | FS | NO_RECLAIM },
	{ "GFP_TRANSHUGE", USER | MOVABLE | HIGHMEM },
	{ "GFP_HIGHUSER_MOVABLE", USER | MOVABLE | HIGHMEM },
	{ "GFP_HIGHUSER", USER | HIGHMEM },
	{ "GFP_USER", USER },
	{ "GFP_KERNEL_ACCOUNT", USER },
	{ "GFP_KERNEL", USER },
	{ "GFP_TEMPORARY", USER },
	{ "GFP_NOFS", DIRECT | IO },
	{ "GFP_NOIO", DIRECT },
	{ "GFP_ATOMIC", HIGH },
	{ "GFP_NOWAIT", 0 },
	{ "GFP_DMA", DMA },
	{ "GFP_DMA32", DMA32 },
	{ "__GFP_HIGHMEM", HIGHMEM },
	{ "__GFP_DMA", DMA },
	{ "__GFP_DMA32", DMA32 },
	{ "__GFP_MOVABLE", MOVABLE },
	{ "__GFP_HIGH", HIGH },
	{ "__GFP_ATOMIC", 0 },
	{ "__GFP_IO", IO },
	{ "__GFP_FS", FS },
	{ "__GFP_RECLAIM", DIRECT },
	{ "__GFP_DIRECT_RECLAIM", DIRECT },
	{ "__GFP_WAIT", DIRECT },
	{ "__GFP_KSWAPD_RECLAIM", 0 },
	{ "__GFP_THISNODE", THIS_NODE },
	{ "__GFP_NORETRY", TRY },
};

static unsigned meaning_of(struct span name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(name, names[i].name))
			return names[i].meaning;
	return 0;
}

static void set_zone(struct request *request, unsigned bits)
{
	request->has_zone = true;
	request->zone = bits & HIGHMEM ? (bits & MOVABLE ? ZONE_KIND_MOVABLE : ZONE_KIND_HIGHMEM) :
			bits & DMA32 ? ZONE_KIND_DMA32 :
			bits & DMA ? ZONE_KIND_DMA :
				     ZONE_KIND_NORMAL;
}

struct request request_of(const struct mo_oom_event *event)
{
	struct request request = { .is_known = event->gfp_text[0] != '\0' };
	struct span rest = { event->gfp_text, strlen(event->gfp_text) };
	unsigned bits = 0;

	while (rest.n) {
		struct span name = span_until(rest, '|');
		size_t taken = name.n + (name.n < rest.n);

		bits |= meaning_of(name);
		rest.at += taken;
		rest.n -= taken;
	}
	if (request.is_known)
		set_zone(&request, bits);
	else if (event->has_gfp)
		/* GFP_ZONEMASK: these four bits have not moved (include/linux/gfp_types.h). */
		set_zone(&request, (event->gfp & 1 ? DMA : 0) | (event->gfp & 2 ? HIGHMEM : 0) | (event->gfp & 4 ? DMA32 : 0) |
					   (event->gfp & 8 ? MOVABLE : 0));
	request.may_block = bits & DIRECT;
	request.is_high = bits & HIGH;
	request.is_movable = request.is_known ? bits & MOVABLE : event->has_gfp && event->gfp & 8;
	request.is_this_node = bits & THIS_NODE;
	request.is_a_try = bits & TRY;
	request.may_use_fs = bits & FS;
	request.may_use_io = bits & IO;
	return request;
}

#define MAX_NAMES 128

/* One row of gfpflag_names[]; false: its end, or it cannot be read. */
static bool read_name(const struct oom_state *state, uint64_t index, uint64_t *mask, char *name, size_t name_bytes)
{
	const struct oom_layout *layout = state->layout;
	uint64_t row_kva = layout->gfpflag_names.kva + index * layout->flag_name_size.bytes;
	uint64_t name_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->flag_mask, row_kva, mask);

	if (!error)
		error = mo_read_field(state->reader, &layout->flag_name, row_kva, &name_kva);
	if (!error && name_kva)
		error = mo_read_string(state->reader, name_kva, name, name_bytes, NULL);
	if (error) {
		mo_error_destroy(error);
		return false;
	}
	return name_kva != 0;
}

/* format_flags() (lib/vsprintf.c): the first names whose bits are all set, and what is left over as a number. */
void name_gfp(const struct oom_state *state, uint64_t gfp, char *text, size_t text_bytes)
{
	const struct oom_layout *layout = state->layout;
	size_t length = 0;

	text[0] = '\0';
	if (!mo_has(&layout->gfpflag_names) || !mo_has(&layout->flag_name_size) || !mo_has(&layout->flag_mask) ||
	    !mo_has(&layout->flag_name))
		return;
	for (uint64_t i = 0; i < MAX_NAMES && gfp && length < text_bytes; i++) {
		char name[48];
		uint64_t mask = 0;

		if (!read_name(state, i, &mask, name, sizeof(name)))
			break;
		if (!mask || (gfp & mask) != mask)
			continue;
		gfp &= ~mask;
		length += (size_t)snprintf(text + length, text_bytes - length, "%s%s", length ? "|" : "", name);
	}
	if (gfp && length && length < text_bytes)
		snprintf(text + length, text_bytes - length, "|0x%llx", (unsigned long long)gfp);
	if (!length)
		text[0] = '\0';
}
