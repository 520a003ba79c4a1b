/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a whole text says of its kernel: release, architecture, page size, hosts and boots. */
#include "text_log.h"

#include <stdlib.h>

#include "cleanup.h"
#include "cursor.h"
#include "text.h"

#define HEAD_BYTES (64u << 10)

static bool has(struct cursor text, const char *word)
{
	return memmem(text.at, cursor_left(&text), word, strlen(word)) != NULL;
}

/* Words that nobody else than a kernel begins a line with. */
static bool has_kernel_words(struct cursor text)
{
	static const char *const words[] = {
		"invoked oom-killer", "Out of memory", "ut of memory: Kill", "Killed process ", "oom-kill:constraint=", "Mem-Info:",
		"page allocation failure", "page allocation stalls", "vmalloc: allocation failure", "vmalloc error",
		"Unable to allocate memory on node", "Kernel panic - ", "Linux version ", "Call Trace:", "Call trace:",
		"BUG: ", "lowmem_reserve[]:", "oom_reaper: ", "Hardware name: ",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has(text, words[i]))
			return true;
	return false;
}

static bool ends_in(struct cursor word, const char *what)
{
	size_t n = strlen(what);

	return cursor_left(&word) >= n && !memcmp(word.end - n, what, n);
}

/* How distributions end their releases; what says nothing gives NULL. */
static const char *arch_of_release(struct cursor release)
{
	static const struct {
		const char *end, *arch;
	} ends[] = {
		{ "amd64", "x86_64" }, { "x86_64", "x86_64" }, { "arm64", "aarch64" }, { "aarch64", "aarch64" },
		{ "ppc64le", "ppc64le" }, { "powerpc64le", "ppc64le" }, { "s390x", "s390x" }, { "riscv64", "riscv64" },
		{ "i686", "i686" }, { "686", "i686" }, { "686-pae", "i686" }, { "armmp", "armv7l" }, { "armv7l", "armv7l" },
		{ "armv7hl", "armv7l" }, { "armmp-lpae", "armv7l" },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_in(release, ends[i].end))
			return ends[i].arch;
	return NULL;
}

/* What only one architecture prints. */
static const char *arch_of_line(struct cursor text)
{
	if (take_word(&text, "RIP: 0010:") || take_word(&text, "RIP: 0033:"))
		return "x86_64";
	return take_word(&text, "Booting Linux on physical CPU 0x0000000000 [0x") ? "aarch64" : NULL;
}

static bool is_release(struct cursor word)
{
	return cursor_left(&word) >= 3 && cursor_left(&word) < 128 && is_digit(*word.at) &&
	       memchr(word.at, '.', cursor_left(&word));
}

/*
 * "Linux version 6.1.0-28-amd64 (...", "CPU: 0 PID: 1 Comm: init Not tainted 6.1.0-28-amd64 #1 ...", "Tainted: G  W
 * 6.1...".
 */
static bool find_release(struct cursor text, struct cursor *ret)
{
	struct cursor at = text;
	const char *found;

	if (take_word(&text, "Linux version ")) {
		*ret = take_token(&text);
		return is_release(*ret);
	}
	/* The lines of dump_stack_print_info() and its predecessors; others need not be searched. */
	if (!take_word(&at, "CPU") && !take_word(&at, "Pid: ") && !take_word(&at, "Tainted: ") && !take_word(&at, "Not tainted "))
		return false;
	found = memmem(text.at, cursor_left(&text), "ainted", 6);
	if (!found)
		return false;
	at.at = found + 6;
	take_char(&at, ':');
	/* Letters of taints, each in its column, then what added them ([W]=WARN, of 6.12 on). */
	for (unsigned i = 0; i < 24 && at.at < at.end; i++) {
		struct cursor word;

		take_spaces(&at);
		word = take_token(&at);
		take_spaces(&at);
		if (!is_release(word) || cursor_peek(&at, 0) != '#')
			continue;
		*ret = word;
		return true;
	}
	return false;
}

/* "Node 0 DMA: 1*4kB (U) ...", "Normal: 12*64kB ...": the smallest block is a page. */
static uint64_t page_bytes_of(struct cursor text)
{
	const char *star = memchr(text.at, '*', cursor_left(&text));
	struct cursor before = text;
	struct cursor at = { star ? star + 1 : text.end, text.end };
	uint64_t kilobytes;

	if (!star || !take_number(&at, 1, 3, &kilobytes) || !take_word(&at, "kB ") ||
	    !(cursor_peek(&at, 0) == '(' || is_digit(cursor_peek(&at, 0))))
		return 0;
	before.end = star;
	while (before.end > before.at && is_digit(before.end[-1]))
		before.end--;
	if (cursor_left(&before) < 4 || before.end[-1] != ' ' || before.end[-2] != ':')
		return 0;
	return kilobytes == 4 || kilobytes == 8 || kilobytes == 16 || kilobytes == 64 ? kilobytes << 10 : 0;
}

