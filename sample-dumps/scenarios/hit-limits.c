/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks for memory until a limit refuses it, says what refused (on the console), and sleeps with what it has.
 *
 *     hit-limits address-space MiB    RLIMIT_AS
 *     hit-limits data MiB             RLIMIT_DATA
 *     hit-limits locked MiB           RLIMIT_MEMLOCK, without the capability that lifts it
 *     hit-limits mappings             vm.max_map_count
 *     hit-limits commit               vm.overcommit_memory=2, without what is kept for root
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_REQUESTS = 1 << 20 };

static void limit(int resource, unsigned long mib)
{
	struct rlimit to = { .rlim_cur = mib << 20, .rlim_max = mib << 20 };

	if (setrlimit(resource, &to) != 0) {
		perror("hit-limits: setrlimit");
		exit(1);
	}
}

/* Neighbours differ in their protection, so that none are merged. */
static char *take(size_t bytes, unsigned long number, bool differ)
{
	int protection = PROT_READ | (differ && number % 2 ? 0 : PROT_WRITE);
	char *start = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return start == MAP_FAILED ? NULL : start;
}

static void say_ready(const char *what, unsigned long requests)
{
	const char *path = getenv("READY_FILE");
	int fd;

	fprintf(stderr, "hit-limits: %s: refused (%s) after %lu requests\n", what, strerror(errno), requests);
	fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long mib = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	bool is_count = strcmp(what, "mappings") == 0, is_lock = strcmp(what, "locked") == 0;
	size_t bytes = is_count ? 4096 : (size_t)1 << 20;
	unsigned long taken = 0;

	prctl(PR_SET_NAME, what);
	if (strcmp(what, "address-space") == 0)
		limit(RLIMIT_AS, mib);
	else if (strcmp(what, "data") == 0)
		limit(RLIMIT_DATA, mib);
	else if (is_lock)
		limit(RLIMIT_MEMLOCK, mib);
	if ((is_lock || strcmp(what, "commit") == 0) && setuid(1000) != 0)
		return 1;
	for (; taken < MAX_REQUESTS; taken++) {
		char *start = take(bytes, taken, is_count);

		if (!start || (is_lock && mlock(start, bytes) != 0))
			break;
		if (!is_count && !is_lock)
			start[0] = 1;
	}
	say_ready(what, taken);
	for (;;)
		pause();
}
