/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_REPORT_FILE_H
#define MO_REPORT_FILE_H

/*
 * A report that memopsy wrote in JSON (docs/report-schema.md), read back. It may come from anywhere, so nothing in it is
 * believed: what is missing or of another type is unknown. Text in it is made visible again by whoever writes it on.
 *
 * One thread; strings live as long as the report.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>
#include <memopsy/report.h>

struct mo_report_file {
	json_t *root;
	char *path;               /* of the file, for messages */
};

/* What the report says of the machine, and when. NULL and unknown where it does not. */
struct mo_report_facts {
	const char *dump_path;
	const char *release;
	const char *build_id;
	const char *nodename;
	const char *kaslr_offset;   /* as text: another one at each boot, where KASLR is on */
	const char *clock;        /* ISO 8601, as the report has it */
	int64_t booted_seconds;   /* since 1970 */
	bool has_booted;
	double uptime_seconds;
	bool has_uptime;
	struct mo_count memory_bytes;
	struct mo_count available_bytes; /* MemAvailable */
	bool is_partial;
};

/* Whether a file's first bytes are those of a report in JSON. */
bool mo_is_report_file(const char *bytes, size_t n_bytes);

/*
 * MO_E_CORRUPT: not JSON, with the line; MO_E_UNSUPPORTED: no report, a report of another command than `command`, or of a schema
 * younger than this program.
 */
struct mo_error *mo_report_file_parse(const char *path, const char *bytes, size_t n_bytes, const char *command,
				      struct mo_report_file *ret) MO_MUST_USE;
void mo_report_file_deinit(struct mo_report_file *file);

void mo_report_file_facts(const struct mo_report_file *file, struct mo_report_facts *ret);

/* A table of the report; NULL: it has none of that name. */
const json_t *mo_report_file_table(const struct mo_report_file *file, const char *name);

/* A member of a row (of any JSON object; NULL has none). */
struct mo_count mo_json_count(const json_t *row, const char *key);
const char *mo_json_text(const json_t *row, const char *key);

#endif
