/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the model "vmap" claims of the page allocator's direct users: pages of vmalloc, stacks of tasks, and the chunks of
 * the per-CPU allocator, the first of which was reserved at boot.
 */
#include "gathering.h"

static enum mo_page_class class_of_owned(enum mo_owned_kind kind)
{
	switch (kind) {
	case MO_OWNED_KERNEL_STACK:
		return MO_PAGE_KERNEL_STACK;
	case MO_OWNED_PERCPU:
		return MO_PAGE_PERCPU;
	default:
		return MO_PAGE_VMALLOC;
	}
}

void classify_vmap(struct mem_map_state *state)
{
	const struct mo_vmap_model *vmap = state->vmap;

	for (size_t i = 0; vmap && i < vmap->n_owned; i++) {
		const struct mo_owned_pages *owned = &vmap->owned[i];
		bool may_be_reserved = owned->kind == MO_OWNED_PERCPU;

		claim_pages(state, owned->first_pfn, owned->n_pages, MO_PAGE_DIRECT,
			    may_be_reserved ? MO_PAGE_RESERVED : MO_PAGE_DIRECT, class_of_owned(owned->kind));
	}
}
