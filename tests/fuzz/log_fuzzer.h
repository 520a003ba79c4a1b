/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOG_FUZZER_H
#define LOG_FUZZER_H

/* What the fuzzers of logs share: numbers that are the same in each run, and a text that grows to a bound. Define FUZZER first. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzzer {
	uint64_t random;
	char **texts;      /* that a text is made of */
	size_t n_texts;
	char *text;        /* ROOM bytes, of which the last stays free */
	size_t n;
	uint64_t n_found;  /* records or events, in all rounds */
};
#define ROOM (1u << 20)
#define NEW_FUZZER { .random = 88172645463325252ull, .text = malloc(ROOM) }

static inline uint64_t next_random(struct fuzzer *fuzzer, uint64_t below)
{
	fuzzer->random ^= fuzzer->random << 13;
	fuzzer->random ^= fuzzer->random >> 7;
	fuzzer->random ^= fuzzer->random << 17;
	return fuzzer->random % below;
}

static inline void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, FUZZER ": %s\n", what);
	abort();
}

static inline void append(struct fuzzer *fuzzer, const char *bytes, size_t n)
{
	if (n > ROOM - 1 - fuzzer->n)
		n = ROOM - 1 - fuzzer->n;
	memcpy(fuzzer->text + fuzzer->n, bytes, n);
	fuzzer->n += n;
}

/* Without the n bytes at `at`. */
static inline void cut(struct fuzzer *fuzzer, size_t at, size_t n)
{
	if (n > fuzzer->n - at)
		n = fuzzer->n - at;
	memmove(fuzzer->text + at, fuzzer->text + at + n, fuzzer->n - at - n);
	fuzzer->n -= n;
}

#endif
