/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of kernel and machine that `info` and `report` begin with. */
#include "identity.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/module_list.h>

#include "cleanup.h"
#include "dump.h"
#include "session.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Hidden is what the head of a report says already. */
enum kernel_column {
	KERNEL_RELEASE,
	KERNEL_VERSION,
	KERNEL_BANNER,
	KERNEL_BUILD_ID,
	KERNEL_ARCHITECTURE,
	KERNEL_PAGE_BYTES,
	KERNEL_PAGING_LEVELS,
	KERNEL_KASLR,
	KERNEL_TAINT,
	KERNEL_TYPES,
	KERNEL_SYMBOLS,
	KERNEL_COLUMNS,
};

static const struct mo_column kernel_columns[KERNEL_COLUMNS] = {
	[KERNEL_RELEASE] = { .key = "release", .heading = "Release", .flags = MO_COLUMN_HIDDEN,
			     .help = "as uname -r printed it" },
	[KERNEL_VERSION] = { .key = "version", .heading = "Version", .help = "as uname -v printed it" },
	[KERNEL_BANNER] = { .key = "banner", .heading = "Banner", .flags = MO_COLUMN_HIDDEN,
			     .help = "linux_banner" },
	[KERNEL_BUILD_ID] = { .key = "build_id", .heading = "Build ID", .flags = MO_COLUMN_HIDDEN,
			     .help = "GNU build-id of the vmlinux" },
	[KERNEL_ARCHITECTURE] = { .key = "architecture", .heading = "Architecture", .flags = MO_COLUMN_HIDDEN,
			     .help = "as uname -m names it" },
	[KERNEL_PAGE_BYTES] = { .key = "page_bytes", .heading = "Page size", .kind = MO_CELL_BYTES,
				.help = "size of a page frame" },
	[KERNEL_PAGING_LEVELS] = { .key = "paging_levels", .heading = "Paging levels", .kind = MO_CELL_COUNT,
				   .help = "levels of the kernel's page tables" },
	[KERNEL_KASLR] = { .key = "kaslr_offset", .heading = "KASLR offset", .kind = MO_CELL_ADDRESS,
			   .help = "offset of the kernel image from its link address" },
	[KERNEL_TAINT] = { .key = "taint", .heading = "Taint",
			   .help = "letters of Documentation/admin-guide/tainted-kernels.rst; none: not tainted" },
	[KERNEL_TYPES] = { .key = "types_from", .heading = "Types from", .help = "where types were read",
			   .flags = MO_COLUMN_HIDDEN },
	[KERNEL_SYMBOLS] = { .key = "symbols_from", .heading = "Symbols from", .help = "where symbols were read",
			     .flags = MO_COLUMN_HIDDEN },
};

const struct mo_table_spec mo_identity_kernel_table = {
	.name = "kernel",
	.title = "Kernel",
	.columns = kernel_columns,
	.n_columns = COUNT(kernel_columns),
	.flags = MO_TABLE_RECORD,
};

enum machine_column {
	MACHINE_NODENAME,
	MACHINE_CPUS_ONLINE,
	MACHINE_CPUS_PRESENT,
	MACHINE_CPUS_POSSIBLE,
	MACHINE_MEMORY,
	MACHINE_UPTIME,
	MACHINE_UPTIME_SECONDS,
	MACHINE_CLOCK,
	MACHINE_BOOTED,
	MACHINE_CRASHED,
	MACHINE_PANIC,
	MACHINE_PANIC_CPU,
	MACHINE_TROUBLE,
	MACHINE_COLUMNS,
};

