/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes memory of the kinds that are named, in their order, says that it is ready, and sleeps.
 *
 *     hold-memory [KIND:VALUE]...
 *
 *     name:NAME       the process's name (comm)
 *     anon:MiB        private anonymous memory, written
 *     untouched:MiB   the same, never written
 *     read:MiB        the same, only read: zero pages
 *     mlock:MiB       anonymous and locked
 *     shared:MiB      shared anonymous memory, written (children share it)
 *     sysv:MiB        a System V segment        memfd:MiB   a memfd, written and mapped
 *     map:PATH        a file mapped and read    dirty:PATH  a file mapped shared, written
 *     private:PATH    a file mapped private, its first half written
 *     open:PATH       a file opened and read    deleted:PATH  a file written (1 MiB), unlinked and held open
 *     thp:MiB         anonymous, aligned, with MADV_HUGEPAGE
 *     hugetlb:MiB     from the huge page pool
 *     sparse:COUNT    one page written in each of so many gigabytes: page tables
 *     tables:MiB      so much in page tables: one page read (the zero page) in each 2 MiB of a sparse mapping
 *     merge:MiB       equal pages, MADV_MERGEABLE
 *     pageout:MiB     anonymous, written, then MADV_PAGEOUT: to swap
 *     noiseout:MiB    the same, of content that does not compress
 *     shmemout:MiB    shared anonymous memory, written, then MADV_PAGEOUT
 *     bind:NODE       from now on memory comes from this node alone (MPOL_BIND)
 *     threads:COUNT   threads that sleep, each with a stack that was used
 *     children:COUNT  forked processes that sleep; what was taken before is shared with them, and each writes
 *                     256 KiB of the last anonymous memory
 *     zombie:COUNT    children that ended and are not waited for
 *     clone:COUNT     processes that share the memory without being threads (CLONE_VM)
 *     orphan:COUNT    memory of processes that ended, held by an open /proc/PID/mem: no task has it any more
 *     pipe:COUNT      pipes filled to the brim  socket:COUNT  pairs of sockets with unread bytes
 *     oom_score_adj:N
 *     sleep:SECONDS
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The anonymous memory that was taken last: what forked children write to. */
struct anonymous {
	char *start;
	size_t bytes;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *map_anonymous(size_t bytes, int flags)
{
	char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (start == MAP_FAILED)
		fail("hold-memory: mmap");
	return start;
}

/* Every page differs, so that nothing merges them or compresses them away. */
static void write_pages(char *start, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 4096)
		for (size_t word = 0; word < 4096; word += 64)
			*(size_t *)(start + at + word) = (size_t)start + at * 2654435761u + word;
}

static size_t read_pages(const char *start, size_t bytes)
{
	size_t sum = 0;

	for (size_t at = 0; at < bytes; at += 4096)
		sum += *(const volatile char *)(start + at);
	return sum;
}

/* Content that no compression makes smaller. */
static void write_noise(char *start, size_t bytes)
{
	uint64_t state = (uint64_t)(size_t)start | 1;

	for (size_t at = 0; at < bytes; at += sizeof(state)) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(start + at, &state, sizeof(state));
	}
}

static struct anonymous take_anonymous(size_t bytes)
{
	struct anonymous taken = { .start = map_anonymous(bytes, MAP_PRIVATE), .bytes = bytes };

	write_pages(taken.start, bytes);
	return taken;
}

static void take_huge(size_t bytes)
{
	size_t huge = 2u << 20;
	char *start = map_anonymous(bytes + huge, MAP_PRIVATE);
	char *aligned = start + (huge - (size_t)start % huge) % huge;

	madvise(aligned, bytes, MADV_HUGEPAGE);
	write_pages(aligned, bytes);
}

static void take_sysv(size_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
	char *start = id < 0 ? (char *)-1 : shmat(id, NULL, 0);

	if (start == (char *)-1)
		fail("hold-memory: shmget");
	write_pages(start, bytes);
}

static void take_memfd(size_t bytes)
{
	int fd = memfd_create("held by hold-memory", MFD_CLOEXEC);
	char *start;

	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0)
		fail("hold-memory: memfd");
	start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (start == MAP_FAILED)
		fail("hold-memory: mmap of a memfd");
	write_pages(start, bytes);
}

static void map_file(const char *path, bool shared, bool write)
{
	int fd = open(path, O_RDWR);
	struct stat status;
	char *start;

	if (fd < 0)
		fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &status) != 0)
		fail(path);
	start = mmap(NULL, (size_t)status.st_size, PROT_READ | (write ? PROT_WRITE : 0), shared ? MAP_SHARED : MAP_PRIVATE,
		     fd, 0);
	if (start == MAP_FAILED)
		fail(path);
	read_pages(start, (size_t)status.st_size);
	if (write)
		write_pages(start, (size_t)status.st_size / (shared ? 1 : 2) & ~(size_t)4095);
	close(fd);
}

