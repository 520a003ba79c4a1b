/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file or terminal that a command writes to. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "trust.h"

#define BUFFER_BYTES (64 * 1024)

struct mo_output {
	FILE *file;
	struct mo_staged_file *staged;  /* NULL: written to fd directly */
	int fd;
	bool owns_fd;
	int write_errno;         /* of the first write that failed; 0: none */
	struct mo_error *error;  /* of the first write to the temporary file that failed */
	char *name;
};

static ssize_t write_all(struct mo_output *output, const char *bytes, size_t n_bytes)
{
	size_t done = 0;

	while (done < n_bytes) {
		ssize_t n = write(output->fd, bytes + done, n_bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			output->write_errno = errno;
			return 0;
		}
		done += (size_t)n;
	}
	return (ssize_t)n_bytes;
}

/* The stream's write function: 0 means failure to stdio. After the first failure nothing is tried again. */
static ssize_t write_cookie(void *cookie, const char *bytes, size_t n_bytes)
{
	struct mo_output *output = cookie;

	if (output->write_errno || output->error) {
		errno = output->write_errno ? output->write_errno : EIO;
		return 0;
	}
	if (!output->staged)
		return write_all(output, bytes, n_bytes);
	output->error = mo_staged_write(output->staged, bytes, n_bytes);
	if (output->error)
		errno = EIO;
	return output->error ? 0 : (ssize_t)n_bytes;
}

/*
 * A regular file, or one that is not there yet, is written to a temporary file beside it, or beside what a link points to.
 * All else (a terminal, /dev/full, a named pipe) is opened as it is.
 */
static struct mo_error *open_path(struct mo_output *output, const char *path)
{
	struct stat status;
	MO_FREE char *target = NULL;

	MO_TRY(mo_trust_for_output(path));
	if (!stat(path, &status) && !S_ISREG(status.st_mode)) {
		output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (output->fd < 0)
			return mo_error_from_errno(errno, "cannot write to %s", path);
		output->owns_fd = true;
		return NULL;
	}
	target = realpath(path, NULL);
	return mo_staged_open(target ? target : path, &output->staged);
}

struct mo_error *mo_output_open(const char *path, struct mo_output **ret)
{
	const cookie_io_functions_t functions = { .write = write_cookie };
	struct mo_output *output = calloc(1, sizeof(*output));
	struct mo_error *error = NULL;

	if (!output)
		return mo_error_no_memory();
	output->fd = path ? -1 : STDOUT_FILENO;
	output->name = strdup(path ? path : "standard output");
	if (!output->name)
		error = mo_error_no_memory();
	else if (path)
		error = open_path(output, path);
	if (!error) {
		output->file = fopencookie(output, "w", functions);
		if (!output->file || setvbuf(output->file, NULL, _IOFBF, BUFFER_BYTES))
			error = mo_error_no_memory();
	}
	if (error) {
		mo_output_destroy(output);
		return error;
	}
	*ret = output;
	return NULL;
}

FILE *mo_output_file(struct mo_output *output)
{
	return output->file;
}

bool mo_output_is_terminal(const struct mo_output *output)
{
	return output->fd >= 0 && isatty(output->fd);
}

unsigned mo_output_width(const struct mo_output *output)
{
	struct winsize size;

	if (!mo_output_is_terminal(output) || ioctl(output->fd, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

bool mo_output_is_broken_pipe(const struct mo_output *output)
{
	return output->write_errno == EPIPE;
}

struct mo_error *mo_output_finish(struct mo_output *output, bool keep)
{
	fflush(output->file);
	if (output->error)
		return mo_error_prepend(mo_take(output->error), "cannot write to %s", output->name);
	if (output->write_errno)
		return mo_error_from_errno(output->write_errno, "cannot write to %s", output->name);
	if (!output->staged || !keep)
		return NULL;
	return mo_error_prepend(mo_staged_commit(mo_take(output->staged)), "cannot write to %s", output->name);
}

void mo_output_drop(const struct mo_output *output)
{
	if (output->staged)
		mo_staged_unlink(output->staged);
}

void mo_output_destroy(struct mo_output *output)
{
	if (!output)
		return;
	if (output->file)
		fclose(output->file);
	if (output->staged)
		mo_staged_abort(output->staged);
	if (output->owns_fd)
		close(output->fd);
	mo_error_destroy(output->error);
	free(output->name);
	free(output);
}
