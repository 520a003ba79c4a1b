/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes many small files, a thousand in each directory: inodes and dentries.
 *
 *     make-files DIRECTORY COUNT [BYTES]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char content[65536];
	size_t bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	const char *ready = getenv("READY_FILE");
	char path[300];

	if (argc < 3 || bytes > sizeof(content)) {
		fprintf(stderr, "usage: make-files DIRECTORY COUNT [BYTES]\n");
		return 2;
	}
	memset(content, 'f', sizeof(content));
	for (unsigned long i = 0; i < count; i++) {
		int fd;
		if (i % 1000 == 0) {
			snprintf(path, sizeof(path), "%s/%lu", argv[1], i / 1000);
			if (mkdir(path, 0700) != 0)
				perror(path);
		}
		snprintf(path, sizeof(path), "%s/%lu/%lu", argv[1], i / 1000, i);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || write(fd, content, bytes) != (ssize_t)bytes) {
			perror(path);
			return 1;
		}
		close(fd);
	}
	if (ready)
		close(open(ready, O_WRONLY | O_CREAT, 0600));
	return 0;
}
