/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ARCH_H
#define MO_ARCH_H

/*
 * What an architecture must answer: where the kernel's page tables are, how to walk them, and where the direct map
 * is. One file per architecture; arch.c lists them.
 *
 * To add one: write NAME.c with a `const struct mo_arch mo_arch_NAME`, declare it below, add it to the table in
 * arch.c, and give tests/unit/arch a page table to walk.
 *
 * Nothing here reads a dump by itself: memory, VMCOREINFO and notes come through `struct mo_arch_view`. All
 * functions are pure as far as the view is, so any thread may call them.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_arch_note {
	const char *name;
	uint32_t type;
	const uint8_t *desc;
	size_t desc_bytes;
};

/* A CPU's registers out of a note. */
#define MO_ARCH_REGISTERS 32
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
	const struct mo_arch_note *notes;
	size_t n_notes;
	bool has_phys_base;       /* from the dump's header */
	uint64_t phys_base;
};

/* How the kernel's own address space is mapped. */
struct mo_paging {
	uint64_t root_pa;         /* of the top table */
	unsigned levels;
	uint64_t encryption_mask; /* bits of an entry that mark encrypted memory (AMD SME) and are no address */
	uint64_t kaslr_offset;    /* of the kernel image, in bytes */
	uint64_t image_first_kva; /* where a search for the kernel image may begin ... */
	uint64_t image_bytes;     /* ... and how far it may go */
	const char *found_by;     /* "VMCOREINFO", "CR3 of a CPU": for the report */
};

struct mo_arch_step {
	const char *level;
	uint64_t entry_pa;
	uint64_t entry;
	uint64_t covers_bytes;
	bool is_present;
	bool is_leaf;
};

#define MO_ARCH_STEPS 5

struct mo_arch_translation {
	struct mo_arch_step steps[MO_ARCH_STEPS];
	unsigned n_steps;
	bool is_mapped;
	uint64_t pa;
	uint64_t span_bytes;      /* from the address to the end of the mapping, or of the hole */
};

/* One entry of a page table. */
struct mo_arch_entry {
	uint64_t pa;              /* of the memory that it maps, or of the lower table */
	bool is_present;
	bool is_leaf;
};

/* The shape of page tables: each has 2^index_bits entries; those of height 0 map pages. */
struct mo_arch_tables {
	unsigned page_shift;
	unsigned index_bits;
	unsigned entry_bytes;
};

struct mo_arch {
	const char *name;         /* as uname -m */
	unsigned pointer_bytes;
	struct mo_arch_tables tables;
	/* VMCOREINFO keys that only this architecture has, for dumps whose header does not say; NULL-terminated. */
	const char *const *vmcoreinfo_keys;

	/*
	 * Finds the kernel's page tables and checks that they lead back to themselves. MO_E_ABSENT: the view holds
	 * nothing to find them by; MO_E_CORRUPT: what it holds leads nowhere.
	 */
	struct mo_error *(*find_paging)(const struct mo_arch_view *view, struct mo_paging *ret);

	/* Walks from paging->root_pa. Not mapped is not an error. */
	struct mo_error *(*walk)(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t va,
				 struct mo_arch_translation *ret);

	/* An entry of a table of this height, as it stands in memory. */
	void (*decode)(const struct mo_paging *paging, unsigned height, const uint8_t *raw, struct mo_arch_entry *ret);
	/* What tables of this height are called. */
	const char *(*level_name)(const struct mo_paging *paging, unsigned height);

	/*
	 * Candidates for the start of the direct map (the virtual address of physical address 0), newest first, where
	 * no symbol tells it; the caller checks each against the page tables. Returns how many.
	 */
	size_t (*direct_map_candidates)(const struct mo_arch_view *view, const struct mo_paging *paging, uint64_t *ret,
					size_t room);
	/* The symbol of a variable that holds the start of the direct map; NULL: none. */
	const char *direct_map_symbol;

	/* The registers in a note ({"CORE", NT_PRSTATUS}, {"QEMU", 0}); false: it is of another kind, or too short. */
	bool (*registers)(const struct mo_arch_note *note, struct mo_arch_registers *ret);
};

extern const struct mo_arch mo_arch_x86_64;

/* By name ("x86_64"); NULL: not supported. */
const struct mo_arch *mo_arch_by_name(const char *name);

/* By VMCOREINFO keys; NULL: cannot be told. */
const struct mo_arch *mo_arch_by_vmcoreinfo(const struct mo_arch_view *view);

/* "x86_64, ...": for messages. */
const char *mo_arch_supported(void);

#endif
