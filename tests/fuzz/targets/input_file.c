/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What targets share: bytes as a file, and what must hold. */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void demand(_Bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

void input_file_open(struct input_file *file, const uint8_t *bytes, size_t n_bytes)
{
	size_t n_written = 0;

	file->fd = memfd_create("input", MFD_CLOEXEC);
	demand(file->fd >= 0, "a file in memory");
	while (n_written < n_bytes) {
		ssize_t n = write(file->fd, bytes + n_written, n_bytes - n_written);

		demand(n > 0, "room for the input");
		n_written += (size_t)n;
	}
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

void input_file_close(struct input_file *file)
{
	close(file->fd);
}