static const struct mo_column machine_columns[MACHINE_COLUMNS] = {
	[MACHINE_NODENAME] = { .key = "nodename", .heading = "Host name", .help = "as uname -n printed it" },
	[MACHINE_CPUS_ONLINE] = { .key = "cpus_online", .heading = "CPUs online", .kind = MO_CELL_COUNT,
				  .help = "__cpu_online_mask" },
	[MACHINE_CPUS_PRESENT] = { .key = "cpus_present", .heading = "CPUs present", .kind = MO_CELL_COUNT,
				   .help = "__cpu_present_mask" },
	[MACHINE_CPUS_POSSIBLE] = { .key = "cpus_possible", .heading = "CPUs possible", .kind = MO_CELL_COUNT,
				    .help = "__cpu_possible_mask" },
	[MACHINE_MEMORY] = { .key = "memory_bytes", .heading = "Memory", .kind = MO_CELL_BYTES,
			     .help = "memory managed by the page allocator (MemTotal)" },
	[MACHINE_UPTIME] = { .key = "uptime", .heading = "Uptime", .help = "time since boot, at the dump" },
	[MACHINE_UPTIME_SECONDS] = { .key = "uptime_seconds", .heading = "Uptime (s)", .kind = MO_CELL_SECONDS,
				     .flags = MO_COLUMN_HIDDEN,
				     .help = "as in /proc/uptime; at the last tick, so up to a second early" },
	[MACHINE_CLOCK] = { .key = "clock", .heading = "Clock", .kind = MO_CELL_TIME,
			    .help = "the kernel's wall clock at the dump" },
	[MACHINE_BOOTED] = { .key = "booted", .heading = "Booted", .kind = MO_CELL_TIME,
			     .help = "wall clock less uptime" },
	[MACHINE_CRASHED] = { .key = "crashed", .heading = "Crashed", .kind = MO_CELL_TIME, .flags = MO_COLUMN_HIDDEN,
			      .help = "CRASHTIME of VMCOREINFO: when a crash kernel was started" },
	[MACHINE_PANIC] = { .key = "panic", .heading = "Panic", .flags = MO_COLUMN_WRAP,
			    .help = "the last \"Kernel panic\" line of the log" },
	[MACHINE_PANIC_CPU] = { .key = "panic_cpu", .heading = "Panic on CPU", .kind = MO_CELL_COUNT,
				.flags = MO_COLUMN_HIDDEN, .help = "panic_cpu; ?: no CPU panicked, or not known" },
	[MACHINE_TROUBLE] = { .key = "last_trouble", .heading = "Last event", .flags = MO_COLUMN_WRAP,
			      .help = "the last log line that reports an oops, a BUG, a lockup or an OOM kill" },
};

const struct mo_table_spec mo_identity_machine_table = {
	.name = "machine",
	.title = "Machine",
	.columns = machine_columns,
	.n_columns = COUNT(machine_columns),
	.flags = MO_TABLE_RECORD,
};

struct mo_error *mo_identity_gather(struct mo_cli *cli, struct mo_identity *ret)
{
	struct mo_identity identity = { .has_log = false };
	struct mo_error *error = mo_crash_lines_gather(cli->reader, &identity.crash);

	if (mo_error_ends_run(error))
		return error;
	identity.has_log = !error;
	if (error) {
		identity.why_no_log = strdup(mo_error_text(error));
		mo_error_destroy(error);
		if (!identity.why_no_log)
			return mo_error_no_memory();
	}
	error = mo_machine_state_gather(cli->reader, &identity.state);
	if (!error)
		error = mo_machine_settings_gather(cli->reader, &identity.settings);
	if (error) {
		mo_identity_deinit(&identity);
		return error;
	}
	*ret = identity;
	return NULL;
}

void mo_identity_deinit(struct mo_identity *identity)
{
	mo_machine_state_deinit(&identity->state);
	mo_machine_settings_deinit(&identity->settings);
	if (identity->has_log)
		mo_crash_lines_deinit(&identity->crash);
	free(identity->why_no_log);
	*identity = (struct mo_identity){ .has_log = false };
}

static void append_taint(struct mo_text *text, uint64_t taint)
{
	if (!taint)
		mo_text_append(text, "none");
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(taint >> bit & 1))
			continue;
		if (mo_taint_letter(bit))
			mo_text_append_char(text, mo_taint_letter(bit));
		else
			mo_text_printf(text, "(bit %u)", bit);
	}
}

static struct mo_cell number_or_unknown(bool is_known, uint64_t value)
{
	return is_known ? mo_cell_number(mo_exact(value)) : mo_cell_unknown();
}

static struct mo_cell signed_or_unknown(bool is_known, int64_t value)
{
	return is_known ? mo_cell_signed(value) : mo_cell_unknown();
}

