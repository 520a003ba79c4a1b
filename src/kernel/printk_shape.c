/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds a kernel log by its shape in physical memory, where nothing leads to it. */
#include "printk_shape.h"

#include <stdlib.h>

#include "bytes.h"
#include "cleanup.h"
#include "kernel_private.h"
#include "text.h"

#define CHUNK_BYTES (1u << 20)
#define OVERLAP_BYTES (64u << 10)
#define INFO_BYTES 88u
#define MIN_CHAIN 8u           /* rows, or blocks, in a row */
#define MAX_TEXT_BYTES 2048u
#define MAX_RECORDS (1u << 21)
#define ID_MASK (~0ull >> 2)   /* the two highest bits are a descriptor's state */
#define MIN_COUNT_BITS 5u
#define MAX_COUNT_BITS 22u

struct info_row {
	uint64_t sequence;
	uint64_t time_ns;
	uint32_t caller_id;
	uint16_t text_bytes;
	uint8_t facility, level;
};

struct text_block {
	uint64_t id;
	size_t text;               /* where in texts */
	size_t n_bytes;            /* that the block has room for */
	const struct info_row *info;
};

struct mo_shape_log {
	MO_VECTOR(struct info_row) infos;
	MO_VECTOR(struct text_block) blocks;
	MO_VECTOR(char) texts;
	uint64_t first_id;         /* of the record with sequence number 0 */
};

void mo_shape_log_destroy(struct mo_shape_log *log)
{
	if (!log)
		return;
	mo_vector_deinit(&log->infos);
	mo_vector_deinit(&log->blocks);
	mo_vector_deinit(&log->texts);
	free(log);
}

/* struct printk_info: u64 seq, u64 ts_nsec, u16 text_len, u8 facility, u8 flags : 5, level : 3, u32 caller_id, ... */
static bool decode_info(const uint8_t *at, struct info_row *ret)
{
	*ret = (struct info_row){
		.sequence = mo_load_u64(at, false), .time_ns = mo_load_u64(at + 8, false),
		.text_bytes = mo_load_u16(at + 16, false), .facility = at[18], .level = at[19] >> 5,
		.caller_id = mo_load_u32(at + 20, false),
	};
	return ret->sequence < UINT64_C(1) << 40 && ret->time_ns < UINT64_C(1) << 60 && ret->text_bytes <= MAX_TEXT_BYTES &&
	       ret->facility < 24;
}

/* How many rows from here on count up; *rows_ret only if they are enough. */
static size_t count_rows(const uint8_t *bytes, size_t n_bytes)
{
	struct info_row row, next;
	size_t n = 1;
	bool has_text = false;

	if (n_bytes < INFO_BYTES || !decode_info(bytes, &row))
		return 0;
	for (; (n + 1) * INFO_BYTES <= n_bytes && decode_info(bytes + n * INFO_BYTES, &next); n++) {
		if (next.sequence != row.sequence + 1 || next.time_ns + UINT64_C(1000000000) < row.time_ns)
			break;
		has_text |= next.text_bytes > 0;
		row = next;
	}
	return n >= MIN_CHAIN && has_text && row.time_ns ? n : 0;
}

/* The quick test that nearly all memory fails. */
static bool may_be_rows(const uint8_t *bytes, size_t n_bytes)
{
	uint64_t first;

	if (n_bytes < 2 * INFO_BYTES)
		return false;
	first = mo_load_u64(bytes, false);
	return mo_load_u64(bytes + INFO_BYTES, false) == first + 1 && first < UINT64_C(1) << 40;
}

static bool keep_rows(struct mo_shape_log *log, const uint8_t *bytes, size_t n_rows)
{
	for (size_t i = 0; i < n_rows && log->infos.count < MAX_RECORDS; i++) {
		struct info_row row;

		if (decode_info(bytes + i * INFO_BYTES, &row) && !mo_vector_append(&log->infos, row))
			return false;
	}
	return true;
}

static bool is_printable(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c >= 0x80;
}

/* How far it is to the block that follows one; 0: none does, or this is none. */
static size_t block_bytes(const uint8_t *bytes, size_t n_bytes)
{
	uint64_t id;
	size_t limit = n_bytes < MAX_TEXT_BYTES ? n_bytes : MAX_TEXT_BYTES;

	if (n_bytes < 24 || !is_printable(bytes[8]) || !is_printable(bytes[9]))
		return 0;
	id = mo_load_u64(bytes, false);
	if (id & ~ID_MASK)
		return 0;
	for (size_t at = 16; at + 8 <= limit; at += 8)
		if (mo_load_u64(bytes + at, false) == ((id + 1) & ID_MASK))
			return at;
	return 0;
}

