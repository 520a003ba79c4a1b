/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lockless ring as 6.1 lays it out (amd64). */

#include "log_check.h"

#define PRB (BASE_KVA + 0x100)
#define RING (BASE_KVA + 0x200)
#define DESCS (BASE_KVA + 0x1000)
#define INFOS (BASE_KVA + 0x2000)
#define DATA (BASE_KVA + 0x4000)
#define COUNT_BITS 3
#define SIZE_BITS 9
#define N_DESCS (1u << COUNT_BITS)
#define DATA_BYTES (1u << SIZE_BITS)
#define ID_MASK (~0ull >> 2)
#define RINGS "struct printk_ringbuffer"
#define INFO "struct printk_info"

enum { RESERVED = 0, COMMITTED = 1, FINALIZED = 2, REUSABLE = 3 };

static const struct mo_fake_row ring_rows[] = {
	{ .type = RINGS, .bytes = 88 },
	{ .type = RINGS, .member = "desc_ring.count_bits", .offset_bytes = 0, .bytes = 4 },
	{ .type = RINGS, .member = "desc_ring.descs", .offset_bytes = 8, .bytes = 8 },
	{ .type = RINGS, .member = "desc_ring.infos", .offset_bytes = 16, .bytes = 8 },
	{ .type = RINGS, .member = "desc_ring.head_id", .offset_bytes = 24, .bytes = 8 },
	{ .type = RINGS, .member = "desc_ring.tail_id", .offset_bytes = 32, .bytes = 8 },
	{ .type = RINGS, .member = "text_data_ring.size_bits", .offset_bytes = 48, .bytes = 4 },
	{ .type = RINGS, .member = "text_data_ring.data", .offset_bytes = 56, .bytes = 8 },
	{ .type = "struct prb_desc", .bytes = 24 },
	{ .type = "struct prb_desc", .member = "state_var", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct prb_desc", .member = "text_blk_lpos.begin", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct prb_desc", .member = "text_blk_lpos.next", .offset_bytes = 16, .bytes = 8 },
	{ .type = INFO, .bytes = 88 },
	{ .type = INFO, .member = "seq", .offset_bytes = 0, .bytes = 8 },
	{ .type = INFO, .member = "ts_nsec", .offset_bytes = 8, .bytes = 8 },
	{ .type = INFO, .member = "text_len", .offset_bytes = 16, .bytes = 2 },
	{ .type = INFO, .member = "facility", .offset_bytes = 18, .bytes = 1 },
	{ .type = INFO, .member = "level", .offset_bytes = 19, .bytes = 1, .first_bit = 5, .n_bits = 3 },
	{ .type = INFO, .member = "caller_id", .offset_bytes = 20, .bytes = 4 },
};

static const struct mo_fake_symbol ring_symbols[] = { { .name = "prb", .kva = PRB, .bytes = 8 } };

/* What VMCOREINFO of 6.1 says: enough without any types. */
static const char ring_vmcoreinfo[] =
	"SYMBOL(prb)=ffff888000000100\nSIZE(printk_ringbuffer)=88\nOFFSET(printk_ringbuffer.desc_ring)=0\n"
	"OFFSET(printk_ringbuffer.text_data_ring)=48\nOFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\n"
	"OFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\nOFFSET(prb_desc_ring.tail_id)=32\n"
	"SIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=8\n"
	"OFFSET(prb_data_blk_lpos.begin)=0\nOFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\n"
	"OFFSET(printk_info.seq)=0\nOFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"
	"OFFSET(printk_info.caller_id)=20\nOFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n";

static const struct mo_fake with_types = { .rows = ring_rows, .n_rows = N_ROWS(ring_rows), .symbols = ring_symbols,
					   .n_symbols = 1 };
static const struct mo_fake with_vmcoreinfo = { .vmcoreinfo = ring_vmcoreinfo };

/* A ring that records are written to as the kernel would. */
struct ring {
	struct mo_kernel *kernel;
	uint64_t next_id;
	uint64_t next_lpos;
	uint64_t n_written;
};

