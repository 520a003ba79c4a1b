/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "residency.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void add_line(struct lines *lines, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(lines->bytes + lines->used, lines->room - lines->used, format, arguments);
	va_end(arguments);
	if (n > 0 && (size_t)n < lines->room - lines->used)
		lines->used += (size_t)n;
}

/* As mincore() tells; without touching a page. */
static long resident_pages(int fd, size_t bytes)
{
	static unsigned char present[16384];
	const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	long count = 0;

	for (size_t at = 0; at < bytes; at += sizeof(present) * page_bytes) {
		size_t length = bytes - at < sizeof(present) * page_bytes ? bytes - at : sizeof(present) * page_bytes;
		void *start = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)at);
		int failed = start == MAP_FAILED || mincore(start, length, present) != 0;

		if (start != MAP_FAILED)
			munmap(start, length);
		if (failed)
			return -1;
		for (size_t page = 0; page * page_bytes < length; page++)
			count += present[page] & 1;
	}
	return count;
}

/* "DEVICE:INODE RESIDENT-PAGES SIZE LINKS BLOCK-SIZE PATH", of regular files. */
static void add_residency(struct lines *lines, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	struct stat status;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		add_line(lines, "%llx:%llu %ld %lld %lu %ld %s\n", (unsigned long long)status.st_dev,
			 (unsigned long long)status.st_ino, resident_pages(fd, (size_t)status.st_size),
			 (long long)status.st_size, (unsigned long)status.st_nlink, (long)status.st_blksize, path);
	close(fd);
}

void add_residency_below(struct lines *lines, const char *directory, int depth)
{
	char path[600];
	struct dirent *entry;
	DIR *dir = opendir(directory);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= (int)sizeof(path))
			continue;
		if (entry->d_type == DT_DIR && depth > 0)
			add_residency_below(lines, path, depth - 1);
		else if (entry->d_type == DT_REG || entry->d_type == DT_LNK)
			add_residency(lines, path);
	}
	closedir(dir);
}
