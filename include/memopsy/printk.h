/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PRINTK_H
#define MEMOPSY_PRINTK_H

/*
 * The kernel log: the lockless ring buffer of 5.10 on (kernel/printk/printk_ringbuffer.c), and the records of struct
 * printk_log (3.11 to 5.9) and struct log (before) in log_buf (kernel/printk/printk.c).
 *
 * A session may also be of a text (dmesg's output, a journal, a console: mo_kernel_facts.is_log): then its lines are the
 * records, without what other programs put before them.
 *
 * Records come oldest first. A record whose text was overwritten, or makes no sense, is skipped and counted; nothing
 * that is wrong in the buffer ends the walk before its bound.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

struct mo_log_record {
	uint64_t sequence;
	uint64_t time_ns;       /* of the kernel's local clock, as printk stamps it */
	unsigned level;         /* 0 KERN_EMERG .. 7 KERN_DEBUG; 8: a text that does not say */
	unsigned facility;
	const char *text;       /* raw bytes, not terminated; may hold newlines. Valid until the next record */
	size_t text_bytes;
	uint32_t caller_id;     /* thread id, or 0x80000000 + CPU; valid if has_caller_id */
	bool has_caller_id;
	/* What only a text has; of a dump all of it is zero. */
	bool is_time_unknown;   /* the line has no stamp; time_ns is that of the newest one before it */
	bool has_wall_clock, has_wall_year, has_wall_zone;
	int64_t wall_clock_ns;  /* since 1970; without a year as of 1972, without a zone as if it were UTC */
	const char *host;       /* NULL: not said. Valid until the log is closed */
	const char *program;    /* NULL: the kernel; else who wrote the line: "systemd-oomd", "kubelet" */
	uint32_t boot;          /* of this host in this text, from 0 */
	uint64_t line;          /* of the text, from 1 */
	bool is_cut;            /* the line was probably longer */
};

#define MO_LOG_LEVEL_UNKNOWN 8

struct mo_log;

struct mo_error *mo_log_open(struct mo_reader *reader, struct mo_log **ret) MO_MUST_USE;
void mo_log_close(struct mo_log *log);

/* false: no more. */
bool mo_log_next(struct mo_log *log, struct mo_log_record *ret);

/* Records that could not be given, and why the last of them could not (NULL: none). After the walk. */
uint64_t mo_log_skipped(const struct mo_log *log, const char **why);

/*
 * A text's own clock as it is known: "2026-12-01 08:49:04 UTC", without a zone "2026-12-01 08:49:04", without a year
 * "Dec  1 08:49:04". Empty: the record has none. 32 bytes are enough.
 */
void mo_log_clock_text(const struct mo_log_record *record, char *text, size_t text_bytes);

MO_API_END

#endif
