/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the tables of a report to entries. */
#include "entries.h"

#include <string.h>

#include "cleanup.h"
#include "text.h"

#define JSON_ROWS 1000 /* a table of `report --json` with so many rows may have been cut */
#define MAX_NAME_COLUMNS 2

struct source {
	const char *word;
	const char *table;
	const char *names[MAX_NAME_COLUMNS]; /* columns that together name an entry */
	const char *bytes[MAX_NAME_COLUMNS]; /* columns whose sum is its size */
	const char *pieces;
	bool (*is_left_out)(const json_t *row);
};

static bool has_text(const json_t *row, const char *key, const char *wanted)
{
	const char *text = mo_json_text(row, key);

	return text && !strcmp(text, wanted);
}

static bool is_total(const json_t *row)
{
	return has_text(row, "class", "total");
}

/* Slab caches have entries of their own; the rest of a class, whose members are listed, is nobody. */
static bool is_slab_or_rest(const json_t *row)
{
	return has_text(row, "class", "slab") || has_text(row, "name", "(others)");
}

static bool is_on_purpose(const json_t *row)
{
	return has_text(row, "confidence", "on purpose");
}

static bool is_no_size(const json_t *row)
{
	return !has_text(row, "unit", "kB");
}

static const struct source sources[MO_N_HOLDINGS] = {
	[MO_HOLDING_CLASS] = { "class of pages", "usage", { "class" }, { "size_bytes" }, "pages", is_total },
	[MO_HOLDING_LOST] = { "lost", "leaks", { "cache", "owner" }, { "bytes" }, "objects", is_on_purpose },
	[MO_HOLDING_CACHE] = { "slab cache", "slabtop", { "name" }, { "total_bytes" }, "allocated", NULL },
	[MO_HOLDING_OWNER] = { "owner", "owners_by_class", { "name", "class" }, { "size_bytes" }, "pieces", is_slab_or_rest },
	[MO_HOLDING_PROCESS] = { "process", "ps", { "comm" }, { "rss_bytes", "swap_bytes" }, NULL, NULL },
	[MO_HOLDING_CGROUP] = { "cgroup", "cgroups", { "cgroup" }, { "usage_bytes", "swap_bytes" }, "processes", NULL },
	[MO_HOLDING_FILE] = { "file", "files", { "path" }, { "cached_bytes", "swapped_bytes" }, NULL, NULL },
	[MO_HOLDING_MOUNT] = { "mount", "mounts", { "mounted_at", "type" }, { "cached_bytes", "swapped_bytes" }, "files", NULL },
	[MO_HOLDING_MODULE] = { "module", "modules", { "name" }, { "owned_bytes", "slab_bytes" }, NULL, NULL },
	[MO_HOLDING_COUNTER] = { "counter", "meminfo", { "field" }, { "value" }, NULL, is_no_size },
};

const char *mo_holding_word(enum mo_holding kind)
{
	return sources[kind].word;
}

/* "symbol" of "symbol+0x20/0x80": where in a function it was differs between two builds of it. */
static size_t name_length(const char *name, bool without_offsets)
{
	const char *offset = without_offsets ? strstr(name, "+0x") : NULL;

	return offset && offset > name ? (size_t)(offset - name) : strlen(name);
}

static void append_name(struct mo_text *text, const struct source *source, const json_t *row, struct mo_entries_how how)
{
	for (size_t i = 0; i < MAX_NAME_COLUMNS && source->names[i]; i++) {
		const char *name = mo_json_text(row, source->names[i]);

		if (!name || !*name)
			continue;
		if (text->length)
			mo_text_printf(text, " (%.*s)", (int)name_length(name, how.without_offsets), name);
		else
			mo_text_append_n(text, name, name_length(name, how.without_offsets));
	}
}

/* What sets two processes of one name apart: within a boot, a PID with the time of its start. */
static void append_process(struct mo_text *key, const json_t *row)
{
	struct mo_count pid = mo_json_count(row, "pid");

	if (pid.certainty == MO_EXACT)
		mo_text_printf(key, " %llu@%.2f", (unsigned long long)pid.value,
			       json_number_value(json_object_get(row, "start_seconds")));
}

static struct mo_count sum_of(const struct source *source, const json_t *row)
{
	struct mo_count sum = mo_exact(0);

	for (size_t i = 0; i < MAX_NAME_COLUMNS && source->bytes[i]; i++) {
		struct mo_count part = mo_json_count(row, source->bytes[i]);

		/* Memory that a report does not have the swap of is still what it has. */
		if (i && part.certainty == MO_UNKNOWN && sum.certainty != MO_UNKNOWN)
			sum.certainty = MO_AT_LEAST;
		else
			sum = mo_count_add(sum, part);
	}
	return sum;
}

