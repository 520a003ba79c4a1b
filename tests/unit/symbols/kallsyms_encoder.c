/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kallsyms_encoder.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

/* Pairs that are common in the names of a kernel, in place of the kernel's count of them. */
static const char *const pairs[] = { "_s", "in", "re", "__", "er", "at", "ti", "on", "st", "en", "sy", "ym", "m_", "al" };

struct encoder {
	const struct fake_kallsyms *plan;
	MO_VECTOR(uint8_t) bytes;
	MO_VECTOR(uint32_t) markers;
	char tokens[256][3];
};

static void need(bool is_there)
{
	if (!is_there)
		abort();
}

static void put_byte(struct encoder *encoder, uint8_t byte)
{
	need(mo_vector_append(&encoder->bytes, byte));
}

static void put_number(struct encoder *encoder, uint64_t value, unsigned n_bytes)
{
	for (unsigned i = 0; i < n_bytes; i++)
		put_byte(encoder, (uint8_t)(value >> 8 * (encoder->plan->is_big_endian ? n_bytes - 1 - i : i)));
}

/* A label: its address. */
static uint64_t put_label(struct encoder *encoder)
{
	while (encoder->bytes.count % encoder->plan->alignment)
		put_byte(encoder, 0);
	return encoder->plan->base_kva + encoder->bytes.count;
}

/* Characters that occur, and digits and letters always, stand for themselves; the rest are pairs or nothing. */
static void make_tokens(struct encoder *encoder)
{
	size_t n_pairs = 0;

	for (int c = '0'; c <= 'z'; c++)
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_')
			encoder->tokens[c][0] = (char)c;
	for (size_t i = 0; i < encoder->plan->n_symbols; i++)
		for (const char *c = encoder->plan->symbols[i].name; *c; c++)
			encoder->tokens[(uint8_t)*c][0] = *c;
	for (int i = 255; i >= 0 && n_pairs < sizeof(pairs) / sizeof(pairs[0]); i--)
		if (!encoder->tokens[i][0])
			memcpy(encoder->tokens[i], pairs[n_pairs++], 3);
}

static uint8_t token_for(const struct encoder *encoder, const char *text, size_t *length)
{
	for (int i = 255; i >= 0 && text[1]; i--) {
		if (encoder->tokens[i][0] == text[0] && encoder->tokens[i][1] == text[1]) {
			*length = 2;
			return (uint8_t)i;
		}
	}
	*length = 1;
	return (uint8_t)*text;
}

static void put_name(struct encoder *encoder, const struct fake_symbol *symbol)
{
	uint8_t compressed[1024];
	char typed[sizeof(symbol->name) + 1] = { symbol->type };
	size_t n_compressed = 0, length;

	memcpy(typed + 1, symbol->name, strlen(symbol->name) + 1);
	for (const char *c = typed; *c; c += length)
		compressed[n_compressed++] = token_for(encoder, c, &length);
	if (n_compressed > 0x7f) {
		put_byte(encoder, (uint8_t)(n_compressed & 0x7f) | 0x80);
		put_byte(encoder, (uint8_t)(n_compressed >> 7));
	} else {
		put_byte(encoder, (uint8_t)n_compressed);
	}
	for (size_t i = 0; i < n_compressed; i++)
		put_byte(encoder, compressed[i]);
}

static uint64_t encode_address(const struct encoder *encoder, uint64_t kva, uint64_t place)
{
	switch (encoder->plan->encoding) {
	case MO_KALLSYMS_ABSOLUTE:
	case MO_KALLSYMS_PLAIN:
		return kva;
	case MO_KALLSYMS_BASE_RELATIVE:
		return kva - encoder->plan->relative_base;
	case MO_KALLSYMS_ABSOLUTE_PERCPU:
		return kva < encoder->plan->relative_base ? kva : encoder->plan->relative_base - 1 - kva;
	case MO_KALLSYMS_PLACE_RELATIVE:
		return kva - place;
	}
	abort();
}

static void put_addresses(struct encoder *encoder, struct mo_kallsyms_tables *tables)
{
	const struct fake_kallsyms *plan = encoder->plan;
	bool is_absolute = plan->encoding == MO_KALLSYMS_ABSOLUTE;
	uint64_t table = put_label(encoder);

	for (size_t i = 0; i < plan->n_symbols; i++)
		put_number(encoder, encode_address(encoder, plan->symbols[i].kva, plan->base_kva + encoder->bytes.count),
			   is_absolute ? plan->pointer_bytes : 4);
	*(is_absolute ? &tables->addresses_kva : &tables->offsets_kva) = table;
	if (plan->encoding == MO_KALLSYMS_BASE_RELATIVE || plan->encoding == MO_KALLSYMS_ABSOLUTE_PERCPU) {
		tables->relative_base_kva = put_label(encoder);
		put_number(encoder, plan->relative_base, plan->pointer_bytes);
	}
}

