/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_BTF_FORMAT_H
#define MO_BTF_FORMAT_H

/*
 * Numbers of the BTF format (Documentation/bpf/btf.rst and include/uapi/linux/btf.h of the kernel).
 *
 * A header, then types, strings and, in kernels that write it, a layout section that says how long a record of each
 * kind is, so that unknown kinds can be skipped. A type is {name_off, info, size or type} and what its kind adds. The
 * number of items had 16 bits and the kind 5 until both grew into bits that were 0 before; reading the wider fields
 * is right for all.
 */

#include <stdbool.h>
#include <stdint.h>

#define MO_BTF_MAGIC 0xeb9f
#define MO_BTF_VERSION 1
#define MO_BTF_HEADER_BYTES 24        /* without the layout section's place */
#define MO_BTF_HEADER_LAYOUT_BYTES 32 /* with it */

enum mo_btf_header_offset {
	MO_BTF_HEADER_VERSION = 2,
	MO_BTF_HEADER_LENGTH = 4,
	MO_BTF_HEADER_TYPE_OFFSET = 8,
	MO_BTF_HEADER_TYPE_LENGTH = 12,
	MO_BTF_HEADER_STRING_OFFSET = 16,
	MO_BTF_HEADER_STRING_LENGTH = 20,
	MO_BTF_HEADER_LAYOUT_OFFSET = 24,
	MO_BTF_HEADER_LAYOUT_LENGTH = 28,
};

#define MO_BTF_RECORD_BYTES 12

enum mo_btf_kind {
	MO_BTF_INT = 1,
	MO_BTF_PTR = 2,
	MO_BTF_ARRAY = 3,
	MO_BTF_STRUCT = 4,
	MO_BTF_UNION = 5,
	MO_BTF_ENUM = 6,
	MO_BTF_FWD = 7,
	MO_BTF_TYPEDEF = 8,
	MO_BTF_VOLATILE = 9,
	MO_BTF_CONST = 10,
	MO_BTF_RESTRICT = 11,
	MO_BTF_FUNC = 12,
	MO_BTF_FUNC_PROTO = 13,
	MO_BTF_VAR = 14,
	MO_BTF_DATASEC = 15,
	MO_BTF_FLOAT = 16,
	MO_BTF_DECL_TAG = 17,
	MO_BTF_TYPE_TAG = 18,
	MO_BTF_ENUM64 = 19,
	MO_BTF_N_KINDS = 20,
};

static inline unsigned mo_btf_kind(uint32_t info)
{
	return info >> 24 & 0x7f;
}

static inline uint32_t mo_btf_n_items(uint32_t info)
{
	return info & 0xffffff;
}

static inline bool mo_btf_flag(uint32_t info)
{
	return info >> 31;
}

/* The word behind an INT: encoding, offset of the first bit, number of bits. */
#define MO_BTF_INT_SIGNED 1
#define MO_BTF_INT_BOOL 4

static inline unsigned mo_btf_int_encoding(uint32_t word)
{
	return word >> 24 & 0xf;
}

static inline unsigned mo_btf_int_offset_bits(uint32_t word)
{
	return word >> 16 & 0xff;
}

static inline unsigned mo_btf_int_bits(uint32_t word)
{
	return word & 0xff;
}

#endif
