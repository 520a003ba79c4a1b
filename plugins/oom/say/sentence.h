/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SENTENCE_H
#define SENTENCE_H

/* Text that grows in a buffer of its own and is cut where that ends. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oom.h"

struct sentence {
	char *text;
	size_t room;
	size_t length;
};

static inline struct sentence begin_sentence(char *text, size_t room)
{
	text[0] = '\0';
	return (struct sentence){ .text = text, .room = room };
}

void say(struct sentence *sentence, const char *format, ...) MO_PRINTF(2, 3);
void say_bytes(struct sentence *sentence, uint64_t bytes);
void say_kib(struct sentence *sentence, uint64_t bytes);
void say_when(struct sentence *sentence, const struct mo_oom_event *event); /* " 4.988 s after boot", or a text's clock */
void say_who(struct sentence *sentence, const char *comm, bool has_pid, int32_t pid);
void say_piece(struct sentence *sentence, uint64_t page_bytes,
	       const struct mo_oom_event *event); /* "one page", "16.0 KiB in one piece" */
void describe_bytes(uint64_t bytes, char *text, size_t text_bytes);

#endif
