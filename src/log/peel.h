/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PEEL_H
#define MO_PEEL_H

/*
 * What stands before a kernel's line is taken off layer by layer, whatever the order in which programs put it there: a
 * quoting mail, a container runtime, a syslog daemon, netconsole, dmesg, printk. Each layer recognises its own form at
 * the cursor and notes what it says; none is ever expected because of a file's name.
 */

#include <memopsy/printk.h>

#include "cursor.h"
#include "wall_clock.h"

#define MO_JSON_TEXT_BYTES (256u << 10)

enum line_origin {
	LINE_BARE = 0,     /* no prefix says whose it is */
	LINE_KERNEL,       /* a stamp of printk's, or the tag "kernel" */
	LINE_PROGRAM,      /* `tag` wrote it */
	LINE_NOTHING,      /* recognised, and no line of a log */
};

struct peeled {
	struct cursor text;           /* what is left; in memory that may be written to */
	enum line_origin origin;
	bool has_prefix;
	bool is_syslog;               /* a daemon wrote host and tag, and made control characters #ooo */
	bool is_contained;            /* in a container's log: a bare line is the container's own */
	bool is_json;
	bool is_part;                 /* the next line of the container's log goes on */
	struct wall_clock wall;
	bool has_time;
	uint64_t time_ns;             /* since boot */
	unsigned level;               /* MO_LOG_LEVEL_UNKNOWN: not said */
	bool has_facility;
	unsigned facility;
	bool has_caller;
	uint32_t caller;
	struct cursor host, tag;      /* empty: not said */
	bool has_sequence;            /* of netconsole and /dev/kmsg */
	uint64_t sequence;
	bool is_fragment;             /* of a record of fragment_bytes, from fragment_at on */
	uint64_t fragment_at, fragment_bytes;
	struct cursor boot_id;        /* the journal's; empty: not said */
};

/* What earlier lines have shown of this log. */
struct peel_context {
	char host[64];                /* that wrote "kernel:" lines; empty: none yet */
	bool has_syslog;              /* lines of this log have host and tag */
	char *json_text;              /* MO_JSON_TEXT_BYTES; NULL: JSON is only recognised, as a program's line */
};

/* All layers. The line's bytes may be written to. */
void peel_line(struct peel_context *context, struct cursor line, struct peeled *ret);

/* The layers; true: recognised, and taken off. */
bool peel_quote(struct peeled *line);
bool peel_container(struct peeled *line);
bool peel_json(struct peel_context *context, struct peeled *line);
bool peel_syslog(const struct peel_context *context, struct peeled *line);
bool peel_kmsg(struct peeled *line);
bool peel_printk(struct peeled *line);
bool peel_logcat(struct peeled *line);

/* "[   12.345678]", with more digits and vendors' additions; the cursor is behind it. */
bool take_printk_stamp(struct cursor *cursor, uint64_t *time_ns);
bool take_caller_name(struct cursor value, struct peeled *line); /* "T123", "C0" */
void take_printk_caller(struct cursor *cursor, struct peeled *line);

/*
 * Where a later stamp stands in the text: what another CPU, or the kernel behind a program's words, wrote on the same
 * line.
 */
const char *find_printk_stamp(struct cursor text);

/* syslog's <N>: facility and level. */
bool take_priority(struct cursor *cursor, uint64_t *ret);
void set_priority(struct peeled *line, uint64_t priority);

/* By name ("warn", "kern"); false: none. */
bool level_by_name(struct cursor name, unsigned *ret);
bool facility_by_name(struct cursor name, unsigned *ret);

/* tag[pid]: in the text: sets tag, origin and text. */
bool take_tag(struct cursor *cursor, struct cursor *tag);
void set_tag(struct peeled *line, struct cursor tag);

#endif
