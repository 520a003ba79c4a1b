/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Logs of every form with damaged bytes, lines cut, doubled, joined and grown. What must hold: no crash, no hang, every record
 * within its bound and with a line number that does not fall, the same records in a second pass. Deterministic.
 * Usage: fuzz-log [ROUNDS]
 */

#include <sys/mman.h>
#include <unistd.h>

#include "text_log.h"

#define FUZZER "fuzz-log"
#include "log_fuzzer.h"

#define MAX_RECORD_BYTES (256u << 10)

#define SEED(text) { text, sizeof(text) - 1 }
static const struct {
	const char *bytes;
	size_t n;
} seeds[] = {
	SEED("<4>[   12.345678] a invoked oom-killer: order=0\n<4>[   12.345679][  T12] b[   13.000001] c\n"),
	SEED("[Tue Dec  1 08:49:04 2026] a\n[  +0.000012] b\n[Dec 1 08:49] c\nkern  :warn  : [    1.500000] d\n"),
	SEED("Dec  1 08:49:04 node kernel: [   12.345678] a#012b#011\nDec  1 08:49:04 node sshd[1]: x\nDec 1 2026 08:49:04 n kernel:a\n"),
	SEED("<4>1 2026-12-01T08:49:04.123Z node kernel - - [x@1 k=\"]\\\"\"] a\n2026-12-01T08:49:04,1+01:00 b\n"),
	SEED("{\"MESSAGE\":\"a \\u00e9\\ud83d\\ude00\",\"_TRANSPORT\":\"kernel\",\"_BOOT_ID\":\"00000000000000000000000000000001\"}\n"
	     "{\"MESSAGE\":[97,98],\"_TRANSPORT\":\"kernel\",\"x\":{\"y\":[1,\"]\"]}}\n"),
	SEED("__CURSOR=s\n_TRANSPORT=kernel\nMESSAGE\n\3\0\0\0\0\0\0\0a\nb\n\n__CURSOR=t\n_TRANSPORT=kernel\nMESSAGE=c\n\n"),
	SEED("6,1,5678901,-,caller=T1,ncfrag=0/6;abc\n6,1,5678901,-,ncfrag=3/6;d\\x41f\n6.1.0,6,2,5678902,c;x\n SUBSYSTEM=acpi\n"),
	SEED("2026-12-01T08:49:04.5Z stdout P [    1.000000] a\n2026-12-01T08:49:04.5Z stdout F b\n"),
	SEED("{\"log\":\"[    1.000000] a\\n\",\"stream\":\"stdout\",\"time\":\"2026-12-01T08:49:04.5Z\"}\n"),
	SEED("\033[1;31m[    1.000000]\033[0m a\r\r\n> > [ 2.0001] b\n-- Boot x --\n12-01 08:49:04.123   398   399 I lmkd : k\n"),
};
#define N_SEEDS (sizeof(seeds) / sizeof(seeds[0]))

static void make_text(struct fuzzer *fuzzer)
{
	size_t n_parts = 1 + next_random(fuzzer, 6);

	fuzzer->n = 0;
	for (size_t i = 0; i < n_parts; i++) {
		size_t seed = next_random(fuzzer, N_SEEDS);

		size_t n_cut = next_random(fuzzer, 4) ? 0 : next_random(fuzzer, seeds[seed].n);

		append(fuzzer, seeds[seed].bytes, seeds[seed].n - n_cut);
	}
}

static void damage(struct fuzzer *fuzzer)
{
	static const char tokens[] = "[]<>{}\"\\,:;=#.\r\n\0\033 0123456789TC";

	for (size_t i = next_random(fuzzer, 12); i > 0 && fuzzer->n; i--) {
		size_t at = next_random(fuzzer, fuzzer->n);
		size_t n = next_random(fuzzer, 40);

		switch (next_random(fuzzer, 4)) {
		case 0:
			fuzzer->text[at] = (char)next_random(fuzzer, 256);
			break;
		case 1:
			fuzzer->text[at] = tokens[next_random(fuzzer, sizeof(tokens) - 1)];
			break;
		case 2:
			cut(fuzzer, at, n);
			break;
		default:
			for (size_t k = next_random(fuzzer, 400) ? 1 : 20000; k > 0; k--)
				append(fuzzer, fuzzer->text + at, n < fuzzer->n - at ? n : 1);
		}
	}
}

/* A sum over all that the records say. */
static uint64_t sum_of(struct fuzzer *fuzzer, const struct mo_text_file *file)
{
	struct mo_log_record record;
	struct mo_text_log *log;
	uint64_t sum = 0, last_line = 0;
	const char *why;

	check(!mo_text_log_open(file, &log), "a log does not open");
	while (mo_text_log_next(log, &record)) {
		check(record.text_bytes <= MAX_RECORD_BYTES, "a record is larger than its bound");
		check(record.line >= last_line, "line numbers fall");
		check(record.level <= MO_LOG_LEVEL_UNKNOWN, "a level that is none");
		last_line = record.line;
		for (size_t i = 0; i < record.text_bytes; i++)
			sum = sum * 31 + (unsigned char)record.text[i];
		sum += record.time_ns + record.boot + (record.host ? strlen(record.host) : 0);
		fuzzer->n_found++;
	}
	check(!mo_text_log_failed(log), "memory is short");
	sum += mo_text_log_lost(log, &why);
	mo_text_log_close(log);
	return sum;
}

static void run_round(struct fuzzer *fuzzer)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct mo_text_log_facts facts;
	struct mo_text_file *file;
	char path[64];
	bool is_text;

	make_text(fuzzer);
	damage(fuzzer);
	check(fd >= 0 && write(fd, fuzzer->text, fuzzer->n) == (ssize_t)fuzzer->n, "no file in memory");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check(!mo_text_file_open(path, &file), "a file does not open");
	check(!mo_text_file_is_text(file, &is_text), "a file cannot be looked at");
	check(sum_of(fuzzer, file) == sum_of(fuzzer, file), "two passes differ");
	check(!mo_text_log_survey(file, NULL, &facts), "a log cannot be surveyed");
	mo_text_log_facts_deinit(&facts);
	mo_text_file_close(file);
	close(fd);
}

int main(int argc, char **argv)
{
	struct fuzzer fuzzer = NEW_FUZZER;
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 4000;

	check(fuzzer.text != NULL, "memory is short");
	for (long i = 0; i < rounds; i++)
		run_round(&fuzzer);
	check(fuzzer.n_found > (uint64_t)rounds, "hardly a line was recognised");
	printf("%ld logs, %llu records\n", rounds, (unsigned long long)fuzzer.n_found);
	free(fuzzer.text);
	return 0;
}
