/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs in the guest and records what the kernel says of itself, as the truth that memopsy's reading of the dump is
 * tested against.
 *
 * Recording must not move what it records. So every file is read once to warm the kernel's caches (its dentries, inodes
 * and buffers), then all of them are read into memory that was taken and locked beforehand, the most moving ones last,
 * /proc/meminfo last of all; then one write to the pvpanic device has QEMU stop the machine at that very instruction. The
 * host dumps the memory and lets the guest go on, and only now is the record written to a raw disk.
 *
 *     record-truth snapshot DISK     as above; prints the offset where the disk is free again
 *                                    (RECORD_WITHOUT_STOP set: the machine goes on, the dump comes later;
 *                                    RECORD_BRIEF set: without what would fill a small guest's caches with inodes;
 *                                    RECORD_FILES: directories whose files' resident pages are recorded, with those
 *                                    of all files that processes have open or mapped)
 *     record-truth files DISK OFFSET DIRECTORY...    adds ordinary files from below the directories
 *
 * On the disk, again and again: any number of zero bytes, a line "MEMOPSY-TRUTH KIND LENGTH PATH\n", and so many bytes;
 * until KIND is E.  KIND is F for a file, A for more of the file before, L for a symbolic link, P for a file that could
 * not be recorded whole.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "page-owner.h"
#include "residency.h"
#include "stop-machine.h"

enum { BLOCK_BYTES = 512, HEADER_BYTES = 512, WRITE_BYTES = 1 << 20, SYSLOG_READ_ALL = 3 };

struct record {
	int disk;
	off_t disk_offset;
	char *bytes; /* page aligned, locked */
	size_t size;
	size_t used;
	bool full;
	const char *prefix; /* of the recorded paths: "" or "before/" */
};

/* ---- the buffer and the disk ---- */

static void flush_record(struct record *record)
{
	size_t done = 0;

	while (record->used % BLOCK_BYTES != 0)
		record->bytes[record->used++] = 0;
	while (done < record->used) {
		size_t length = record->used - done < WRITE_BYTES ? record->used - done : WRITE_BYTES;
		ssize_t written = pwrite(record->disk, record->bytes + done, length, record->disk_offset);
		if (written <= 0) {
			perror("record-truth: writing the record");
			exit(1);
		}
		done += (size_t)written;
		record->disk_offset += written;
	}
	record->used = 0;
}

/* Room for a header, a block of content and the padding of the end at least, or the record is full. */
static bool begin_entry(struct record *record)
{
	if (record->size - record->used < HEADER_BYTES + 2 * BLOCK_BYTES) {
		record->full = true;
		return false;
	}
	return true;
}

/* Where the content is read to; the header is put right before it when its length is known. */
static char *content_of_entry(struct record *record)
{
	return record->bytes + record->used + HEADER_BYTES;
}

static size_t content_room(const struct record *record)
{
	return (record->size - record->used - HEADER_BYTES - BLOCK_BYTES) & ~(size_t)7; /* kpageflags reads whole words */
}

static void end_entry(struct record *record, char kind, size_t length, const char *path)
{
	char *header = record->bytes + record->used;
	int header_bytes = snprintf(header, HEADER_BYTES, "MEMOPSY-TRUTH %c %zu %s%s\n", kind, length, record->prefix,
				    path[0] == '/' ? path + 1 : path);

	memmove(header + header_bytes, header + HEADER_BYTES, length);
	record->used += (size_t)header_bytes + length;
}

static void add_file(struct record *record, const char *path)
{
	size_t length = 0, room;
	char kind = 'F';
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	if (!begin_entry(record)) {
		close(fd);
		return;
	}
	room = content_room(record);
	for (;;) {
		size_t wish = room - length < WRITE_BYTES ? room - length : WRITE_BYTES; /* /proc/sys takes no more */
		ssize_t got = read(fd, content_of_entry(record) + length, wish);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			kind = got < 0 && errno != EAGAIN ? 'P' : kind;
			break;
		}
		length += (size_t)got;
		if (length == room) {
			record->full = true;
			kind = 'P';
			break;
		}
	}
	close(fd);
	if (kind == 'F' || length != 0)
		end_entry(record, kind, length, path);
}

