/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences: text that is appended to a buffer of fixed size. */
#include "sentence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <memopsy/numbers.h>

void say(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(sentence->text + sentence->length, sentence->room - sentence->length, format, arguments);
	va_end(arguments);
	if (n > 0)
		sentence->length = sentence->length + (size_t)n < sentence->room ? sentence->length + (size_t)n :
										   sentence->room - 1;
}

void describe_bytes(uint64_t bytes, char *text, size_t text_bytes)
{
	mo_format_bytes(text, text_bytes, bytes, false);
}

void say_bytes(struct sentence *sentence, uint64_t bytes)
{
	char text[24];

	describe_bytes(bytes, text, sizeof(text));
	say(sentence, "%s", text);
}

void say_kib(struct sentence *sentence, uint64_t bytes)
{
	say(sentence, "%" PRIu64 " KiB", bytes / 1024);
}

void say_when(struct sentence *sentence, const struct mo_oom_event *event)
{
	if (event->has_time)
		say(sentence, " %" PRIu64 ".%03u s after boot", event->time_ns / 1000000000,
		    (unsigned)(event->time_ns % 1000000000 / 1000000));
	else if (event->clock[0])
		say(sentence, " (%s)", event->clock);
}

void say_who(struct sentence *sentence, const char *comm, bool has_pid, int32_t pid)
{
	say(sentence, "%s", comm[0] ? comm : "a process");
	if (has_pid)
		say(sentence, " (PID %d)", pid);
}

void say_piece(struct sentence *sentence, uint64_t page_bytes, const struct mo_oom_event *event)
{
	if (!event->has_order || event->order <= 0) {
		say(sentence, "one page");
		return;
	}
	say_bytes(sentence, page_bytes << event->order);
	say(sentence, " in one piece (order %d)", event->order);
}
