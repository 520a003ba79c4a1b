/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FAKE_KERNEL_H
#define MO_FAKE_KERNEL_H

/*
 * A kernel made of rows, for tests: memory at kernel virtual addresses, types, enumerators, symbols and VMCOREINFO.
 * Walks, bound layouts and everything that stands on include/memopsy/kernel.h run on it unchanged; no dump and no types
 * room are involved. Memory that was never mapped is MO_E_NOT_MAPPED.
 *
 *	static const struct mo_fake_row rows[] = {
 *		{ .type = "struct list_head", .bytes = 16 },
 *		{ .type = "struct list_head", .member = "next", .offset_bytes = 0, .bytes = 8 },
 *	};
 *	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .rows = rows, .n_rows = 2 });
 *	mo_fake_map(kernel, 0xffff888000001000, 4096);
 *	mo_fake_put_u64(kernel, 0xffff888000001000, 0xffff888000001010);
 *	...
 *	mo_fake_destroy(kernel);
 */

#include <stddef.h>

#include <memopsy/kernel.h>

/* A member by its path as it is asked for ("meta.end"), or without a member the size of a type. */
struct mo_fake_row {
	const char *type;
	const char *member;
	uint64_t offset_bytes;
	uint64_t bytes;         /* of the member, or of one element of it */
	uint64_t n_elements;    /* of an array; 0: no array */
	bool is_signed;
	bool is_flexible;       /* an array without a length */
	unsigned first_bit;     /* of a bit-field, from offset_bytes */
	unsigned n_bits;        /* 0: not a bit-field */
};

struct mo_fake_enumerator {
	const char *enum_name;
	const char *name;
	int64_t value;
};

struct mo_fake_symbol {
	const char *name;
	uint64_t kva;
	uint64_t bytes;
};

/* All rows must outlive the kernel. */
struct mo_fake {
	const struct mo_fake_row *rows;
	size_t n_rows;
	const struct mo_fake_row *more_rows; /* of the test's own, beside a shared table */
	size_t n_more_rows;
	const struct mo_fake_enumerator *enumerators;
	size_t n_enumerators;
	const struct mo_fake_symbol *symbols;
	size_t n_symbols;
	uint64_t first_text_kva, end_text_kva; /* symbols in between are functions */
	const char *vmcoreinfo;     /* lines of KEY=VALUE; NULL: none */
	const char *arch;           /* NULL: "x86_64" */
	unsigned pointer_bytes;     /* 0: 8 */
	uint64_t end_pfn;
	uint64_t max_pages;         /* 0: no bound */
	unsigned paging_levels;     /* 0: 4 */
	bool is_live;
	/* Of a live kernel: called before each read, which may find something else than the last one did. */
	void (*before_read)(struct mo_kernel *kernel, uint64_t kva);
};

/* Never fails: a test that has no memory is over. */
struct mo_kernel *mo_fake_kernel(const struct mo_fake *fake);
void mo_fake_destroy(struct mo_kernel *kernel);

/* One reader for tests that need just one; it lives as long as the kernel. */
struct mo_reader *mo_fake_reader(struct mo_kernel *kernel);

/* Maps zeroed memory. Regions must not overlap; neighbouring ones read as one. */
void mo_fake_map(struct mo_kernel *kernel, uint64_t kva, size_t n_bytes);

/*
 * Physical memory of so many bytes is what is mapped from direct_map_kva on; the kernel's top table lies at root_pa. Walks of
 * page tables and translations, which are the real ones, need this.
 */
void mo_fake_physical(struct mo_kernel *kernel, uint64_t direct_map_kva, uint64_t bytes, uint64_t root_pa);

/* From now on reads of any of these bytes fail with this code. */
void mo_fake_break(struct mo_kernel *kernel, uint64_t kva, size_t n_bytes, enum mo_error_code code);
enum mo_frame_presence mo_fake_presence(const struct mo_kernel *kernel, uint64_t kva); /* of the byte there */

/* Writes into mapped memory, little-endian. */
void mo_fake_put(struct mo_kernel *kernel, uint64_t kva, const void *bytes, size_t n_bytes);
void mo_fake_put_u8(struct mo_kernel *kernel, uint64_t kva, uint8_t value);
void mo_fake_put_u16(struct mo_kernel *kernel, uint64_t kva, uint16_t value);
void mo_fake_put_u32(struct mo_kernel *kernel, uint64_t kva, uint32_t value);
void mo_fake_put_u64(struct mo_kernel *kernel, uint64_t kva, uint64_t value);

/* What a test may want to know of the session: remarks, and the symbols of modules that were added. */
size_t mo_fake_remark_count(const struct mo_kernel *kernel);
const char *mo_fake_remark(const struct mo_kernel *kernel, size_t index);

#endif
