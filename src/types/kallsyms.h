/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_KALLSYMS_H
#define MO_KALLSYMS_H

/*
 * The kernel's own symbol table as scripts/kallsyms.c of the kernel writes it (5.10, 6.1, 6.12 and 7.2 were read):
 *
 *   kallsyms_num_syms     u32
 *   kallsyms_names        a compressed name for each symbol: its length, then as many token numbers. From 6.1 on the
 *                         length has a second byte if the top bit of the first is set; before that no name was so long
 *   kallsyms_markers      u32 for each 256 symbols: where in kallsyms_names the group begins
 *   kallsyms_token_table  256 terminated strings: what the token numbers stand for. The first character of a name
 *                         is its type
 *   kallsyms_token_index  256 u16: where in the token table each string begins
 *   kallsyms_offsets      or kallsyms_addresses, and kallsyms_relative_base: the addresses, ascending
 *
 * All of it is in read-only data of the kernel image, and may still be missing from a dump or damaged in it.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#include "symbol_source.h"

#define MO_KALLSYMS_MAX_SYMS (UINT32_C(8) << 20)

/* KSYM_NAME_LEN is 128 (before 6.1) or 512, with the terminator and without the type. */
#define MO_KALLSYMS_MAX_NAME 1023

/*
 * Reads as much as there is: in one go if it can, else page by page up to the first that cannot be read. Returns the
 * number of bytes; *why (may be NULL; untouched if all was read) gets the error that ended it.
 */
size_t mo_kallsyms_read_some(const struct mo_kva_source *source, uint64_t kva, void *buffer, size_t n_bytes,
			     struct mo_error **why);

#define MO_TOKEN_COPY_BYTES 16

struct mo_kallsyms_tokens {
	/* The first bytes of each token, to be copied in one go whatever its length. */
	char heads[256][MO_TOKEN_COPY_BYTES];
	uint16_t lengths[256];
	uint16_t offsets[256];
	char *table;
};

/* Checks that the table is 256 terminated strings and that the index says the same. */
struct mo_error *mo_kallsyms_tokens_init(const struct mo_kva_source *source, uint64_t table_kva, uint64_t index_kva,
					 struct mo_kallsyms_tokens *ret) MO_MUST_USE;
void mo_kallsyms_tokens_deinit(struct mo_kallsyms_tokens *tokens);

/* Expands a compressed name into name[MO_KALLSYMS_MAX_NAME + 1 + MO_TOKEN_COPY_BYTES]; false: it is too long. */
bool mo_kallsyms_expand(const struct mo_kallsyms_tokens *tokens, const uint8_t *compressed, size_t n_compressed,
			char *name, size_t *length);

/* The compressed names, read forward in big pieces. */
struct mo_kallsyms_names {
	const struct mo_kva_source *source;
	uint64_t start_kva;     /* of the first name */
	uint64_t next_kva;      /* of what has not been read yet */
	uint8_t *window;
	size_t first, end;      /* of the bytes at hand in the window */
	bool is_at_end;         /* what follows cannot be read */
	struct mo_error *why;   /* why not; NULL until then */
	bool is_cut;            /* the name that was asked for last lies there */
};

struct mo_error *mo_kallsyms_names_init(const struct mo_kva_source *source, uint64_t kva,
					struct mo_kallsyms_names *ret) MO_MUST_USE;
void mo_kallsyms_names_deinit(struct mo_kallsyms_names *names);

/*
 * The next compressed name, valid until the next call. false: there is none; *problem (static text) says why.
 */
bool mo_kallsyms_names_next(struct mo_kallsyms_names *names, const uint8_t **compressed, size_t *n_compressed,
			    const char **problem);

/* Goes on reading at an offset into the names, whatever was wrong before. */
void mo_kallsyms_names_seek(struct mo_kallsyms_names *names, uint64_t offset);

/*
 * kallsyms_markers: where each 256th name begins, so that names behind missing memory are found again. They stand between
 * the names and the token table, with or without seqs_of_names (3 bytes a symbol) behind them; which of the two it is,
 * those offsets tell that are known from reading the names.
 */
#define MO_KALLSYMS_SYMS_PER_MARKER 256u
#define MO_KALLSYMS_NO_OFFSET UINT32_MAX

struct mo_kallsyms_markers {
	uint32_t *offsets; /* MO_KALLSYMS_NO_OFFSET: that one cannot be read; NULL: there are none to be found */
	size_t count;
};

/* known[i]: where the names of group i begin, of the n_known groups whose beginning was come by. No memory: none. */
void mo_kallsyms_markers_find(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables, uint32_t n_syms,
			      const uint32_t *known, size_t n_known, struct mo_kallsyms_markers *ret);
void mo_kallsyms_markers_deinit(struct mo_kallsyms_markers *markers);

/* How an address is made of a table entry. */
enum mo_kallsyms_encoding {
	MO_KALLSYMS_ABSOLUTE = 0,        /* the address itself, pointer-sized: before 4.6, and by configuration until 6.10 */
	MO_KALLSYMS_BASE_RELATIVE = 1,   /* u32 above kallsyms_relative_base (4.6 on) */
	MO_KALLSYMS_ABSOLUTE_PERCPU = 2, /* CONFIG_KALLSYMS_ABSOLUTE_PERCPU, 4.6 to 6.14: s32; positive ones are absolute */
	MO_KALLSYMS_PLACE_RELATIVE = 3,  /* s32 from the table entry itself (7.0 on) */
	MO_KALLSYMS_PLAIN = 4,           /* u32, the address itself: 7.0 on, 32-bit kernels that are not relocatable */
};

#define MO_KALLSYMS_N_ENCODINGS 5

/* The table of addresses, of whatever encoding. */
struct mo_kallsyms_addresses {
	uint8_t *bytes;              /* n_entries * entry_bytes */
	uint8_t *missing_pages;      /* a bit for each 4096-byte page that the table touches and that cannot be read */
	uint64_t table_kva;
	uint64_t relative_base;      /* if has_relative_base */
	size_t n_entries;
	unsigned entry_bytes;
	bool is_absolute;            /* kallsyms_addresses, not kallsyms_offsets */
	bool has_relative_base;
	bool is_big_endian;
	unsigned pointer_bytes;
};

/* Reads one of the tables; for kallsyms_offsets the relative base too, if there is one. */
struct mo_error *mo_kallsyms_addresses_init(const struct mo_kva_source *source, const struct mo_kallsyms_tables *tables,
					    bool is_absolute, size_t n_entries,
					    struct mo_kallsyms_addresses *ret) MO_MUST_USE;
void mo_kallsyms_addresses_deinit(struct mo_kallsyms_addresses *addresses);

bool mo_kallsyms_is_missing(const struct mo_kallsyms_addresses *addresses, size_t number);

/* Whether the table can be of that encoding at all. */
bool mo_kallsyms_is_possible(const struct mo_kallsyms_addresses *addresses, enum mo_kallsyms_encoding encoding);
uint64_t mo_kallsyms_address(const struct mo_kallsyms_addresses *addresses, enum mo_kallsyms_encoding encoding,
			     size_t number);

/*
 * Whether the addresses ascend, as the kernel's table does, and do not lie below the base (offsets taken for
 * absolute per-CPU values do ascend). One in a hundred may be out of order, and at most half are per-CPU symbols.
 */
bool mo_kallsyms_gives_order(const struct mo_kallsyms_addresses *addresses, enum mo_kallsyms_encoding encoding);

/* "base-relative" and so on. */
const char *mo_kallsyms_encoding_name(enum mo_kallsyms_encoding encoding);

#endif
