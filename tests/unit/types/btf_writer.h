/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BTF_WRITER_H
#define BTF_WRITER_H

/*
 * Writes BTF from literals: each function appends a type and returns its number. Needs no cmocka, so that a fuzzer
 * can use it; running out of memory aborts. Written out in either byte order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf_writer {
	uint32_t *words;       /* the types, in host order */
	size_t n_words;
	char *strings;
	size_t strings_bytes;
	uint32_t n_types;      /* the next number */
	uint32_t first_string; /* of split BTF: where the base's strings end */
	bool is_big_endian;
	bool has_layout;       /* with a layout section that knows kind 20: 4 bytes of its own, 8 for each item */
};

struct btf_bytes {
	uint8_t *bytes;
	size_t n_bytes;
};

void btf_writer_init(struct btf_writer *writer);
/* Numbers and strings go on where the base's end. */
void btf_writer_init_split(struct btf_writer *writer, const struct btf_writer *base);
void btf_writer_deinit(struct btf_writer *writer);

uint32_t btf_add_string(struct btf_writer *writer, const char *string);
void btf_add_word(struct btf_writer *writer, uint32_t word);
/* The head of any type: name, kind and count as they are, and the word that is size or type. */
uint32_t btf_add_head(struct btf_writer *writer, const char *name, unsigned kind, bool flag, uint32_t n_items,
		      uint32_t size_or_type);

uint32_t btf_add_int(struct btf_writer *writer, const char *name, uint32_t size_bytes, unsigned encoding,
		     unsigned offset_bits, unsigned n_bits);
uint32_t btf_add_reference(struct btf_writer *writer, unsigned kind, const char *name, uint32_t target);
uint32_t btf_add_array(struct btf_writer *writer, uint32_t element, uint32_t n_elements);
/* Members, enumerators and parameters are appended by the three below, as many as n_items. */
uint32_t btf_add_struct(struct btf_writer *writer, unsigned kind, const char *name, uint32_t size_bytes, uint32_t n_items);
uint32_t btf_add_bitfield_struct(struct btf_writer *writer, const char *name, uint32_t size_bytes, uint32_t n_items);
void btf_add_member(struct btf_writer *writer, const char *name, uint32_t type, uint32_t offset_bits);
void btf_add_bitfield(struct btf_writer *writer, const char *name, uint32_t type, uint32_t offset_bits, unsigned n_bits);
void btf_add_enumerator(struct btf_writer *writer, const char *name, int32_t value);
void btf_add_enumerator64(struct btf_writer *writer, const char *name, int64_t value);
void btf_add_parameter(struct btf_writer *writer, const char *name, uint32_t type);

/* Everything as it stands in a file. free() the bytes. */
struct btf_bytes btf_write(const struct btf_writer *writer);

#endif
