/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * kallsyms tables, right ones first, then damaged in all ways that a dump can be: bytes, missing pages, tables that
 * are elsewhere. What must hold: no crash, no hang, no more symbols than the table claims, and every symbol that is
 * handed out can be found again. Deterministic; the number of rounds may be given, or --write-seeds DIR.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_symbols.h"

#define DEFAULT_ROUNDS 2500
#define MAX_SYMBOLS 1200

struct fuzzer {
	uint64_t random;
	size_t n_loaded, n_refused, n_found;
	struct fake_memory memory;
	struct mo_kallsyms_tables tables;
};

static uint64_t next_random(struct fuzzer *fuzzer, uint64_t below)
{
	fuzzer->random ^= fuzzer->random << 13;
	fuzzer->random ^= fuzzer->random >> 7;
	fuzzer->random ^= fuzzer->random << 17;
	return fuzzer->random % below;
}

static void demand(bool holds, const char *what, unsigned long round)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-kallsyms: round %lu: %s\n", round, what);
	abort();
}

static void make_tables(struct fuzzer *fuzzer)
{
	static const struct {
		enum mo_kallsyms_encoding encoding;
		enum fake_layout layout;
		unsigned pointer_bytes;
	} kinds[] = {
		{ .encoding = MO_KALLSYMS_ABSOLUTE, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_BASE_RELATIVE, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 4 },
		{ .encoding = MO_KALLSYMS_ABSOLUTE_PERCPU, .layout = FAKE_SEQS_INSIDE, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_ABSOLUTE_PERCPU, .layout = FAKE_OFFSETS_LAST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_PLACE_RELATIVE, .layout = FAKE_OFFSETS_LAST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_PLAIN, .layout = FAKE_OFFSETS_LAST, .pointer_bytes = 4 },
	};
	size_t kind = (size_t)next_random(fuzzer, sizeof(kinds) / sizeof(kinds[0]));
	size_t n_symbols = 300 + (size_t)next_random(fuzzer, MAX_SYMBOLS - 300);
	struct fake_kallsyms plan = make_fake_plan(NULL, n_symbols, kinds[kind].encoding, kinds[kind].layout,
						   kinds[kind].pointer_bytes);
	struct fake_symbol *symbols = make_fake_symbols(n_symbols, 0, plan.relative_base, plan.base_kva);

	plan.symbols = symbols;
	plan.is_big_endian = next_random(fuzzer, 4) == 0;
	fake_kallsyms_encode(&plan, &fuzzer->memory, &fuzzer->tables);
	fuzzer->tables.stext_kva = next_random(fuzzer, 2) ? plan.relative_base : 0;
	free(symbols);
}

/* One of the tables' addresses, to be aimed at or to be moved. */
static uint64_t *choose_table(struct fuzzer *fuzzer)
{
	uint64_t *const tables[] = {
		&fuzzer->tables.names_kva,	 &fuzzer->tables.num_syms_kva,	    &fuzzer->tables.token_table_kva,
		&fuzzer->tables.token_index_kva, &fuzzer->tables.offsets_kva,	    &fuzzer->tables.addresses_kva,
		&fuzzer->tables.names_kva,	 &fuzzer->tables.relative_base_kva, &fuzzer->tables.names_kva,
	};

	return tables[next_random(fuzzer, sizeof(tables) / sizeof(tables[0]))];
}

static void damage(struct fuzzer *fuzzer)
{
	struct fake_memory *memory = &fuzzer->memory;
	uint64_t *table = choose_table(fuzzer);
	uint64_t offset = (*table ? *table - memory->base_kva : 0) + next_random(fuzzer, 600);

	if (offset >= memory->n_bytes || next_random(fuzzer, 3) == 0)
		offset = next_random(fuzzer, memory->n_bytes);
	switch (next_random(fuzzer, 8)) {
	case 0:
		memory->is_missing[offset / FAKE_PAGE_BYTES] = 1;
		break;
	case 1:
		*table += next_random(fuzzer, 64) - 32;
		break;
	case 2:
		for (uint64_t i = 0; i < 64 && offset + i < memory->n_bytes; i++)
			memory->bytes[offset + i] = (uint8_t)next_random(fuzzer, 256);
		break;
	case 3:
		memory->bytes[offset] = 0xff;
		break;
	case 4:
		memory->bytes[offset] = 0;
		break;
	default:
		memory->bytes[offset] ^= (uint8_t)(1u << next_random(fuzzer, 8));
		break;
	}
}