void mo_identity_write_kernel(struct mo_cli *cli, const struct mo_identity *identity)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(cli->kernel);
	MO_CLEANUP(mo_cleanup_text) struct mo_text taint = MO_TEXT_EMPTY;
	struct mo_cell cells[KERNEL_COLUMNS];

	append_taint(&taint, identity->state.taint);
	cells[KERNEL_RELEASE] = mo_cell_text(facts->release ? facts->release : identity->state.release);
	cells[KERNEL_VERSION] = mo_cell_text(identity->state.version);
	cells[KERNEL_BANNER] = mo_cell_text(facts->banner);
	cells[KERNEL_BUILD_ID] = mo_cell_text(facts->build_id);
	cells[KERNEL_ARCHITECTURE] = mo_cell_text(facts->arch);
	cells[KERNEL_PAGE_BYTES] = number_or_unknown(facts->page_bytes, facts->page_bytes);
	cells[KERNEL_PAGING_LEVELS] = number_or_unknown(facts->paging_levels, facts->paging_levels);
	cells[KERNEL_KASLR] = number_or_unknown(!facts->is_log, facts->kaslr_offset);
	cells[KERNEL_TAINT] = mo_cell_text(identity->state.has_taint ? mo_text_chars(&taint) : NULL);
	cells[KERNEL_TYPES] = mo_cell_text(facts->types_from);
	cells[KERNEL_SYMBOLS] = mo_cell_text(facts->symbols_from);
	mo_report_record(cli->report, &mo_identity_kernel_table, cells);
}

static void append_uptime(struct mo_text *text, uint64_t uptime_ns)
{
	uint64_t seconds = uptime_ns / 1000000000;
	uint64_t days = seconds / 86400;

	if (days)
		mo_text_printf(text, "%llu day%s, ", (unsigned long long)days, days == 1 ? "" : "s");
	mo_text_printf(text, "%02u:%02u:%02u", (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60),
		       (unsigned)(seconds % 60));
}

/* NULL: whether the machine panicked is not known. */
static const char *panic_text(const struct mo_identity *identity)
{
	if (identity->has_log && identity->crash.panic.text)
		return identity->crash.panic.text;
	if (identity->state.has_panic_cpu)
		return !identity->state.is_panicked ? "none" : "yes (its message is not in the log)";
	return identity->has_log ? "none in the log" : NULL;
}

static const char *trouble_text(const struct mo_identity *identity)
{
	if (!identity->has_log)
		return NULL;
	return identity->crash.trouble.text ? identity->crash.trouble.text : "none in the log";
}

void mo_identity_write_machine(struct mo_cli *cli, const struct mo_identity *identity)
{
	const struct mo_machine_state *state = &identity->state;
	uint64_t page_bytes = mo_kernel_facts(cli->kernel)->page_bytes;
	MO_CLEANUP(mo_cleanup_text) struct mo_text uptime = MO_TEXT_EMPTY;
	struct mo_cell cells[MACHINE_COLUMNS];
	bool has_memory = state->has_total_pages && page_bytes && state->total_pages <= UINT64_MAX / page_bytes;

	append_uptime(&uptime, state->uptime_ns);
	cells[MACHINE_NODENAME] = mo_cell_text(state->nodename ? state->nodename : mo_kernel_facts(cli->kernel)->host);
	cells[MACHINE_CPUS_ONLINE] = number_or_unknown(state->has_cpus, state->n_cpus_online);
	cells[MACHINE_CPUS_PRESENT] = number_or_unknown(state->has_cpus, state->n_cpus_present);
	cells[MACHINE_CPUS_POSSIBLE] = number_or_unknown(state->has_cpus, state->n_cpus_possible);
	cells[MACHINE_MEMORY] = number_or_unknown(has_memory, has_memory ? state->total_pages * page_bytes : 0);
	cells[MACHINE_UPTIME] = mo_cell_text(state->has_time ? mo_text_chars(&uptime) : NULL);
	cells[MACHINE_UPTIME_SECONDS] = number_or_unknown(state->has_time, state->uptime_ns);
	cells[MACHINE_CLOCK] = signed_or_unknown(state->has_time, state->wall_seconds);
	cells[MACHINE_BOOTED] =
		signed_or_unknown(state->has_time, state->wall_seconds - (int64_t)(state->uptime_ns / 1000000000));
	cells[MACHINE_CRASHED] = signed_or_unknown(state->has_crash_time, state->crash_time);
	cells[MACHINE_PANIC] = mo_cell_text(panic_text(identity));
	cells[MACHINE_PANIC_CPU] = number_or_unknown(state->is_panicked, state->panic_cpu);
	cells[MACHINE_TROUBLE] = mo_cell_text(trouble_text(identity));
	mo_report_record(cli->report, &mo_identity_machine_table, cells);
	if (!identity->has_log)
		mo_report_note(cli->report, "The kernel log could not be read: %s.", identity->why_no_log);
}
