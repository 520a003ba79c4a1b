/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads back a report in JSON. */
#include "report_file.h"

#include <string.h>
#include <time.h>

#include "cleanup.h"

#define SCHEMA "memopsy-report"
#define SCHEMA_VERSION_MAX 1
#define SCHEMA_BEGINS_BEFORE 64 /* bytes */
#define REAL_MAX_EXACT 9007199254740992.0 /* 2^53 */

bool mo_is_report_file(const char *bytes, size_t n_bytes)
{
	size_t n = n_bytes < SCHEMA_BEGINS_BEFORE ? n_bytes : SCHEMA_BEGINS_BEFORE;

	while (n && (*bytes == ' ' || *bytes == '\n' || *bytes == '\t' || *bytes == '\r')) {
		bytes++;
		n--;
	}
	return n && *bytes == '{' && memmem(bytes, n, "\"" SCHEMA "\"", sizeof(SCHEMA) + 1);
}

/* What is not this version's to read. */
static struct mo_error *check_schema(const struct mo_report_file *file, const char *wanted)
{
	const char *schema = mo_json_text(file->root, "schema");
	const char *command = mo_json_text(file->root, "command");
	struct mo_count version = mo_json_count(file->root, "schema_version");

	if (!schema || strcmp(schema, SCHEMA) != 0)
		return mo_error_create(MO_E_UNSUPPORTED, "%s: JSON, but not a report of memopsy", file->path);
	if (version.certainty != MO_EXACT || !version.value || version.value > SCHEMA_VERSION_MAX)
		return mo_error_create(MO_E_UNSUPPORTED, "%s: a report of a later version of memopsy (this one reads schema_version %d)",
				       file->path, SCHEMA_VERSION_MAX);
	if (!command || strcmp(command, wanted) != 0)
		return mo_error_create(MO_E_UNSUPPORTED, "%s: the output of `memopsy %s`; what is compared is that of `memopsy %s "
						         "--json`", file->path, command ? command : "?", wanted);
	return NULL;
}

struct mo_error *mo_report_file_parse(const char *path, const char *bytes, size_t n_bytes, const char *command,
				      struct mo_report_file *ret)
{
	json_error_t why;
	struct mo_report_file file = {
		.root = json_loadb(bytes, n_bytes, 0, &why),
		.path = strdup(path),
	};
	struct mo_error *error;

	/* jansson's integers have 63 bits; where one of the report has 64, all are read as reals, and that one is unknown. */
	if (!file.root && json_error_code(&why) == json_error_numeric_overflow)
		file.root = json_loadb(bytes, n_bytes, JSON_DECODE_INT_AS_REAL, &why);
	if (!file.path)
		error = mo_error_no_memory();
	else if (!file.root)
		error = mo_error_create(MO_E_CORRUPT, "%s: not valid JSON: line %d: %s", path, why.line, why.text);
	else
		error = check_schema(&file, command);
	if (error) {
		mo_report_file_deinit(&file);
		return error;
	}
	*ret = file;
	return NULL;
}

void mo_report_file_deinit(struct mo_report_file *file)
{
	json_decref(file->root);
	free(file->path);
	*file = (struct mo_report_file){ .root = NULL };
}

const json_t *mo_report_file_table(const struct mo_report_file *file, const char *name)
{
	const json_t *table = json_object_get(json_object_get(file->root, "data"), name);

	return json_is_array(table) || json_is_object(table) ? table : NULL;
}

/* A whole number that the JSON's form of numbers holds exactly. */
static bool whole_number(const json_t *value, uint64_t *ret)
{
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*ret = (uint64_t)json_integer_value(value);
		return true;
	}
	if (!json_is_real(value) || json_real_value(value) < 0 || json_real_value(value) > REAL_MAX_EXACT)
		return false;
	*ret = (uint64_t)json_real_value(value);
	return true;
}

struct mo_count mo_json_count(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);
	uint64_t number;

	if (whole_number(value, &number))
		return mo_exact(number);
	if (whole_number(json_object_get(value, "at_least"), &number))
		return mo_at_least(number);
	return mo_unknown();
}

const char *mo_json_text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static bool parse_time(const char *text, int64_t *ret)
{
	struct tm parts = { .tm_year = 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;

	if (!end || *end)
		return false;
	*ret = timegm(&parts);
	return true;
}

/* Of /proc/meminfo, in bytes. */
static struct mo_count meminfo_bytes(const struct mo_report_file *file, const char *field)
{
	const json_t *table = mo_report_file_table(file, "meminfo");
	const json_t *row;
	size_t i;

	json_array_foreach(table, i, row) {
		const char *name = mo_json_text(row, "field");
		struct mo_count value = mo_json_count(row, "value");

		if (name && !strcmp(name, field) && value.value <= UINT64_MAX / 1024) {
			value.value *= 1024;
			return value;
		}
	}
	return mo_unknown();
}

void mo_report_file_facts(const struct mo_report_file *file, struct mo_report_facts *ret)
{
	const json_t *dump = json_object_get(file->root, "dump");
	const json_t *kernel = mo_report_file_table(file, "kernel");
	const json_t *machine = mo_report_file_table(file, "machine");
	const json_t *uptime = json_object_get(machine, "uptime_seconds");
	const char *status = mo_json_text(file->root, "status");

	*ret = (struct mo_report_facts){
		.dump_path = mo_json_text(dump, "path"),
		.release = mo_json_text(dump, "release"),
		.build_id = mo_json_text(dump, "build_id"),
		.nodename = mo_json_text(machine, "nodename"),
		.kaslr_offset = mo_json_text(kernel, "kaslr_offset"),
		.clock = mo_json_text(machine, "clock"),
		.has_uptime = json_is_number(uptime),
		.uptime_seconds = json_number_value(uptime),
		.memory_bytes = mo_json_count(machine, "memory_bytes"),
		.available_bytes = meminfo_bytes(file, "MemAvailable"),
		.is_partial = !status || strcmp(status, "complete") != 0,
	};
	ret->has_booted = parse_time(mo_json_text(machine, "booted"), &ret->booted_seconds);
}