static void check_symbols(struct fuzzer *fuzzer, const struct mo_symbols *symbols, unsigned long round)
{
	size_t count = mo_symbols_count(symbols);
	uint64_t previous = 0;

	demand(count > 0 && count <= MO_KALLSYMS_MAX_SYMS, "an impossible number of symbols", round);
	for (size_t i = 0; i < count; i++) {
		struct mo_symbol symbol, found;
		struct mo_error *error;

		mo_symbols_get(symbols, i, &symbol);
		demand(symbol.value_kva >= previous, "symbols are not in order", round);
		previous = symbol.value_kva;
		if (next_random(fuzzer, 16))
			continue;
		error = mo_symbols_find(symbols, NULL, symbol.name, &found, NULL);
		demand(!error && strcmp(found.name, symbol.name) == 0, "a symbol is not found by name", round);
		error = mo_symbols_at(symbols, symbol.value_kva, &found);
		demand(!error && found.value_kva == symbol.value_kva, "a symbol is not found by address", round);
	}
}

static void run_round(struct fuzzer *fuzzer, unsigned long round)
{
	unsigned n_damages = (unsigned)next_random(fuzzer, 6);
	struct mo_symbols *symbols = NULL;
	struct mo_kallsyms_tables found;
	struct mo_error *error;

	make_tables(fuzzer);
	for (unsigned i = 0; i < n_damages; i++)
		damage(fuzzer);
	error = mo_symbols_load_kallsyms(&fuzzer->memory.source, &fuzzer->tables, &symbols, NULL);
	demand(!error || n_damages > 0, "undamaged tables were refused", round);
	if (error) {
		demand(mo_error_text(error)[0] != '\0', "an error without text", round);
		fuzzer->n_refused++;
	} else {
		check_symbols(fuzzer, symbols, round);
		fuzzer->n_loaded++;
	}
	mo_error_destroy(error);
	mo_symbols_destroy(symbols);
	error = mo_symbols_find_kallsyms_tables(&fuzzer->memory.source, fuzzer->memory.base_kva, UINT64_C(1) << 20, &found);
	demand(!error || n_damages > 0, "undamaged tables were not found", round);
	fuzzer->n_found += !error;
	mo_error_destroy(error);
	fake_memory_deinit(&fuzzer->memory);
}

static void put_offset(FILE *file, const struct fuzzer *fuzzer, uint64_t kva)
{
	uint64_t offset = kva ? kva - fuzzer->memory.base_kva : 0;

	for (unsigned i = 0; i < 4; i++)
		fputc((int)(offset >> 8 * i & 0xff), file);
}

/* As target_kallsyms.c takes them, some tables of each kind. */
static int write_seeds(struct fuzzer *fuzzer, const char *directory)
{
	for (unsigned i = 0; i < 12; i++) {
		const struct mo_kallsyms_tables *tables = &fuzzer->tables;
		uint64_t at[8];
		char path[4096];
		FILE *file;

		make_tables(fuzzer);
		memcpy(at, (const uint64_t[]){ tables->names_kva, tables->num_syms_kva, tables->token_table_kva, tables->token_index_kva,
					     tables->offsets_kva, tables->addresses_kva, tables->relative_base_kva, tables->stext_kva }, sizeof(at));
		snprintf(path, sizeof(path), "%s/tables-%u", directory, i);
		file = fopen(path, "wb");
		if (!file) {
			perror(path);
			return 1;
		}
		fputc((fuzzer->memory.source.pointer_bytes == 4) | fuzzer->memory.source.is_big_endian << 1, file);
		fputc(0, file);
		for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++)
			put_offset(file, fuzzer, at[k]);
		if (fwrite(fuzzer->memory.bytes, 1, fuzzer->memory.n_bytes, file) != fuzzer->memory.n_bytes || fclose(file))
			return 1;
		fake_memory_deinit(&fuzzer->memory);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long n_rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_ROUNDS;
	struct fuzzer fuzzer = { .random = UINT64_C(0x9e3779b97f4a7c15) };

	if (argc == 3 && !strcmp(argv[1], "--write-seeds"))
		return write_seeds(&fuzzer, argv[2]);
	for (unsigned long round = 0; round < n_rounds; round++)
		run_round(&fuzzer, round);
	printf("fuzz-kallsyms: %lu rounds: %zu loaded, %zu refused, %zu found by shape\n", n_rounds, fuzzer.n_loaded,
	       fuzzer.n_refused, fuzzer.n_found);
	return 0;
}
