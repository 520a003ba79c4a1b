/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has the kernel take pages for rings that it shares with a process, and sleeps: an io_uring, a buffer of perf events, and
 * pipes that are full. How many bytes each has goes to the file named READY_FILE.
 *
 *     ring-users ENTRIES PERF-PAGES PIPES     both of the first two are powers of two
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void fail(const char *what)
{
	fprintf(stderr, "ring-users: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What the rings take is what the kernel says about where they end, without what it rounds up to. */
static void take_io_uring(FILE *facts, unsigned n_entries)
{
	struct io_uring_params parameters;
	size_t ring_bytes;
	size_t entry_bytes;
	int fd;

	memset(&parameters, 0, sizeof(parameters));
	fd = (int)syscall(SYS_io_uring_setup, n_entries, &parameters);
	if (fd < 0)
		fail("io_uring_setup");
	ring_bytes = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
	entry_bytes = parameters.sq_entries * sizeof(struct io_uring_sqe);
	if (mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING) == MAP_FAILED ||
	    mmap(NULL, entry_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES) == MAP_FAILED)
		fail("mmap of an io_uring");
	fprintf(facts, "io_uring_bytes=%zu\n", ring_bytes + entry_bytes);
}

static void take_perf_buffer(FILE *facts, unsigned n_pages)
{
	struct perf_event_attr attributes;
	int fd;

	memset(&attributes, 0, sizeof(attributes));
	attributes.size = sizeof(attributes);
	attributes.type = PERF_TYPE_SOFTWARE;
	attributes.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
	attributes.sample_period = 1000000;
	fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
	if (fd < 0)
		fail("perf_event_open");
	if (mmap(NULL, (size_t)(n_pages + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		fail("mmap of a perf buffer");
	fprintf(facts, "perf_bytes=%zu\n", (size_t)(n_pages + 1) * PAGE);
}

static void fill_pipes(FILE *facts, unsigned n_pipes)
{
	size_t n_bytes = 0;
	char page[PAGE];

	memset(page, 'p', sizeof(page));
	for (unsigned i = 0; i < n_pipes; i++) {
		int ends[2];

		if (pipe2(ends, O_NONBLOCK))
			fail("pipe");
		while (write(ends[1], page, sizeof(page)) == (ssize_t)sizeof(page))
			n_bytes += sizeof(page);
	}
	fprintf(facts, "pipe_bytes=%zu\n", n_bytes);
}

int main(int argc, char **argv)
{
	const char *ready = getenv("READY_FILE");
	char aside[256];
	FILE *facts;

	if (argc != 4 || !ready) {
		fprintf(stderr, "usage: READY_FILE=FILE ring-users ENTRIES PERF-PAGES PIPES\n");
		return 2;
	}
	/* Whoever waits for the file finds all of it. */
	snprintf(aside, sizeof(aside), "%s.new", ready);
	facts = fopen(aside, "w");
	if (!facts)
		fail(aside);
	take_io_uring(facts, (unsigned)atoi(argv[1]));
	take_perf_buffer(facts, (unsigned)atoi(argv[2]));
	fill_pipes(facts, (unsigned)atoi(argv[3]));
	if (fclose(facts) || rename(aside, ready))
		fail(ready);
	for (;;)
		pause();
}
