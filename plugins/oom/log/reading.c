/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log's records, line by line, into events. */
#include "gathering.h"

#include <memopsy/printk.h>

#include <stdlib.h>
#include <string.h>

/* "systemd-oomd[412]: ...": who wrote into a dump's log, if it is one that kills. */
static const char *program_of(struct span text)
{
	static const char *const names[] = { "systemd-oomd", "earlyoom",   "lmkd",   "lowmemorykiller",
					     "kubelet",	     "containerd", "dockerd", "systemd" };

	if (span_has((struct span){ text.at, text.n < 16 ? text.n : 16 }, "oomd kill: "))
		return "oomd";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span rest = text;

		if (span_skip(&rest, names[i]) && rest.n && (*rest.at == '[' || *rest.at == ':'))
			return names[i];
	}
	return NULL;
}

/*
 * Whether its text is as long as printk lets one be: LOG_LINE_MAX, which is 1024 bytes without what is kept for the
 * prefix (32 bytes, 48 since 5.1), or all 1024 since 6.4.
 */
static bool is_as_long_as_can_be(const struct mo_log_record *record)
{
	static const size_t lengths[] = { 975, 976, 991, 992, 1023, 1024 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (record->text_bytes == lengths[i])
			return true;
	return false;
}

static void scan_record(struct log_scan *scan, const struct mo_log_record *record)
{
	struct log_line line = {
		.time_ns = record->time_ns, .sequence = record->sequence,
		.has_caller = record->has_caller_id, .caller = record->has_caller_id ? record->caller_id : 0,
		.record = record,
	};
	const char *at = record->text;
	size_t left = record->text_bytes;

	/*
	 * User space may write what it likes to /dev/kmsg: only the kernel's own words count, and what killers say of
	 * themselves.
	 */
	line.program = record->program;
	if (!line.program && record->facility)
		line.program = program_of((struct span){ record->text, record->text_bytes });
	if (record->facility && !line.program)
		return;
	while (left) {
		const char *newline = memchr(at, '\n', left);

		line.text = (struct span){ at, newline ? (size_t)(newline - at) : left };
		line.is_cut = !newline && (record->is_cut || is_as_long_as_can_be(record));
		log_scan_line(scan, &line);
		left -= line.text.n + (newline != NULL);
		at += line.text.n + (newline != NULL);
	}
}

/* A dump's records have numbers; a text begins at boot if it begins with the banner. */
static bool is_first_of_boot(const struct oom_state *state, const struct mo_log_record *record)
{
	static const char banner[] = "Linux version ";

	if (!state->is_text)
		return !record->sequence;
	return record->text_bytes > sizeof(banner) && !memcmp(record->text, banner, sizeof(banner) - 1);
}

struct mo_error *read_log(struct oom_state *state)
{
	bool begins_at_boot = false;
	struct mo_log_record record;
	struct mo_log *log;
	const char *why;
	bool is_first = true;
	struct mo_error *error = mo_log_open(state->reader, &log);

	state->scan.page_bytes = state->page_bytes;
	if (mo_error_ends_run(error))
		return error;
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	state->model.has_log = true;
	while (mo_log_next(log, &record)) {
		if (is_first) {
			begins_at_boot = is_first_of_boot(state, &record);
			state->has_first_log_ns = !record.is_time_unknown;
			state->first_log_ns = record.time_ns;
		}
		is_first = false;
		scan_record(&state->scan, &record);
	}
	state->model.is_log_whole = begins_at_boot && !mo_log_skipped(log, &why);
	mo_log_close(log);
	log_scan_finish(&state->scan);
	return state->scan.is_out_of_memory ? mo_error_no_memory() : NULL;
}