/* Ids are small, or just below the highest (the first ones are minus the number of descriptors). */
static bool may_be_block(const uint8_t *bytes, size_t n_bytes)
{
	uint64_t id;

	if (n_bytes < 24)
		return false;
	id = mo_load_u64(bytes, false);
	if (id >= UINT64_C(1) << 40 && (id > ID_MASK || id <= ID_MASK - (1u << MAX_COUNT_BITS)))
		return false;
	return is_printable(bytes[8]) && is_printable(bytes[9]);
}

static bool keep_block(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes)
{
	struct text_block block = { .id = mo_load_u64(bytes, false), .text = log->texts.count, .n_bytes = n_bytes - 8 };

	if (log->blocks.count >= MAX_RECORDS)
		return true;
	if (!mo_vector_reserve(&log->texts, log->texts.count + block.n_bytes) || !mo_vector_append(&log->blocks, block))
		return false;
	memcpy(log->texts.items + log->texts.count, bytes + 8, block.n_bytes);
	log->texts.count += block.n_bytes;
	return true;
}

/* Keeps a chain of blocks; *n_ret is how many bytes it has, 0 if there is none. */
static bool take_chain(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *n_ret)
{
	size_t at = 0, n_blocks = 0, n;

	while ((n = block_bytes(bytes + at, n_bytes - at)) != 0) {
		at += n;
		n_blocks++;
	}
	*n_ret = n_blocks >= MIN_CHAIN ? at : 0;
	if (!*n_ret)
		return true;
	for (at = 0; (n = block_bytes(bytes + at, n_bytes - at)) != 0; at += n)
		if (!keep_block(log, bytes + at, n))
			return false;
	/* The last one's end is not known: what is printable of it. */
	for (n = 8; at + n < n_bytes && n < MAX_TEXT_BYTES && is_printable(bytes[at + n]);)
		n++;
	return n <= 8 || keep_block(log, bytes + at, n);
}

static bool search_chunk(struct mo_shape_log *log, const uint8_t *bytes, size_t n_bytes, size_t *done_ret)
{
	size_t at = 0;

	while (at + 8 <= n_bytes && at < *done_ret) {
		size_t n = 0;

		if (may_be_rows(bytes + at, n_bytes - at)) {
			n = count_rows(bytes + at, n_bytes - at) * INFO_BYTES;
			if (!keep_rows(log, bytes + at, n / INFO_BYTES))
				return false;
		}
		if (!n && may_be_block(bytes + at, n_bytes - at) && !take_chain(log, bytes + at, n_bytes - at, &n))
			return false;
		at += n ? n : 8;
	}
	*done_ret = at;
	return true;
}

/* Physical memory run by run, in pieces that overlap, so that what lies over a border is seen whole once. */
static struct mo_error *search_run(struct mo_kernel *kernel, struct mo_shape_log *log, uint8_t *buffer,
				   uint64_t first_pa, uint64_t n_bytes)
{
	uint64_t at = 0;

	while (at < n_bytes) {
		size_t n_here = n_bytes - at < CHUNK_BYTES ? (size_t)(n_bytes - at) : CHUNK_BYTES;
		size_t done = n_here == n_bytes - at ? n_here : n_here - OVERLAP_BYTES;
		MO_DROP_ERROR struct mo_error *error = mo_dump_read(kernel->boot_reader, first_pa + at, buffer, n_here);

		if (error && n_here > kernel->dump_info->page_bytes) {
			/* Somewhere a page is damaged, or behind the file's end: page by page then. */
			n_here = done = kernel->dump_info->page_bytes;
			mo_error_destroy(mo_take(error));
			error = mo_dump_read(kernel->boot_reader, first_pa + at, buffer, n_here);
		}
		if (!error && !search_chunk(log, buffer, n_here, &done))
			return mo_error_no_memory();
		at += done;
		if (!mo_progress_add(kernel->progress, done / kernel->dump_info->page_bytes))
			return mo_progress_cancelled(kernel->progress);
	}
	return NULL;
}