/* A file that may be longer than the buffer: piece by piece, straight to the disk. */
static void write_long_file(struct record *record, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char kind = 'F';

	for (;;) {
		size_t length = 0, room = content_room(record);
		ssize_t got = fd < 0 ? 0 : read(fd, content_of_entry(record), room);

		for (; got > 0; got = read(fd, content_of_entry(record) + length, room - length))
			length += (size_t)got;
		if (length == 0)
			break;
		end_entry(record, kind, length, path);
		flush_record(record);
		kind = 'A';
	}
	if (fd >= 0)
		close(fd);
}

static void add_link(struct record *record, const char *path)
{
	ssize_t length;

	if (!begin_entry(record))
		return;
	length = readlink(path, content_of_entry(record), BLOCK_BYTES);
	if (length > 0)
		end_entry(record, 'L', (size_t)length, path);
}

static void add_kernel_log(struct record *record)
{
	size_t room;
	int length;

	if (!begin_entry(record))
		return;
	room = content_room(record);
	length = klogctl(SYSLOG_READ_ALL, content_of_entry(record), (int)(room > 1 << 24 ? 1 << 24 : room));
	if (length > 0)
		end_entry(record, 'F', (size_t)length, "dmesg");
}

static void add_page_owner(struct record *record)
{
	size_t length;
	bool is_full;

	if (access(PAGE_OWNER, R_OK) != 0 || !begin_entry(record))
		return;
	length = digest_page_owner(content_of_entry(record), content_room(record), &is_full);
	record->full |= is_full;
	if (length)
		end_entry(record, is_full ? 'P' : 'F', length, PAGE_OWNER ".digest");
}

/* ---- walking directories ---- */

/* No patterns: every name. Patterns that begin with an exclamation mark take names out, and stand first. */
static bool matches(const char *name, const char *const *patterns)
{
	bool any = true;

	for (; patterns && *patterns; patterns++) {
		if ((*patterns)[0] == '!') {
			if (fnmatch(*patterns + 1, name, 0) == 0)
				return false;
			continue;
		}
		any = false;
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	}
	return any;
}

/* Adds the files below a directory whose names match; symbolic links as links, never followed. */
static void add_tree(struct record *record, const char *directory, const char *const *patterns, int depth)
{
	char path[400];
	struct dirent *entry;
	DIR *dir = depth > 0 ? opendir(directory) : NULL;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= (int)sizeof(path))
			continue;
		if (entry->d_type == DT_DIR)
			add_tree(record, path, patterns, depth - 1);
		else if (entry->d_type == DT_LNK && matches(entry->d_name, patterns))
			add_link(record, path);
		else if (entry->d_type == DT_REG && matches(entry->d_name, patterns))
			add_file(record, path);
	}
	closedir(dir);
}

static void add_list(struct record *record, const char *directory, const char *const *names)
{
	char path[400];

	for (; *names; names++)
		if (snprintf(path, sizeof(path), "%s/%s", directory, *names) < (int)sizeof(path))
			add_file(record, path);
}

static bool is_number(const char *name)
{
	return name[0] && strspn(name, "0123456789") == strlen(name);
}

/* ---- what is recorded ---- */

static void add_threads(struct record *record, const char *process)
{
	static const char *const files[] = { "status", "stat", "comm", "stack", NULL };
	char directory[300], path[400];
	struct dirent *entry;
	DIR *dir;

	snprintf(directory, sizeof(directory), "%s/task", process);
	dir = opendir(directory);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (is_number(entry->d_name) && strcmp(entry->d_name, strrchr(process, '/') + 1) != 0 &&
		    snprintf(path, sizeof(path), "%s/%.20s", directory, entry->d_name) < (int)sizeof(path))
			add_list(record, path, files);
	closedir(dir);
}