static void open_file(const char *path, bool deleted)
{
	char buffer[65536] = { 0 };
	int fd = open(path, deleted ? O_RDWR | O_CREAT : O_RDONLY, 0600);

	if (fd < 0)
		fail(path);
	if (!deleted) {
		while (read(fd, buffer, sizeof(buffer)) > 0)
			;
		return;
	}
	for (int i = 0; i < 16; i++)
		if (write(fd, buffer, sizeof(buffer)) < 0)
			fail(path);
	unlink(path);
}

static void *sleep_in_thread(void *unused)
{
	volatile char stack[16384];

	for (size_t at = 0; at < sizeof(stack); at += 1024)
		stack[at] = 1;
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void start_threads(long count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (; count > 0; count--)
		if (pthread_create(&thread, &attributes, sleep_in_thread, NULL) != 0)
			fail("hold-memory: thread");
}

static void fork_children(long count, bool end, const struct anonymous *last)
{
	size_t own = last->bytes < (256u << 10) ? last->bytes : 256u << 10;

	for (; count > 0; count--) {
		pid_t pid = fork();
		if (pid < 0)
			fail("hold-memory: fork");
		if (pid != 0)
			continue;
		if (end)
			_exit(0);
		write_pages(last->start, own);
		for (;;)
			pause();
	}
}

static void fill_pipes(long count)
{
	char buffer[4096] = { 0 };
	int ends[2];

	for (; count > 0; count--) {
		if (pipe2(ends, O_NONBLOCK) != 0)
			fail("hold-memory: pipe");
		while (write(ends[1], buffer, sizeof(buffer)) > 0)
			;
	}
}

static void fill_sockets(long count)
{
	char buffer[4096] = { 0 };
	int ends[2];

	for (; count > 0; count--) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
			fail("hold-memory: socketpair");
		while (write(ends[1], buffer, sizeof(buffer)) > 0)
			;
	}
}

static _Noreturn void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static int sleep_as_clone(void *unused)
{
	(void)unused;
	sleep_for_ever();
}

static void clone_sharing(long count)
{
	const size_t stack_bytes = 65536;

	for (; count > 0; count--) {
		char *stack = map_anonymous(stack_bytes, MAP_PRIVATE);

		if (clone(sleep_as_clone, stack + stack_bytes, CLONE_VM | SIGCHLD, NULL) < 0)
			fail("hold-memory: clone");
	}
}

static void leave_orphans(long count)
{
	char path[64];

	for (; count > 0; count--) {
		pid_t pid = fork();

		if (pid < 0)
			fail("hold-memory: fork");
		if (pid == 0)
			sleep_for_ever();
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
		if (open(path, O_RDONLY) < 0)
			fail("hold-memory: /proc/PID/mem");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void set_oom_score_adj(const char *value)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail("hold-memory: oom_score_adj");
	close(fd);
}

static void write_sparsely(long count)
{
	const size_t gigabyte = (size_t)1 << 30;
	char *start = mmap(NULL, (size_t)count * gigabyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			   -1, 0);

	if (start == MAP_FAILED)
		fail("hold-memory: sparse");
	madvise(start, (size_t)count * gigabyte, MADV_NOHUGEPAGE);
	for (long i = 0; i < count; i++)
		start[(size_t)i * gigabyte] = 1;
}

static void read_sparsely(size_t table_bytes)
{
	const size_t bytes_of_a_table = (size_t)2 << 20; /* what one page of entries maps */
	size_t bytes = table_bytes / 4096 * bytes_of_a_table;
	char *start = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		fail("hold-memory: tables");
	madvise(start, bytes, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < bytes; at += bytes_of_a_table)
		(void)*(const volatile char *)(start + at);
}

static void bind_to_node(long node)
{
	enum { MPOL_BIND = 2 };
	unsigned long nodes = 1UL << node;

	if (syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 8 * sizeof(nodes)) != 0)
		fail("hold-memory: set_mempolicy");
}

static struct anonymous page_out(struct anonymous taken)
{
	if (madvise(taken.start, taken.bytes, MADV_PAGEOUT) != 0)
		fail("hold-memory: MADV_PAGEOUT");
	return taken;
}

