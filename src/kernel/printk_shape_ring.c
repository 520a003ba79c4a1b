/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lockless ring by its shape: rows of struct printk_info, and blocks of text that belong to them. */
#include "printk_shape_private.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define MAX_ROW_BYTES 112u
#define MIN_COUNT_BITS 5u
#define MAX_COUNT_BITS 22u

/*
 * struct printk_info: u64 seq, u64 ts_nsec, u16 text_len, u8 facility, u8 flags : 5, level : 3, u32 caller_id, ... Bit
 * fields begin at the lowest bit on little-endian machines, at the highest on others.
 */
static bool decode_info(const struct mo_shape *shape, const uint8_t *at, struct mo_shape_info *ret)
{
	const bool is_big = shape->is_big_endian;

	*ret = (struct mo_shape_info){
		.sequence = mo_load_u64(at, is_big), .time_ns = mo_load_u64(at + 8, is_big),
		.text_bytes = mo_load_u16(at + 16, is_big), .facility = at[18], .level = is_big ? at[19] & 7 : at[19] >> 5,
		.caller_id = mo_load_u32(at + 20, is_big),
	};
	return ret->sequence < UINT64_C(1) << 40 && ret->time_ns < UINT64_C(1) << 60 &&
	       ret->text_bytes <= MO_SHAPE_MAX_TEXT_BYTES && ret->facility < 24;
}

/* How many rows from here on count up; 0: not enough. */
static size_t count_rows(const struct mo_shape *shape, const uint8_t *bytes, size_t n_bytes, size_t row_bytes)
{
	struct mo_shape_info row, next;
	size_t n = 1;
	bool has_text = false;

	if (n_bytes < row_bytes || !decode_info(shape, bytes, &row))
		return 0;
	for (; (n + 1) * row_bytes <= n_bytes && decode_info(shape, bytes + n * row_bytes, &next); n++) {
		if (next.sequence != row.sequence + 1 || next.time_ns + UINT64_C(1000000000) < row.time_ns)
			break;
		has_text |= next.text_bytes > 0;
		row = next;
	}
	return n >= MO_SHAPE_MIN_CHAIN && has_text && row.time_ns ? n : 0;
}

/*
 * How long a row is, if two begin here: the quick test that nearly all memory fails. 88 bytes; with
 * CONFIG_PRINTK_EXECUTION_CTX (6.19) u32 caller_id2 and char comm[16] are among them. 0: none.
 */
static size_t row_bytes_of(const struct mo_shape *shape, const uint8_t *bytes, size_t n_bytes)
{
	static const size_t lengths[] = { 88, 112, 108 };
	uint64_t first;

	if (n_bytes < 2 * MAX_ROW_BYTES)
		return 0;
	first = mo_load_u64(bytes, shape->is_big_endian);
	if (first >> 40)
		return 0;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (mo_load_u64(bytes + lengths[i], shape->is_big_endian) == first + 1)
			return lengths[i];
	return 0;
}

static bool keep_rows(struct mo_shape_log *log, const uint8_t *bytes, size_t n_rows, size_t row_bytes)
{
	for (size_t i = 0; i < n_rows && log->infos.count < MO_SHAPE_MAX_RECORDS; i++) {
		struct mo_shape_info row;

		if (decode_info(&log->shape, bytes + i * row_bytes, &row) && !mo_vector_append(&log->infos, row))
			return false;
	}
	return true;
}

/* The two highest bits are a descriptor's state. */
static uint64_t id_mask_of(const struct mo_shape *shape)
{
	return (shape->word_bytes == 8 ? UINT64_MAX : UINT32_MAX) >> 2;
}

static uint64_t load_id(const struct mo_shape *shape, const uint8_t *bytes)
{
	return shape->word_bytes == 8 ? mo_load_u64(bytes, shape->is_big_endian) : mo_load_u32(bytes, shape->is_big_endian);
}

/* How far it is to the block that follows one; 0: none does, or this is none. */
static size_t block_bytes(const struct mo_shape *shape, const uint8_t *bytes, size_t n_bytes)
{
	const size_t word = shape->word_bytes;
	const uint64_t id_mask = id_mask_of(shape);
	size_t limit = n_bytes < MO_SHAPE_MAX_TEXT_BYTES ? n_bytes : MO_SHAPE_MAX_TEXT_BYTES;
	uint64_t id;

	if (n_bytes < 3 * word || !mo_shape_is_printable(bytes[word]) || !mo_shape_is_printable(bytes[word + 1]))
		return 0;
	id = load_id(shape, bytes);
	if (id & ~id_mask)
		return 0;
	for (size_t at = 2 * word; at + word <= limit; at += word)
		if (load_id(shape, bytes + at) == ((id + 1) & id_mask))
			return at;
	return 0;
}

/* Ids are small, or just below the highest (the first ones are minus the number of descriptors). */
static bool may_be_block(const struct mo_shape *shape, const uint8_t *bytes, size_t n_bytes)
{
	const uint64_t id_mask = id_mask_of(shape);
	uint64_t id;

	if (n_bytes < 3 * shape->word_bytes)
		return false;
	id = load_id(shape, bytes);
	if (id >= (shape->word_bytes == 8 ? UINT64_C(1) << 40 : UINT64_C(1) << 28) &&
	    (id > id_mask || id <= id_mask - (1u << MAX_COUNT_BITS)))
		return false;
	return mo_shape_is_printable(bytes[shape->word_bytes]) && mo_shape_is_printable(bytes[shape->word_bytes + 1]);
}