static void put_bounds(struct ring *ring, uint64_t tail_id, uint64_t head_id)
{
	mo_fake_put_u64(ring->kernel, RING + 24, head_id & ID_MASK);
	mo_fake_put_u64(ring->kernel, RING + 32, tail_id & ID_MASK);
}

static struct ring new_ring(const struct mo_fake *fake, uint64_t first_id)
{
	struct ring ring = { .kernel = mo_fake_kernel(fake), .next_id = first_id };

	mo_fake_map(ring.kernel, BASE_KVA, 0x8000);
	mo_fake_put_u64(ring.kernel, PRB, RING);
	mo_fake_put_u32(ring.kernel, RING, COUNT_BITS);
	mo_fake_put_u64(ring.kernel, RING + 8, DESCS);
	mo_fake_put_u64(ring.kernel, RING + 16, INFOS);
	mo_fake_put_u32(ring.kernel, RING + 48, SIZE_BITS);
	mo_fake_put_u64(ring.kernel, RING + 56, DATA);
	return ring;
}

static uint64_t desc_kva(uint64_t id)
{
	return DESCS + (id % N_DESCS) * 24;
}

static void put_state(struct ring *ring, uint64_t id, unsigned state)
{
	mo_fake_put_u64(ring->kernel, desc_kva(id), (uint64_t)state << 62 | (id & ID_MASK));
}

static void put_info(struct ring *ring, uint64_t id, size_t text_bytes)
{
	uint64_t info = INFOS + (id % N_DESCS) * 88;

	mo_fake_put_u64(ring->kernel, info, ring->n_written);
	mo_fake_put_u64(ring->kernel, info + 8, 1000000000ull * ring->n_written + 5000);
	mo_fake_put_u16(ring->kernel, info + 16, (uint16_t)text_bytes);
	mo_fake_put_u8(ring->kernel, info + 18, 3);
	mo_fake_put_u8(ring->kernel, info + 19, 6 << 5 | 2); /* level 6, LOG_NEWLINE */
	mo_fake_put_u32(ring->kernel, info + 20, 0x80000001u);
}

/* Where a block of this size goes: at the next position, or at the start of the ring if it does not fit before its end. */
static void put_record(struct ring *ring, const char *text)
{
	uint64_t id = ring->next_id++ & ID_MASK;
	uint64_t n_bytes = (8 + strlen(text) + 7) / 8 * 8;
	uint64_t begin = ring->next_lpos;
	uint64_t next = begin + n_bytes;
	uint64_t place = begin % DATA_BYTES;

	if (next / DATA_BYTES != begin / DATA_BYTES) {
		next = (begin / DATA_BYTES + 1) * DATA_BYTES + n_bytes;
		place = 0;
	}
	mo_fake_put_u64(ring->kernel, DATA + place, id);
	mo_fake_put(ring->kernel, DATA + place + 8, text, strlen(text));
	put_state(ring, id, FINALIZED);
	mo_fake_put_u64(ring->kernel, desc_kva(id) + 8, begin);
	mo_fake_put_u64(ring->kernel, desc_kva(id) + 16, next);
	put_info(ring, id, strlen(text));
	ring->next_lpos = next;
	ring->n_written++;
	put_bounds(ring, ring->n_written > N_DESCS ? id - N_DESCS + 1 : id - ring->n_written + 1, id);
}

static void test_ring(const struct mo_fake *fake)
{
	struct ring ring = new_ring(fake, ID_MASK - 1); /* ids wrap in the middle */
	struct mo_log *log = NULL;
	struct mo_log_record record;

	put_record(&ring, "first");
	put_record(&ring, "second line");
	put_record(&ring, "of\nthree");
	assert_int_equal(check_log(ring.kernel, TEXTS("first", "second line", "of\nthree"), NULL), 0);
	expect_success(mo_log_open(mo_fake_reader(ring.kernel), &log));
	assert_true(mo_log_next(log, &record));
	assert_true(mo_log_next(log, &record));
	assert_int_equal(record.sequence, 1);
	assert_int_equal(record.time_ns, 1000005000);
	assert_int_equal(record.level, 6);
	assert_int_equal(record.facility, 3);
	assert_true(record.has_caller_id);
	assert_int_equal(record.caller_id, 0x80000001u);
	mo_log_close(log);
	mo_fake_destroy(ring.kernel);
}

