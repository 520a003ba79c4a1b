/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PRINTK_SHAPE_PRIVATE_H
#define MO_PRINTK_SHAPE_PRIVATE_H

/*
 * A log while it is looked for: printk_shape.c (the walk over memory), printk_shape_ring.c and printk_shape_records.c
 * (the shapes).
 */

#include "printk_shape.h"

#include <memopsy/containers.h>

#define MO_SHAPE_MIN_CHAIN 8u        /* rows, blocks or records in a row */
#define MO_SHAPE_MAX_TEXT_BYTES 2048u
#define MO_SHAPE_MAX_RECORDS (1u << 21)

struct mo_shape_info {
	uint64_t sequence;
	uint64_t time_ns;
	uint32_t caller_id;
	uint16_t text_bytes;
	uint8_t facility, level;
};

struct mo_shape_text {
	uint64_t id;
	size_t text;               /* where in texts */
	size_t n_bytes;            /* that there is room for */
	const struct mo_shape_info *info; /* once they are joined; NULL: none fits */
};

/* How the kernel's words lie in memory. */
struct mo_shape {
	unsigned word_bytes;       /* of an unsigned long: 4 or 8 */
	bool is_big_endian;
};

struct mo_shape_log {
	struct mo_shape shape;
	MO_VECTOR(struct mo_shape_info) infos;
	MO_VECTOR(struct mo_shape_text) blocks;
	MO_VECTOR(char) texts;
	uint64_t first_id;         /* of the record with sequence number 0 */
};

/*
 * Keeps what of the shape begins in the first *done_ret of n_bytes, and says how far it came: a chain may go on behind.
 * false: no memory.
 */
typedef bool (*mo_shape_searcher)(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *done_ret);

bool mo_shape_search_ring(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *done_ret);
bool mo_shape_search_records(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *done_ret);

/* When all was searched: what belongs together, in its order, each once. false: no memory. */
bool mo_shape_finish_ring(struct mo_shape_log *log);
bool mo_shape_finish_records(struct mo_shape_log *log);

/* Keeps a text with this id. */
bool mo_shape_keep_text(struct mo_shape_log *log, uint64_t id, const uint8_t *text, size_t n_bytes);

static inline bool mo_shape_is_printable(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c >= 0x80;
}

#endif
