/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_LOG_H
#define MO_TEXT_LOG_H

/*
 * A text as the kernel's log: the lines of the kernel, and of the programs that kill for want of memory, without what
 * dmesg, journalctl, syslog daemons, consoles, netconsole, container runtimes and mail put before them. Lines of other
 * programs are passed over.
 *
 * How a line is prefixed is found out line by line; where a line has no prefix at all, it is taken for the kernel's
 * unless the lines around it have hosts and tags.
 *
 * Memory is bounded, whatever the text holds. Threads: a file is immutable, a log belongs to one thread.
 */

#include <memopsy/printk.h>

#include "text_file.h"

/*
 * Whether a file's first bytes are those of a text, and of no dump. Of a compressed file they are looked at as they
 * unpack.
 */
struct mo_error *mo_text_file_is_text(const struct mo_text_file *file, bool *ret) MO_MUST_USE;

struct mo_text_log;
struct mo_text_log_facts;

struct mo_error *mo_text_log_open(const struct mo_text_file *file, struct mo_text_log **ret) MO_MUST_USE;
void mo_text_log_close(struct mo_text_log *log);

/* Strings live until the next record. false: no more, or no memory (mo_text_log_failed()). */
bool mo_text_log_next(struct mo_text_log *log, struct mo_log_record *ret);
bool mo_text_log_failed(const struct mo_text_log *log);

/* Records that the text itself says are missing, and how it says so (NULL: none are). After the walk. */
uint64_t mo_text_log_lost(const struct mo_text_log *log, const char **why);

/* What a whole pass over a log says of its kernel. Unknown strings are NULL. */
struct mo_text_log_facts {
	uint64_t n_lines;         /* of the text */
	uint64_t n_records;       /* of the kernel and its like */
	uint64_t n_boots;         /* of all hosts */
	uint64_t n_hosts;
	char *host;               /* the only one */
	char *release;            /* of the last kernel that says it */
	char *banner;             /* the last one, visible */
	const char *arch;         /* as uname -m names it */
	uint64_t page_bytes;      /* 0: not said */
	bool has_prefix;          /* some record had one */
	bool has_kernel_words;    /* some record is certainly a kernel's */
	bool has_several_releases;
	const char *remark;       /* what ended the text too early; NULL: nothing */
};

/* What the walk has seen of lines, hosts and boots; after it. */
struct mo_error *mo_text_log_describe(const struct mo_text_log *log, struct mo_text_log_facts *ret) MO_MUST_USE;

/* One pass. `progress` may be NULL; MO_E_CANCELLED. */
struct mo_error *mo_text_log_survey(const struct mo_text_file *file, struct mo_progress *progress,
				    struct mo_text_log_facts *ret) MO_MUST_USE;
void mo_text_log_facts_deinit(struct mo_text_log_facts *facts);

#endif
