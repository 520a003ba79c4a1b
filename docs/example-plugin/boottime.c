/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole plugin: the command `memopsy boottime DUMP` and a section of the report, with what the kernel calls itself and
 * how many ticks it has counted. It publishes no model. See docs/writing-a-plugin.md.
 */
#include <memopsy/plugin.h>

/* What is needed of the kernel, and where binding puts it. */
struct boottime_layout {
	struct mo_address init_uts_ns;
	struct mo_field release;
	struct mo_address jiffies;
};

static const struct mo_need rows[] = {
	MO_ADDRESS(struct boottime_layout, init_uts_ns, "init_uts_ns", .why = "init/version.c"),
	MO_FIELD(struct boottime_layout, release, "struct uts_namespace", "name.release"),
	MO_ADDRESS(struct boottime_layout, jiffies, "jiffies_64", .is_optional = true, .why = "kernel/time/timer.c"),
};
static const struct mo_need_table needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };

/* One table of columns gives headings, JSON keys and help. */
static const struct mo_column columns[] = {
	{ .key = "release", .heading = "Release", .kind = MO_CELL_TEXT, .help = "as uname -r printed it" },
	{ .key = "jiffies", .heading = "Jiffies", .kind = MO_CELL_COUNT, .help = "jiffies_64, which starts below 2^32" },
};
static const struct mo_table_spec table = {
	.name = "boottime",
	.title = "Boot time",
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
	.flags = MO_TABLE_RECORD,
};
static const struct mo_table_spec *const tables[] = { &table };

/* A finding, known before anything is written. It stands in the view of that name. */
static struct mo_error *judge(struct mo_run *run)
{
	const struct boottime_layout *layout = mo_run_layout(run);

	if (!mo_has(&layout->jiffies))
		mo_run_judge(run, "boottime", &(const struct mo_finding){
			.id = "boottime-no-jiffies",
			.severity = MO_INFO,
			.verdict = "This kernel does not say where it counts ticks.",
		});
	return NULL;
}

static struct mo_error *show(struct mo_run *run, struct mo_report *report)
{
	const struct boottime_layout *layout = mo_run_layout(run);
	struct mo_cell cells[2] = { mo_cell_unknown(), mo_cell_unknown() };
	char release[65];
	uint64_t jiffies;
	struct mo_error *error = mo_read_field_string(mo_run_reader(run), &layout->release, layout->init_uts_ns.kva, release,
						      sizeof(release));

	if (error)
		return mo_error_prepend(error, "cannot read the kernel's release");
	cells[0] = mo_cell_text(release);
	if (mo_has(&layout->jiffies)) {
		error = mo_read_u64(mo_run_reader(run), layout->jiffies.kva, &jiffies);
		if (!error)
			cells[1] = mo_cell_number(mo_exact(jiffies));
		mo_error_destroy(error); /* it stays unknown */
	}
	mo_report_record(report, &table, cells);
	mo_run_show_findings(run, report);
	return NULL;
}

static const struct mo_view views[] = {
	{ .name = "boottime", .title = "Boot time", .summary = "release and ticks, from the example plugin",
	  .tables = tables, .n_tables = 1, .report_order = 900, .show = show },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "boottime",
	.version = "1.0",
	.summary = "the example of docs/writing-a-plugin.md",
	.needs = &needs,
	.layout_bytes = sizeof(struct boottime_layout),
	.judge = judge,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};
MO_REGISTER_PLUGIN(plugin)
