/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the page_owner plugin binds. */
#include "page_owner_layout.h"

#define L struct page_owner_layout
#define OPTIONAL .is_optional = true

#define WHY_EXT "mm/page_ext.c: CONFIG_PAGE_EXTENSION"
#define WHY_OWNER "mm/page_owner.c: CONFIG_PAGE_OWNER"
#define WHY_WHO "mm/page_owner.c: 6.1 has it, 5.10 has not"
#define WHY_TAG "lib/alloc_tag.c: since 6.10, CONFIG_MEM_ALLOC_PROFILING"
#define WHY_COMPRESSED "lib/alloc_tag.c: tags in page->flags; 7.2 has them, 6.12 has not"

static const struct mo_need rows[] = {
	MO_FIELD(L, ext_flags, "struct page_ext", "flags", OPTIONAL, .why = WHY_EXT),
	MO_CONSTANT(L, flag_owner, "enum page_ext_flags", "PAGE_EXT_OWNER", OPTIONAL, .why = WHY_EXT),
	MO_CONSTANT(L, flag_allocated, "enum page_ext_flags", "PAGE_EXT_OWNER_ALLOCATED", OPTIONAL, .why = WHY_EXT),
	MO_FIELD(L, ops_offset, "struct page_ext_operations", "offset", OPTIONAL, .why = WHY_EXT),
	MO_FIELD(L, key_enabled, "struct static_key", "enabled.counter", OPTIONAL),

	MO_ADDRESS(L, owner_ops, "page_owner_ops", OPTIONAL, .why = WHY_OWNER),
	MO_ADDRESS(L, owner_inited, "page_owner_inited", OPTIONAL, .why = WHY_OWNER),
	MO_SIZE(L, owner.size, "struct page_owner", OPTIONAL, .why = WHY_OWNER),
	MO_FIELD(L, owner.order, "struct page_owner", "order", OPTIONAL, .why = WHY_OWNER),
	MO_FIELD(L, owner.gfp_mask, "struct page_owner", "gfp_mask", OPTIONAL, .why = WHY_OWNER),
	MO_FIELD(L, owner.handle, "struct page_owner", "handle", OPTIONAL, .why = WHY_OWNER),
	MO_FIELD(L, owner.free_handle, "struct page_owner", "free_handle", OPTIONAL, .why = WHY_OWNER),
	MO_FIELD(L, owner.migrate_reason, "struct page_owner", "last_migrate_reason", OPTIONAL, .why = WHY_OWNER),
	MO_FIELD(L, owner.ns, "struct page_owner", "ts_nsec", OPTIONAL, .why = WHY_WHO),
	MO_FIELD(L, owner.free_ns, "struct page_owner", "free_ts_nsec", OPTIONAL, .why = WHY_WHO),
	MO_FIELD(L, owner.comm, "struct page_owner", "comm", OPTIONAL, .why = WHY_WHO),
	MO_FIELD(L, owner.pid, "struct page_owner", "pid", OPTIONAL, .why = WHY_WHO),
	MO_FIELD(L, owner.tgid, "struct page_owner", "tgid", OPTIONAL, .why = WHY_WHO),

	MO_ADDRESS(L, tag_type, "alloc_tag_cttype", OPTIONAL, .why = WHY_TAG),
	MO_ADDRESS(L, tag_ops, "page_alloc_tagging_ops", OPTIONAL, .why = WHY_TAG),
	MO_ADDRESS(L, profiling_key, "mem_alloc_profiling_key", OPTIONAL, .why = WHY_TAG),
	MO_ADDRESS(L, compressed_key, "mem_profiling_compressed", OPTIONAL, .why = WHY_COMPRESSED),
	MO_ADDRESS(L, profiling_handler, "proc_mem_profiling_handler", OPTIONAL,
		   .why = "lib/alloc_tag.c: 7.2 has it, and prints version 2.0 of /proc/allocinfo; 6.12 has it not, and prints 1.0"),
	MO_FIELD(L, type.modules, "struct codetag_type", "mod_idr.idr_rt", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, type.tag_bytes, "struct codetag_type", "desc.tag_size", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, range.start, "struct codetag_module", "range.start", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, range.stop, "struct codetag_module", "range.stop", OPTIONAL, .why = WHY_TAG),
	MO_SIZE(L, tag.size, "struct alloc_tag", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, tag.flags, "struct alloc_tag", "ct.flags", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, tag.line, "struct alloc_tag", "ct.lineno", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, tag.module, "struct alloc_tag", "ct.modname", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, tag.function, "struct alloc_tag", "ct.function", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, tag.file, "struct alloc_tag", "ct.filename", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, tag.counters, "struct alloc_tag", "counters", OPTIONAL, .why = WHY_TAG),
	MO_SIZE(L, counters.size, "struct alloc_tag_counters", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, counters.bytes, "struct alloc_tag_counters", "bytes", OPTIONAL, .why = WHY_TAG),
	MO_FIELD(L, counters.calls, "struct alloc_tag_counters", "calls", OPTIONAL, .why = WHY_TAG),

	MO_ADDRESS(L, ref_shift, "alloc_tag_ref_offs", OPTIONAL, .why = WHY_COMPRESSED),
	MO_ADDRESS(L, ref_mask, "alloc_tag_ref_mask", OPTIONAL, .why = WHY_COMPRESSED),
	MO_ADDRESS(L, kernel_tags, "kernel_tags", OPTIONAL, .why = WHY_COMPRESSED),
	MO_ADDRESS(L, module_tags, "module_tags", OPTIONAL, .why = WHY_COMPRESSED),
	MO_FIELD(L, kernel_first, "struct alloc_tag_kernel_section", "first_tag", OPTIONAL, .why = WHY_COMPRESSED),
	MO_FIELD(L, kernel_count, "struct alloc_tag_kernel_section", "count", OPTIONAL, .why = WHY_COMPRESSED),
	MO_FIELD(L, module_first, "struct alloc_tag_module_section", "first_tag", OPTIONAL, .why = WHY_COMPRESSED),

	MO_OPTIONAL_PAGE(L, page),
};

const struct mo_need_table page_owner_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
