/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PRINTK_SHAPE_H
#define MO_PRINTK_SHAPE_H

/*
 * A kernel log by its shape in physical memory, for dumps in which nothing says where it is: no VMCOREINFO, no page
 * tables, no symbols. Of the lockless ring (kernel/printk/printk_ringbuffer.h, 5.10 on) two things are looked for:
 *
 *	infos   rows of struct printk_info whose sequence numbers count up
 *	texts   data blocks: a descriptor's id, which is a word of the machine, then text; the ids of blocks that follow
 *		each other count up
 *
 * Ids count up with sequence numbers, from a beginning that follows from the number of descriptors, which is a power of
 * two: the one under which most texts have a row that fits joins the two.
 *
 * Where there is none, records of the log before that (kernel/printk/printk.c, 3.5 to 5.9) are looked for: headers that
 * each say how far it is to the next.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_kernel;
struct mo_shape_log;

struct mo_shape_record {
	uint64_t sequence;
	uint64_t time_ns;
	const char *text;
	size_t text_bytes;
	unsigned level, facility;
	uint32_t caller_id;
	bool has_info;       /* else only sequence (of the text alone) and text are known */
};

/* Up to three passes over all memory. MO_E_ABSENT: nothing of that shape is there. */
struct mo_error *mo_shape_log_search(struct mo_kernel *kernel, struct mo_shape_log **ret) MO_MUST_USE;
void mo_shape_log_destroy(struct mo_shape_log *log);

size_t mo_shape_log_count(const struct mo_shape_log *log);
void mo_shape_log_get(const struct mo_shape_log *log, size_t index, struct mo_shape_record *ret);

#endif
