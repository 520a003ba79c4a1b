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

#define SAME_TROUBLE_NS 1000000000ull /* an oops takes several lines, each of which announces one */

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

/* What stands in a record between two words; n_ret 0: they are not there. */
static const char *between(const struct mo_log_record *record, const char *word, char end, size_t *n_ret)
{
	const char *at = memmem(record->text, record->text_bytes, word, strlen(word));
	const char *stop = record->text + record->text_bytes;
	size_t n = 0;

	*n_ret = 0;
	if (!at)
		return NULL;
	at += strlen(word);
	while (at + n < stop && at[n] != '\n' && (!end || at[n] != end))
		n++;
	*n_ret = n;
	return at;
}

/* "CPU: 3 PID: 1234 Comm: x Not tainted 6.1.0"; since 6.11 with the UID behind the CPU. A comm may hold blanks. */
static struct mo_error *note_task(struct mo_crash_place *place, const struct mo_log_record *record)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;
	size_t n_cpu, n_pid, n_comm;
	const char *cpu = between(record, "CPU: ", ' ', &n_cpu);
	const char *pid = between(record, "PID: ", ' ', &n_pid);
	const char *comm = between(record, "Comm: ", '\0', &n_comm);
	const char *ends[] = { " Tainted: ", " Not tainted", " Kdump: " };

	if (place->task || !n_cpu || !n_pid || !n_comm)
		return NULL;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *end = memmem(comm, n_comm, ends[i], strlen(ends[i]));

		n_comm = end ? (size_t)(end - comm) : n_comm;
	}
	mo_text_printf(&text, "CPU %.*s, PID %.*s (%.*s)", (int)n_cpu, cpu, (int)n_pid, pid, (int)n_comm, comm);
	place->task = mo_text_from_bytes(mo_text_chars(&text), text.length);
	return place->task ? NULL : mo_error_no_memory();
}

/* "RIP: 0010:do_eat+0x2d/0xa0 [leaker]"; of a user's address there is no name. */
static struct mo_error *note_code(struct mo_crash_place *place, const struct mo_log_record *record)
{
	size_t n;
	const char *at = between(record, "RIP: 0010:", '\0', &n);

	if (place->code || !n || !memmem(at, n, "+0x", 3))
		return NULL;
	place->code = mo_text_from_bytes(at, n);
	return place->code ? NULL : mo_error_no_memory();
}

static void forget_place(struct mo_crash_place *place)
{
	free(place->task);
	free(place->code);
	*place = (struct mo_crash_place){ .task = NULL };
}

static struct mo_error *note_place(struct mo_crash_lines *lines, const struct mo_log_record *record)
{
	if (!lines->trouble.text && !lines->panic.text)
		return NULL;
	MO_TRY(note_task(&lines->place, record));
	return note_code(&lines->place, record);
}

/* A panic right behind an oops is of the same place. */
static struct mo_error *keep_trouble(struct mo_crash_lines *lines, const struct mo_log_record *record, const char *id)
{
	bool is_same = lines->trouble.text && lines->trouble.time_ns + SAME_TROUBLE_NS >= record->time_ns;
	/* The last line is the one to tell, and the first is where to begin reading. */
	uint64_t index = is_same ? lines->trouble.index : lines->n_records - 1;

	if (!is_same)
		forget_place(&lines->place);
	return keep(&lines->trouble, record, index, id);
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
	return id ? keep_trouble(lines, record, id) : note_place(lines, record);
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
	forget_place(&lines->place);
	*lines = (struct mo_crash_lines){ .n_records = 0 };
}
