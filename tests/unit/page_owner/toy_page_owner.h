/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_PAGE_OWNER_H
#define MO_TOY_PAGE_OWNER_H

/*
 * A machine of two sections with 256 page frames each (and a third one without records), booted with page_owner=on and
 * with memory allocation profiling; a kernel with an allocator and two functions that use it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_run.h"

#include <memopsy/page_owner.h>

const struct mo_plugin *memopsy_plugin_entry_page_owner(void);

#define TOY_SECTION_PAGES 256u
#define TOY_EXT_BYTES 88u               /* page_ext_size */
#define TOY_OWNER_OFFSET 8u
#define TOY_TAG_OFFSET 80u
#define TOY_SIZE_KVA (BASE_KVA + 0x10)  /* the variable page_ext_size */
#define TOY_OPS (BASE_KVA + 0x20)       /* page_owner_ops */
#define TOY_INITED (BASE_KVA + 0x50)
#define TOY_TAG_OPS (BASE_KVA + 0x60)
#define TOY_PROFILING (BASE_KVA + 0x90)
#define TOY_COMPRESSED (BASE_KVA + 0xa0)
#define TOY_TAG_TYPE (BASE_KVA + 0xb0)  /* alloc_tag_cttype */
#define TOY_REF_SHIFT (BASE_KVA + 0xc0)
#define TOY_REF_MASK (BASE_KVA + 0xc8)
#define TOY_KERNEL_TAGS (BASE_KVA + 0xd0)
#define TOY_MODULE_TAGS (BASE_KVA + 0xe0)
#define TOY_CPUMASK (BASE_KVA + 0x100)
#define TOY_CPU_OFFSETS (BASE_KVA + 0x200)
#define TOY_POOLS (BASE_KVA + 0x400)
#define TOY_CTTYPE (BASE_KVA + 0x600)
#define TOY_RANGES (BASE_KVA + 0x700)   /* struct codetag_module: the kernel's, and a module's 32 bytes on */
#define TOY_NODE (BASE_KVA + 0x800)     /* of the IDR */
#define TOY_TAGS (BASE_KVA + 0x1000)    /* two of the kernel */
#define TOY_OTHER_TAGS (BASE_KVA + 0x1100) /* one of a module */
#define TOY_TAG_BYTES 40u
#define TOY_WORDS (BASE_KVA + 0x1800)
#define TOY_UNIT(cpu) (BASE_KVA + 0x2000 + (cpu) * 0x400ull)
#define TOY_POOL (BASE_KVA + 0x3000)
#define TOY_SECTIONS (BASE_KVA + 0x8000)
#define TOY_EXT(section) (BASE_KVA + 0x100000 + (section) * 0x10000ull)
#define TOY_PAGE(pfn) (0xffffea0000000000ull + (pfn) * 64ull)
#define TOY_TEXT 0xffffffff81000000ull

/* Handles of the stacks that are in the depot: alloc_pages < first_user, < second_user, < a module's init code that is gone. */
#define TOY_FIRST_STACK (1u | 4u << 17)
#define TOY_SECOND_STACK (1u | 12u << 17)
#define TOY_INIT_STACK (1u | 20u << 17)
#define TOY_INIT_TEXT 0xffffffffc0001000ull

struct mo_kernel *toy_kernel(void);

/* What page_owner says of 1 << order page frames. */
struct toy_record {
	uint64_t pfn;
	uint16_t order;
	uint32_t gfp_mask, handle, free_handle;
	uint64_t ns, free_ns;
	int32_t pid;
	const char *comm;
	bool is_free;
	uint64_t tag_kva;        /* of the first page frame */
};
void toy_put(struct mo_kernel *kernel, const struct toy_record *record);
uint64_t toy_ext_kva(uint64_t pfn);

struct mo_run *toy_run(struct mo_kernel *kernel);
void toy_end(struct mo_kernel *kernel, struct mo_run *run);

#endif