static void test_with_types(void **state)
{
	(void)state;
	test_ring(&with_types);
}

static void test_with_vmcoreinfo_alone(void **state)
{
	(void)state;
	test_ring(&with_vmcoreinfo);
}

/* Texts of every length, round after round: blocks wrap at every place. */
static void test_wrapping(void **state)
{
	struct ring ring = new_ring(&with_types, 0);
	char texts[400][60];
	unsigned n;

	(void)state;
	for (n = 0; n < 400; n++) {
		const char *last[N_DESCS + 1] = { NULL };
		unsigned first = n + 1 > N_DESCS ? n + 1 - N_DESCS : 0;
		unsigned i;

		memset(texts[n], 'a' + (int)(n % 26), sizeof(texts[n]));
		texts[n][1 + n * 7 % 50] = '\0';
		put_record(&ring, texts[n]);
		for (i = first; i <= n; i++)
			last[i - first] = texts[i];
		assert_int_equal(check_log(ring.kernel, last, NULL), 0);
	}
	mo_fake_destroy(ring.kernel);
}

/* 7.x lets a block end exactly at the ring's end. */
static void test_block_up_to_the_end(void **state)
{
	struct ring ring = new_ring(&with_types, 0);

	(void)state;
	ring.next_lpos = 3 * DATA_BYTES - 16;
	mo_fake_put_u64(ring.kernel, DATA + DATA_BYTES - 16, 0);
	mo_fake_put(ring.kernel, DATA + DATA_BYTES - 8, "the end", 7);
	put_state(&ring, 0, COMMITTED);
	mo_fake_put_u64(ring.kernel, DESCS + 8, 3 * DATA_BYTES - 16);
	mo_fake_put_u64(ring.kernel, DESCS + 16, 3 * DATA_BYTES);
	put_info(&ring, 0, 7);
	put_bounds(&ring, 0, 0);
	assert_int_equal(check_log(ring.kernel, TEXTS("the end"), NULL), 0);
	mo_fake_destroy(ring.kernel);
}

static void test_states_and_lost_texts(void **state)
{
	struct ring ring = new_ring(&with_types, 0);
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++)
		put_record(&ring, "text");
	put_state(&ring, 0, REUSABLE);
	assert_int_equal(check_log(ring.kernel, TEXTS("text", "text", "text", "text", "text"), NULL), 0);
	put_state(&ring, 5, COMMITTED); /* the last line, not yet final */
	put_state(&ring, 4, RESERVED);
	assert_int_equal(check_log(ring.kernel, TEXTS("text", "text", "text", "text"), "record 0x4 was being written"), 1);
	put_state(&ring, 3 + N_DESCS, FINALIZED);
	assert_int_equal(check_log(ring.kernel, TEXTS("text", "text", "text"), "record 0x4"), 2);
	/* Lost, and an empty line. */
	mo_fake_put_u64(ring.kernel, desc_kva(2) + 8, 1);
	mo_fake_put_u64(ring.kernel, desc_kva(2) + 16, 1);
	mo_fake_put_u64(ring.kernel, desc_kva(1) + 8, 3);
	mo_fake_put_u64(ring.kernel, desc_kva(1) + 16, 3);
	put_state(&ring, 3, RESERVED);
	put_state(&ring, 4, REUSABLE);
	put_state(&ring, 3, REUSABLE);
	assert_int_equal(check_log(ring.kernel, TEXTS("", "text"), "the text of record 0x2 was lost"), 1);
	mo_fake_destroy(ring.kernel);
}

