/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ARCH_H
#define MO_ARCH_H

/*
 * What is true of an architecture, one file each; arch.c lists them. To add one: answer the checklist in NAME.c with a
 * `const struct mo_arch mo_arch_NAME`, declare it below, add it to the table in arch.c, and give tests/unit/arch a
 * file of translations.
 *
 * The checklist, in the order in which it is needed:
 *
 *  1. Name as `uname -m` has it, width of a pointer (and so of an unsigned long), and the VMCOREINFO keys that no other
 *     architecture has, for dumps whose header does not tell.
 *  2. find_paging(): where the kernel's top table lies, by VMCOREINFO or by what notes have of a CPU, with a proof: the
 *     tables must map themselves. It fills in the whole of struct mo_paging for this session: granule, levels, the
 *     index bits of each height (a top table may have fewer), the two halves of the address space and whether one top
 *     table serves both, the bits of an entry that mark encryption, the byte order of entries (view->is_big_endian),
 *     KASLR, and where to look for the image.
 *  3. decode(): what entries say: nothing, lower table, memory, memory without access, swap; with every trick that the
 *     kernel plays with addresses of entries that are not present (x86 inverts them, against L1TF).
 *  4. level_name() and flags: how people call tables and bits.
 *  5. entry_words(): the same for words of which nobody knows whether they are entries.
 *  6. direct_maps(): where physical memory is mapped as one, from which physical address on and up to which; candidates
 *     are enough, the caller asks the page tables.
 *  7. mapped_ranges(): what else the kernel maps that is neither the direct map, nor struct pages, nor vmalloc.
 *  8. registers(): of the notes of a CPU.
 *  9. has_call(): how a direct call looks in machine code.
 * 10. feature_bit(): where the kernel notes what the CPU and it have agreed on.
 * 11. vmalloc_bytes(): what /proc/meminfo calls VmallocTotal.
 * 12. vma_flag(): the bits of vm_flags that it has taken for itself.
 * 13. refine(): what of all this only symbols and types tell.
 * 14. unwinding: how a stack leads from a frame to its caller's (unwind.h); without it, frame pointers do.
 *
 * Optional ones may be NULL where it says so. Nothing here reads a dump by itself: memory, VMCOREINFO and notes come
 * through `struct mo_arch_view`. All functions are pure as far as the view is, so any thread may call them.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/architecture.h>
#include <memopsy/error.h>
#include <memopsy/page_entry.h>

#include "unwind.h"

struct mo_arch_note {
	const char *name;
	uint32_t type;
	const uint8_t *desc;
	size_t desc_bytes;
};

/* A CPU's registers out of a note. */
#define MO_ARCH_REGISTERS 40 /* arm64 has x0 to x30, sp, pc and pstate */
struct mo_arch_registers {
	uint64_t words[MO_ARCH_REGISTERS]; /* all that are as wide as a pointer, in the note's order */
	size_t n_words;
	uint64_t instruction;
	uint64_t stack;
};

/* What an architecture may look at. */
struct mo_arch_view {
	void *context;
	struct mo_error *(*read_pa)(void *context, uint64_t pa, void *buffer, size_t n_bytes);
	/* A VMCOREINFO number by its whole key; false: no such key. NULL where there is no VMCOREINFO. */
	bool (*vmcoreinfo)(void *context, const char *key, int64_t *ret);
	/* A symbol's link-time address in the vmlinux; false: none, or no vmlinux. */
	bool (*link_address)(void *context, const char *symbol, uint64_t *ret);
	/* The value of a variable of the kernel that is as wide as a pointer; false: none. NULL: not known yet. */
	bool (*variable)(void *context, const char *symbol, uint64_t *ret);
	/* Whether an enum of the kernel's has this name in it. NULL: not known yet. */
	bool (*has_enumerator)(void *context, const char *type, const char *name);
	const struct mo_arch_note *notes;
	size_t n_notes;
	bool is_big_endian;       /* the dump */
	bool has_phys_base;       /* from the dump's header */
	uint64_t phys_base;
};

#define MO_ARCH_LEVELS 5

/* How the kernel's own address space is mapped, and with other top tables every other. */
struct mo_paging {
	uint64_t root_pa;         /* of the top table of the kernel's half */
	unsigned levels;
	unsigned page_shift;      /* the granule: what an entry of height 0 maps */
	unsigned entry_bytes;
	uint8_t index_bits[MO_ARCH_LEVELS]; /* by height: a table has 2^index_bits entries */
	uint8_t shift[MO_ARCH_LEVELS];      /* by height: an entry covers 2^shift bytes; mo_paging_set_levels() */
	uint64_t last_user_va;    /* the user's half goes from 0 to here ... */
	uint64_t first_kernel_va; /* ... and the kernel's from here ... */
	uint64_t last_kernel_va;  /* ... to here */
	bool has_own_user_root;   /* a process's top table maps the user's half only (TTBR0), and not the kernel's as well */
	bool is_big_endian;
	uint64_t encryption_mask; /* bits of an entry that mark encrypted memory (AMD SME and SEV) and are no address */
	uint64_t kaslr_offset;    /* of the kernel image, in bytes */
	uint64_t image_first_kva; /* where a search for the kernel image may begin ... */
	uint64_t image_bytes;     /* ... and how far it may go */
	unsigned entry_form;      /* which of the architecture's several forms entries have: its own */
	uint64_t signed_mask;     /* bits of an address of the kernel's half that may hold a signature or a tag instead; 0: none */
	uint64_t vmalloc_first_kva, vmalloc_end_kva; /* where VMCOREINFO has them; 0: not known */
	const char *found_by;     /* "VMCOREINFO", "CR3 of a CPU": for the report */
};

