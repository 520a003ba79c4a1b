/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_VMAP_H
#define MEMOPSY_VMAP_H

/*
 * The model "vmap": every range of kernel virtual addresses that the vmalloc allocator has handed out, with what is
 * known of who asked for it and of the pages behind it; and the page frames of vmalloc, kernel stacks and the per-CPU
 * allocator.
 *
 * Immutable once published; lives until the run ends.
 * Decodes struct vmap_area and struct vm_struct (include/linux/vmalloc.h), where mm/vmalloc.c keeps them, and
 * struct pcpu_chunk (mm/percpu-internal.h).
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_VMAP_MODEL "vmap"
#define MO_VMAP_MODEL_VERSION 1

/* What an area is. */
enum mo_vmap_state {
	MO_VMAP_BUSY = 0,    /* in use, with a vm_struct */
	MO_VMAP_RAM = 1,     /* of vm_map_ram(), which keeps no vm_struct; until 6.2 also areas that are being torn down */
	MO_VMAP_DYING = 2,   /* in use, without a vm_struct and not of vm_map_ram(): being torn down */
	MO_VMAP_LAZY = 3,    /* freed; its addresses wait for a TLB flush ("unpurged vm_area") */
};

/* vm_struct.flags: include/linux/vmalloc.h, the same since 3.13 (VM_SPARSE since 6.9). */
#define MO_VM_IOREMAP 0x1u
#define MO_VM_ALLOC 0x2u
#define MO_VM_MAP 0x4u
#define MO_VM_USERMAP 0x8u
#define MO_VM_DMA_COHERENT 0x10u
#define MO_VM_UNINITIALIZED 0x20u
#define MO_VM_SPARSE 0x1000u

/* Pages of one area that lie on one NUMA node. */
struct mo_vmap_node_pages {
	uint32_t node_id;
	uint64_t n_pages;
};

struct mo_vmap_area {
	uint64_t first_kva;          /* [first, end): with its guard page */
	uint64_t end_kva;
	uint64_t area_kva;           /* its struct vmap_area */
	enum mo_vmap_state state;
	uint32_t listed;             /* its place in /proc/vmallocinfo, from 0 on */

	/* Its struct vm_struct. Without one, or if that could not be read (has_vm), the rest is 0. */
	uint64_t vm_kva;
	bool has_vm;
	uint64_t vm_first_kva;       /* vm_struct.addr, .size: what /proc prints; the same as above, if all is well */
	uint64_t vm_bytes;
	uint64_t flags;              /* MO_VM_... */
	uint64_t pages_kva;          /* array of struct page pointers; 0: none */
	uint64_t n_pages;            /* entries of that array that the kernel says are in use */
	unsigned page_order;         /* the pages were taken in blocks of this order (5.13 on) */
	bool has_vpages;             /* the array itself lies in such an area */
	uint64_t first_pa;           /* vm_struct.phys_addr: what ioremap() maps; 0: none */
	uint64_t caller_kva;         /* code that asked for it; 0: not kept */
	const char *caller;          /* as the kernel prints it with %pS; NULL: not kept */
	const char *caller_name;     /* the symbol alone; NULL: in no symbol */
	const char *caller_module;   /* NULL: the kernel itself. Without caller_name: the module that points at the area */

	const struct mo_vmap_node_pages *nodes; /* ascending by node */
	size_t n_nodes;
	uint64_t n_found_pages;      /* entries of the pages array that are struct pages */
	uint64_t n_mapped_pages;     /* areas without an array of pages: pages that the page tables map there */
	uint64_t n_mapped_memory_pages; /* of these, memory: they have a struct page. The area maps them, and owns them not */
	bool is_idle_stack;          /* a stack that no task has: cached for the next one, or about to be freed */
};

/* What page frames are used for. Append only. */
enum mo_owned_kind {
	MO_OWNED_VMALLOC = 0,      /* memory of vmalloc() and its like, but for stacks */
	MO_OWNED_KERNEL_STACK = 1, /* stacks of tasks, cached ones among them; in vmalloc with CONFIG_VMAP_STACK */
	MO_OWNED_PERCPU = 2,       /* chunks of the per-CPU allocator */
	MO_N_OWNED_KINDS,
};

struct mo_owned_pages {
	uint64_t first_pfn;
	uint64_t n_pages;
	enum mo_owned_kind kind;
};

/* Memory that the page tables map in an area without an array of pages: whoever has taken it, this area uses it. */
struct mo_vmap_mapping {
	uint64_t first_pfn;
	uint64_t n_pages;
	uint64_t area_kva;           /* where the area begins: mo_vmap_area_at() knows it */
};

struct mo_vmap_model {
	const struct mo_vmap_area *areas; /* ascending by address */
	size_t n_areas;
	const uint32_t *listed;           /* indices of areas in the order of /proc/vmallocinfo; n_areas of them */
	bool is_complete;                 /* false: a tree or a list is broken (a finding says where) and areas are missing */
	const struct mo_owned_pages *owned; /* ascending by page frame; they overlap only if the kernel's data are wrong */
	size_t n_owned;
	uint64_t owned_pages[MO_N_OWNED_KINDS]; /* sums of owned */
	uint64_t direct_stack_pages;      /* of the kernel stacks, those not in vmalloc (without CONFIG_VMAP_STACK) */
	uint64_t idle_stack_pages;        /* of the kernel stacks, those that no task has: KernelStack is without them */
	const struct mo_vmap_mapping *mappings; /* ascending by page frame; a page may be mapped more than once */
	size_t n_mappings;
	uint64_t mapped_pages;            /* the sum of mappings */
	bool has_nodes;                   /* a NUMA kernel: /proc/vmallocinfo counts pages by node */
};

/* The area that an address lies in; NULL: none. */
static inline const struct mo_vmap_area *mo_vmap_area_at(const struct mo_vmap_model *vmap, uint64_t kva)
{
	size_t low = 0;
	size_t high = vmap->n_areas;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kva < vmap->areas[middle].first_kva)
			high = middle;
		else if (kva >= vmap->areas[middle].end_kva)
			low = middle + 1;
		else
			return &vmap->areas[middle];
	}
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif
