/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toy_page_owner.h"

#define OWNER "struct page_owner"
#define FIELD(of, name, offset, size) { .type = of, .member = name, .offset_bytes = offset, .bytes = size }

static const struct mo_fake_row rows[] = {
	MO_PAGE_ROWS,
	FIELD("struct page", "compound_head", 8, 8),
	FIELD("struct page", "page_type", 48, 4),
	{ .type = "struct mem_section", .bytes = 32 },
	FIELD("struct mem_section", "section_mem_map", 0, 8),
	FIELD("struct mem_section", "usage", 8, 8),
	FIELD("struct mem_section", "page_ext", 16, 8),
	FIELD("struct page_ext", "flags", 0, 8),
	FIELD("struct page_ext_operations", "offset", 0, 8),
	{ .type = "struct static_key", .member = "enabled.counter", .offset_bytes = 0, .bytes = 4, .is_signed = true },

	{ .type = OWNER, .bytes = 72 },
	FIELD(OWNER, "order", 0, 2),
	{ .type = OWNER, .member = "last_migrate_reason", .offset_bytes = 2, .bytes = 2, .is_signed = true },
	FIELD(OWNER, "gfp_mask", 4, 4),
	FIELD(OWNER, "handle", 8, 4),
	FIELD(OWNER, "free_handle", 12, 4),
	FIELD(OWNER, "ts_nsec", 16, 8),
	FIELD(OWNER, "free_ts_nsec", 24, 8),
	{ .type = OWNER, .member = "comm", .offset_bytes = 32, .bytes = 1, .n_elements = 16 },
	{ .type = OWNER, .member = "pid", .offset_bytes = 48, .bytes = 4, .is_signed = true },
	{ .type = OWNER, .member = "tgid", .offset_bytes = 52, .bytes = 4, .is_signed = true },

	{ .type = "union handle_parts", .member = "pool_index_plus_1", .bytes = 4, .first_bit = 0, .n_bits = 17 },
	{ .type = "union handle_parts", .member = "offset", .bytes = 4, .first_bit = 17, .n_bits = 10 },
	FIELD("struct stack_record", "size", 12, 4),
	{ .type = "struct stack_record", .member = "entries", .offset_bytes = 24, .bytes = 8, .is_flexible = true },

	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 },
	FIELD("struct codetag_type", "mod_idr.idr_rt", 24, 16),
	FIELD("struct codetag_type", "desc.tag_size", 48, 8),
	FIELD("struct codetag_module", "range.start", 8, 8),
	FIELD("struct codetag_module", "range.stop", 16, 8),
	{ .type = "struct alloc_tag", .bytes = TOY_TAG_BYTES },
	FIELD("struct alloc_tag", "ct.flags", 0, 4),
	FIELD("struct alloc_tag", "ct.lineno", 4, 4),
	FIELD("struct alloc_tag", "ct.modname", 8, 8),
	FIELD("struct alloc_tag", "ct.function", 16, 8),
	FIELD("struct alloc_tag", "ct.filename", 24, 8),
	FIELD("struct alloc_tag", "counters", 32, 8),
	{ .type = "struct alloc_tag_counters", .bytes = 16 },
	FIELD("struct alloc_tag_counters", "bytes", 0, 8),
	FIELD("struct alloc_tag_counters", "calls", 8, 8),
	FIELD("struct alloc_tag_kernel_section", "first_tag", 0, 8),
	FIELD("struct alloc_tag_kernel_section", "count", 8, 8),
	FIELD("struct alloc_tag_module_section", "first_tag", 0, 8),
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum page_ext_flags", .name = "PAGE_EXT_OWNER", .value = 0 },
	{ .enum_name = "enum page_ext_flags", .name = "PAGE_EXT_OWNER_ALLOCATED", .value = 1 },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "page_ext_size", .kva = TOY_SIZE_KVA, .bytes = 8 },
	{ .name = "page_owner_ops", .kva = TOY_OPS, .bytes = 40 },
	{ .name = "page_owner_inited", .kva = TOY_INITED, .bytes = 16 },
	{ .name = "page_alloc_tagging_ops", .kva = TOY_TAG_OPS, .bytes = 40 },
	{ .name = "mem_alloc_profiling_key", .kva = TOY_PROFILING, .bytes = 16 },
	{ .name = "mem_profiling_compressed", .kva = TOY_COMPRESSED, .bytes = 16 },
	{ .name = "alloc_tag_cttype", .kva = TOY_TAG_TYPE, .bytes = 8 },
	{ .name = "alloc_tag_ref_offs", .kva = TOY_REF_SHIFT, .bytes = 4 },
	{ .name = "alloc_tag_ref_mask", .kva = TOY_REF_MASK, .bytes = 8 },
	{ .name = "kernel_tags", .kva = TOY_KERNEL_TAGS, .bytes = 16 },
	{ .name = "module_tags", .kva = TOY_MODULE_TAGS, .bytes = 24 },
	{ .name = "__cpu_possible_mask", .kva = TOY_CPUMASK, .bytes = 8 },
	{ .name = "__per_cpu_offset", .kva = TOY_CPU_OFFSETS, .bytes = 64 },
	{ .name = "stack_pools", .kva = TOY_POOLS, .bytes = 64 },
	{ .name = "alloc_pages_noprof", .kva = TOY_TEXT + 0x100, .bytes = 0x100 },
	{ .name = "first_user", .kva = TOY_TEXT + 0x200, .bytes = 0x100 },
	{ .name = "second_user", .kva = TOY_TEXT + 0x300, .bytes = 0x100 },
};

