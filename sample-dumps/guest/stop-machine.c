/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pvpanic device: an I/O port on x86, a PCI device's memory elsewhere. */
#define _GNU_SOURCE
#include "stop-machine.h"

#include <stdint.h>
#include <stdio.h>

enum { PVPANIC_PANICKED = 1 };

#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>

enum { PVPANIC_PORT = 0x505 };

bool prepare_stop(void)
{
	if (ioperm(PVPANIC_PORT, 1, 1) == 0)
		return true;
	perror("record-truth: ioperm");
	return false;
}

void stop_machine(void)
{
	outb(PVPANIC_PANICKED, PVPANIC_PORT);
}

#else
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"
#define PVPANIC_ID "1B36:0011" /* QEMU's docs/specs/pci-ids: pvpanic-pci */

static volatile uint8_t *pvpanic;

static bool write_one(const char *path)
{
	FILE *file = fopen(path, "we");
	bool done = file && fputc('1', file) != EOF;

	return (!file || fclose(file) == 0) && done;
}

static bool is_pvpanic(const char *device)
{
	char path[400], line[100];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/uevent", device);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strcmp(line, "PCI_ID=" PVPANIC_ID "\n") == 0;
	if (file)
		fclose(file);
	return found;
}

/* Its one register stands where its first resource begins, which need not be where a page does. */
static bool map_device(const char *device)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	unsigned long long start = 0;
	char path[400];
	uint8_t *memory;
	FILE *resource;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/enable", device);
	(void)write_one(path); /* a driver may have done so */
	snprintf(path, sizeof(path), DEVICES "/%s/resource", device);
	resource = fopen(path, "re");
	if (!resource || fscanf(resource, "%llx", &start) != 1)
		start = 0;
	if (resource)
		fclose(resource);
	snprintf(path, sizeof(path), DEVICES "/%s/resource0", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	memory = fd < 0 ? MAP_FAILED : mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		perror("record-truth: mapping pvpanic");
		return false;
	}
	close(fd);
	pvpanic = memory + (start & (page_bytes - 1));
	return true;
}

bool prepare_stop(void)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(DEVICES);

	while (dir && !found && (entry = readdir(dir)))
		found = is_pvpanic(entry->d_name) && map_device(entry->d_name);
	if (dir)
		closedir(dir);
	if (!found)
		fprintf(stderr, "record-truth: the machine has no pvpanic device\n");
	return found;
}

void stop_machine(void)
{
	*pvpanic = PVPANIC_PANICKED;
}
#endif
