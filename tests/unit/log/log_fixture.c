/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "text.h"

struct mo_text_file *file_of(const void *bytes, size_t n_bytes)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct mo_text_file *file = NULL;
	struct mo_error *error;
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n_bytes), (ssize_t)n_bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = mo_text_file_open(path, &file);
	if (error)
		fail_msg("%s", mo_error_text(error));
	close(fd);
	return file;
}

static void append_record(struct mo_text *text, const struct mo_log_record *record)
{
	if (record->boot)
		mo_text_printf(text, "+%u ", record->boot);
	if (!record->is_time_unknown)
		mo_text_printf(text, "[%llu.%06llu] ", (unsigned long long)record->time_ns / 1000000000,
			       (unsigned long long)record->time_ns % 1000000000 / 1000);
	if (record->has_wall_clock)
		mo_text_printf(text, "{%lld%s%s} ", (long long)(record->wall_clock_ns / 1000000000),
			       record->has_wall_year ? "" : " no year", record->has_wall_zone ? "" : " no zone");
	if (record->level != MO_LOG_LEVEL_UNKNOWN)
		mo_text_printf(text, "<%u> ", record->level);
	if (record->has_caller_id)
		mo_text_printf(text, "%c%u ", record->caller_id >> 31 ? 'C' : 'T', record->caller_id & 0x7fffffff);
	if (record->host)
		mo_text_printf(text, "%s ", record->host);
	if (record->program)
		mo_text_printf(text, "%s: ", record->program);
	mo_text_append_n(text, record->text, record->text_bytes);
	mo_text_append(text, record->is_cut ? "!\n" : "\n");
}

char *records_of(const void *bytes, size_t n_bytes)
{
	struct mo_text_file *file = file_of(bytes, n_bytes);
	struct mo_text text = MO_TEXT_EMPTY;
	struct mo_log_record record;
	struct mo_text_log *log;

	assert_null(mo_text_log_open(file, &log));
	while (mo_text_log_next(log, &record))
		append_record(&text, &record);
	assert_false(mo_text_log_failed(log));
	mo_text_log_close(log);
	mo_text_file_close(file);
	return text.chars ? mo_text_take(&text) : strdup("");
}
