/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_OWNER_LAYOUT_H
#define PAGE_OWNER_LAYOUT_H

/* What the page_owner plugin needs of a kernel: page_ext, page_owner, allocation tags. */

#include <memopsy/page.h>

struct page_owner_layout {
	/* mm/page_ext.c */
	struct mo_field ext_flags;
	struct mo_constant flag_owner;
	struct mo_constant flag_allocated;
	struct mo_field ops_offset;
	struct mo_field key_enabled;

	/* mm/page_owner.c */
	struct mo_address owner_ops;
	struct mo_address owner_inited;
	struct {
		struct mo_size size;
		struct mo_field order, gfp_mask, handle, free_handle, migrate_reason;
		struct mo_field ns, free_ns, comm, pid, tgid;
	} owner;

	/* lib/alloc_tag.c, lib/codetag.c */
	struct mo_address tag_type;         /* alloc_tag_cttype, a pointer */
	struct mo_address tag_ops;
	struct mo_address profiling_key;
	struct mo_address compressed_key;
	struct mo_address profiling_handler;
	struct {
		struct mo_field modules, tag_bytes;
	} type;
	struct {
		struct mo_field start, stop;
	} range;
	struct {
		struct mo_size size;
		struct mo_field flags, line, module, function, file, counters;
	} tag;
	struct {
		struct mo_size size;
		struct mo_field bytes, calls;
	} counters;

	/* Tags in page->flags. */
	struct mo_address ref_shift;
	struct mo_address ref_mask;
	struct mo_address kernel_tags;
	struct mo_address module_tags;
	struct mo_field kernel_first, kernel_count, module_first;

	const struct mo_page_shape *page; /* NULL: not to be had */
};

extern const struct mo_need_table page_owner_needs;

#endif
