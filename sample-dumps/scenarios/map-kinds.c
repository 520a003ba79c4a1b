/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps memory of every kind that /proc/PID/maps and smaps tell apart, a few pages each, and sleeps. What this kernel
 * does not know is left out.
 *
 *     map-kinds DIRECTORY     where it may write files
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0 /* x86 alone has it */
#endif

enum {
	NO_ACCESS_PAGES = 1024,
	HUGE_BYTES = 2 << 20,
	ADVICE_GUARD_INSTALL = 102, /* since 6.13 */
	CALL_MSEAL = 462,	    /* since 6.10 */
	SET_VMA = 0x53564d41,
	SET_VMA_ANON_NAME = 0,
};

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define SIX_PAGES (6 * PAGE)

static char *map(size_t bytes, int protection, int flags, int fd)
{
	char *start = mmap(NULL, bytes, protection, flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	if (start == MAP_FAILED) {
		fprintf(stderr, "map-kinds: mmap of %zu bytes, flags %#x: %s\n", bytes, (unsigned)flags, strerror(errno));
		exit(1);
	}
	return start;
}

static char *anonymous(size_t bytes)
{
	return map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
}

static void write_pages(char *start, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		*(size_t *)(start + at) = (size_t)start + at;
}

static int file(const char *directory, const char *name, size_t bytes)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* Each mapping lies between two that cannot be accessed, so that none is merged with the next. */
static char *between_guards(size_t bytes)
{
	char *start = map(bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE, -1) + PAGE;

	mprotect(start, bytes, PROT_READ | PROT_WRITE);
	return start;
}

static void advise(void)
{
	static const int advice[] = { MADV_SEQUENTIAL, MADV_RANDOM,    MADV_DONTFORK, MADV_DONTDUMP, MADV_WIPEONFORK,
				      MADV_HUGEPAGE,   MADV_NOHUGEPAGE, MADV_FREE,	  MADV_COLD,	 ADVICE_GUARD_INSTALL };

	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		char *start = between_guards(SIX_PAGES);

		write_pages(start, SIX_PAGES);
		if (madvise(start, advice[i] == ADVICE_GUARD_INSTALL ? 2 * PAGE : SIX_PAGES, advice[i]) != 0)
			fprintf(stderr, "map-kinds: advice %d: %s\n", advice[i], strerror(errno));
	}
}

static void name_and_seal(void)
{
	char *start = between_guards(SIX_PAGES);

	write_pages(start, SIX_PAGES);
	if (prctl(SET_VMA, SET_VMA_ANON_NAME, start, SIX_PAGES, "a name of its own") != 0)
		fprintf(stderr, "map-kinds: names: %s\n", strerror(errno));
	start = map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, -1);
	write_pages(start, 2 * PAGE);
	prctl(SET_VMA, SET_VMA_ANON_NAME, start, SIX_PAGES, "shared and named");
	start = between_guards(SIX_PAGES);
	write_pages(start, PAGE);
	if (syscall(CALL_MSEAL, start, (size_t)SIX_PAGES, 0UL) != 0)
		fprintf(stderr, "map-kinds: mseal: %s\n", strerror(errno));
}

static void protect_and_lock(void)
{
	char *start = between_guards(SIX_PAGES);

	write_pages(start, SIX_PAGES);
	mprotect(start + 2 * PAGE, PAGE, PROT_READ);
	mprotect(start + 4 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	/* Pages that were written and may no longer be touched keep their memory; the last six may. */
	start = between_guards((size_t)NO_ACCESS_PAGES * PAGE);
	madvise(start, NO_ACCESS_PAGES * PAGE, MADV_NOHUGEPAGE);
	write_pages(start, NO_ACCESS_PAGES * PAGE);
	mprotect(start, NO_ACCESS_PAGES * PAGE - SIX_PAGES, PROT_NONE);
	start = between_guards(SIX_PAGES);
	if (mlock2(start, SIX_PAGES, MLOCK_ONFAULT) != 0)
		perror("map-kinds: mlock2");
	write_pages(start, 2 * PAGE);
	start = map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_LOCKED, -1);
	munlock(start + 3 * PAGE, PAGE);
	map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_GROWSDOWN, -1);
	map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_32BIT, -1);
	start = between_guards(SIX_PAGES);
	for (size_t at = 0; at < SIX_PAGES; at += PAGE)
		(void)*(volatile char *)(start + at); /* zero pages */
	write_pages(start, PAGE);
}

static void map_files(const char *directory)
{
	char path[400];
	char *start;
	int fd = file(directory, "mapped and deleted", SIX_PAGES);

	start = map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	write_pages(start, SIX_PAGES);
	snprintf(path, sizeof(path), "%s/mapped and deleted", directory);
	unlink(path);
	fd = file(directory, "name with\nnewline, \\ and \xff", SIX_PAGES);
	write_pages(map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd), 3 * PAGE);
	start = map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd); /* partly copied on write */
	(void)*(volatile char *)start;
	write_pages(start + 2 * PAGE, PAGE);
	mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 3 * PAGE); /* an offset */
	fd = memfd_create("a memfd", MFD_CLOEXEC);
	if (ftruncate(fd, SIX_PAGES) == 0)
		write_pages(map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd), 2 * PAGE);
	fd = open("/dev/zero", O_RDWR);
	write_pages(map(SIX_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd), PAGE);
}

static void map_huge(void)
{
	int id = shmget(IPC_PRIVATE, HUGE_BYTES, IPC_CREAT | SHM_HUGETLB | 0600);
	char *start;
	int fd;

	start = map(2 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_HUGETLB, -1); /* one used, one reserved */
	start[0] = 1;
	start = map(2 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_HUGETLB, -1);
	start[0] = 1;
	fd = memfd_create("huge memfd", MFD_CLOEXEC | MFD_HUGETLB);
	if (fd >= 0 && ftruncate(fd, HUGE_BYTES) == 0)
		map(HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd)[0] = 1;
	if (id >= 0)
		shmat(id, NULL, 0);
}

static void map_shared_memory(void)
{
	int kept = shmget(0x5eed, SIX_PAGES, IPC_CREAT | 0600), removed = shmget(IPC_PRIVATE, SIX_PAGES, IPC_CREAT | 0600);

	write_pages(shmat(kept, NULL, 0), SIX_PAGES);
	write_pages(shmat(removed, NULL, 0), PAGE);
	shmctl(removed, IPC_RMID, NULL);
	shmat(kept, NULL, SHM_RDONLY);
}

/* Registered for missing pages and for write protection: two flags of the mapping. */
static void watch_faults(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register wanted = { .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP };
	char *start = between_guards(SIX_PAGES);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	write_pages(start, 2 * PAGE);
	wanted.range.start = (unsigned long)start;
	wanted.range.len = SIX_PAGES;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &wanted) != 0)
		perror("map-kinds: userfaultfd");
}

static void fork_sleeper(void)
{
	char *start = anonymous(SIX_PAGES);

	write_pages(start, SIX_PAGES);
	if (fork() == 0) {
		write_pages(start, 2 * PAGE);
		for (;;)
			pause();
	}
}

int main(int argc, char **argv)
{
	const char *ready = getenv("READY_FILE");

	if (argc != 2) {
		fprintf(stderr, "usage: map-kinds DIRECTORY\n");
		return 2;
	}
	advise();
	name_and_seal();
	protect_and_lock();
	map_files(argv[1]);
	map_huge();
	map_shared_memory();
	watch_faults();
	fork_sleeper();
	if (ready)
		close(open(ready, O_WRONLY | O_CREAT, 0600));
	for (;;)
		pause();
}
