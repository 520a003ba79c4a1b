/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /sys/kernel/debug/page_owner says, without printing the same stacks again and again. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "page-owner.h"

/* The stacks seen so far, by a hash of their text: their numbers, counted from 1. */
struct stack_numbers {
	uint64_t hashes[1 << 16];
	uint32_t numbers[1 << 16];
	uint32_t n;
};

static uint32_t number_of_stack(struct stack_numbers *stacks, const char *text, size_t length, bool *is_new)
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t mask = sizeof(stacks->hashes) / sizeof(stacks->hashes[0]) - 1, slot;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
	hash += !hash;
	for (slot = hash & mask; stacks->hashes[slot] && stacks->hashes[slot] != hash;)
		slot = (slot + 1) & mask;
	*is_new = !stacks->hashes[slot];
	if (*is_new && stacks->n < mask) {
		stacks->hashes[slot] = hash;
		stacks->numbers[slot] = ++stacks->n;
	}
	return stacks->numbers[slot];
}

/*
 * One record of page_owner as a line "PFN ORDER MASK PID TGID TIMESTAMP STACK COMMAND", after the stack's frames if it
 * was not seen before. Each time, page_owner prints the whole stack: a hundred times as much.
 */
static size_t digest_record(struct stack_numbers *stacks, char *text, char *out, size_t room)
{
	char *frames = strstr(text, "\n "), *pfn = strstr(text, "\nPFN "), *comm = strstr(text, "), pid "), *end;
	unsigned order, mask;
	int pid, tgid, command_bytes;
	unsigned long long ns;
	uint32_t number;
	bool is_new;

	if (!frames || !pfn || sscanf(text, "Page allocated via order %u, mask %x", &order, &mask) != 2)
		return 0;
	if (!comm || sscanf(comm, "), pid %d, tgid %d (", &pid, &tgid) != 2)
		return 0;
	comm = strchr(comm + 1, '(') + 1;
	end = strstr(comm, "), ts ");
	if (!end || sscanf(end, "), ts %llu", &ns) != 1)
		return 0;
	command_bytes = (int)(end - comm);
	for (end = frames; end[0] == '\n' && end[1] == ' '; end = strchr(end + 1, '\n'))
		;
	number = number_of_stack(stacks, frames, (size_t)(end - frames), &is_new);
	return (size_t)snprintf(out, room, "%s%.*s%s%llx %u %x %d %d %llu %u %.*s\n", is_new ? "stack" : "",
				is_new ? (int)(end - frames) : 0, frames, is_new ? "\n" : "",
				strtoull(pfn + strlen("\nPFN "), NULL, 0), order, mask, pid, tgid, ns, number, command_bytes,
				comm);
}

size_t digest_page_owner(char *out, size_t room, bool *is_full)
{
	static struct stack_numbers stacks;
	static char text[4097];
	struct timespec now;
	size_t length;
	ssize_t got;
	int fd = open(PAGE_OWNER, O_RDONLY | O_CLOEXEC);

	*is_full = false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	length = (size_t)snprintf(out, room, "time %lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
	memset(&stacks, 0, sizeof(stacks));
	while (fd >= 0 && (got = read(fd, text, sizeof(text) - 1)) > 0) { /* a record each */
		text[got] = '\0';
		*is_full = room - length < sizeof(text) + 128;
		if (*is_full)
			break;
		length += digest_record(&stacks, text, out + length, room - length);
	}
	if (fd >= 0)
		close(fd);
	return length;
}
