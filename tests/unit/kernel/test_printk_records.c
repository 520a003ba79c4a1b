/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The records of 4.19 and 5.4 (amd64). */

#include "log_check.h"

#define LOG_BUF (BASE_KVA + 0x100)
#define LOG_BUF_LEN (BASE_KVA + 0x108)
#define FIRST_IDX (BASE_KVA + 0x10c)
#define NEXT_IDX (BASE_KVA + 0x110)
#define FIRST_SEQ (BASE_KVA + 0x118)
#define NEXT_SEQ (BASE_KVA + 0x120)
#define BUFFER (BASE_KVA + 0x1000)
#define BUFFER_BYTES 256u
#define LOG_TYPE "struct printk_log"

static const struct mo_fake_row record_rows[] = {
	{ .type = LOG_TYPE, .bytes = 16 },
	{ .type = LOG_TYPE, .member = "ts_nsec", .offset_bytes = 0, .bytes = 8 },
	{ .type = LOG_TYPE, .member = "len", .offset_bytes = 8, .bytes = 2 },
	{ .type = LOG_TYPE, .member = "text_len", .offset_bytes = 10, .bytes = 2 },
	{ .type = LOG_TYPE, .member = "facility", .offset_bytes = 14, .bytes = 1 },
	{ .type = LOG_TYPE, .member = "level", .offset_bytes = 15, .bytes = 1, .first_bit = 5, .n_bits = 3 },
};

static const struct mo_fake_symbol record_symbols[] = {
	{ .name = "log_buf", .kva = LOG_BUF, .bytes = 8 },
	{ .name = "log_buf_len", .kva = LOG_BUF_LEN, .bytes = 4 },
	{ .name = "log_first_idx", .kva = FIRST_IDX, .bytes = 4 },
	{ .name = "log_next_idx", .kva = NEXT_IDX, .bytes = 4 },
	{ .name = "log_first_seq", .kva = FIRST_SEQ, .bytes = 8 },
	{ .name = "log_next_seq", .kva = NEXT_SEQ, .bytes = 8 },
};

/* VMCOREINFO of 4.19: no sequence numbers, no level. */
static const char record_vmcoreinfo[] =
	"SYMBOL(log_buf)=ffff888000000100\nSYMBOL(log_buf_len)=ffff888000000108\nSYMBOL(log_first_idx)=ffff88800000010c\n"
	"SYMBOL(log_next_idx)=ffff888000000110\nSIZE(printk_log)=16\nOFFSET(printk_log.ts_nsec)=0\n"
	"OFFSET(printk_log.len)=8\nOFFSET(printk_log.text_len)=10\nOFFSET(printk_log.dict_len)=12\n";

static const struct mo_fake records_with_types = { .rows = record_rows, .n_rows = N_ROWS(record_rows),
						   .symbols = record_symbols, .n_symbols = N_ROWS(record_symbols) };
static const struct mo_fake records_with_vmcoreinfo = { .vmcoreinfo = record_vmcoreinfo };

struct records {
	struct mo_kernel *kernel;
	uint32_t next;
	uint64_t n_written;
};

static struct records new_records(const struct mo_fake *fake)
{
	struct records records = { .kernel = mo_fake_kernel(fake) };

	mo_fake_map(records.kernel, BASE_KVA, 0x1000);
	mo_fake_map(records.kernel, BUFFER, BUFFER_BYTES);
	mo_fake_put_u64(records.kernel, LOG_BUF, BUFFER);
	mo_fake_put_u32(records.kernel, LOG_BUF_LEN, BUFFER_BYTES);
	return records;
}

/* Writes a record with its text and some dictionary; marks the wrap as the kernel does. Returns where it is. */
static uint32_t put_old(struct records *records, const char *text, uint16_t dictionary_bytes)
{
	uint32_t n_bytes = (uint32_t)(16 + strlen(text) + dictionary_bytes + 3) / 4 * 4;
	uint64_t at;

	if (records->next + n_bytes + 16 > BUFFER_BYTES) {
		uint32_t i;

		for (i = 0; i < 16 && records->next + i < BUFFER_BYTES; i++)
			mo_fake_put_u8(records->kernel, BUFFER + records->next + i, 0);
		records->next = 0;
	}
	at = BUFFER + records->next;
	mo_fake_put_u64(records->kernel, at, 1000000000ull * records->n_written + 5000);
	mo_fake_put_u16(records->kernel, at + 8, (uint16_t)n_bytes);
	mo_fake_put_u16(records->kernel, at + 10, (uint16_t)strlen(text));
	mo_fake_put_u16(records->kernel, at + 12, dictionary_bytes);
	mo_fake_put_u8(records->kernel, at + 14, 3);
	mo_fake_put_u8(records->kernel, at + 15, 6 << 5 | 2);
	mo_fake_put(records->kernel, at + 16, text, strlen(text));
	records->next += n_bytes;
	records->n_written++;
	mo_fake_put_u32(records->kernel, NEXT_IDX, records->next);
	mo_fake_put_u64(records->kernel, NEXT_SEQ, records->n_written);
	return (uint32_t)(at - BUFFER);
}

