/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of 3.5 to 5.9 by its shape: records of struct printk_log (struct log before 3.11), one behind the other, each
 * of which says how long it is.
 */
#include "printk_shape_private.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define MIN_HEADER_BYTES 16u
#define MAX_STEP_BACK_NS UINT64_C(1000000000) /* stamps of several CPUs are a little out of order */

/*
 * u64 ts_nsec, u16 len, u16 text_len, u16 dict_len, u8 facility, u8 flags : 5, level : 3; u32 caller_id with
 * CONFIG_PRINTK_CALLER (5.1). Aligned to 4 bytes where unaligned access is cheap, else as its u64 is.
 */
struct form {
	unsigned header_bytes, align;
};
static const struct form forms[] = { { 16, 4 }, { 20, 4 }, { 16, 8 }, { 24, 8 } };
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

/* A record, if one of this form lies there; *length_ret: how far the next one is. */
static bool decode_record(const struct mo_shape *shape, const struct form *form, const uint8_t *bytes, size_t n_bytes,
			  struct mo_shape_info *ret, size_t *length_ret)
{
	const bool is_big = shape->is_big_endian;
	size_t length, used;

	if (n_bytes < MIN_HEADER_BYTES + 4)
		return false;
	length = mo_load_u16(bytes + 8, is_big);
	*ret = (struct mo_shape_info){
		.time_ns = mo_load_u64(bytes, is_big), .text_bytes = mo_load_u16(bytes + 10, is_big), .facility = bytes[14],
		.level = is_big ? bytes[15] & 7 : bytes[15] >> 5,
		.caller_id = form->header_bytes > 16 ? mo_load_u32(bytes + 16, is_big) : 0,
	};
	used = form->header_bytes + ret->text_bytes + mo_load_u16(bytes + 12, is_big);
	if (length % form->align || length < used || length - used >= form->align || length > n_bytes || !ret->text_bytes ||
	    ret->text_bytes > MO_SHAPE_MAX_TEXT_BYTES || ret->facility >= 24 || ret->time_ns >> 60)
		return false;
	for (size_t i = 0; i < ret->text_bytes; i++)
		if (!mo_shape_is_printable(bytes[form->header_bytes + i]))
			return false;
	*length_ret = length;
	return true;
}

/* How many records follow each other from here on, and how many bytes they have. */
static size_t count_records(const struct mo_shape *shape, const struct form *form, const uint8_t *bytes, size_t n_bytes,
			    size_t *bytes_ret)
{
	struct mo_shape_info info;
	uint64_t last_ns = 0;
	size_t n = 0, at = 0, length;

	while (decode_record(shape, form, bytes + at, n_bytes - at, &info, &length) &&
	       info.time_ns + MAX_STEP_BACK_NS >= last_ns) {
		last_ns = info.time_ns;
		at += length;
		n++;
	}
	*bytes_ret = at;
	return n;
}

/* The quick test: lengths that fit each other, and no time that is none. */
static bool may_be_record(const struct mo_shape *shape, const uint8_t *bytes, size_t n_bytes)
{
	size_t length, text_bytes;

	if (n_bytes < MIN_HEADER_BYTES + 4)
		return false;
	length = mo_load_u16(bytes + 8, shape->is_big_endian);
	text_bytes = mo_load_u16(bytes + 10, shape->is_big_endian);
	return text_bytes && length % 4 == 0 && length >= MIN_HEADER_BYTES + text_bytes &&
	       length <= 2 * MO_SHAPE_MAX_TEXT_BYTES && bytes[14] < 24;
}

static bool keep_records(struct mo_shape_log *log, const struct form *form, const uint8_t *bytes, size_t n_bytes)
{
	struct mo_shape_info info;
	size_t length;

	for (size_t at = 0; decode_record(&log->shape, form, bytes + at, n_bytes - at, &info, &length); at += length) {
		if (log->blocks.count >= MO_SHAPE_MAX_RECORDS)
			return true;
		if (!mo_vector_append(&log->infos, info) ||
		    !mo_shape_keep_text(log, log->infos.count - 1, bytes + at + form->header_bytes, info.text_bytes))
			return false;
	}
	return true;
}

bool mo_shape_search_records(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *done_ret)
{
	size_t at = 0;

	while (at < n_bytes && at < *done_ret) {
		size_t best_bytes = 0;
		const struct form *best = NULL;

		for (size_t i = 0; may_be_record(&log->shape, bytes + at, n_bytes - at) && i < N_FORMS; i++) {
			size_t n_here;

			if (count_records(&log->shape, &forms[i], bytes + at, n_bytes - at, &n_here) < MO_SHAPE_MIN_CHAIN ||
			    n_here <= best_bytes)
				continue;
			best = &forms[i];
			best_bytes = n_here;
		}
		if (best && !keep_records(log, best, bytes + at, best_bytes))
			return false;
		at += best ? best_bytes : 4;
	}
	*done_ret = at;
	return true;
}

/* By time; those of one time as they lie in memory. Where the ring has wrapped, the oldest lie behind the newest. */
static int compare_times(const void *a, const void *b)
{
	const struct mo_shape_text *left = a, *right = b;

	if (left->info->time_ns != right->info->time_ns)
		return left->info->time_ns < right->info->time_ns ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

static bool is_same(const struct mo_shape_log *log, const struct mo_shape_text *a, const struct mo_shape_text *b)
{
	return a->info->time_ns == b->info->time_ns && a->n_bytes == b->n_bytes &&
	       !memcmp(log->texts.items + a->text, log->texts.items + b->text, a->n_bytes);
}

#define MAX_SAME_TIME 4096u /* that are compared with each other */

/* The buffer that a larger one took the place of at boot (log_buf_len=) has the first records, too. */
static bool is_known(const struct mo_shape_log *log, size_t n_kept, const struct mo_shape_text *text)
{
	for (size_t i = n_kept; i > 0 && n_kept - i < MAX_SAME_TIME; i--) {
		if (log->blocks.items[i - 1].info->time_ns != text->info->time_ns)
			return false;
		if (is_same(log, &log->blocks.items[i - 1], text))
			return true;
	}
	return false;
}

bool mo_shape_finish_records(struct mo_shape_log *log)
{
	size_t n = 0;

	for (size_t i = 0; i < log->blocks.count; i++)
		log->blocks.items[i].info = &log->infos.items[log->blocks.items[i].id];
	if (log->blocks.count)
		qsort(log->blocks.items, log->blocks.count, sizeof(*log->blocks.items), compare_times);
	for (size_t i = 0; i < log->blocks.count; i++) {
		if (is_known(log, n, &log->blocks.items[i]))
			continue;
		log->infos.items[log->blocks.items[i].id].sequence = n;
		log->blocks.items[n++] = log->blocks.items[i];
	}
	log->blocks.count = n;
	return true;
}