static struct mo_error *keep_release(struct mo_text_log_facts *facts, struct cursor release, struct cursor text)
{
	const char *arch = arch_of_release(release);

	if (facts->release && !is_text(release, facts->release))
		facts->has_several_releases = true;
	if (!facts->release || !is_text(release, facts->release)) {
		free(facts->release);
		facts->release = mo_text_from_bytes(release.at, cursor_left(&release));
		if (!facts->release)
			return mo_error_no_memory();
	}
	if (arch)
		facts->arch = arch;
	if (has(text, "aarch64-linux"))
		facts->arch = "aarch64";
	if (take_word(&text, "Linux version ")) {
		free(facts->banner);
		facts->banner = mo_text_from_bytes(text.at - 14, cursor_left(&text) + 14);
		if (!facts->banner)
			return mo_error_no_memory();
	}
	return NULL;
}

static struct mo_error *survey_line(struct mo_text_log_facts *facts, struct cursor text)
{
	struct cursor release;
	const char *arch;

	if (!facts->has_kernel_words)
		facts->has_kernel_words = has_kernel_words(text);
	if (!facts->page_bytes)
		facts->page_bytes = page_bytes_of(text);
	if (find_release(text, &release))
		return keep_release(facts, release, text);
	arch = facts->arch ? NULL : arch_of_line(text);
	if (arch)
		facts->arch = arch;
	return NULL;
}

static struct mo_error *survey_record(struct mo_text_log_facts *facts, const struct mo_log_record *record)
{
	struct cursor left = { record->text, record->text + record->text_bytes };
	struct mo_error *error = NULL;

	facts->n_records++;
	while (!error && !record->program && left.at < left.end) {
		const char *newline = memchr(left.at, '\n', cursor_left(&left));
		const struct cursor line = { left.at, newline ? newline : left.end };

		error = survey_line(facts, line);
		left.at = newline ? newline + 1 : left.end;
	}
	return error;
}

struct mo_error *mo_text_log_survey(const struct mo_text_file *file, struct mo_progress *progress,
				    struct mo_text_log_facts *ret)
{
	struct mo_text_log_facts facts = { .n_records = 0 };
	struct mo_log_record record;
	struct mo_text_log *log;
	struct mo_error *error;

	MO_TRY(mo_text_log_open(file, &log));
	error = NULL;
	mo_progress_begin(progress, "reading the log", 0);
	while (!error && mo_text_log_next(log, &record)) {
		error = survey_record(&facts, &record);
		if (!error && facts.n_records % 65536 == 0 && !mo_progress_add(progress, 65536))
			error = mo_progress_cancelled(progress);
	}
	mo_progress_end(progress);
	if (!error && mo_text_log_failed(log))
		error = mo_error_no_memory();
	if (!error)
		error = mo_text_log_describe(log, &facts);
	mo_text_log_close(log);
	if (error) {
		mo_text_log_facts_deinit(&facts);
		return error;
	}
	*ret = facts;
	return NULL;
}

void mo_text_log_facts_deinit(struct mo_text_log_facts *facts)
{
	free(facts->host);
	free(facts->release);
	free(facts->banner);
	*facts = (struct mo_text_log_facts){ .n_records = 0 };
}

struct mo_error *mo_text_file_is_text(const struct mo_text_file *file, bool *ret)
{
	MO_FREE unsigned char *head = malloc(HEAD_BYTES);
	struct mo_text_pass *pass;
	size_t n_odd = 0, n_lines = 0, n_lines_before = 0, n_filled = 0, n_bytes;

	if (!head)
		return mo_error_no_memory();
	MO_TRY(mo_text_pass_create(file, &pass));
	n_bytes = mo_text_pass_read(pass, head, HEAD_BYTES);
	mo_text_pass_destroy(pass);
	for (size_t i = 0; i < n_bytes; i++) {
		n_lines += head[i] == '\n' || head[i] == '\r';
		n_filled += head[i] != '\0';
		n_lines_before += n_filled == i + 1 && head[i] == '\n';
		/* A file system that lost the last blocks of a log in a crash leaves one run of NULs in their place. */
		n_odd += head[i] ? head[i] < 32 && !strchr("\n\r\t\b\f\036\033", head[i]) : !i || head[i - 1];
	}
	/* Headers of dumps are few bytes and many NULs: where these prevail, a line of text stands before the first. */
	*ret = n_filled && (n_filled >= n_bytes - n_bytes / 16 || n_lines_before) && memcmp(head, "\177ELF", n_bytes < 4 ? n_bytes : 4) && n_odd < n_filled / 16 + 1 &&
	       (n_lines || n_bytes < HEAD_BYTES);
	return NULL;
}
