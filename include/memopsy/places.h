/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PLACES_H
#define MEMOPSY_PLACES_H

/*
 * The model "places": what an address of kernel memory is, and where in it. One place has a container (a variable, a
 * slab object, a stack, a vmap area, a per-CPU allocation, a block of pages), its name, and the byte in it; places of
 * one address in several mappings (direct map and vmalloc, say) are told for the memory, whichever address was asked.
 *
 * Immutable once published; lives until the run ends. Naming a place takes a few look-ups in tables and at most a few
 * reads, no scan; any thread may, with a reader of its own.
 */

#include <memopsy/kernel.h>
#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_PLACES_MODEL "places"
#define MO_PLACES_MODEL_VERSION 1

/* What contains the address. Append only. */
enum mo_place_kind {
	MO_PLACE_NONE = 0,           /* nothing that is known contains it; the page class is all there is to say */
	MO_PLACE_SYMBOL,             /* a variable or function of the kernel or of a module */
	MO_PLACE_PERCPU_SYMBOL,      /* a CPU's copy of a per-CPU variable */
	MO_PLACE_PERCPU,             /* an allocation of the per-CPU allocator */
	MO_PLACE_SLAB_OBJECT,
	MO_PLACE_LARGE_KMALLOC,
	MO_PLACE_STACK,              /* of a task, or cached for the next one */
	MO_PLACE_IRQ_STACK,
	MO_PLACE_VMAP_AREA,
	MO_PLACE_STRUCT_PAGE,        /* in the memory map: the struct page of page frame `pfn_described` */
	MO_PLACE_PAGE_TABLE,
	MO_PLACE_MODULE,             /* in a module's image, in no symbol of it */
	MO_PLACE_PAGE_BLOCK,         /* pages of the page allocator, of the class that mem_map says */
	MO_N_PLACE_KINDS,
};

#define MO_PLACE_NAME_BYTES 160

struct mo_place {
	enum mo_place_kind kind;
	uint64_t kva;                /* of the container's first byte, in the mapping that the kernel uses for it */
	uint64_t bytes;              /* of the container; 0: not known */
	uint64_t offset_bytes;       /* of the address in it */
	uint64_t pfn;                /* of the address */
	uint8_t page_class;          /* enum mo_page_class of that page; MO_PAGE_UNKNOWN without mem_map */
	bool has_pfn;
	bool is_allocated;           /* of objects: not free, as far as known */
	bool is_root;                /* a place that lives by itself: variables, per-CPU, stacks */
	bool is_padding;             /* of objects: in the room around it, red zone or padding; before it: offset in that room */
	uint64_t pfn_described;      /* MO_PLACE_STRUCT_PAGE */
	const char *module;          /* whose; NULL: the kernel's own, or not known. Of the kernel or the model */
	/* The container in words, raw bytes of the dump among them: "kmalloc-192", "init_task", "stack of PID 1 systemd". */
	char name[MO_PLACE_NAME_BYTES];
	uint32_t cache;              /* MO_PLACE_SLAB_OBJECT: index into mo_slab_model.caches; else MO_SLAB_NO_CACHE */
	int32_t cpu;                 /* of per-CPU places: whose; else -1 */
	uint64_t percpu_kva;         /* of per-CPU places: the per-CPU pointer, the same on all CPUs; else 0 */
	uint64_t task_kva;           /* MO_PLACE_STACK: its task; 0: none that is known */
};

struct mo_places_model {
	/* Fills *ret; MO_PLACE_NONE is no failure. Errors are of memory and interruption only. */
	struct mo_error *(*find)(const struct mo_places_model *places, struct mo_reader *reader, uint64_t kva,
				 struct mo_place *ret);
	/* The same for a physical address. */
	struct mo_error *(*find_pa)(const struct mo_places_model *places, struct mo_reader *reader, uint64_t pa,
				    struct mo_place *ret);
};

#ifdef __cplusplus
}
#endif

#endif
