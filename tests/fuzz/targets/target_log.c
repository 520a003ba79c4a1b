/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text as a kernel's log, in whatever form it came. */
#include "target.h"
#include "text_log.h"

#define RECORD_MAX_BYTES (256u << 10)

static uint64_t sum_of(const struct mo_text_file *file)
{
	struct mo_log_record record;
	struct mo_text_log *log;
	uint64_t last_line = 0;
	uint64_t sum = 0;

	demand(!mo_text_log_open(file, &log), "a log opens");
	while (mo_text_log_next(log, &record)) {
		demand(record.text_bytes <= RECORD_MAX_BYTES, "a record is within its bound");
		demand(record.line >= last_line, "line numbers do not fall");
		last_line = record.line;
		for (size_t i = 0; i < record.text_bytes; i++)
			sum = sum * 31 + (unsigned char)record.text[i];
	}
	mo_text_log_close(log);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mo_text_log_facts facts;
	struct mo_text_file *file;
	struct input_file input;
	struct mo_error *error;
	bool is_text;

	input_file_open(&input, bytes, n_bytes);
	error = mo_text_file_open(input.path, &file);
	if (!error) {
		mo_error_destroy(mo_text_file_is_text(file, &is_text));
		demand(sum_of(file) == sum_of(file), "two passes are equal");
		demand(!mo_text_log_survey(file, NULL, &facts), "a log can be surveyed");
		mo_text_log_facts_deinit(&facts);
		mo_text_file_close(file);
	}
	mo_error_destroy(error);
	input_file_close(&input);
	return 0;
}
