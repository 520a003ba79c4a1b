/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_BYTES_H
#define MO_BYTES_H

/* Numbers out of bytes of any alignment and either endianness, and ranges that do not overflow. */

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t mo_load_u16(const void *bytes, bool is_big_endian)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return is_big_endian ? be16toh(value) : le16toh(value);
}

static inline uint32_t mo_load_u32(const void *bytes, bool is_big_endian)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return is_big_endian ? be32toh(value) : le32toh(value);
}

static inline uint64_t mo_load_u64(const void *bytes, bool is_big_endian)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return is_big_endian ? be64toh(value) : le64toh(value);
}

/* An unsigned number of 1, 2, 4 or 8 bytes; any other width gives 0. */
static inline uint64_t mo_load_unsigned(const void *bytes, unsigned n_bytes, bool is_big_endian)
{
	switch (n_bytes) {
	case 1:
		return *(const uint8_t *)bytes;
	case 2:
		return mo_load_u16(bytes, is_big_endian);
	case 4:
		return mo_load_u32(bytes, is_big_endian);
	case 8:
		return mo_load_u64(bytes, is_big_endian);
	default:
		return 0;
	}
}

/* Whether [offset, offset + n_bytes) lies within [0, total_bytes), without overflow. */
static inline bool mo_is_within(uint64_t offset, uint64_t n_bytes, uint64_t total_bytes)
{
	return offset <= total_bytes && n_bytes <= total_bytes - offset;
}

#endif
