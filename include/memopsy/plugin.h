/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PLUGIN_H
#define MEMOPSY_PLUGIN_H

/*
 * The plugin ABI: one struct, one macro.
 *
 * A plugin reconstructs one subsystem. It declares as data what it needs of the kernel (types, members, symbols) and
 * which other plugins' models it reads; the host binds, orders and runs, and says why it skipped. In the order of
 * their lives:
 *
 *	load -> check ABI -> bind needs -> gather (once; publishes the model) -> judge (once; findings)
 *	     -> show (each view that was asked for) -> release
 *
 * A plugin neither prints nor exits, and keeps no statics that change: two dumps may be open in one process. All it
 * knows about a run arrives in `struct mo_run`.
 *
 * ABI policy: until 1.0 the host takes only plugins with its own MO_PLUGIN_ABI. From 1.0 on fields are only appended,
 * and struct_size tells the host how much of the struct a plugin knows; what it does not know is zero.
 */

#include <memopsy/kernel.h>
#include <memopsy/layout.h>
#include <memopsy/report.h>

MO_API_BEGIN

#define MO_PLUGIN_ABI 6

struct mo_run;

/* A model that this plugin publishes or reads, by name and version. */
struct mo_model_ref {
	const char *name;     /* "zones"; its struct is in include/memopsy/zones.h */
	unsigned version;     /* exact */
	bool is_optional;     /* when read: run without it if it cannot be had */
	bool is_late;         /* when read, and optional: gathered when mo_run_late_model() first asks for it, if it ever does */
};

/* A command-line option of a view. The host parses, checks and documents it. */
enum mo_option_kind {
	MO_OPTION_FLAG = 0,
	MO_OPTION_TEXT = 1,
	MO_OPTION_NUMBER = 2, /* decimal, or hexadecimal with 0x */
};

struct mo_option {
	const char *name;      /* long option without dashes */
	enum mo_option_kind kind;
	const char *value;     /* what --help calls its value: "ZONE" */
	const char *help;
	char letter;           /* short option; 0: none */
};

/* Under which heading `memopsy help` lists a command. Append only. */
enum mo_topic {
	MO_TOPIC_OTHER = 0,
	MO_TOPIC_CAUSE,   /* what went wrong */
	MO_TOPIC_HOLDER,  /* who has the memory */
	MO_TOPIC_PROC,    /* what a file of the kernel's printed, in its words */
	MO_TOPIC_DETAIL,  /* one by one: pages, objects, blocks */
	MO_N_TOPICS,
};

/* One way to look at the model: a command of its own, a section of the report, or both. */
struct mo_view {
	const char *name;        /* command and section word: "meminfo" */
	const char *title;       /* of the section */
	const char *summary;     /* one line for `memopsy help` */
	const struct mo_option *options;
	size_t n_options;
	const char *arguments;   /* "[PID]..." for usage; NULL: none are taken */
	const struct mo_table_spec *const *tables; /* for --help and --columns */
	size_t n_tables;
	unsigned report_order;   /* place in `memopsy report`; 0: a command only */
	bool is_hidden;          /* a section only, no command */
	enum mo_topic topic;
	struct mo_error *(*show)(struct mo_run *run, struct mo_report *report);
	/* Of several files, one of them at least a log: each writes its rows into this one table. NULL: one dump at a time. */
	const struct mo_table_spec *each_table;
	struct mo_error *(*show_each)(struct mo_run *run, struct mo_report *report);
};

struct mo_plugin {
	uint32_t struct_size;    /* set by MO_REGISTER_PLUGIN */
	uint32_t abi;            /* set by MO_REGISTER_PLUGIN */
	const char *name;        /* the folder's name: "zones" */
	const char *version;
	const char *summary;
	const struct mo_need_table *needs; /* NULL: none */
	size_t layout_bytes;     /* of the struct that the needs are bound into */
	const struct mo_model_ref *reads;
	size_t n_reads;
	struct mo_model_ref publishes; /* name NULL: nothing */
	/*
	 * Reconstructs, and gives the model in *model_ret. What could not be read becomes findings; an error means that
	 * there is no model at all. Called once per session, before any view.
	 */
	struct mo_error *(*gather)(struct mo_run *run, void **model_ret);
	/*
	 * Says what the model means: findings, by mo_run_judge(), of what holds whatever options are given to a view. Called
	 * once, before any view of the plugin is shown, so that the verdict of a report can stand before its sections. NULL:
	 * there is nothing to say. An error costs the findings that are not made yet.
	 */
	struct mo_error *(*judge)(struct mo_run *run);
	void (*release)(void *model);
	const struct mo_view *views;
	size_t n_views;
	bool reads_logs;         /* the kernel's log alone is worth a model: it runs on texts, and on dumps without types */
	/*
	 * What it needs of the kernel's modules, whose types are loaded only if somebody wants them: bound into a layout of its own
	 * when mo_run_module_layout() first asks. NULL: nothing.
	 */
	const struct mo_need_table *module_needs;
	size_t module_layout_bytes;
};

