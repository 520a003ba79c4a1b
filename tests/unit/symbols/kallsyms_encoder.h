/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KALLSYMS_ENCODER_H
#define KALLSYMS_ENCODER_H

/*
 * Makes kallsyms tables as the kernel's build does, in every encoding and layout, in fake memory of which pages may
 * be missing. Needs no cmocka, so that a fuzzer can use it: what goes wrong here aborts.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

#include "kallsyms.h"
#include "symbol_source.h"

#define FAKE_PAGE_BYTES 4096u

struct fake_memory {
	uint64_t base_kva;
	uint8_t *bytes;
	size_t n_bytes;
	uint8_t *is_missing; /* one for each page */
	size_t n_reads;
	struct mo_kva_source source; /* its context is this struct, which must not move */
};

void fake_memory_deinit(struct fake_memory *memory);

/* Makes the page that holds an address missing, or present again. */
void fake_memory_set_missing(struct fake_memory *memory, uint64_t kva, bool is_missing);

/* The byte at an address. */
uint8_t *fake_memory_at(struct fake_memory *memory, uint64_t kva);

struct fake_symbol {
	uint64_t kva;
	char type;
	char name[600];
};

enum fake_layout {
	FAKE_OFFSETS_FIRST = 0, /* until 6.1 */
	FAKE_SEQS_INSIDE = 1,   /* the same with kallsyms_seqs_of_names */
	FAKE_OFFSETS_LAST = 2,  /* from 6.4 on */
};

struct fake_kallsyms {
	const struct fake_symbol *symbols; /* in ascending order of addresses */
	size_t n_symbols;
	enum mo_kallsyms_encoding encoding;
	enum fake_layout layout;
	unsigned pointer_bytes;
	unsigned alignment;                /* of labels: pointer_bytes, or 4 from 7.0 on */
	bool is_big_endian;
	bool has_long_num_syms;            /* before 4.20 */
	uint64_t base_kva;                 /* page-aligned; the banner stands there */
	uint64_t relative_base;
};

/* The memory begins with "Linux version ", then come the tables; *tables says where, with stext_kva 0. */
void fake_kallsyms_encode(const struct fake_kallsyms *plan, struct fake_memory *memory,
			  struct mo_kallsyms_tables *tables);

#endif
