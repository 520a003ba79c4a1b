/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text file, plain or compressed, read as often as needed. */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "text_decoder.h"

#define INPUT_BYTES (256u << 10)

struct mo_text_file {
	int fd;
	uint64_t n_bytes;
	const struct mo_text_decoder_kind *decoder; /* NULL: plain */
};

struct mo_text_pass {
	const struct mo_text_file *file;
	void *decoder;
	uint8_t *input;      /* INPUT_BYTES; NULL: plain */
	size_t input_at, n_input;
	uint64_t file_at;
	uint64_t n_given;
	bool is_at_end;      /* of the file */
	bool is_inside;      /* a member that has not ended */
	bool is_over;
	const char *remark;
};

/* An unlinked file that needs no name: beside other temporary files, else in memory. */
static int open_unnamed(void)
{
	const char *const dirs[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		int fd = dirs[i] ? open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600) : -1;

		if (fd >= 0)
			return fd;
	}
	return memfd_create("memopsy-log", MFD_CLOEXEC);
}

static struct mo_error *write_all(int fd, const uint8_t *bytes, size_t n_bytes)
{
	while (n_bytes) {
		ssize_t n = write(fd, bytes, n_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mo_error_from_errno(n ? errno : EIO, "cannot keep what was read in a temporary file");
		bytes += n;
		n_bytes -= (size_t)n;
	}
	return NULL;
}

/* What can be read but once is copied; the file's descriptor becomes that of the copy. */
static struct mo_error *keep_copy(struct mo_text_file *file, const char *path)
{
	MO_FREE uint8_t *buffer = malloc(INPUT_BYTES);
	MO_CLOSE int source = file->fd;

	file->fd = open_unnamed();
	if (!buffer)
		return mo_error_no_memory();
	if (file->fd < 0)
		return mo_error_from_errno(errno, "cannot make a temporary file");
	for (;;) {
		ssize_t n = read(source, buffer, INPUT_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mo_error_from_errno(errno, "cannot read %s", path);
		if (!n)
			return NULL;
		MO_TRY(write_all(file->fd, buffer, (size_t)n));
		file->n_bytes += (size_t)n;
	}
}

static ssize_t read_at(int fd, void *buffer, size_t n_bytes, uint64_t at)
{
	ssize_t n;

	do
		n = pread(fd, buffer, n_bytes, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n;
}

static struct mo_error *open_file(struct mo_text_file *file, const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	struct stat status;
	uint8_t head[8];
	ssize_t n_head;

	/* A pipe that nobody writes to blocks here, as it does everywhere. */
	file->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &status))
		return mo_error_from_errno(errno, "cannot open %s", is_stdin ? "standard input" : path);
	if (S_ISDIR(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s is a directory", path);
	file->n_bytes = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	if (!S_ISREG(status.st_mode))
		MO_TRY(keep_copy(file, is_stdin ? "standard input" : path));
	n_head = read_at(file->fd, head, sizeof(head), 0);
	if (n_head > 0)
		file->decoder = mo_text_decoder_kind(head, (size_t)n_head);
	return NULL;
}

struct mo_error *mo_text_file_open(const char *path, struct mo_text_file **ret)
{
	struct mo_text_file *file = calloc(1, sizeof(*file));
	struct mo_error *error;

	if (!file)
		return mo_error_no_memory();
	file->fd = -1;
	error = open_file(file, path);
	if (error) {
		mo_text_file_close(file);
		return error;
	}
	*ret = file;
	return NULL;
}

void mo_text_file_close(struct mo_text_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

const char *mo_text_file_compression(const struct mo_text_file *file)
{
	return file->decoder ? file->decoder->name : NULL;
}

uint64_t mo_text_file_bytes(const struct mo_text_file *file)
{
	return file->n_bytes;
}

struct mo_error *mo_text_pass_create(const struct mo_text_file *file, struct mo_text_pass **ret)
{
	struct mo_text_pass *pass = calloc(1, sizeof(*pass));

	if (!pass)
		return mo_error_no_memory();
	pass->file = file;
	if (file->decoder) {
		pass->decoder = file->decoder->create();
		pass->input = malloc(INPUT_BYTES);
		if (!pass->decoder || !pass->input) {
			mo_text_pass_destroy(pass);
			return mo_error_no_memory();
		}
	}
	*ret = pass;
	return NULL;
}

void mo_text_pass_destroy(struct mo_text_pass *pass)
{
	if (!pass)
		return;
	if (pass->decoder)
		pass->file->decoder->destroy(pass->decoder);
	free(pass->input);
	free(pass);
}

static size_t end_pass(struct mo_text_pass *pass, const char *remark)
{
	pass->is_over = true;
	pass->remark = remark;
	return 0;
}

static void fill_input(struct mo_text_pass *pass)
{
	ssize_t n = read_at(pass->file->fd, pass->input, INPUT_BYTES, pass->file_at);

	pass->input_at = 0;
	pass->n_input = n > 0 ? (size_t)n : 0;
	pass->file_at += pass->n_input;
	pass->is_at_end = n <= 0;
}

static size_t read_decoded(struct mo_text_pass *pass, void *buffer, size_t n_bytes)
{
	struct mo_decoder_io io = { .out = buffer, .n_out = n_bytes };

	while (io.n_out == n_bytes) {
		enum mo_decoded decoded;

		if (pass->input_at == pass->n_input && !pass->is_at_end)
			fill_input(pass);
		/* Between members, the end of the file is the end. */
		if (pass->input_at == pass->n_input && pass->is_at_end && !pass->is_inside)
			return end_pass(pass, NULL);
		io.in = pass->input + pass->input_at;
		io.n_in = pass->n_input - pass->input_at;
		decoded = pass->file->decoder->decode(pass->decoder, &io);
		pass->input_at = (size_t)(io.in - pass->input);
		pass->is_inside = decoded != MO_DECODED_END;
		if (decoded == MO_DECODED_WRONG && io.n_out == n_bytes)
			return end_pass(pass, "the compressed data is damaged (or needs more memory than a log should)");
		if (decoded == MO_DECODED_SOME && pass->is_at_end && pass->input_at == pass->n_input && io.n_out == n_bytes)
			return end_pass(pass, "the compressed data is cut short");
		if (decoded == MO_DECODED_WRONG)
			break;
	}
	return n_bytes - io.n_out;
}

size_t mo_text_pass_read(struct mo_text_pass *pass, void *buffer, size_t n_bytes)
{
	size_t n_given = 0;
	ssize_t n;

	if (pass->is_over)
		return 0;
	if (pass->n_given >= MO_TEXT_MAX_BYTES)
		return end_pass(pass, "the text is longer than 64 GiB; what follows was not read");
	if (pass->decoder) {
		n_given = read_decoded(pass, buffer, n_bytes);
	} else {
		n = read_at(pass->file->fd, buffer, n_bytes, pass->file_at);
		if (n < 0)
			return end_pass(pass, "the file could not be read to its end");
		n_given = (size_t)n;
		pass->file_at += n_given;
	}
	pass->n_given += n_given;
	return n_given;
}

const char *mo_text_pass_remark(const struct mo_text_pass *pass)
{
	return pass->remark;
}