static const struct mo_fake machine = {
	.rows = rows, .n_rows = N_ROWS(rows), .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
	.symbols = symbols, .n_symbols = N_ROWS(symbols),
	.vmcoreinfo = "SYMBOL(mem_section)=ffff888000008000\n"
		      "LENGTH(mem_section)=1024\n"
		      "NUMBER(SECTION_SIZE_BITS)=20\n"
		      "NUMBER(MAX_PHYSMEM_BITS)=30\n",
	.end_pfn = 3 * TOY_SECTION_PAGES,
};

static void put_word(struct mo_kernel *kernel, uint64_t kva, const char *word)
{
	mo_fake_put(kernel, kva, word, strlen(word) + 1);
}

static void put_stack(struct mo_kernel *kernel, uint64_t record_kva, uint64_t user_kva)
{
	mo_fake_put_u32(kernel, record_kva + 12, 2);
	mo_fake_put_u64(kernel, record_kva + 24, TOY_TEXT + 0x110);
	mo_fake_put_u64(kernel, record_kva + 32, user_kva);
}

static void put_tag(struct mo_kernel *kernel, uint64_t tag_kva, uint32_t line, uint64_t module_kva, unsigned counter)
{
	mo_fake_put_u32(kernel, tag_kva + 4, line);
	mo_fake_put_u64(kernel, tag_kva + 8, module_kva);
	mo_fake_put_u64(kernel, tag_kva + 16, TOY_WORDS);
	mo_fake_put_u64(kernel, tag_kva + 24, TOY_WORDS + 0x20);
	mo_fake_put_u64(kernel, tag_kva + 32, 16 + counter * 16);
}

/* Counters of the tags: those of one CPU may be negative, as memory is freed elsewhere. */
static void put_profiling(struct mo_kernel *kernel)
{
	mo_fake_put_u64(kernel, TOY_TAG_OPS, TOY_TAG_OFFSET);
	mo_fake_put_u32(kernel, TOY_PROFILING, 1);
	mo_fake_put_u64(kernel, TOY_TAG_TYPE, TOY_CTTYPE);
	mo_fake_put_u64(kernel, TOY_CTTYPE + 48, TOY_TAG_BYTES);
	/* The IDR: a node with the entries 0 and 1. */
	mo_fake_put_u64(kernel, TOY_CTTYPE + 24 + 8, TOY_NODE | 2);
	mo_fake_put_u64(kernel, TOY_NODE + 40, TOY_RANGES);
	mo_fake_put_u64(kernel, TOY_NODE + 48, TOY_RANGES + 32);
	mo_fake_put_u64(kernel, TOY_RANGES + 8, TOY_TAGS);
	mo_fake_put_u64(kernel, TOY_RANGES + 16, TOY_TAGS + 2 * TOY_TAG_BYTES);
	mo_fake_put_u64(kernel, TOY_RANGES + 32 + 8, TOY_OTHER_TAGS);
	mo_fake_put_u64(kernel, TOY_RANGES + 32 + 16, TOY_OTHER_TAGS + TOY_TAG_BYTES);
	put_word(kernel, TOY_WORDS, "user");
	put_word(kernel, TOY_WORDS + 0x20, "mm/user.c");
	put_word(kernel, TOY_WORDS + 0x40, "a_module");
	put_tag(kernel, TOY_TAGS, 10, 0, 0);
	put_tag(kernel, TOY_TAGS + TOY_TAG_BYTES, 20, 0, 1);
	put_tag(kernel, TOY_OTHER_TAGS, 30, TOY_WORDS + 0x40, 2);
	mo_fake_put_u64(kernel, TOY_UNIT(0) + 16, 12288);
	mo_fake_put_u64(kernel, TOY_UNIT(0) + 24, 3);
	mo_fake_put_u64(kernel, TOY_UNIT(1) + 16, (uint64_t)-4096);
	mo_fake_put_u64(kernel, TOY_UNIT(1) + 24, (uint64_t)-1);
	mo_fake_put_u64(kernel, TOY_UNIT(1) + 48, 100);
	mo_fake_put_u64(kernel, TOY_UNIT(1) + 56, 1);
}

