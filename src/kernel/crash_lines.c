/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the log lines that announce a panic, an oops, a BUG, a lockup or an OOM kill. */
#include "crash_lines.h"

#include <stdlib.h>

#include <memopsy/printk.h>

#include "cleanup.h"
#include "text.h"

/* How the kernel begins such a line, wherever it stands behind a prefix of the driver's or the CPU's. */
static const struct trouble_word {
	const char *word;
	const char *id;
} trouble_words[] = {
	{ "BUG: ", "log-bug" },                  /* arch/x86/mm/fault.c, lib/dump_stack users, mm/debug.c */
	{ "kernel BUG at ", "log-bug" },         /* lib/bug.c */
	{ "Oops: ", "log-oops" },                /* arch/x86/kernel/dumpstack.c */
	{ "Internal error: ", "log-oops" },      /* arch/arm64/kernel/traps.c */
	{ "Unable to handle kernel ", "log-oops" }, /* arch/arm64/mm/fault.c, s390, powerpc */
	{ "general protection fault", "log-oops" }, /* arch/x86/kernel/traps.c */
	{ "divide error: ", "log-oops" },
	{ "invalid opcode: ", "log-oops" },
	{ "double fault: ", "log-oops" },
	{ "sysrq: Trigger a crash", "log-sysrq" }, /* drivers/tty/sysrq.c */
	{ "sysrq: SysRq : Trigger a crash", "log-sysrq" },
	{ "SysRq : Trigger a crash", "log-sysrq" },
	{ "Watchdog detected hard LOCKUP", "log-lockup" }, /* kernel/watchdog_hld.c */
	{ "watchdog: BUG: soft lockup", "log-lockup" }, /* kernel/watchdog.c */
	{ "blocked for more than", "log-hung-task" }, /* kernel/hung_task.c, with hung_task_panic */
	{ "ut of memory: Kill", "log-out-of-memory" }, /* mm/oom_kill.c: of the machine, or of a memory cgroup */
	{ "Out of memory and no killable processes", "log-out-of-memory" },
};

static bool contains(const char *bytes, size_t n_bytes, const char *word)
{
	return memmem(bytes, n_bytes, word, strlen(word)) != NULL;
}

/* The id of the trouble that a record announces; NULL: it announces none. */
static const char *trouble_of(const char *bytes, size_t n_bytes)
{
	for (size_t i = 0; i < sizeof(trouble_words) / sizeof(trouble_words[0]); i++)
		if (contains(bytes, n_bytes, trouble_words[i].word))
			return trouble_words[i].id;
	return NULL;
}

/* The first line of a record replaces the one kept so far. */
static struct mo_error *keep(struct mo_crash_line *line, const struct mo_log_record *record, uint64_t index, const char *id)
{
	const char *end = memchr(record->text, '\n', record->text_bytes);
	size_t length = end ? (size_t)(end - record->text) : record->text_bytes;
	char *text = mo_text_from_bytes(record->text, length);

	if (!text)
		return mo_error_no_memory();
	free(line->text);
	line->text = text;
	line->time_ns = record->time_ns;
	line->index = index;
	line->id = id;
	return NULL;
}

static struct mo_error *consider(struct mo_crash_lines *lines, const struct mo_log_record *record)
{
	const char *id;

	lines->n_records++;
	lines->last_time_ns = record->time_ns;
	/* "---[ end Kernel panic - not syncing: ... ]---" repeats it and adds nothing. */
	if (contains(record->text, record->text_bytes, "---[ end "))
		return NULL;
	if (contains(record->text, record->text_bytes, "Kernel panic - "))
		return keep(&lines->panic, record, lines->n_records - 1, "kernel-panic");
	id = trouble_of(record->text, record->text_bytes);
	return id ? keep(&lines->trouble, record, lines->n_records - 1, id) : NULL;
}

struct mo_error *mo_crash_lines_gather(struct mo_reader *reader, struct mo_crash_lines *ret)
{
	struct mo_crash_lines lines = { .n_records = 0 };
	struct mo_log_record record;
	struct mo_error *error = NULL;
	struct mo_log *log;

	MO_TRY(mo_log_open(reader, &log));
	while (!error && mo_log_next(log, &record))
		error = consider(&lines, &record);
	mo_log_close(log);
	if (error) {
		mo_crash_lines_deinit(&lines);
		return error;
	}
	*ret = lines;
	return NULL;
}

void mo_crash_lines_deinit(struct mo_crash_lines *lines)
{
	free(lines->panic.text);
	free(lines->trouble.text);
	*lines = (struct mo_crash_lines){ .n_records = 0 };
}
