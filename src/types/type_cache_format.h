/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_CACHE_FORMAT_H
#define MO_TYPE_CACHE_FORMAT_H

/*
 * The cache file: a header, then arrays of fixed-size records, then the names, each ended by a NUL. Numbers are as
 * this machine has them; the header says so, and a file of another machine is not used. Name 0 is the empty one and
 * stands for none.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MO_TYPE_CACHE_MAGIC "mo-types"
#define MO_TYPE_CACHE_VERSION 1u
#define MO_TYPE_CACHE_BYTE_ORDER 0x01020304u

struct mo_cache_header {
	char magic[8];
	uint32_t byte_order;
	uint32_t version;
	uint64_t n_bytes;     /* of the whole file */
	uint64_t checksum;    /* of all behind the header, and of the fields below it */
	char build_id[64];    /* lower-case hex, cut */
	uint32_t n_types;
	uint32_t n_members;
	uint32_t n_enumerators;
	uint32_t n_roots;
	uint64_t names_bytes;
};

enum mo_cache_flag {
	MO_CACHE_SIGNED = 1,
	MO_CACHE_BOOL = 2,
	MO_CACHE_FLEXIBLE = 4,
	MO_CACHE_INCOMPLETE = 8,
	MO_CACHE_VARIADIC = 16,
	MO_CACHE_SHALLOW = 32,
	MO_CACHE_FLAGS = 63,
};

struct mo_cache_type {
	uint64_t size_bytes;
	uint64_t array_length;
	uint64_t origin;
	uint32_t kind;
	uint32_t flags;
	uint32_t name;
	uint32_t target;
	uint32_t first_item;
	uint32_t n_items;
	uint32_t full_id;
	uint32_t reserved;
};

struct mo_cache_member {
	uint64_t offset_bits;
	uint32_t name;
	uint32_t type;
	uint32_t bitfield_bits;
	uint32_t reserved;
};

struct mo_cache_enumerator {
	int64_t value;
	uint32_t name;
	uint32_t reserved;
};

struct mo_cache_root {
	uint32_t key;
	uint32_t id;
};

/* Any change of one byte changes it: every step is reversible. */
static inline uint64_t mo_cache_checksum(uint64_t sum, const void *bytes, size_t n_bytes)
{
	const uint8_t *at = bytes;

	for (; n_bytes >= 8; at += 8, n_bytes -= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		sum = (sum ^ word) * 0x100000001b3ull;
		sum ^= sum >> 29;
	}
	for (; n_bytes; at++, n_bytes--)
		sum = (sum ^ *at) * 0x100000001b3ull;
	return sum;
}

#define MO_CACHE_CHECKSUM_START 0xcbf29ce484222325ull

#endif