struct mo_kernel *toy_kernel(void)
{
	struct mo_fake fake = machine;
	struct mo_kernel *kernel;

	fake.more_rows = mo_container_rows;
	fake.n_more_rows = mo_n_container_rows;
	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA, 0x10000);
	mo_fake_map(kernel, TOY_EXT(0), 0x20000);
	for (unsigned i = 0; i < 3; i++)
		mo_fake_put_u64(kernel, TOY_SECTIONS + i * 32, 0xffffea0000000000ull | 15);
	for (unsigned i = 0; i < 2; i++)
		mo_fake_put_u64(kernel, TOY_SECTIONS + i * 32 + 16,
				TOY_EXT(i) - (uint64_t)i * TOY_SECTION_PAGES * TOY_EXT_BYTES);
	mo_fake_put_u64(kernel, TOY_SIZE_KVA, TOY_EXT_BYTES);
	mo_fake_put_u64(kernel, TOY_OPS, TOY_OWNER_OFFSET);
	mo_fake_put_u32(kernel, TOY_INITED, 1);
	mo_fake_put_u64(kernel, TOY_CPUMASK, 3);
	mo_fake_put_u64(kernel, TOY_CPU_OFFSETS, TOY_UNIT(0));
	mo_fake_put_u64(kernel, TOY_CPU_OFFSETS + 8, TOY_UNIT(1));
	mo_fake_put_u64(kernel, TOY_POOLS, TOY_POOL);
	put_stack(kernel, TOY_POOL + 0x40, TOY_TEXT + 0x210);
	put_stack(kernel, TOY_POOL + 0xc0, TOY_TEXT + 0x310);
	put_stack(kernel, TOY_POOL + 0x140, TOY_INIT_TEXT);
	put_profiling(kernel);
	return kernel;
}

uint64_t toy_ext_kva(uint64_t pfn)
{
	return TOY_EXT(pfn / TOY_SECTION_PAGES) + pfn % TOY_SECTION_PAGES * TOY_EXT_BYTES;
}

void toy_put(struct mo_kernel *kernel, const struct toy_record *record)
{
	for (uint64_t i = 0; i < 1ull << record->order; i++) {
		uint64_t ext = toy_ext_kva(record->pfn + i);
		uint64_t owner = ext + TOY_OWNER_OFFSET;

		mo_fake_put_u64(kernel, ext, record->is_free ? 1 : 3);
		mo_fake_put_u16(kernel, owner, record->order);
		mo_fake_put_u16(kernel, owner + 2, 0xffff);
		mo_fake_put_u32(kernel, owner + 4, record->gfp_mask);
		mo_fake_put_u32(kernel, owner + 8, record->handle);
		mo_fake_put_u32(kernel, owner + 12, record->free_handle);
		mo_fake_put_u64(kernel, owner + 16, record->ns);
		mo_fake_put_u64(kernel, owner + 24, record->free_ns);
		if (record->comm)
			put_word(kernel, owner + 32, record->comm);
		mo_fake_put_u32(kernel, owner + 48, (uint32_t)record->pid);
		mo_fake_put_u32(kernel, owner + 52, (uint32_t)record->pid);
		mo_fake_put_u64(kernel, ext + TOY_TAG_OFFSET, i ? 0 : record->tag_kva);
	}
}

struct mo_run *toy_run(struct mo_kernel *kernel)
{
	return fake_run(kernel, memopsy_plugin_entry_page_owner());
}

void toy_end(struct mo_kernel *kernel, struct mo_run *run)
{
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}
