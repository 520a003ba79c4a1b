/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many processes that map the same memory in many pieces: what it costs to walk all their page tables.
 *
 *     many-processes PROCESSES VMAS MiB
 *
 * Each process maps MiB of one memfd in so many pieces with gaps between them, every fifth one private; it reads all of it
 * and writes one page of each private piece.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int fill_memory(size_t bytes)
{
	int fd = memfd_create("shared-pieces", 0);
	char *start;

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		fail("many-processes: memfd");
	start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (start == MAP_FAILED)
		fail("many-processes: mmap");
	memset(start, 'm', bytes);
	munmap(start, bytes);
	return fd;
}

static void map_pieces(int fd, unsigned long n_pieces, size_t piece_bytes)
{
	char *area = mmap(NULL, n_pieces * (piece_bytes + PAGE_BYTES), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		fail("many-processes: room");
	munmap(area, n_pieces * (piece_bytes + PAGE_BYTES));
	for (unsigned long i = 0; i < n_pieces; i++) {
		int kind = i % 5 ? MAP_SHARED : MAP_PRIVATE;
		char *piece = mmap(area + i * (piece_bytes + PAGE_BYTES), piece_bytes, PROT_READ | PROT_WRITE,
				   kind | MAP_FIXED, fd, (off_t)(i * piece_bytes));

		if (piece == MAP_FAILED)
			fail("many-processes: piece");
		for (size_t at = 0; at < piece_bytes; at += PAGE_BYTES)
			(void)*(volatile char *)(piece + at);
		if (kind == MAP_PRIVATE)
			*(volatile char *)piece = 'p';
	}
}

int main(int argc, char **argv)
{
	unsigned long n_processes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long n_pieces = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	size_t bytes = argc > 3 ? strtoul(argv[3], NULL, 10) << 20 : 0;
	const char *ready = getenv("READY_FILE");
	int done[2];
	int fd;

	if (!n_processes || !n_pieces || bytes / n_pieces < PAGE_BYTES) {
		fprintf(stderr, "usage: many-processes PROCESSES VMAS MiB\n");
		return 2;
	}
	fd = fill_memory(bytes);
	if (pipe(done))
		fail("many-processes: pipe");
	for (unsigned long i = 0; i < n_processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("many-processes: fork");
		if (pid)
			continue;
		map_pieces(fd, n_pieces, bytes / n_pieces & ~(size_t)(PAGE_BYTES - 1));
		if (write(done[1], "", 1) != 1)
			fail("many-processes: write");
		for (;;)
			pause();
	}
	for (unsigned long i = 0; i < n_processes; i++) {
		char byte;

		if (read(done[0], &byte, 1) != 1)
			fail("many-processes: read");
	}
	if (ready)
		close(open(ready, O_WRONLY | O_CREAT, 0600));
	for (;;)
		pause();
}
