/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PRINTK_H
#define MEMOPSY_PRINTK_H

/*
 * The kernel log: the lockless ring buffer of 5.10 on (kernel/printk/printk_ringbuffer.c), and the records of struct
 * printk_log (3.11 to 5.9) and struct log (before) in log_buf (kernel/printk/printk.c).
 *
 * Records come oldest first. A record whose text was overwritten, or makes no sense, is skipped and counted; nothing
 * that is wrong in the buffer ends the walk before its bound.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

struct mo_log_record {
	uint64_t sequence;
	uint64_t time_ns;       /* of the kernel's local clock, as printk stamps it */
	unsigned level;         /* 0 KERN_EMERG .. 7 KERN_DEBUG */
	unsigned facility;
	const char *text;       /* raw bytes, not terminated; may hold newlines. Valid until the next record */
	size_t text_bytes;
	uint32_t caller_id;     /* thread id, or 0x80000000 + CPU; valid if has_caller_id */
	bool has_caller_id;
};

struct mo_log;

struct mo_error *mo_log_open(struct mo_reader *reader, struct mo_log **ret) MO_MUST_USE;
void mo_log_close(struct mo_log *log);

/* false: no more. */
bool mo_log_next(struct mo_log *log, struct mo_log_record *ret);

/* Records that could not be given, and why the last of them could not (NULL: none). After the walk. */
uint64_t mo_log_skipped(const struct mo_log *log, const char **why);

MO_API_END

#endif
