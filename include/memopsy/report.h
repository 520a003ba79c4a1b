/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_REPORT_H
#define MEMOPSY_REPORT_H

/*
 * The report: a stream of sections, tables with typed cells, records, paragraphs and findings. Who writes one says
 * what is known; how it looks (text for a terminal, JSON, CSV, one day HTML) is the renderer's business. There is one
 * description of a table's columns, and every view of it comes from the same cells.
 *
 * Thread rule: one thread writes a report. Strings are used during the call only; strings in specs are literals.
 * Text in cells is bytes of any origin: it is made valid, visible UTF-8 on its way in, once.
 *
 * Errors of writing (disk full, closed pipe) are sticky: calls after the first failure do nothing, and the host asks
 * once at the end. So the functions return nothing.
 */

#include <stddef.h>

#include <memopsy/error.h>

MO_API_BEGIN

struct mo_report;

/* How sure a number is. Unknown is a value: "?" in text, null in JSON, never 0. */
enum mo_certainty {
	MO_UNKNOWN = 0,
	MO_EXACT = 1,
	MO_AT_LEAST = 2, /* something could not be read: ">=N" in text, {"at_least": N} in JSON */
};

struct mo_count {
	uint64_t value;
	enum mo_certainty certainty;
};

static inline struct mo_count mo_exact(uint64_t value)
{
	struct mo_count count = { value, MO_EXACT };

	return count;
}

static inline struct mo_count mo_at_least(uint64_t value)
{
	struct mo_count count = { value, MO_AT_LEAST };

	return count;
}

static inline struct mo_count mo_unknown(void)
{
	struct mo_count count = { 0, MO_UNKNOWN };

	return count;
}

/* The sum: unknown if one is unknown, a lower bound if one is or if the sum does not fit. */
static inline struct mo_count mo_count_add(struct mo_count a, struct mo_count b)
{
	struct mo_count sum = { a.value + b.value, MO_EXACT };

	if (a.certainty == MO_UNKNOWN || b.certainty == MO_UNKNOWN)
		return mo_unknown();
	if (a.certainty == MO_AT_LEAST || b.certainty == MO_AT_LEAST)
		sum.certainty = MO_AT_LEAST;
	if (sum.value < a.value) {
		sum.value = UINT64_MAX;
		sum.certainty = MO_AT_LEAST;
	}
	return sum;
}

/*
 * What a column's cells are. It fixes alignment, and the type in JSON. Append only. A lower bound of an address, a page
 * frame, flags, a truth or a date says nothing, so it is shown as unknown.
 */
enum mo_cell_kind {
	MO_CELL_TEXT = 0,     /* string */
	MO_CELL_COUNT = 1,    /* unsigned number */
	MO_CELL_SIGNED = 2,   /* signed number */
	MO_CELL_BYTES = 3,    /* a size in bytes: "4.0 KiB" in text (plain bytes with --bytes), number of bytes in JSON */
	MO_CELL_ADDRESS = 4,  /* "0xffff888000001000"; a string in JSON, since JSON numbers end at 2^53 */
	MO_CELL_PFN = 5,      /* page frame number: hexadecimal in text, a number in JSON */
	MO_CELL_PERCENT = 6,  /* thousandths of a per cent: 12345 is "12.3 %" in text and 12.345 in JSON */
	MO_CELL_BOOL = 7,     /* "yes", "no"; true, false */
	MO_CELL_SECONDS = 8,  /* nanoseconds: "12.345678 s"; seconds as a number in JSON */
	MO_CELL_TIME = 9,     /* seconds since 1970, shown in UTC; ISO 8601 string in JSON ("@N" outside years 0 to 9999) */
	MO_CELL_KIB = 10,     /* KiB, as /proc prints them: "1234 kB"; a number in JSON (name the key "..._kib") */
	MO_CELL_FLAGS = 11,   /* unsigned number shown in hexadecimal; a string in JSON */
	MO_CELL_BYTES_CHANGE = 12, /* signed bytes, by which something grew: "+1.5 MiB"; number of bytes in JSON */
};

struct mo_cell {
	union {
		struct mo_count number;  /* all numeric kinds; BOOL: value 0 or 1 */
		struct {
			int64_t value;
			enum mo_certainty certainty;
		} signed_number;         /* MO_CELL_SIGNED, MO_CELL_TIME, MO_CELL_BYTES_CHANGE */
		struct {
			const char *bytes;   /* NULL: unknown; length 0: known to be empty */
			size_t n_bytes;
		} text;                  /* MO_CELL_TEXT */
	} as;
};

/* Cells for a row. */
struct mo_cell mo_cell_text(const char *terminated);              /* NULL is unknown */
struct mo_cell mo_cell_bytes_of_text(const char *bytes, size_t n_bytes); /* all n_bytes, a NUL among them is shown */
struct mo_cell mo_cell_number(struct mo_count number);
struct mo_cell mo_cell_signed(int64_t value);
struct mo_cell mo_cell_unknown(void);                             /* of any kind */

enum mo_column_flags {
	MO_COLUMN_HIDDEN = 1 << 0,    /* shown only if --columns names it; always in JSON */
	MO_COLUMN_TRUNCATE = 1 << 1,  /* may be cut on a narrow terminal */
	MO_COLUMN_WRAP = 1 << 2,      /* may be wrapped on a narrow terminal */
	MO_COLUMN_TABS = 1 << 3,      /* text whose tabs stay tabs (the kernel log) */
};

