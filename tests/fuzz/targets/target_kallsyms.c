/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's symbol table in memory. A byte of flags (1: pointers of 4 bytes; 2: big-endian), a byte for each page of the rest
 * that may be missing (0 pages: none is), where the eight tables are as 4 bytes each (0: not known), then memory from BASE_KVA on.
 */
#include <string.h>

#include "symbol_source.h"
#include "target.h"

#define BASE_KVA UINT64_C(0xffffffff81000000)
#define PAGE_BYTES 4096u
#define N_TABLES 8

struct memory {
	const uint8_t *bytes;
	size_t n_bytes;
	size_t missing_page;  /* 0: none */
};

static struct mo_error *read_memory(void *context, uint64_t kva, void *buffer, size_t n_bytes)
{
	const struct memory *memory = context;
	uint64_t offset = kva - BASE_KVA;

	if (kva < BASE_KVA || offset > memory->n_bytes || n_bytes > memory->n_bytes - offset ||
	    (memory->missing_page && n_bytes && offset / PAGE_BYTES <= memory->missing_page &&
	     (offset + n_bytes - 1) / PAGE_BYTES >= memory->missing_page))
		return mo_error_create(MO_E_NOT_IN_DUMP, "0x%llx is not there", (unsigned long long)kva);
	memcpy(buffer, memory->bytes + offset, n_bytes);
	return NULL;
}

static uint64_t take_address(const uint8_t *bytes)
{
	uint64_t offset = (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24;

	return offset ? BASE_KVA + offset : 0;
}

static void check_symbols(const struct mo_symbols *symbols)
{
	uint64_t previous_kva = 0;
	struct mo_symbol symbol;

	for (size_t i = 0; i < mo_symbols_count(symbols); i++) {
		mo_symbols_get(symbols, i, &symbol);
		demand(symbol.value_kva >= previous_kva, "symbols are in order");
		previous_kva = symbol.value_kva;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	const size_t n_head = 2 + 4 * N_TABLES;
	struct memory memory = { .bytes = bytes + n_head, .n_bytes = n_bytes - n_head };
	struct mo_kva_source source = { .context = &memory, .read = read_memory };
	uint64_t at[N_TABLES];
	struct mo_kallsyms_tables tables, found;
	struct mo_symbols *symbols;
	struct mo_error *error;

	if (n_bytes < n_head)
		return 0;
	source.pointer_bytes = bytes[0] & 1 ? 4 : 8;
	source.is_big_endian = bytes[0] & 2;
	memory.missing_page = bytes[1];
	for (size_t i = 0; i < N_TABLES; i++)
		at[i] = take_address(bytes + 2 + 4 * i);
	tables = (struct mo_kallsyms_tables){
		.names_kva = at[0], .num_syms_kva = at[1], .token_table_kva = at[2], .token_index_kva = at[3],
		.offsets_kva = at[4], .addresses_kva = at[5], .relative_base_kva = at[6], .stext_kva = at[7] };
	error = mo_symbols_load_kallsyms(&source, &tables, &symbols, NULL);
	if (!error) {
		check_symbols(symbols);
		mo_symbols_destroy(symbols);
	}
	mo_error_destroy(error);
	mo_error_destroy(mo_symbols_find_kallsyms_tables(&source, BASE_KVA, memory.n_bytes, &found));
	return 0;
}