static struct mo_error *append_entry(struct mo_entries *entries, enum mo_holding kind, const json_t *row,
				     struct mo_entries_how how)
{
	const struct source *source = &sources[kind];
	MO_CLEANUP(mo_cleanup_text) struct mo_text key = MO_TEXT_EMPTY;
	MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;
	const char *module = mo_json_text(row, "module");
	struct mo_entry entry = {
		.module = module && *module ? module : NULL,
		.bytes = sum_of(source, row),
		.pieces = source->pieces ? mo_json_count(row, source->pieces) : mo_exact(1),
	};

	append_name(&name, source, row, how);
	if (!name.length)
		return NULL;
	mo_text_append(&key, mo_text_chars(&name));
	if (kind == MO_HOLDING_PROCESS && how.by_pid) {
		struct mo_count pid = mo_json_count(row, "pid");

		append_process(&key, row);
		if (pid.certainty == MO_EXACT)
			mo_text_printf(&name, "(%llu)", (unsigned long long)pid.value);
	}
	if (kind == MO_HOLDING_COUNTER && entry.bytes.value <= UINT64_MAX / 1024)
		entry.bytes.value *= 1024;
	if (kind == MO_HOLDING_LOST)
		entry.module = mo_json_text(row, "owner");
	entry.key = mo_text_take(&key);
	entry.name = mo_text_take(&name);
	if (entry.key && entry.name && mo_vector_append(entries, entry))
		return NULL;
	free(entry.key);
	free(entry.name);
	return mo_error_no_memory();
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct mo_entry *)a)->key, ((const struct mo_entry *)b)->key);
}

/* Several rows of one key are one entry. */
static void merge_equal(struct mo_entries *entries)
{
	size_t n = 0;

	qsort(entries->items, entries->count, sizeof(*entries->items), compare_keys);
	for (size_t i = 0; i < entries->count; i++) {
		struct mo_entry *last = n ? &entries->items[n - 1] : NULL;
		struct mo_entry *entry = &entries->items[i];

		if (!last || strcmp(last->key, entry->key) != 0) {
			entries->items[n++] = *entry;
			continue;
		}
		last->bytes = mo_count_add(last->bytes, entry->bytes);
		last->pieces = mo_count_add(last->pieces, entry->pieces);
		free(entry->key);
		free(entry->name);
	}
	entries->count = n;
}

static const struct mo_entry *find_entry(const struct mo_entries *entries, const char *key)
{
	size_t i = mo_lower_bound(entries->count, at, strcmp(entries->items[at].key, key) < 0);

	return i < entries->count && !strcmp(entries->items[i].key, key) ? &entries->items[i] : NULL;
}

/* Whose a slab cache is stands in the table of owners. */
static void name_modules(const struct mo_report_file *file, struct mo_entries *caches)
{
	const json_t *row;
	size_t i;

	json_array_foreach(mo_report_file_table(file, sources[MO_HOLDING_OWNER].table), i, row) {
		const char *module = mo_json_text(row, "module");
		const char *name = mo_json_text(row, "name");
		const struct mo_entry *cache = name && has_text(row, "class", "slab") ? find_entry(caches, name) : NULL;

		if (cache && module && *module)
			caches->items[cache - caches->items].module = module;
	}
}

struct mo_error *mo_entries_read(const struct mo_report_file *file, enum mo_holding kind, struct mo_entries_how how,
				 struct mo_entries *ret)
{
	const json_t *table = mo_report_file_table(file, sources[kind].table);
	struct mo_entries entries = { .is_there = json_is_array(table), .may_be_cut = json_array_size(table) >= JSON_ROWS };
	struct mo_error *error = NULL;
	const json_t *row;
	size_t i;

	json_array_foreach(table, i, row) {
		if (!json_is_object(row) || (sources[kind].is_left_out && sources[kind].is_left_out(row)))
			continue;
		error = append_entry(&entries, kind, row, how);
		if (error)
			break;
	}
	if (error) {
		mo_entries_deinit(&entries);
		return error;
	}
	if (entries.count)
		merge_equal(&entries);
	if (kind == MO_HOLDING_CACHE)
		name_modules(file, &entries);
	*ret = entries;
	return NULL;
}

void mo_entries_deinit(struct mo_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		free(entries->items[i].key);
		free(entries->items[i].name);
	}
	mo_vector_deinit(entries);
}