static void add_processes(struct record *record)
{
	static const char *const files[] = {
		"status", "stat", "statm", "maps", "smaps", "smaps_rollup", "cmdline", "environ", "comm", "oom_score",
		"oom_score_adj", "cgroup", "limits", "wchan", "stack", "numa_maps", "auxv", NULL
	};
	static const char *const sums[] = { "status", "stat", "smaps_rollup", "oom_score", NULL };
	static const char *const links[] = {
		"exe", "cwd", "root", "ns/mnt", "ns/pid", "ns/net", "ns/user", "ns/cgroup", "ns/ipc", "ns/uts", NULL
	};
	bool sums_only = getenv("RECORD_SUMS_ONLY");
	char process[280], path[400];
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		snprintf(process, sizeof(process), "/proc/%.20s", entry->d_name);
		add_list(record, process, sums_only ? sums : files);
		if (sums_only)
			continue;
		for (const char *const *link = links; *link; link++) {
			snprintf(path, sizeof(path), "%s/%s", process, *link);
			add_link(record, path);
		}
		snprintf(path, sizeof(path), "%s/fd", process);
		add_tree(record, path, NULL, 1);
		add_threads(record, process);
	}
	closedir(dir);
}

static void add_settings(struct record *record)
{
	static const char *const proc[] = {
		"version", "cmdline", "cpuinfo", "modules", "iomem", "filesystems", "config.gz", "devices", "interrupts",
		"mtrr", "consoles", "partitions", "mdstat", NULL
	};
	static const char *const sys_kernel[] = {
		"vmcoreinfo", "notes", "kexec_loaded", "kexec_crash_loaded", "kexec_crash_size", "fscaps", NULL
	};
	static const char *const vm[] = {
		"!stat_refresh", "!drop_caches", "!compact_memory", NULL /* reading or opening these does something */
	};
	static const char *const module_files[] = { "coresize", "initsize", "refcnt", "taint", "srcversion", ".*", "_*", NULL };

	add_list(record, "/proc", proc);
	add_list(record, "/sys/kernel", sys_kernel);
	add_tree(record, "/proc/sys/vm", vm, 2);
	if (!getenv("RECORD_BRIEF"))
		add_tree(record, "/sys/module", module_files, 3);
}

static void add_slab(struct record *record)
{
	static const char *const files[] = {
		"object*", "slab_size", "slabs", "slabs_cpu_partial", "total_objects", "objs_per_slab", "order", "ctor", "align",
		"aliases", "cpu_slabs", "partial", "cpu_partial", "min_partial", "sanity_checks", "red_zone", "poison",
		"store_user", "destroy_by_rcu", "reclaim_account", "usersize", ":*", "sheaf_capacity", NULL
	};

	add_tree(record, "/sys/kernel/slab", files, 2);
}

/* The links of /sys/kernel/slab: aliases of merged caches. */
static void add_slab_aliases(struct record *record)
{
	char path[400];
	struct dirent *entry;
	DIR *dir = opendir("/sys/kernel/slab");

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_LNK &&
		    snprintf(path, sizeof(path), "/sys/kernel/slab/%s", entry->d_name) < (int)sizeof(path))
			add_link(record, path);
	closedir(dir);
}

static void add_debug(struct record *record)
{
	static const char *const debug[] = { "page_owner_stacks/show_stacks", "kmemleak", "vmmemctl", "fault_around_bytes", NULL };
	static const char *const traces[] = { "alloc_traces", "free_traces", NULL };
	static const char *const extfrag[] = { "extfrag_index", "unusable_index", NULL };

	add_list(record, "/sys/kernel/debug", debug);
	add_tree(record, "/sys/kernel/debug/slab", traces, 2);
	add_tree(record, "/sys/kernel/debug/extfrag", extfrag, 1);
	add_tree(record, "/sys/kernel/debug/zsmalloc", NULL, 2);
	add_page_owner(record);
}

