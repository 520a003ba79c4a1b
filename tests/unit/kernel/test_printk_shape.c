/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel logs by their shape alone: rings of 32 and 64 bits and of both byte orders, and the records of kernels before
 * 5.10.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printk_shape_private.h"

#define MEMORY_BYTES (64u << 10)
#define N_LINES 40u

struct toy {
	uint8_t memory[MEMORY_BYTES];
	struct mo_shape shape;
	size_t at;
};

static struct toy *new_toy(unsigned word_bytes, bool is_big_endian)
{
	struct toy *toy = calloc(1, sizeof(*toy));

	assert_non_null(toy);
	toy->shape = (struct mo_shape){ word_bytes, is_big_endian };
	toy->at = 512;
	return toy;
}

static void put(struct toy *toy, unsigned n_bytes, uint64_t value)
{
	for (unsigned i = 0; i < n_bytes; i++)
		toy->memory[toy->at + i] = (uint8_t)(value >> 8 * (toy->shape.is_big_endian ? n_bytes - 1 - i : i));
	toy->at += n_bytes;
}

static void put_text(struct toy *toy, const char *text)
{
	memcpy(toy->memory + toy->at, text, strlen(text));
	toy->at += strlen(text);
}

static void align(struct toy *toy, size_t to)
{
	toy->at = (toy->at + to - 1) / to * to;
}

static void line_of(unsigned i, char *text, size_t n)
{
	snprintf(text, n, "line %u of the log%.*s", i, (int)(i % 7), "......");
}

static uint8_t level_byte(const struct toy *toy, unsigned level)
{
	return (uint8_t)(toy->shape.is_big_endian ? level : level << 5);
}

/* Rows from sequence number `first` on, and blocks whose ids begin at minus the number of descriptors. */
static void put_ring(struct toy *toy, unsigned first, unsigned row_bytes)
{
	const uint64_t mask = (toy->shape.word_bytes == 8 ? UINT64_MAX : UINT32_MAX) >> 2;
	const uint64_t first_id = ((UINT64_C(1) << 32) - 256) & mask;
	char text[64];

	for (unsigned i = first; i < first + N_LINES; i++) {
		size_t row = toy->at;

		line_of(i, text, sizeof(text));
		put(toy, 8, i);
		put(toy, 8, UINT64_C(1000000) * (i + 1));
		put(toy, 2, strlen(text));
		put(toy, 1, 0);
		put(toy, 1, level_byte(toy, i % 8));
		put(toy, 4, 100 + i);
		toy->at = row + row_bytes;
	}
	align(toy, 64);
	for (unsigned i = first; i < first + N_LINES; i++) {
		line_of(i, text, sizeof(text));
		put(toy, toy->shape.word_bytes, (first_id + i) & mask);
		put_text(toy, text);
		align(toy, toy->shape.word_bytes);
	}
}

static void put_record(struct toy *toy, unsigned header_bytes, unsigned alignment, unsigned i)
{
	char text[64];
	size_t at = toy->at;
	size_t length;

	line_of(i, text, sizeof(text));
	length = (header_bytes + strlen(text) + 12 + alignment - 1) / alignment * alignment;
	put(toy, 8, UINT64_C(1000000) * (i + 1));
	put(toy, 2, length);
	put(toy, 2, strlen(text));
	put(toy, 2, 12);
	put(toy, 1, 0);
	put(toy, 1, level_byte(toy, i % 8));
	if (header_bytes > 16)
		put(toy, 4, 100 + i);
	toy->at = at + header_bytes;
	put_text(toy, text);
	put_text(toy, "SUBSYSTEM=pc");
	toy->at = at + length;
}

static struct mo_shape_log *search(const struct toy *toy, bool is_ring)
{
	struct mo_shape_log *log = calloc(1, sizeof(*log));
	size_t done = MEMORY_BYTES;

	assert_non_null(log);
	log->shape = toy->shape;
	assert_true(is_ring ? mo_shape_search_ring(log, toy->memory, MEMORY_BYTES, &done) :
			      mo_shape_search_records(log, toy->memory, MEMORY_BYTES, &done));
	assert_true(is_ring ? mo_shape_finish_ring(log) : mo_shape_finish_records(log));
	return log;
}