static bool take_to_swap(const char *kind, size_t bytes, struct anonymous *last)
{
	struct anonymous taken = { .start = NULL, .bytes = bytes };

	if (strcmp(kind, "pageout") == 0) {
		*last = page_out(take_anonymous(bytes));
	} else if (strcmp(kind, "noiseout") == 0) {
		taken.start = map_anonymous(bytes, MAP_PRIVATE);
		write_noise(taken.start, bytes);
		*last = page_out(taken);
	} else if (strcmp(kind, "shmemout") == 0) {
		taken.start = map_anonymous(bytes, MAP_SHARED);
		write_pages(taken.start, bytes);
		page_out(taken);
	} else {
		return false;
	}
	return true;
}

static bool take_memory(const char *kind, size_t bytes, struct anonymous *last)
{
	char *start;

	if (strcmp(kind, "anon") == 0) {
		*last = take_anonymous(bytes);
	} else if (strcmp(kind, "untouched") == 0) {
		map_anonymous(bytes, MAP_PRIVATE);
	} else if (strcmp(kind, "read") == 0) {
		read_pages(map_anonymous(bytes, MAP_PRIVATE), bytes);
	} else if (strcmp(kind, "shared") == 0) {
		write_pages(map_anonymous(bytes, MAP_SHARED), bytes);
	} else if (strcmp(kind, "hugetlb") == 0) {
		write_pages(map_anonymous(bytes, MAP_PRIVATE | MAP_HUGETLB), bytes);
	} else if (strcmp(kind, "mlock") == 0) {
		*last = take_anonymous(bytes);
		if (mlock(last->start, bytes) != 0)
			fail("hold-memory: mlock");
	} else if (strcmp(kind, "merge") == 0) {
		start = map_anonymous(bytes, MAP_PRIVATE);
		madvise(start, bytes, MADV_MERGEABLE);
		memset(start, 'm', bytes);
	} else if (strcmp(kind, "sysv") == 0) {
		take_sysv(bytes);
	} else if (strcmp(kind, "memfd") == 0) {
		take_memfd(bytes);
	} else if (strcmp(kind, "thp") == 0) {
		take_huge(bytes);
	} else if (strcmp(kind, "tables") == 0) {
		read_sparsely(bytes);
	} else {
		return take_to_swap(kind, bytes, last);
	}
	return true;
}

static bool take_number(const char *kind, long value, const struct anonymous *last)
{
	if (strcmp(kind, "threads") == 0)
		start_threads(value);
	else if (strcmp(kind, "children") == 0)
		fork_children(value, false, last);
	else if (strcmp(kind, "zombie") == 0)
		fork_children(value, true, last);
	else if (strcmp(kind, "clone") == 0)
		clone_sharing(value);
	else if (strcmp(kind, "orphan") == 0)
		leave_orphans(value);
	else if (strcmp(kind, "pipe") == 0)
		fill_pipes(value);
	else if (strcmp(kind, "socket") == 0)
		fill_sockets(value);
	else if (strcmp(kind, "sparse") == 0)
		write_sparsely(value);
	else if (strcmp(kind, "bind") == 0)
		bind_to_node(value);
	else if (strcmp(kind, "sleep") == 0)
		sleep((unsigned)value);
	else
		return false;
	return true;
}

static bool take_path(const char *kind, const char *path)
{
	if (strcmp(kind, "name") == 0)
		prctl(PR_SET_NAME, path);
	else if (strcmp(kind, "oom_score_adj") == 0)
		set_oom_score_adj(path);
	else if (strcmp(kind, "map") == 0)
		map_file(path, true, false);
	else if (strcmp(kind, "dirty") == 0)
		map_file(path, true, true);
	else if (strcmp(kind, "private") == 0)
		map_file(path, false, true);
	else if (strcmp(kind, "open") == 0)
		open_file(path, false);
	else if (strcmp(kind, "deleted") == 0)
		open_file(path, true);
	else
		return false;
	return true;
}

static void say_ready(void)
{
	const char *path = getenv("READY_FILE");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct anonymous last = { .start = NULL, .bytes = 0 };

	for (int i = 1; i < argc; i++) {
		char kind[32];
		const char *value = strchr(argv[i], ':');
		if (!value || (size_t)(value - argv[i]) >= sizeof(kind)) {
			fprintf(stderr, "hold-memory: %s is not KIND:VALUE\n", argv[i]);
			return 2;
		}
		snprintf(kind, sizeof(kind), "%.*s", (int)(value - argv[i]), argv[i]);
		value++;
		if (!take_path(kind, value) && !take_number(kind, strtol(value, NULL, 10), &last) &&
		    !take_memory(kind, strtoul(value, NULL, 10) << 20, &last)) {
			fprintf(stderr, "hold-memory: no kind of memory is called %s\n", kind);
			return 2;
		}
	}
	say_ready();
	for (;;)
		pause();
}
