/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a dump file: mapped, unfolded from a flattened file, or read. */
#include "file_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bytes.h"
#include "cleanup.h"
#include "flattened.h"
#include "live_files.h"
#include "live_trouble.h"

void mo_file_bytes_close(struct mo_file_bytes *file)
{
	if (!file)
		return;
	if (file->map)
		munmap((void *)(uintptr_t)file->map, file->map_bytes);
	mo_live_files_destroy(file->live);
	if (file->fd >= 0)
		close(file->fd);
	mo_extents_deinit(&file->records);
	free(file->path);
	free(file);
}

static bool is_kcore_path(const char *path)
{
	return strcmp(path, "/proc/kcore") == 0;
}

static struct mo_error *open_path(struct mo_file_bytes *file, struct stat *status)
{
	/* O_NONBLOCK: opening a pipe must not wait for a writer, it is refused right below. */
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0)
		return is_kcore_path(file->path) ? mo_live_trouble_here(errno, false) : mo_error_from_errno(errno, "%s", file->path);
	if (fstat(file->fd, status) != 0)
		return mo_error_from_errno(errno, "%s", file->path);
	if (is_kcore_path(file->path) && (!S_ISREG(status->st_mode) || !status->st_size))
		return mo_live_trouble_here(0, true);
	if (S_ISDIR(status->st_mode))
		return mo_error_create(MO_E_INVALID, "%s is a directory", file->path);
	if (!S_ISREG(status->st_mode) && !S_ISBLK(status->st_mode))
		return mo_error_create(MO_E_INVALID, "%s is neither a file nor a block device", file->path);
	return NULL;
}