static void test_hostile_blocks(void **state)
{
	struct ring ring = new_ring(&with_types, 0);
	uint64_t random = 5;
	unsigned i;

	(void)state;
	put_record(&ring, "one");
	put_record(&ring, "two");
	put_record(&ring, "six");
	mo_fake_put_u64(ring.kernel, DATA + 16, 7); /* the id in front of "two" */
	assert_int_equal(check_log(ring.kernel, TEXTS("one", "six"), "record 0x1 was overwritten by record 0x7"), 1);
	mo_fake_put_u64(ring.kernel, desc_kva(1) + 16, 16 + 5 * DATA_BYTES);
	assert_int_equal(check_log(ring.kernel, TEXTS("one", "six"), "record 0x1 lies from 0x10 to 0xa10 of the ring"), 1);
	mo_fake_put_u64(ring.kernel, desc_kva(1) + 16, 33);
	assert_int_equal(check_log(ring.kernel, TEXTS("one", "six"), "record 0x1 lies from 0x10 to 0x21 of the ring"), 1);
	/* A length that the block does not have is cut. */
	put_info(&ring, 0, 60000);
	mo_fake_break(ring.kernel, DATA + 16, 16, MO_E_NOT_IN_DUMP);
	{
		struct mo_log *log = NULL;
		struct mo_log_record record;

		expect_success(mo_log_open(mo_fake_reader(ring.kernel), &log));
		assert_true(mo_log_next(log, &record));
		assert_int_equal(record.text_bytes, 8);
		mo_log_close(log);
	}
	mo_fake_destroy(ring.kernel);

	for (i = 0; i < 3000; i++) {
		struct mo_log *log = NULL;
		struct mo_log_record record;
		unsigned n_records = 0;

		ring = new_ring(&with_types, 0);
		put_record(&ring, "one");
		put_record(&ring, "two");
		mo_fake_put_u8(ring.kernel, RING + next_random(&random) % 88, (uint8_t)next_random(&random));
		mo_fake_put_u8(ring.kernel, DESCS + next_random(&random) % 48, (uint8_t)next_random(&random));
		mo_error_destroy(mo_log_open(mo_fake_reader(ring.kernel), &log));
		while (log && mo_log_next(log, &record) && n_records < 100000)
			n_records++;
		assert_true(n_records < 100000);
		mo_log_close(log);
		mo_fake_destroy(ring.kernel);
	}
}

static void test_ring_bounds(void **state)
{
	struct ring ring = new_ring(&with_types, 0);
	struct mo_log *log = NULL;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++)
		put_record(&ring, i ? "two" : "one");
	put_bounds(&ring, 0, 1000000);
	assert_int_equal(check_log(ring.kernel, NO_TEXTS, "holds 0x"), 1 + N_DESCS);
	mo_fake_put_u32(ring.kernel, RING, 40);
	expect_error(mo_log_open(mo_fake_reader(ring.kernel), &log), MO_E_CORRUPT,
		     "cannot read the kernel log: the ring claims 2^40 descriptors and 2^9 bytes of text");
	mo_fake_put_u32(ring.kernel, RING, COUNT_BITS);
	mo_fake_put_u64(ring.kernel, RING + 56, 0);
	expect_error(mo_log_open(mo_fake_reader(ring.kernel), &log), MO_E_CORRUPT, "a pointer is NULL");
	mo_fake_put_u64(ring.kernel, PRB, 0);
	expect_error(mo_log_open(mo_fake_reader(ring.kernel), &log), MO_E_NOT_MAPPED,
		     "cannot read struct printk_ringbuffer at 0x0");
	/* An unreadable descriptor costs its record. */
	mo_fake_destroy(ring.kernel);
	ring = new_ring(&with_types, 0);
	put_record(&ring, "one");
	put_record(&ring, "two");
	put_record(&ring, "six");
	mo_fake_break(ring.kernel, desc_kva(1), 24, MO_E_NOT_IN_DUMP);
	assert_int_equal(check_log(ring.kernel, TEXTS("one", "six"), "cannot be read"), 1);
	mo_fake_destroy(ring.kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_types),
		cmocka_unit_test(test_with_vmcoreinfo_alone),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_block_up_to_the_end),
		cmocka_unit_test(test_states_and_lost_texts),
		cmocka_unit_test(test_hostile_blocks),
		cmocka_unit_test(test_ring_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