static int compare_infos(const void *a, const void *b)
{
	const struct info_row *left = a, *right = b;

	return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

static const struct info_row *find_info(const struct mo_shape_log *log, uint64_t sequence)
{
	const struct info_row key = { .sequence = sequence };

	return bsearch(&key, log->infos.items, log->infos.count, sizeof(key), compare_infos);
}

/*
 * Of the record with sequence number 0: minus the number of descriptors, which is an unsigned int in DESC0_ID(), so that
 * the id is just below 2^32 in a word of 64 bits; wide if it were a long.
 */
static uint64_t first_id_of(unsigned count_bits, bool is_wide)
{
	return ((is_wide ? 0 : UINT64_C(1) << 32) - (UINT64_C(1) << count_bits)) & ID_MASK;
}

/* A row fits if the text is as long as it says: no NUL in it, and room for it. */
static const struct info_row *info_of(const struct mo_shape_log *log, const struct text_block *block, uint64_t first_id)
{
	const struct info_row *info = find_info(log, (block->id - first_id) & ID_MASK);

	if (!info || info->text_bytes > block->n_bytes || memchr(log->texts.items + block->text, '\0', info->text_bytes))
		return NULL;
	return info;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct text_block *left = a, *right = b;

	if (!left->info != !right->info)
		return left->info ? -1 : 1;
	if (left->info)
		return left->info->sequence < right->info->sequence ? -1 : left->info->sequence > right->info->sequence;
	return left->id < right->id ? -1 : left->id > right->id;
}

/* Those that a row fits come first, each once; texts without any are kept only if there are no others. */
static void join(struct mo_shape_log *log)
{
	size_t n_best = 0, n = 0;

	if (log->infos.count)
		qsort(log->infos.items, log->infos.count, sizeof(*log->infos.items), compare_infos);
	for (unsigned way = 2 * MIN_COUNT_BITS; way <= 2 * MAX_COUNT_BITS + 1 && log->infos.count; way++) {
		uint64_t first_id = first_id_of(way / 2, way % 2);
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
		const struct text_block *block = &log->blocks.items[i];

		if (n_best ? block->info && (!n || log->blocks.items[n - 1].info->sequence != block->info->sequence) :
			     !n || log->blocks.items[n - 1].id != block->id)
			log->blocks.items[n++] = *block;
	}
	log->blocks.count = n;
}

struct mo_error *mo_shape_log_search(struct mo_kernel *kernel, struct mo_shape_log **ret)
{
	struct mo_shape_log *log = calloc(1, sizeof(*log));
	MO_FREE uint8_t *buffer = malloc(CHUNK_BYTES);
	const struct mo_dump_info *info = kernel->dump_info;
	struct mo_error *error = log && buffer ? NULL : mo_error_no_memory();
	uint64_t pfn = 0, n_pages, n_left = mo_dump_max_search_pages(info);

	mo_progress_begin(kernel->progress, "searching memory for the kernel log", info->present_pages);
	while (!error && n_left && !info->is_big_endian && mo_dump_next_stored_run(kernel->dump, pfn, &pfn, &n_pages)) {
		if (n_pages > n_left)
			n_pages = n_left;
		n_left -= n_pages;
		error = search_run(kernel, log, buffer, pfn << info->page_shift, n_pages << info->page_shift);
		pfn += n_pages;
	}
	mo_progress_end(kernel->progress);
	if (!error && log->blocks.count)
		join(log);
	if (!error && !log->blocks.count)
		error = mo_error_create(MO_E_ABSENT, "nothing in its memory has the shape of a kernel log");
	if (error) {
		mo_shape_log_destroy(log);
		return error;
	}
	*ret = log;
	return NULL;
}

size_t mo_shape_log_count(const struct mo_shape_log *log)
{
	return log->blocks.count;
}

void mo_shape_log_get(const struct mo_shape_log *log, size_t index, struct mo_shape_record *ret)
{
	const struct text_block *block = &log->blocks.items[index];
	const char *text = log->texts.items + block->text;

	*ret = (struct mo_shape_record){ .sequence = index, .text = text, .level = MO_LOG_LEVEL_UNKNOWN };
	if (!block->info) {
		ret->text_bytes = strnlen(text, block->n_bytes);
		return;
	}
	ret->has_info = true;
	ret->sequence = block->info->sequence;
	ret->time_ns = block->info->time_ns;
	ret->text_bytes = block->info->text_bytes;
	ret->level = block->info->level;
	ret->facility = block->info->facility;
	ret->caller_id = block->info->caller_id;
}
