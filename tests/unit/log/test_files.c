/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files: compressed, damaged, not text; and what a whole log says of its kernel. */
#include "log_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

static const char two_lines[] = "[    1.000000] a\n[    2.000000] b\n";

static size_t gzip(const void *bytes, size_t n_bytes, uint8_t *to, size_t room)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n_bytes, .next_out = to, .avail_out = (uInt)room };

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}

static void assert_unpacks(const uint8_t *bytes, size_t n_bytes, const char *expected)
{
	char *records = records_of(bytes, n_bytes);

	assert_string_equal(records, expected);
	free(records);
}

static void compressed(void **state)
{
	uint8_t packed[1024];
	size_t n = gzip(two_lines, sizeof(two_lines) - 1, packed, sizeof(packed));
	size_t n_xz = 0;

	(void)state;
	assert_unpacks(packed, n, "[1.000000] a\n[2.000000] b\n");
	/* Two members, as logrotate and `cat` make them. */
	n += gzip("[    3.000000] c\n", 17, packed + n, sizeof(packed) - n);
	assert_unpacks(packed, n, "[1.000000] a\n[2.000000] b\n[3.000000] c\n");
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)two_lines, sizeof(two_lines) - 1, packed,
						 &n_xz, sizeof(packed)), LZMA_OK);
	assert_unpacks(packed, n_xz, "[1.000000] a\n[2.000000] b\n");
	n = ZSTD_compress(packed, sizeof(packed), two_lines, sizeof(two_lines) - 1, 3);
	assert_unpacks(packed, n, "[1.000000] a\n[2.000000] b\n");
}

static const char *remark_of(const uint8_t *bytes, size_t n_bytes)
{
	struct mo_text_file *file = file_of(bytes, n_bytes);
	struct mo_text_log_facts facts;
	const char *remark;

	assert_null(mo_text_log_survey(file, NULL, &facts));
	remark = facts.remark;
	mo_text_log_facts_deinit(&facts);
	mo_text_file_close(file);
	return remark;
}

static void damaged(void **state)
{
	uint8_t packed[1024];
	size_t n = gzip(two_lines, sizeof(two_lines) - 1, packed, sizeof(packed));

	(void)state;
	assert_null(remark_of(packed, n));
	assert_string_equal(remark_of(packed, n - 9), "the compressed data is cut short");
	packed[n - 5] ^= 1;
	assert_non_null(remark_of(packed, n));
}

/* 64 MiB of one byte in 64 KiB: read in a window, and the memory stays that of the window. */
static void bomb(void **state)
{
	size_t n_plain = 64u << 20;
	uint8_t *plain = calloc(1, n_plain);
	uint8_t *packed = malloc(1u << 20);
	size_t n;

	(void)state;
	assert_true(plain && packed);
	memset(plain, 'x', n_plain);
	n = gzip(plain, n_plain, packed, 1u << 20);
	free(plain);
	assert_null(remark_of(packed, n));
	free(packed);
}

static bool is_text(const void *bytes, size_t n_bytes)
{
	struct mo_text_file *file = file_of(bytes, n_bytes);
	bool is_one = false;

	assert_null(mo_text_file_is_text(file, &is_one));
	mo_text_file_close(file);
	return is_one;
}

static void texts_and_others(void **state)
{
	static uint8_t zeros[8192];

	(void)state;
	assert_true(is_text("a", 1));
	assert_true(is_text("\033[0m[    1.0] \xff\xfe caf\xe9\r\n", 24));
	assert_true(is_text("[    1.0] a\n[ 2.0] b\n\0\n[ 3.0] some text\n", 40));
	assert_false(is_text(zeros, sizeof(zeros)));
	for (size_t i = 0; i < 96; i += 12)
		memcpy(zeros + i, "[    1.0] a\n", 12);
	assert_true(is_text(zeros, sizeof(zeros)));
	/* The head of a flattened dump, a block that is mostly NULs, and then one of bytes that might be text. */
	memset(zeros, 0, sizeof(zeros) / 2);
	memset(zeros + sizeof(zeros) / 2, 'x', sizeof(zeros) / 2);
	memcpy(zeros, "makedumpfile\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 32);
	zeros[sizeof(zeros) - 1] = '\n';
	assert_false(is_text(zeros, sizeof(zeros)));
	assert_false(is_text("\177ELF\2\1\1\n\n\n\n\n\n\n\n\n", 16));
	assert_false(is_text("KDUMP   \6\0\0\0Linux\0\0\0\0\0\0\0\0\0\0\0", 28));
}

static struct mo_text_log_facts facts_of(const char *text)
{
	struct mo_text_file *file = file_of(text, strlen(text));
	struct mo_text_log_facts facts;

	assert_null(mo_text_log_survey(file, NULL, &facts));
	mo_text_file_close(file);
	return facts;
}

static void facts_of_the_kernel(void **state)
{
	struct mo_text_log_facts facts = facts_of("[    0.000000] Linux version 6.1.0-28-amd64 (debian) #1 SMP\n"
						  "[    1.000000] Node 0 DMA: 1*4kB (U) 0*8kB = 4kB\n");

	(void)state;
	assert_string_equal(facts.release, "6.1.0-28-amd64");
	assert_string_equal(facts.banner, "Linux version 6.1.0-28-amd64 (debian) #1 SMP");
	assert_string_equal(facts.arch, "x86_64");
	assert_int_equal(facts.page_bytes, 4096);
	assert_true(facts.has_prefix);
	assert_null(facts.host);
	mo_text_log_facts_deinit(&facts);

	facts = facts_of("Dec  1 08:49:04 n kernel: CPU: 3 PID: 7 Comm: x y Tainted: G        W   E     5.14.0-70.el9.aarch64 #1\n"
			 "Dec  1 08:49:04 n kernel: Node 0 Normal: 5*64kB (UME) 3*128kB = 704kB\n");
	assert_string_equal(facts.release, "5.14.0-70.el9.aarch64");
	assert_string_equal(facts.arch, "aarch64");
	assert_int_equal(facts.page_bytes, 65536);
	assert_string_equal(facts.host, "n");
	assert_null(facts.banner);
	mo_text_log_facts_deinit(&facts);

	facts = facts_of("CPU: 0 UID: 0 PID: 1 Comm: init Tainted: G [W]=WARN 6.12.1+deb13 #1\n");
	assert_string_equal(facts.release, "6.12.1+deb13");
	assert_null(facts.arch);
	assert_int_equal(facts.page_bytes, 0);
	mo_text_log_facts_deinit(&facts);

	facts = facts_of("Dear diary,\nnothing happened: 3*4kB of text.\n");
	assert_null(facts.release);
	assert_int_equal(facts.page_bytes, 0);
	assert_false(facts.has_kernel_words);
	assert_false(facts.has_prefix);
	mo_text_log_facts_deinit(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compressed),       cmocka_unit_test(damaged),           cmocka_unit_test(bomb),
		cmocka_unit_test(texts_and_others), cmocka_unit_test(facts_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