/* What a plugin may ask of its run. */
struct mo_kernel *mo_run_kernel(const struct mo_run *run);
struct mo_reader *mo_run_reader(const struct mo_run *run);     /* the calling thread's; parallel passes make their own */
const void *mo_run_layout(const struct mo_run *run);           /* the bound layout struct */

/*
 * The layout of module_needs: loads the modules' symbols and types and binds, the first time that it is called. Of the
 * thread that drives the run alone. MO_E_ABSENT: a row that is not optional has no match; the next call tries again.
 */
struct mo_error *mo_run_module_layout(struct mo_run *run, const void **ret) MO_MUST_USE;
const void *mo_run_model(const struct mo_run *run);            /* in judge and show: this plugin's own model */
const void *mo_run_model_of(const struct mo_run *run, const char *name); /* a model named in `reads`; NULL: optional and absent */

/*
 * A model named in `reads` as late: gathered now, if nobody has asked for it before. What keeps its plugin from running is
 * no error here: *ret is NULL then, and the plugin's own findings say why. Errors are those that end the run: memory,
 * and the user's interruption.
 */
struct mo_error *mo_run_late_model(struct mo_run *run, const char *name, const void **ret) MO_MUST_USE;
struct mo_progress *mo_run_progress(const struct mo_run *run);

/* A finding of gather: shown before the sections of this plugin, or after the table of the command that ran it. */
void mo_run_finding(struct mo_run *run, const struct mo_finding *finding);

/* A finding of judge, which stands in this view of the plugin (its name). */
void mo_run_judge(struct mo_run *run, const char *view, const struct mo_finding *finding);

/*
 * In show: writes the view's findings of judge here. A view that an option has made another one leaves them out. Those of
 * a section of the report that does not write them stand at its end.
 */
void mo_run_show_findings(struct mo_run *run, struct mo_report *report);

/* In show: options and arguments of the command line. In a report every option is off, as is one that the view lacks. */
bool mo_run_flag(const struct mo_run *run, const char *option);
const char *mo_run_text(const struct mo_run *run, const char *option);                /* NULL: not given */
bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret);      /* false: not given */
size_t mo_run_argument_count(const struct mo_run *run);
const char *mo_run_argument(const struct mo_run *run, size_t index);
bool mo_run_is_report(const struct mo_run *run);                                      /* a section among others: be brief */

/*
 * In a report: how many rows a long table has at most. `usual` in text; in JSON so many that two reports can be compared
 * row by row.
 */
size_t mo_run_report_rows(const struct mo_run *run, size_t usual);

#define MO_PLUGIN_ENTRY "memopsy_plugin_entry"
typedef const struct mo_plugin *(*mo_plugin_entry)(void);

/*
 * Once per plugin, at file scope, with a static const struct mo_plugin whose first two fields are left out:
 *
 *	static const struct mo_plugin plugin = { MO_PLUGIN_HEADER, .name = "zones", ... };
 *	MO_REGISTER_PLUGIN(plugin)
 *
 * When plugins are linked into the program (MEMOPSY_STATIC_PLUGIN), the entry is named after the plugin instead.
 */
#define MO_PLUGIN_HEADER .struct_size = sizeof(struct mo_plugin), .abi = MO_PLUGIN_ABI

#define MO_PASTE_(a, b) a##b
#define MO_PASTE(a, b) MO_PASTE_(a, b)
#ifdef MEMOPSY_STATIC_PLUGIN
#define MO_PLUGIN_ENTRY_NAME MO_PASTE(memopsy_plugin_entry_, MEMOPSY_STATIC_PLUGIN)
#else
#define MO_PLUGIN_ENTRY_NAME memopsy_plugin_entry
#endif

#define MO_REGISTER_PLUGIN(plugin) \
	__attribute__((visibility("default"))) const struct mo_plugin *MO_PLUGIN_ENTRY_NAME(void); \
	const struct mo_plugin *MO_PLUGIN_ENTRY_NAME(void) \
	{ \
		return &(plugin); \
	}

MO_API_END

#endif