static void add_groups_and_devices(struct record *record)
{
	static const char *const cgroup[] = {
		"!memory.reclaim", "!cgroup.kill", "memory.*", "cgroup.*", "hugetlb.*", NULL
	};
	static const char *const net[] = { "sockstat", "protocols", "unix", "tcp", "udp", "netlink", "packet", NULL };
	static const char *const ipc[] = { "shm", NULL };

	add_tree(record, "/sys/fs/cgroup", cgroup, 6);
	add_list(record, "/proc/net", net);
	add_list(record, "/proc/sysvipc", ipc);
	add_tree(record, "/sys/block/zram0", NULL, 1);
	add_tree(record, "/sys/kernel/mm", NULL, 5);
}

/* Of the directories that the scenario names, and of what processes have open and mapped. */
static void add_residencies(struct record *record)
{
	const char *directories = getenv("RECORD_FILES");
	struct lines lines;
	struct dirent *entry;
	char path[400];
	DIR *dir = directories && begin_entry(record) ? opendir("/proc") : NULL;

	if (!dir)
		return;
	lines = (struct lines){ .bytes = content_of_entry(record), .room = content_room(record) };
	for (size_t length; *directories; directories += length + (directories[length] == ' ')) {
		length = strcspn(directories, " ");
		snprintf(path, sizeof(path), "%.*s", (int)length, directories);
		add_residency_below(&lines, path, 4);
	}
	while ((entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/fd", entry->d_name);
		add_residency_below(&lines, path, 0);
		snprintf(path, sizeof(path), "/proc/%.20s/map_files", entry->d_name);
		add_residency_below(&lines, path, 0);
	}
	closedir(dir);
	end_entry(record, 'F', lines.used, "files/residency");
}

/* "BLOCK-SIZE BLOCKS FREE INODES FREE TYPE PATH" of all mounts. */
static void add_mounts(struct record *record)
{
	struct lines lines;
	struct mntent *mount;
	FILE *mounts = begin_entry(record) ? setmntent("/proc/mounts", "re") : NULL;

	if (!mounts)
		return;
	lines = (struct lines){ .bytes = content_of_entry(record), .room = content_room(record) };
	while ((mount = getmntent(mounts))) {
		struct statvfs status;

		if (statvfs(mount->mnt_dir, &status) == 0)
			add_line(&lines, "%lu %llu %llu %llu %llu %s %s\n", status.f_frsize,
				 (unsigned long long)status.f_blocks, (unsigned long long)status.f_bfree,
				 (unsigned long long)status.f_files, (unsigned long long)status.f_ffree, mount->mnt_type,
				 mount->mnt_dir);
	}
	endmntent(mounts);
	end_entry(record, 'F', lines.used, "files/statvfs");
}

static void add_pages(struct record *record)
{
	static const char *const files[] = { "kpageflags", "kpagecount", "kpagecgroup", NULL };

	add_list(record, "/proc", files);
}

/* What moves most comes last, and /proc/meminfo as the very last. */
static void add_counters(struct record *record)
{
	static const char *const node[] = { "meminfo", "vmstat", "numastat", "cpulist", "distance", NULL };
	static const char *const node_sets[] = { "online", "possible", "has_*", NULL };
	static const char *const early[] = {
		"uptime", "stat", "loadavg", "swaps", "mounts", "allocinfo", "slabinfo", "vmallocinfo", "pagetypeinfo", NULL
	};
	static const char *const fs[] = { "file-nr", "inode-nr", "inode-state", "dentry-state", NULL };
	static const char *const late[] = { "buddyinfo", "zoneinfo", "vmstat", "meminfo", NULL };

	add_kernel_log(record);
	add_list(record, "/proc/sys/fs", fs);
	add_list(record, "/proc", early);
	add_tree(record, "/sys/devices/system/node", node_sets, 1);
	add_tree(record, "/sys/devices/system/node", node, 2);
	add_list(record, "/proc", late);
}

static void add_brief_counters(struct record *record)
{
	static const char *const files[] = { "allocinfo", "slabinfo", "buddyinfo", "zoneinfo", "vmstat", "meminfo", NULL };

	add_list(record, "/proc", files);
}

/* What the scenario itself wrote down. */
static void add_scenario(struct record *record)
{
	add_file(record, "/scenario.json");
	add_tree(record, "/scores", NULL, 1);
}

static void add_everything(struct record *record)
{
	add_scenario(record);
	add_settings(record);
	add_groups_and_devices(record);
	add_slab_aliases(record);
	if (!getenv("RECORD_BRIEF")) {
		add_slab(record);
		add_debug(record);
	}
	add_processes(record);
	add_residencies(record);
	add_mounts(record);
	usleep(300000); /* what the opened files left to RCU is freed */
	add_pages(record);
	add_counters(record);
}

/* ---- */

/* One more than the highest page frame of System RAM; the sizes of kpageflags and its like. */
static uint64_t end_pfn(void)
{
	unsigned long long start, end, highest = 0;
	char line[200];
	FILE *iomem = fopen("/proc/iomem", "re");

	if (!iomem)
		return 0;
	while (fgets(line, sizeof(line), iomem))
		if (strstr(line, "System RAM") && sscanf(line, "%llx-%llx", &start, &end) == 2 && end > highest)
			highest = end;
	fclose(iomem);
	return highest / (uint64_t)sysconf(_SC_PAGESIZE) + 1;
}

static void open_record(struct record *record, const char *disk, off_t offset, size_t size)
{
	*record = (struct record){ .disk_offset = offset, .size = size, .prefix = "" };
	record->disk = open(disk, O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (record->disk < 0)
		record->disk = open(disk, O_WRONLY | O_CLOEXEC);
	if (record->disk < 0) {
		perror("record-truth: opening the disk");
		exit(1);
	}
	record->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (record->bytes == MAP_FAILED || mlock(record->bytes, size) != 0) {
		perror("record-truth: memory for the record");
		exit(1);
	}
}

/* The end mark is overwritten when files are added later. */
static void close_record(struct record *record)
{
	char *end = record->bytes;

	memset(end, 0, BLOCK_BYTES);
	snprintf(end, BLOCK_BYTES, "MEMOPSY-TRUTH E 0 end\n");
	if (pwrite(record->disk, end, BLOCK_BYTES, record->disk_offset) != BLOCK_BYTES || fsync(record->disk) != 0) {
		perror("record-truth: ending the record");
		exit(1);
	}
	printf("%lld\n", (long long)record->disk_offset);
}

static int snapshot(const char *disk)
{
	size_t extra_mib = getenv("RECORD_MIB") ? strtoul(getenv("RECORD_MIB"), NULL, 10) : access(PAGE_OWNER, R_OK) ? 6 : 24;
	struct record record;

	if (!prepare_stop())
		return 1;
	open_record(&record, disk, 0, (end_pfn() * 24 + (extra_mib << 20)) & ~(size_t)4095);
	record.prefix = "before/";
	add_brief_counters(&record);
	flush_record(&record);
	record.prefix = "";
	write_long_file(&record, "/proc/kallsyms");
	add_everything(&record); /* to warm the caches; what it says is thrown away */
	if (record.full)
		fprintf(stderr, "record-truth: the record is larger than its buffer: set RECORD_MIB\n");
	record.used = 0;
	add_everything(&record);
	if (!getenv("RECORD_WITHOUT_STOP"))
		stop_machine(); /* here the machine stands still and its memory is dumped */
	flush_record(&record);
	record.prefix = "after/";
	add_brief_counters(&record);
	flush_record(&record);
	close_record(&record);
	return record.full ? 3 : 0;
}

static int add_files(const char *disk, const char *offset, char **directories)
{
	struct record record;

	open_record(&record, disk, (off_t)strtoll(offset, NULL, 10), 16 << 20);
	for (; *directories; directories++)
		add_tree(&record, *directories, NULL, 4);
	flush_record(&record);
	close_record(&record);
	return record.full ? 3 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "snapshot") == 0)
		return snapshot(argv[2]);
	if (argc >= 5 && strcmp(argv[1], "files") == 0)
		return add_files(argv[2], argv[3], argv + 4);
	fprintf(stderr, "usage: record-truth snapshot DISK | files DISK OFFSET DIRECTORY...\n");
	return 2;
}