/* Sets levels and the shifts of all heights, of which index_bits, page_shift and entry_bytes are set. */
void mo_paging_set_levels(struct mo_paging *paging, unsigned levels);

struct mo_arch_step {
	const char *level;
	unsigned height;
	uint64_t entry_pa;
	uint64_t covers_bytes;
	struct mo_page_entry entry; /* with its value, also if it says nothing */
};

struct mo_arch_translation {
	struct mo_arch_step steps[MO_ARCH_LEVELS];
	unsigned n_steps;
	bool is_mapped;           /* memory is behind the address, whether or not it may be accessed */
	uint64_t pa;
	uint64_t span_bytes;      /* from the address to the end of the mapping, or of the hole */
};

/* A stretch of physical memory that is mapped as one: a physical address is kva - base_kva, of which 2^64 may be lost. */
struct mo_arch_direct_map {
	uint64_t base_kva;        /* that physical address 0 has or would have */
	uint64_t first_pa, end_pa; /* end_pa 0: up to the end of memory */
};

struct mo_arch_range {
	uint64_t first_kva, last_kva;
};

/* A bit of an entry by name. */
struct mo_arch_flag {
	unsigned bit;
	bool of_tables;           /* means this only in an entry that leads to a table */
	bool of_leaves;           /* means this only in an entry that maps memory */
	bool of_no_access;        /* ... and only in one without access */
	bool of_access;           /* ... and only in one with access */
	const char *name;
};

struct mo_arch {
	const char *name;         /* as uname -m */
	unsigned pointer_bytes;
	const char *const *vmcoreinfo_keys; /* NULL-terminated */

	/* Fills in levels, granule, indexes and halves; find_paging() does so, and tests. */
	void (*set_geometry)(struct mo_paging *paging, unsigned levels);

	/*
	 * Finds the kernel's page tables and checks that they lead back to themselves. MO_E_ABSENT: the view holds
	 * nothing to find them by; MO_E_CORRUPT: what it holds leads nowhere.
	 */
	struct mo_error *(*find_paging)(const struct mo_arch_view *view, struct mo_paging *ret);

	/*
	 * What can be told of entries only when symbols and types are known: view->variable() and view->has_enumerator()
	 * answer. NULL: nothing.
	 */
	void (*refine)(const struct mo_arch_view *view, struct mo_paging *paging);

	/* n entries of a table of this height, as they stand in memory; those of kind none are left out. Returns the rest. */
	unsigned (*decode)(const struct mo_paging *paging, unsigned height, const uint8_t *raw, unsigned n,
			   struct mo_page_entry *ret);

	/* What tables of this height are called. */
	const char *(*level_name)(const struct mo_paging *paging, unsigned height);
	const struct mo_arch_flag *flags;
	size_t n_flags;

	void (*entry_words)(const struct mo_paging *paging, struct mo_entry_words *ret);

	/* Symbols of further top tables of the kernel's half, with tables of their own below; NULL-terminated. NULL: none. */
	const char *const *root_symbols;

	/* Candidates for the direct map, the likeliest first; the caller asks the page tables. Returns how many. */
	size_t (*direct_maps)(const struct mo_arch_view *view, const struct mo_paging *paging, struct mo_arch_direct_map *ret,
			      size_t room);

	/* What is mapped beside direct map, struct pages and vmalloc: the image, modules, fixed addresses. Returns how many. */
	size_t (*mapped_ranges)(const struct mo_paging *paging, struct mo_arch_range *ret, size_t room);

	/* The registers in a note ({"CORE", NT_PRSTATUS}, {"QEMU", 0}); false: it is of another kind, or too short. */
	bool (*registers)(const struct mo_arch_view *view, const struct mo_arch_note *note, struct mo_arch_registers *ret);

	/* Whether code that lies at kva calls a function directly. NULL: not known. */
	bool (*has_call)(const uint8_t *code, size_t n_bytes, uint64_t kva, uint64_t target_kva);

	/* The number of the bit that notes it; -1: there is no such thing. */
	int (*feature_bit)(enum mo_cpu_feature feature);

	/* What show_smap_vma_flags() calls a bit of vm_flags that is the architecture's; "": nothing. NULL: it has none. */
	const char *(*vma_flag)(unsigned bit, bool has_keys);

	/* NULL: not known. */
	uint64_t (*vmalloc_bytes)(const struct mo_paging *paging);

	/* NULL: by frame pointers, and nothing that is on a CPU. */
	const struct mo_arch_unwinding *unwinding;
};

/* Walks from paging->root_pa. Not mapped is not an error. */
struct mo_error *mo_arch_walk(const struct mo_arch *arch, const struct mo_arch_view *view, const struct mo_paging *paging,
			      uint64_t va, struct mo_arch_translation *ret) MO_MUST_USE;

/* The names of an entry's flags, with blanks between; nothing of those that neither map memory nor lead on. */
void mo_arch_flag_names(const struct mo_arch *arch, uint64_t entry, unsigned height, enum mo_entry_kind kind, char *buffer,
			size_t n_bytes);

/* An entry's value, byte by byte as the byte order has it. */
uint64_t mo_arch_entry_value(const struct mo_paging *paging, const uint8_t *raw);

extern const struct mo_arch mo_arch_x86_64;
extern const struct mo_arch mo_arch_arm64;

/* By name ("x86_64"); NULL: not supported. */
const struct mo_arch *mo_arch_by_name(const char *name);

/* By VMCOREINFO keys; NULL: cannot be told. */
const struct mo_arch *mo_arch_by_vmcoreinfo(const struct mo_arch_view *view);

/* "x86_64, ...": for messages. */
const char *mo_arch_supported(void);

#endif