static bool keep_block(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes)
{
	const size_t word = log->shape.word_bytes;

	return mo_shape_keep_text(log, load_id(&log->shape, bytes), bytes + word, n_bytes - word);
}

/* Keeps a chain of blocks; *n_ret is how many bytes it has, 0 if there is none. */
static bool take_chain(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *n_ret)
{
	const struct mo_shape *shape = &log->shape;
	size_t at = 0, n_blocks = 0, n;

	while ((n = block_bytes(shape, bytes + at, n_bytes - at)) != 0) {
		at += n;
		n_blocks++;
	}
	*n_ret = n_blocks >= MO_SHAPE_MIN_CHAIN ? at : 0;
	if (!*n_ret)
		return true;
	for (at = 0; (n = block_bytes(shape, bytes + at, n_bytes - at)) != 0; at += n)
		if (!keep_block(log, bytes + at, n))
			return false;
	/* The last one's end is not known: what is printable of it. */
	for (n = shape->word_bytes; at + n < n_bytes && n < MO_SHAPE_MAX_TEXT_BYTES && mo_shape_is_printable(bytes[at + n]);)
		n++;
	return n <= shape->word_bytes || keep_block(log, bytes + at, n);
}

bool mo_shape_search_ring(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *done_ret)
{
	const size_t word = log->shape.word_bytes;
	size_t at = 0;

	while (at + word <= n_bytes && at < *done_ret) {
		size_t row_bytes = row_bytes_of(&log->shape, bytes + at, n_bytes - at);
		size_t n = 0;

		if (row_bytes) {
			n = count_rows(&log->shape, bytes + at, n_bytes - at, row_bytes) * row_bytes;
			if (!keep_rows(log, bytes + at, n / row_bytes, row_bytes))
				return false;
		}
		if (!n && may_be_block(&log->shape, bytes + at, n_bytes - at) &&
		    !take_chain(log, bytes + at, n_bytes - at, &n))
			return false;
		at += n ? n : word;
	}
	*done_ret = at;
	return true;
}

static int compare_infos(const void *a, const void *b)
{
	const struct mo_shape_info *left = a, *right = b;

	return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

static const struct mo_shape_info *find_info(const struct mo_shape_log *log, uint64_t sequence)
{
	const struct mo_shape_info key = { .sequence = sequence };

	return bsearch(&key, log->infos.items, log->infos.count, sizeof(key), compare_infos);
}

/*
 * Of the record with sequence number 0: minus the number of descriptors, which is an unsigned int in DESC0_ID(), so
 * that the id is just below 2^32 in a word of 64 bits; wide if it were a long.
 */
static uint64_t first_id_of(const struct mo_shape *shape, unsigned count_bits, bool is_wide)
{
	return ((is_wide ? 0 : UINT64_C(1) << 32) - (UINT64_C(1) << count_bits)) & id_mask_of(shape);
}

/* A row fits if the text is as long as it says: no NUL in it, and room for it. */
static const struct mo_shape_info *info_of(const struct mo_shape_log *log, const struct mo_shape_text *block,
					   uint64_t first_id)
{
	const struct mo_shape_info *info = find_info(log, (block->id - first_id) & id_mask_of(&log->shape));

	if (!info || info->text_bytes > block->n_bytes || memchr(log->texts.items + block->text, '\0', info->text_bytes))
		return NULL;
	return info;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct mo_shape_text *left = a, *right = b;

	if (!left->info != !right->info)
		return left->info ? -1 : 1;
	if (left->info)
		return left->info->sequence < right->info->sequence ? -1 : left->info->sequence > right->info->sequence;
	return left->id < right->id ? -1 : left->id > right->id;
}

/* Those that a row fits come first, each once; texts without any are kept only if there are no others. */
bool mo_shape_finish_ring(struct mo_shape_log *log)
{
	size_t n_best = 0, n = 0;

	if (log->infos.count)
		qsort(log->infos.items, log->infos.count, sizeof(*log->infos.items), compare_infos);
	for (unsigned way = 2 * MIN_COUNT_BITS; way <= 2 * MAX_COUNT_BITS + 1 && log->infos.count; way++) {
		uint64_t first_id = first_id_of(&log->shape, way / 2, way % 2);
		size_t n_fitting = 0;

		for (size_t i = 0; i < log->blocks.count; i++)
			n_fitting += info_of(log, &log->blocks.items[i], first_id) != NULL;
		if (n_fitting > n_best) {
			n_best = n_fitting;
			log->first_id = first_id;
		}
	}
	for (size_t i = 0; i < log->blocks.count && n_best; i++)
		log->blocks.items[i].info = info_of(log, &log->blocks.items[i], log->first_id);
	if (log->blocks.count)
		qsort(log->blocks.items, log->blocks.count, sizeof(*log->blocks.items), compare_blocks);
	for (size_t i = 0; i < log->blocks.count; i++) {
		const struct mo_shape_text *block = &log->blocks.items[i];

		if (n_best ? block->info && (!n || log->blocks.items[n - 1].info->sequence != block->info->sequence) :
			     !n || log->blocks.items[n - 1].id != block->id)
			log->blocks.items[n++] = *block;
	}
	log->blocks.count = n;
	return true;
}
