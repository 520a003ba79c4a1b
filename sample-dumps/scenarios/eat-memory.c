/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes anonymous memory until it is killed, or until so many MiB are taken: then says that it is ready and sleeps.
 *
 *     eat-memory [MiB]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20 };

int main(int argc, char **argv)
{
	unsigned long limit = argc > 1 ? strtoul(argv[1], NULL, 10) : ~0UL;
	const char *ready = getenv("READY_FILE");

	for (unsigned long taken = 0; taken < limit; taken++) {
		char *chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunk == MAP_FAILED) {
			perror("eat-memory: mmap");
			return 1;
		}
		for (size_t at = 0; at < CHUNK_BYTES; at += 4096)
			*(size_t *)(chunk + at) = taken * CHUNK_BYTES + at + 1;
	}
	if (ready)
		close(open(ready, O_WRONLY | O_CREAT, 0600));
	for (;;)
		pause();
}