static void assert_lines(struct mo_shape_log *log, unsigned first, size_t n_lines, bool has_caller)
{
	assert_int_equal(mo_shape_log_count(log), n_lines);
	for (unsigned i = 0; i < n_lines; i++) {
		struct mo_shape_record record;
		char text[64];

		mo_shape_log_get(log, i, &record);
		line_of(first + i, text, sizeof(text));
		assert_true(record.has_info);
		assert_int_equal(record.text_bytes, strlen(text));
		assert_memory_equal(record.text, text, strlen(text));
		assert_int_equal(record.time_ns, UINT64_C(1000000) * (first + i + 1));
		assert_int_equal(record.level, (first + i) % 8);
		assert_int_equal(record.caller_id, has_caller ? 100 + first + i : 0);
	}
	mo_shape_log_destroy(log);
}

static void test_rings(void **state)
{
	static const unsigned row_bytes[] = { 88, 112 };

	(void)state;
	for (unsigned form = 0; form < 8; form++) {
		struct toy *toy = new_toy(form & 1 ? 4 : 8, form & 2);

		put_ring(toy, form % 3 * 1000, row_bytes[form >> 2]);
		assert_lines(search(toy, true), form % 3 * 1000, N_LINES, true);
		free(toy);
	}
}

/* A ring of the other size or order is none. */
static void test_other_rings(void **state)
{
	struct toy *toy = new_toy(8, true);
	struct mo_shape_log *log;

	(void)state;
	put_ring(toy, 0, 88);
	toy->shape.is_big_endian = false;
	log = search(toy, true);
	assert_int_equal(mo_shape_log_count(log), 0);
	mo_shape_log_destroy(log);
	log = search(toy, false);
	assert_int_equal(mo_shape_log_count(log), 0);
	mo_shape_log_destroy(log);
	free(toy);
}

static void test_records(void **state)
{
	static const unsigned forms[][2] = { { 16, 4 }, { 20, 4 }, { 16, 8 }, { 24, 8 } };

	(void)state;
	for (unsigned form = 0; form < 8; form++) {
		struct toy *toy = new_toy(8, form & 4);
		const unsigned *size = forms[form & 3];

		for (unsigned i = 0; i < N_LINES; i++)
			put_record(toy, size[0], size[1], 5 + i);
		assert_lines(search(toy, false), 5, N_LINES, size[0] > 16);
		free(toy);
	}
}

/* The newest records came round to the buffer's beginning; and the first ones are in an older buffer, too. */
static void test_records_of_a_ring_that_has_wrapped(void **state)
{
	struct toy *toy = new_toy(4, true);

	(void)state;
	for (unsigned i = 20; i < N_LINES; i++)
		put_record(toy, 16, 4, i);
	put(toy, 8, 0); /* the mark that sends readers to the beginning */
	put(toy, 8, 0);
	for (unsigned i = 0; i < 20; i++)
		put_record(toy, 16, 4, i);
	toy->at += 4096;
	for (unsigned i = 0; i < 10; i++)
		put_record(toy, 16, 4, i);
	assert_lines(search(toy, false), 0, N_LINES, false);
	free(toy);
}

/* Fewer than a chain, damaged bytes: an answer, and no read beyond the memory. */
static void test_hostile(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 400; seed++) {
		struct toy *toy = new_toy(seed & 1 ? 4 : 8, seed & 2);
		struct mo_shape_log *log;

		srand(seed);
		put_ring(toy, 0, 88);
		for (unsigned i = 0; i < N_LINES; i++)
			put_record(toy, 16, 4, i);
		for (unsigned i = 0; i < 200; i++)
			toy->memory[(unsigned)rand() % toy->at] = (uint8_t)rand();
		log = search(toy, seed & 4);
		assert_true(mo_shape_log_count(log) <= 2 * N_LINES);
		mo_shape_log_destroy(log);
		free(toy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings),   cmocka_unit_test(test_other_rings),
		cmocka_unit_test(test_records), cmocka_unit_test(test_records_of_a_ring_that_has_wrapped),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
