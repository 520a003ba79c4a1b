/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LOG_LINES_H
#define MO_LOG_LINES_H

/* The kernel log as rows of a table; for dmesg, and for the last lines in a report. */

#include <memopsy/printk.h>
#include <memopsy/report.h>

extern const struct mo_table_spec mo_log_table;

/* Writes the rows of one record: one a line. boot_seconds NULL: when the machine booted is not known. */
void mo_log_write_record(struct mo_report *report, const struct mo_log_record *record, const int64_t *boot_seconds);

/* After the walk: a finding about the records that could not be read, if there are any. */
void mo_log_write_skipped(struct mo_report *report, const struct mo_log *log);

#endif