struct mo_column {
	const char *key;        /* JSON key and --columns name: lower case, unit at its end ("size_bytes") */
	const char *heading;    /* "SIZE" */
	enum mo_cell_kind kind;
	unsigned flags;
	const char *help;       /* one phrase: what it is, and the kernel's own name for it */
};

struct mo_line;

enum mo_table_flags {
	MO_TABLE_RECORD = 1 << 0, /* exactly one row, shown as "heading: value" lines; an object in JSON */
	MO_TABLE_NO_TITLE = 1 << 1, /* no title in text */
};

struct mo_table_spec {
	const char *name;       /* unique in a report: its key in JSON */
	const char *title;
	const char *help;       /* one sentence; may be NULL */
	const struct mo_column *columns;
	size_t n_columns;
	unsigned flags;
	/*
	 * For tables whose text form the kernel has fixed (/proc files): writes one row's line(s) with mo_line_printf().
	 * Used for text as long as the user has not chosen columns. The cells are those given to mo_report_row(), their
	 * text already visible. NULL: an ordinary table.
	 */
	void (*line)(const struct mo_cell *cells, struct mo_line *line);
	const char *line_head;  /* with `line`: what stands above the first row, newline included; NULL: nothing */
};

void mo_line_printf(struct mo_line *line, const char *format, ...) MO_PRINTF(2, 3);

/* Sections may not nest. name is a word for JSON, title is for people. */
void mo_report_section_begin(struct mo_report *report, const char *name, const char *title);
void mo_report_section_end(struct mo_report *report);

/*
 * A table: begin, rows with spec->n_columns cells each, end. spec must live until end. One table at a time; it may stand
 * in a section or outside of any. Notes and findings may be written while a table is open: text shows them after it.
 */
void mo_report_table_begin(struct mo_report *report, const struct mo_table_spec *spec);
void mo_report_row(struct mo_report *report, const struct mo_cell *cells);
void mo_report_table_end(struct mo_report *report);

/* A table of one row (MO_TABLE_RECORD) in one call. */
void mo_report_record(struct mo_report *report, const struct mo_table_spec *spec, const struct mo_cell *cells);

/*
 * A paragraph for people (text and HTML; in JSON it stands in the section's "notes"). It is wrapped on output, so it
 * holds no newlines of its own: those, like all control characters, are made visible.
 */
void mo_report_note(struct mo_report *report, const char *format, ...) MO_PRINTF(2, 3);

enum mo_severity {
	MO_INFO = 0,
	MO_NOTICE = 1,   /* worth knowing, nothing wrong */
	MO_WARNING = 2,  /* wrong, or will be */
	MO_CRITICAL = 3, /* this is why the machine is dead */
};

/* What a finding rests on, which decides how sure it is: mo_finding_confidence(). */
enum mo_basis {
	MO_BASIS_FACTS = 0, /* what was read says so itself: numbers, lists, the kernel's own words */
	MO_BASIS_INFERENCE, /* concluded from what was read, as kernels usually do; seldom it is otherwise */
	MO_BASIS_ABSENCE,   /* that something (a pointer, a task) was found nowhere; as sure as the search was complete */
	MO_BASIS_FIT,       /* fits what was read, and so do other explanations */
};

enum mo_confidence {
	MO_GUESS = 1,
	MO_LIKELY = 2,
	MO_CERTAIN = 3,
};

/* One number or address that a finding rests on. */
struct mo_evidence {
	const char *label;      /* "free pages", "list head" */
	enum mo_cell_kind kind;
	struct mo_cell cell;
};

struct mo_finding {
	const char *id;         /* stable word for programs: "free-list-broken" */
	enum mo_severity severity;
	enum mo_basis basis;
	/*
	 * Something that it rests on could not be read, or is of another moment: one step less sure. Of what rests on absence the
	 * host finds out by itself: if the plugin, or one whose model it reads, said that it could not read all.
	 */
	bool is_incomplete;
	const char *verdict;    /* one sentence */
	const struct mo_evidence *evidence;
	size_t n_evidence;
	const char *advice;     /* what to do next; NULL: nothing follows */
	bool is_about_reading;  /* says what could not be read or was skipped: makes the report partial (exit status 1) */
	int rank;               /* among findings as severe: the higher stands first in the verdict; 0: an ordinary one */
	/* Ids of findings that this one tells as well, in better words: the verdict leaves them out, and has this one for them. */
	const char *const *supersedes;
	size_t n_supersedes;
	/*
	 * It holds only if what it rests on was read at one moment. Of a kernel that runs the host says of it that something moved, and
	 * makes no claim.
	 */
	bool needs_one_moment;
};

void mo_report_finding(struct mo_report *report, const struct mo_finding *finding);

/* Facts are certain, inference and absence likely, the rest is a guess; each a step less where something is missing. */
enum mo_confidence mo_finding_confidence(const struct mo_finding *finding);

/*
 * Whether writing has failed (a closed pipe, a full disk). Nothing needs to ask; who writes millions of rows may, to
 * stop working for nobody.
 */
bool mo_report_failed(const struct mo_report *report);

MO_API_END

#endif