static void check_records(const struct mo_fake *fake)
{
	struct records records = new_records(fake);
	struct mo_log *log = NULL;
	struct mo_log_record record;

	assert_int_equal(check_log(records.kernel, NO_TEXTS, NULL), 0);
	put_old(&records, "first", 0);
	put_old(&records, "second line", 13);
	put_old(&records, "of\nthree", 0);
	assert_int_equal(check_log(records.kernel, TEXTS("first", "second line", "of\nthree"), NULL), 0);
	expect_success(mo_log_open(mo_fake_reader(records.kernel), &log));
	assert_true(mo_log_next(log, &record));
	assert_true(mo_log_next(log, &record));
	assert_int_equal(record.time_ns, 1000005000);
	assert_int_equal(record.sequence, 1);
	assert_int_equal(record.level, 6);
	assert_int_equal(record.facility, 3);
	assert_false(record.has_caller_id);
	mo_log_close(log);
	mo_fake_destroy(records.kernel);
}

static void test_records_with_types(void **state)
{
	(void)state;
	check_records(&records_with_types);
}

static void test_records_with_vmcoreinfo(void **state)
{
	(void)state;
	check_records(&records_with_vmcoreinfo);
}

static void test_records_wrap(void **state)
{
	struct records records = new_records(&records_with_types);
	uint32_t places[12];
	unsigned i;

	(void)state;
	for (i = 0; i < 12; i++)
		places[i] = put_old(&records, i % 2 ? "an odd line of the log" : "an even line", 0);
	/* 28 and 40 bytes: seven records go into a round, and of the first round only the last is not overwritten. */
	assert_int_equal(places[7], 0);
	mo_fake_put_u32(records.kernel, FIRST_IDX, places[6]);
	mo_fake_put_u64(records.kernel, FIRST_SEQ, 6);
	assert_int_equal(check_log(records.kernel,
				   TEXTS("an even line", "an odd line of the log", "an even line", "an odd line of the log",
					 "an even line", "an odd line of the log"), NULL), 0);
	mo_fake_destroy(records.kernel);
}

static void test_broken_records(void **state)
{
	struct records records = new_records(&records_with_types);
	struct mo_log *log = NULL;
	uint32_t second;
	uint64_t random = 6;
	unsigned i;

	(void)state;
	put_old(&records, "first", 0);
	second = put_old(&records, "second", 0);
	put_old(&records, "third", 0);
	mo_fake_put_u16(records.kernel, BUFFER + second + 8, 60000);
	assert_int_equal(check_log(records.kernel, TEXTS("first", "third"), "the record at offset 24 of the log claims "
				   "60000 bytes, 6 of them text"), 1);
	mo_fake_put_u16(records.kernel, BUFFER + second + 8, 24);
	mo_fake_put_u16(records.kernel, BUFFER + second + 10, 999);
	assert_int_equal(check_log(records.kernel, TEXTS("first", "third"), "24 bytes, 999 of them text"), 1);
	mo_fake_break(records.kernel, BUFFER + second, 24, MO_E_NOT_IN_DUMP);
	/* Memory is lost by the page, and with it all records in this one. */
	assert_int_equal(check_log(records.kernel, TEXTS("first"), "cannot be read"), 1);
	mo_fake_put_u32(records.kernel, LOG_BUF_LEN, 0);
	expect_error(mo_log_open(mo_fake_reader(records.kernel), &log), MO_E_CORRUPT,
		     "log_buf is 0xffff888000001000 with 0 bytes, from 0 to 72");
	mo_fake_destroy(records.kernel);

	for (i = 0; i < 3000; i++) {
		struct mo_log_record record;
		unsigned n_records = 0;

		log = NULL;
		records = new_records(&records_with_types);
		put_old(&records, "first", 0);
		put_old(&records, "second", 7);
		mo_fake_put_u8(records.kernel, BUFFER + next_random(&random) % 64, (uint8_t)next_random(&random));
		mo_fake_put_u8(records.kernel, LOG_BUF_LEN + next_random(&random) % 40, (uint8_t)next_random(&random));
		mo_error_destroy(mo_log_open(mo_fake_reader(records.kernel), &log));
		while (log && mo_log_next(log, &record) && n_records < 100000)
			n_records++;
		assert_true(n_records < 100000);
		mo_log_close(log);
		mo_fake_destroy(records.kernel);
	}
}

static void test_no_log(void **state)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .vmcoreinfo = "OSRELEASE=3.4\n" });
	struct mo_log *log = NULL;

	(void)state;
	expect_error(mo_log_open(mo_fake_reader(kernel), &log), MO_E_ABSENT,
		     "cannot read the kernel log: the kernel log is neither a lockless ring (the symbol prb is not known) nor "
		     "one of records: struct printk_log is not known");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_with_types),
		cmocka_unit_test(test_records_with_vmcoreinfo),
		cmocka_unit_test(test_records_wrap),
		cmocka_unit_test(test_broken_records),
		cmocka_unit_test(test_no_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
