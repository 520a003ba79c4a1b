/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_IDENTITY_H
#define MO_IDENTITY_H

/* What is this dump: the tables that `info` and the head of `report` show. */

#include "command.h"
#include "crash_lines.h"
#include "machine_settings.h"
#include "machine_state.h"

struct mo_identity {
	struct mo_machine_state state;
	struct mo_machine_settings settings;
	struct mo_crash_lines crash;
	bool has_log;                 /* crash is known */
	char *why_no_log;             /* NULL if has_log */
};

struct mo_error *mo_identity_gather(struct mo_cli *cli, struct mo_identity *ret) MO_MUST_USE;
void mo_identity_deinit(struct mo_identity *identity);

extern const struct mo_table_spec mo_identity_kernel_table;
extern const struct mo_table_spec mo_identity_machine_table;
extern const struct mo_table_spec mo_identity_setup_table;
extern const struct mo_table_spec mo_identity_sysctls_table;
extern const struct mo_table_spec mo_identity_dump_table;
extern const struct mo_table_spec mo_identity_excluded_table;

void mo_identity_write_kernel(struct mo_cli *cli, const struct mo_identity *identity);
void mo_identity_write_machine(struct mo_cli *cli, const struct mo_identity *identity);
void mo_identity_write_settings(struct mo_cli *cli, const struct mo_identity *identity); /* of what has memory to say it */
void mo_identity_write_dump(struct mo_cli *cli);

struct mo_dump_info;

/* That the file is cut short, and where: the first thing to say of such a dump. Nothing of others. */
void mo_identity_write_cut(struct mo_report *report, const struct mo_dump_info *info);

/* The same two for a dump without a session. */
void mo_identity_write_file(struct mo_report *report, const struct mo_dump_info *info, const char *path, bool has_vmcoreinfo);
void mo_identity_write_left_out(struct mo_report *report, const struct mo_dump_info *info, bool is_page);

/*
 * What the dump leaves out and what that hides, as a table; that its writer marked it as incomplete, as a finding about
 * reading.
 */
/* What a session that has nothing but the log leaves unknown; nothing of others. */
void mo_identity_write_log_only(struct mo_cli *cli);

void mo_identity_write_completeness(struct mo_cli *cli, bool is_page);

/* How the session came about, as notes. */
void mo_identity_write_remarks(struct mo_cli *cli);

#endif
