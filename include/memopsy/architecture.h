/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_ARCHITECTURE_H
#define MEMOPSY_ARCHITECTURE_H

/*
 * What plugins need of the machine's architecture beside its page tables (page_entry.h, table_walk.h). All functions
 * are pure and may be called by any thread.
 */

#include <string.h>

#include <memopsy/kernel.h>

MO_API_BEGIN

/* Addresses, the last one included. */
struct mo_kva_range {
	uint64_t first_kva, last_kva;
};

/* What the kernel maps beside direct map, struct pages and vmalloc: its image, modules, fixed addresses. Returns how many. */
#define MO_MAX_MAPPED_RANGES 8
size_t mo_kernel_mapped_ranges(const struct mo_kernel *kernel, struct mo_kva_range *ret, size_t room);

/* Whether code that lies at kva calls a function directly: 0 or 1; -1: of this architecture that is not known. */
int mo_code_has_call(const struct mo_kernel *kernel, const void *code, size_t n_bytes, uint64_t kva, uint64_t target_kva);

/* What /proc/meminfo calls VmallocTotal, in bytes; 0: of this architecture that is not known. */
uint64_t mo_vmalloc_total_bytes(const struct mo_kernel *kernel);

/*
 * Where struct cpuinfo_x86.x86_capability, or what another architecture has in its place, notes that something is in use:
 * the number of the bit, in words of 32 bits; -1: this architecture has no such thing.
 */
enum mo_cpu_feature {
	MO_CPU_PAIRED_TABLES,    /* page-table isolation: top tables are pairs of pages, the kernel's and the user's */
	MO_CPU_PROTECTION_KEYS,  /* the kernel has turned them on for users */
};
int mo_cpu_feature_bit(const struct mo_kernel *kernel, enum mo_cpu_feature feature);

/*
 * What smaps' VmFlags calls a bit of vm_flags that is the architecture's own: "" is not shown; NULL: the bit is none of
 * these. has_keys: the kernel knows protection keys, which take bits from 32 on (pkey_alloc()).
 */
const char *mo_vma_flag_name(const struct mo_kernel *kernel, unsigned bit, bool has_keys);

/* HPAGE_PMD_ORDER: the order of a huge page that one entry of the second lowest table maps. */
unsigned mo_pmd_order(const struct mo_kernel *kernel);

/* A pointer or an unsigned long out of bytes that were read: facts->pointer_bytes of them, at any alignment. */
static inline uint64_t mo_word_at(const struct mo_kernel_facts *facts, const void *bytes)
{
	bool is_swapped = facts->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	uint64_t word;
	uint32_t narrow;

	if (facts->pointer_bytes == 8) {
		memcpy(&word, bytes, sizeof(word));
		return is_swapped ? __builtin_bswap64(word) : word;
	}
	memcpy(&narrow, bytes, sizeof(narrow));
	return is_swapped ? __builtin_bswap32(narrow) : narrow;
}

/* A signed long; its bits, so that sums may wrap. */
static inline uint64_t mo_long_at(const struct mo_kernel_facts *facts, const void *bytes)
{
	uint64_t word = mo_word_at(facts, bytes);

	return facts->pointer_bytes == 8 ? word : (uint64_t)(int64_t)(int32_t)(uint32_t)word;
}

/* A signed long, as wide as the kernel's. */
struct mo_error *mo_read_long(struct mo_reader *reader, uint64_t kva, int64_t *ret) MO_MUST_USE;

MO_API_END

#endif