static bool is_on_procfs(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

static bool is_kcore(const struct stat *status)
{
	struct stat kcore;

	return stat("/proc/kcore", &kcore) == 0 && kcore.st_dev == status->st_dev && kcore.st_ino == status->st_ino;
}

static struct mo_error *find_length(struct mo_file_bytes *file, const struct stat *status)
{
	off_t end;

	/* The size of /proc/kcore is that of the kernel's address space, and grows with it. */
	if (file->is_live_kernel) {
		file->n_bytes = UINT64_MAX;
		return NULL;
	}
	end = S_ISBLK(status->st_mode) ? lseek(file->fd, 0, SEEK_END) : status->st_size;
	if (end < 0)
		return mo_error_from_errno(errno, "%s: cannot find its length", file->path);
	if (end == 0)
		return mo_error_create(MO_E_INVALID, "%s is empty", file->path);
	file->map_bytes = (uint64_t)end;
	file->n_bytes = (uint64_t)end;
	file->stored_bytes = (uint64_t)end;
	file->has_holes = S_ISREG(status->st_mode) && (uint64_t)status->st_blocks * 512 < (uint64_t)end;
	/* File systems that compress store less than there is to read; that much is granted. */
	if (S_ISREG(status->st_mode) && (uint64_t)status->st_blocks * 512 < file->stored_bytes / 16)
		file->stored_bytes = (uint64_t)status->st_blocks * 512 * 16;
	return NULL;
}

static struct mo_error *map_whole(struct mo_file_bytes *file)
{
	void *map = mmap(NULL, file->map_bytes, PROT_READ, MAP_SHARED, file->fd, 0);

	if (map == MAP_FAILED)
		return mo_error_from_errno(errno, "%s: cannot map %" PRIu64 " bytes", file->path, file->map_bytes);
	file->map = map;
	return NULL;
}

static struct mo_error *index_records(struct mo_file_bytes *file)
{
	struct mo_flattened flattened = { .n_bytes = 0 };

	MO_TRY(mo_error_prepend(mo_flattened_index(file->map, file->map_bytes, &flattened), "%s", file->path));
	file->is_flattened = true;
	file->is_cut_short = flattened.is_cut_short;
	file->records = flattened.records;
	file->n_bytes = flattened.n_bytes;
	return NULL;
}

static struct mo_error *open_file(struct mo_file_bytes *file, const char *path, bool may_map)
{
	struct stat status;

	file->path = strdup(path);
	if (!file->path)
		return mo_error_no_memory();
	MO_TRY(open_path(file, &status));
	file->is_live_kernel = is_kcore(&status);
	if (file->is_live_kernel)
		MO_TRY(mo_live_files_create(file->path, file->fd, &file->live));
	MO_TRY(find_length(file, &status));
	/* /proc/vmcore can be mapped on some architectures and kernels; pread works on all. */
	if (!may_map || !S_ISREG(status.st_mode) || is_on_procfs(file->fd))
		return NULL;
	MO_TRY(map_whole(file));
	if (mo_flattened_probe(file->map, file->map_bytes))
		return index_records(file);
	/* Hardly anything of it is stored: pages of a hole, once looked at through a map, would count as this process's memory. */
	if (file->stored_bytes < file->map_bytes) {
		munmap((void *)(uintptr_t)file->map, file->map_bytes);
		file->map = NULL;
	}
	return NULL;
}

static struct mo_error *create(const char *path, bool may_map, struct mo_file_bytes **ret)
{
	struct mo_file_bytes *file = calloc(1, sizeof(*file));
	struct mo_error *error;

	if (!file)
		return mo_error_no_memory();
	file->fd = -1;
	error = open_file(file, path, may_map);
	if (error)
		mo_file_bytes_close(file);
	else
		*ret = file;
	return error;
}

struct mo_error *mo_file_bytes_open(const char *path, struct mo_file_bytes **ret)
{
	return create(path, true, ret);
}

struct mo_error *mo_file_bytes_open_unmapped(const char *path, struct mo_file_bytes **ret)
{
	return create(path, false, ret);
}

const uint8_t *mo_file_bytes_at(const struct mo_file_bytes *file, uint64_t offset, uint64_t *n_contiguous)
{
	const struct mo_extent *record;
	size_t found;

	if (!file->map || offset >= file->n_bytes)
		return NULL;
	if (!file->is_flattened) {
		*n_contiguous = file->n_bytes - offset;
		return file->map + offset;
	}
	found = mo_extents_find(&file->records, offset);
	record = &file->records.list.items[found];
	if (found == file->records.list.count || !mo_extent_has(record, offset))
		return NULL;
	*n_contiguous = mo_extent_end(record) - offset;
	return file->map + record->source + (offset - record->start);
}

static bool next_record(const struct mo_file_bytes *file, uint64_t offset, uint64_t *start, uint64_t *end)
{
	size_t found = mo_extents_find(&file->records, offset);
	const struct mo_extent *record = &file->records.list.items[found];

	if (found == file->records.list.count)
		return false;
	*start = record->start > offset ? record->start : offset;
	*end = mo_extent_end(record);
	return true;
}

bool mo_file_bytes_next_stored(const struct mo_file_bytes *file, uint64_t offset, uint64_t *start, uint64_t *end)
{
	off_t data, hole;

	if (offset >= file->n_bytes)
		return false;
	if (file->is_flattened)
		return next_record(file, offset, start, end);
	*start = offset;
	*end = file->n_bytes;
	if (!file->has_holes)
		return true;
	data = lseek(file->fd, (off_t)offset, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return false;
	/* Where a file system knows no holes, all of it counts. Nobody else uses the descriptor's position. */
	hole = data < 0 ? -1 : lseek(file->fd, data, SEEK_HOLE);
	if (hole <= data)
		return true;
	*start = (uint64_t)data;
	if ((uint64_t)hole < *end)
		*end = (uint64_t)hole;
	return *start < *end;
}

static struct mo_error *ends_before(const struct mo_file_bytes *file, uint64_t offset)
{
	return mo_error_create(MO_E_CORRUPT, "%s: cut short: offset %" PRIu64 " lies behind its end (%" PRIu64 " bytes)",
			       file->path, offset, file->n_bytes);
}

static ssize_t read_at(const struct mo_file_bytes *file, uint8_t *buffer, size_t n_bytes, uint64_t offset)
{
	ssize_t n_read;
	unsigned number;
	int saved;

	if (!file->live)
		return pread(file->fd, buffer, n_bytes, (off_t)offset);
	n_read = pread(mo_live_files_take(file->live, &number), buffer, n_bytes, (off_t)offset);
	saved = errno;
	mo_live_files_give(file->live, number);
	errno = saved;
	return n_read;
}

static struct mo_error *copy_from_fd(const struct mo_file_bytes *file, uint64_t offset, uint8_t *buffer, size_t n_bytes)
{
	while (n_bytes > 0) {
		ssize_t n_read = read_at(file, buffer, n_bytes, offset);

		if (n_read < 0 && errno == EINTR)
			continue;
		if (n_read < 0)
			return mo_error_from_errno(errno, "%s: cannot read %zu bytes at offset %" PRIu64, file->path,
						   n_bytes, offset);
		if (n_read == 0)
			return ends_before(file, offset);
		buffer += n_read;
		offset += (uint64_t)n_read;
		n_bytes -= (size_t)n_read;
	}
	return NULL;
}

/* Fills a gap between the records of a flattened file; returns how much of n_bytes lies in it. */
static struct mo_error *copy_gap(const struct mo_file_bytes *file, uint64_t offset, uint8_t *buffer, size_t *n_bytes)
{
	size_t found = mo_extents_find(&file->records, offset);

	if (file->is_cut_short)
		return mo_error_create(MO_E_CORRUPT,
				       "%s: the flattened file is cut short and lacks what belongs to offset %" PRIu64,
				       file->path, offset);
	if (found < file->records.list.count) {
		uint64_t gap_bytes = file->records.list.items[found].start - offset;

		if (*n_bytes > gap_bytes)
			*n_bytes = (size_t)gap_bytes;
	}
	memset(buffer, 0, *n_bytes);
	return NULL;
}

struct mo_error *mo_file_bytes_copy(const struct mo_file_bytes *file, uint64_t offset, void *buffer, size_t n_bytes)
{
	uint8_t *target = buffer;

	if (!mo_is_within(offset, n_bytes, file->n_bytes))
		return ends_before(file, offset > file->n_bytes ? offset : file->n_bytes);
	if (!file->map)
		return copy_from_fd(file, offset, target, n_bytes);
	while (n_bytes > 0) {
		uint64_t n_contiguous = 0;
		const uint8_t *bytes = mo_file_bytes_at(file, offset, &n_contiguous);
		size_t n_now = n_bytes;

		if (bytes) {
			if (n_now > n_contiguous)
				n_now = (size_t)n_contiguous;
			memcpy(target, bytes, n_now);
		} else {
			MO_TRY(copy_gap(file, offset, target, &n_now));
		}
		target += n_now;
		offset += n_now;
		n_bytes -= n_now;
	}
	return NULL;
}

struct mo_error *mo_file_bytes_get(const struct mo_file_bytes *file, uint64_t offset, size_t n_bytes, void *scratch,
				   const uint8_t **ret)
{
	uint64_t n_contiguous = 0;
	const uint8_t *bytes = mo_file_bytes_at(file, offset, &n_contiguous);

	if (bytes && n_contiguous >= n_bytes) {
		*ret = bytes;
		return NULL;
	}
	MO_TRY(mo_file_bytes_copy(file, offset, scratch, n_bytes));
	*ret = scratch;
	return NULL;
}

void mo_file_bytes_forget(const struct mo_file_bytes *file, const void *bytes, size_t n_bytes)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t map = (uint64_t)(uintptr_t)file->map;
	uint64_t first = (uint64_t)(uintptr_t)bytes;
	uint64_t end;

	if (!file->map || first < map || first - map >= file->map_bytes || n_bytes > file->map_bytes - (first - map))
		return;
	/* A page that lies at an end may hold somebody else's bytes too; giving it up costs one fault. */
	end = (first + n_bytes) & ~(page_bytes - 1);
	first &= ~(page_bytes - 1);
	if (end > first)
		(void)madvise((void *)(uintptr_t)first, end - first, MADV_DONTNEED);
}