static void put_names(struct encoder *encoder, struct mo_kallsyms_tables *tables)
{
	const struct fake_kallsyms *plan = encoder->plan;

	tables->num_syms_kva = put_label(encoder);
	put_number(encoder, plan->n_symbols, plan->has_long_num_syms ? plan->pointer_bytes : 4);
	tables->names_kva = put_label(encoder);
	for (size_t i = 0; i < plan->n_symbols; i++) {
		if (i % 256 == 0)
			need(mo_vector_append(&encoder->markers, (uint32_t)(plan->base_kva + encoder->bytes.count -
									    tables->names_kva)));
		put_name(encoder, &plan->symbols[i]);
	}
	put_label(encoder);
	for (size_t i = 0; i < encoder->markers.count; i++)
		put_number(encoder, encoder->markers.items[i], 4);
}

static void put_seqs(struct encoder *encoder)
{
	put_label(encoder);
	for (size_t i = 0; i < encoder->plan->n_symbols; i++)
		for (int shift = 16; shift >= 0; shift -= 8)
			put_byte(encoder, (uint8_t)(i * 7919 % encoder->plan->n_symbols >> shift));
}

static void put_tokens(struct encoder *encoder, struct mo_kallsyms_tables *tables)
{
	uint16_t offset = 0;

	tables->token_table_kva = put_label(encoder);
	for (int i = 0; i < 256; i++) {
		for (const char *c = encoder->tokens[i]; *c; c++)
			put_byte(encoder, (uint8_t)*c);
		put_byte(encoder, 0);
	}
	tables->token_index_kva = put_label(encoder);
	for (int i = 0; i < 256; i++) {
		put_number(encoder, offset, 2);
		offset = (uint16_t)(offset + strlen(encoder->tokens[i]) + 1);
	}
}

static struct mo_error *read_fake(void *context, uint64_t kva, void *buffer, size_t n_bytes)
{
	struct fake_memory *memory = context;
	uint64_t offset = kva - memory->base_kva;

	memory->n_reads++;
	if (offset > memory->n_bytes || n_bytes > memory->n_bytes - offset)
		return mo_error_create(MO_E_NOT_MAPPED, "nothing is mapped at 0x%llx", (unsigned long long)kva);
	for (uint64_t page = offset / FAKE_PAGE_BYTES; n_bytes && page <= (offset + n_bytes - 1) / FAKE_PAGE_BYTES; page++)
		if (memory->is_missing[page])
			return mo_error_create(MO_E_NOT_IN_DUMP, "page of 0x%llx is not in the dump",
					       (unsigned long long)(memory->base_kva + page * FAKE_PAGE_BYTES));
	memcpy(buffer, memory->bytes + offset, n_bytes);
	return NULL;
}

void fake_kallsyms_encode(const struct fake_kallsyms *plan, struct fake_memory *memory,
			  struct mo_kallsyms_tables *tables)
{
	struct encoder encoder = { .plan = plan };

	*tables = (struct mo_kallsyms_tables){ .names_kva = 0 };
	for (const char *c = "Linux version 9.9.9-fake (x@y) #1\n"; *c; c++)
		put_byte(&encoder, (uint8_t)*c);
	for (int i = 0; i < 5000; i++) /* other read-only data */
		put_byte(&encoder, (uint8_t)(i * 37 >> 3));
	make_tokens(&encoder);
	if (plan->layout != FAKE_OFFSETS_LAST)
		put_addresses(&encoder, tables);
	put_names(&encoder, tables);
	if (plan->layout == FAKE_SEQS_INSIDE)
		put_seqs(&encoder);
	put_tokens(&encoder, tables);
	if (plan->layout == FAKE_OFFSETS_LAST) {
		put_addresses(&encoder, tables);
		put_seqs(&encoder);
	}
	while (encoder.bytes.count % FAKE_PAGE_BYTES)
		put_byte(&encoder, 0xcc);
	mo_vector_deinit(&encoder.markers);
	*memory = (struct fake_memory){
		.base_kva = plan->base_kva,
		.bytes = encoder.bytes.items,
		.n_bytes = encoder.bytes.count,
		.is_missing = calloc(encoder.bytes.count / FAKE_PAGE_BYTES, 1),
		.source = { .context = memory, .read = read_fake, .pointer_bytes = plan->pointer_bytes,
			    .is_big_endian = plan->is_big_endian },
	};
	need(memory->is_missing != NULL);
}

void fake_memory_deinit(struct fake_memory *memory)
{
	free(memory->bytes);
	free(memory->is_missing);
}

void fake_memory_set_missing(struct fake_memory *memory, uint64_t kva, bool is_missing)
{
	need(kva - memory->base_kva < memory->n_bytes);
	memory->is_missing[(kva - memory->base_kva) / FAKE_PAGE_BYTES] = is_missing;
}

uint8_t *fake_memory_at(struct fake_memory *memory, uint64_t kva)
{
	need(kva - memory->base_kva < memory->n_bytes);
	return memory->bytes + (kva - memory->base_kva);
}
