/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files mapped for reading; files written under a temporary name and renamed; the cache directory. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "text.h"

struct mo_error *mo_map_file(const char *path, struct mo_mapped_file *ret)
{
	/* O_NONBLOCK: a pipe that nobody writes to is refused below, not waited for. */
	MO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	void *bytes;

	if (fd < 0)
		return mo_error_from_errno(errno, "cannot open %s", path);
	if (fstat(fd, &status))
		return mo_error_from_errno(errno, "cannot stat %s", path);
	if (S_ISDIR(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s is a directory", path);
	if (!S_ISREG(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s is not a regular file", path);
	if (!status.st_size) {
		*ret = (struct mo_mapped_file){ .bytes = NULL };
		return NULL;
	}
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return mo_error_from_errno(errno, "cannot map %s", path);
	*ret = (struct mo_mapped_file){ .bytes = bytes, .n_bytes = (size_t)status.st_size };
	return NULL;
}

void mo_unmap_file(struct mo_mapped_file *file)
{
	if (file->bytes)
		munmap((void *)(uintptr_t)file->bytes, file->n_bytes);
	*file = (struct mo_mapped_file){ .bytes = NULL };
}

struct mo_staged_file {
	char *path;      /* where it will appear */
	char *temporary; /* where it is being written */
	int fd;
};

static void staged_free(struct mo_staged_file *staged)
{
	if (staged->fd >= 0)
		close(staged->fd);
	free(staged->path);
	free(staged->temporary);
	free(staged);
}

struct mo_error *mo_staged_open(const char *path, struct mo_staged_file **ret)
{
	struct mo_staged_file *staged = calloc(1, sizeof(*staged));
	struct mo_text temporary = MO_TEXT_EMPTY;
	int failed_errno;

	if (!staged)
		return mo_error_no_memory();
	staged->fd = -1;
	staged->path = strdup(path);
	mo_text_printf(&temporary, "%s.XXXXXX", path);
	staged->temporary = mo_text_take(&temporary);
	if (!staged->path || !staged->temporary) {
		staged_free(staged);
		return mo_error_no_memory();
	}
	staged->fd = mkostemp(staged->temporary, O_CLOEXEC); /* mode 0600, O_EXCL */
	if (staged->fd < 0) {
		failed_errno = errno;
		staged_free(staged);
		return mo_error_from_errno(failed_errno, "cannot write %s", path);
	}
	*ret = staged;
	return NULL;
}

struct mo_error *mo_staged_write(struct mo_staged_file *staged, const void *bytes, size_t n_bytes)
{
	const uint8_t *at = bytes;

	while (n_bytes) {
		ssize_t written = write(staged->fd, at, n_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return mo_error_from_errno(errno, "cannot write %s", staged->path);
		at += written;
		n_bytes -= (size_t)written;
	}
	return NULL;
}

void mo_staged_unlink(const struct mo_staged_file *staged)
{
	unlink(staged->temporary);
}

void mo_staged_abort(struct mo_staged_file *staged)
{
	if (!staged)
		return;
	unlink(staged->temporary);
	staged_free(staged);
}

struct mo_error *mo_staged_commit(struct mo_staged_file *staged)
{
	struct mo_error *error = NULL;

	if (fsync(staged->fd))
		error = mo_error_from_errno(errno, "cannot write %s", staged->path);
	else if (rename(staged->temporary, staged->path))
		error = mo_error_from_errno(errno, "cannot rename %s to %s", staged->temporary, staged->path);
	if (error) {
		mo_staged_abort(staged);
		return error;
	}
	staged_free(staged);
	return NULL;
}

struct mo_error *mo_make_directories(const char *path)
{
	MO_FREE char *partial = strdup(path);

	if (!partial)
		return mo_error_no_memory();
	if (!*partial)
		return mo_error_create(MO_E_INVALID, "cannot create a directory without a name");
	for (char *slash = partial; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(partial, 0700) && errno != EEXIST && errno != EROFS)
			return mo_error_from_errno(errno, "cannot create directory %s", partial);
		if (slash)
			*slash = '/';
	}
	return NULL;
}

char *mo_cache_directory(void)
{
	const char *own = getenv("MEMOPSY_CACHE");
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	struct mo_text path = MO_TEXT_EMPTY;

	if (own)
		return *own ? strdup(own) : NULL;
	if (xdg && *xdg == '/')
		mo_text_printf(&path, "%s/memopsy", xdg);
	else if (home && *home == '/')
		mo_text_printf(&path, "%s/.cache/memopsy", home);
	else
		return NULL;
	return mo_text_take(&path);
}
