/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_ENTRY_H
#define MEMOPSY_PAGE_ENTRY_H

/*
 * What an entry of a page table says, whatever the architecture: src/arch knows the bits. Walks (table_walk.h) tell
 * entries of tables that they reach; what is here is for bytes that are at hand already.
 *
 * The height of a table is that above the memory: the tables whose entries map pages have height 0. All functions are
 * pure and may be called by any thread.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

/* What the kernel calls pte_write() and so on. */
enum mo_entry_flag {
	MO_ENTRY_WRITABLE = 1u << 0,
	MO_ENTRY_USER = 1u << 1,
	MO_ENTRY_ACCESSED = 1u << 2,
	MO_ENTRY_DIRTY = 1u << 3,
	MO_ENTRY_NO_EXEC = 1u << 4,
	MO_ENTRY_SPECIAL = 1u << 5, /* pte_special(): no struct page behind it that is accounted */
};

struct mo_page_entry {
	uint64_t value;             /* as it stands in memory, in the kernel's byte order */
	union {
		uint64_t pa;            /* table, leaf, no access: in bytes, without what marks encrypted memory */
		uint64_t swap_offset;   /* swap: swp_offset(), in pages of the swap area, or what the type makes of it */
	};
	uint32_t flags;             /* enum mo_entry_flag */
	uint16_t index;             /* among those that were decoded together */
	uint8_t kind;               /* enum mo_entry_kind */
	uint8_t swap_type;          /* swap: swp_type(); numbers beyond the swap areas are migration and the like */
};

/*
 * Decodes n entries of a table of this height that stand at raw one behind the other, n at most 512. Those that say
 * nothing are left out; returns how many are in ret, in ascending order.
 */
unsigned mo_decode_entries(const struct mo_kernel *kernel, unsigned height, const void *raw, unsigned n,
			   struct mo_page_entry *ret);

/* Of one entry of any table. */
unsigned mo_entry_bytes(const struct mo_kernel *kernel);

/*
 * For passes over all words of memory, of which any may be an entry: what its bits have to be. A word leads to a lower
 * table, as the kernel writes such entries, if (word & table_mask) == table_bits.
 */
struct mo_entry_words {
	uint64_t pa_mask;           /* the address in an entry, or in a number that is a physical address */
	uint64_t present_mask;      /* any of these bits is set in an entry that is present */
	uint64_t table_mask, table_bits;
};

void mo_entry_words(const struct mo_kernel *kernel, struct mo_entry_words *ret);

/*
 * The names of the flags of an entry that maps memory or leads to a table, as the kernel's macros have them, with blanks between: "PRESENT RW
 * USER". Cut where the buffer ends, which is always terminated.
 */
void mo_entry_flag_names(const struct mo_kernel *kernel, const struct mo_translation_step *step, char *buffer, size_t n_bytes);

MO_API_END

#endif
