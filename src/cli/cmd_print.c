/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy print`: the layout of a type, or the object of that type at an address. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "modules.h"
#include "print_layout.h"
#include "print_value.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEFAULT_ARRAY 16
#define MAX_DEPTH 16
#define MAX_DECLARATION 1024

static bool is_keyword(const char *word)
{
	return !strcmp(word, "struct") || !strcmp(word, "union") || !strcmp(word, "enum");
}

/* What the first words name. */
struct subject {
	char *name;                  /* as it is shown: "struct page", "struct task_struct init_task" */
	const struct mo_type *type;
	size_t n_words;              /* of the arguments */
	const char *member;          /* "name.sysname" of "struct uts_namespace.name.sysname"; NULL: the whole */
	bool has_address;            /* it is a variable */
	uint64_t kva;
};

/* The part of a word before its members: "init_task.comm", "node_data[0]". */
static size_t name_length(const char *word)
{
	return strcspn(word, ".[");
}

static const char *member_of(const char *word)
{
	const char *member = word + name_length(word);

	return *member == '.' ? member + 1 : *member ? member : NULL;
}

/* "struct page" as one word or as two; a plain name that is no typedef is tried as a struct. */
static struct mo_error *find_known_type(struct mo_cli *cli, struct subject *ret)
{
	struct mo_types *types = mo_kernel_types(cli->kernel);
	bool is_two_words = is_keyword(cli->arguments[0]) && cli->n_arguments > 1;
	const char *last = cli->arguments[is_two_words];
	MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;
	struct mo_error *error;

	if (is_two_words)
		mo_text_printf(&name, "%s ", cli->arguments[0]);
	mo_text_append_n(&name, last, name_length(last));
	error = mo_types_find(types, mo_text_chars(&name), &ret->type);
	if (error && mo_error_code(error) == MO_E_ABSENT && !strchr(mo_text_chars(&name), ' ')) {
		mo_text_clear(&name);
		mo_text_append(&name, "struct ");
		mo_text_append_n(&name, last, name_length(last));
		if (!mo_error_destroy(mo_types_find(types, mo_text_chars(&name), &ret->type))) {
			mo_error_destroy(error);
			error = NULL;
		}
	}
	if (error)
		return error;
	ret->n_words = is_two_words ? 2 : 1;
	ret->member = member_of(last);
	ret->name = mo_text_take(&name);
	return ret->name ? NULL : mo_error_no_memory();
}

/* "init_task", "init_task.comm": a variable, whose type DWARF tells. */
static struct mo_error *find_variable(struct mo_cli *cli, struct subject *ret)
{
	const char *word = cli->arguments[0];
	MO_FREE char *name = strndup(word, name_length(word));
	char declared[MAX_DECLARATION];

	if (!name)
		return mo_error_no_memory();
	MO_TRY(mo_types_find_variable(mo_kernel_types(cli->kernel), name, &ret->type));
	MO_TRY(mo_cli_address(cli, name, &ret->kva));
	mo_type_declare(ret->type, name, declared, sizeof(declared));
	ret->has_address = true;
	ret->n_words = 1;
	ret->member = member_of(word);
	ret->name = strdup(declared);
	return ret->name ? NULL : mo_error_no_memory();
}

static bool is_symbol(struct mo_cli *cli, const char *word)
{
	MO_FREE char *name = strndup(word, name_length(word));
	struct mo_symbol symbol;

	return name && !mo_error_destroy(mo_symbols_find(mo_kernel_symbols(cli->kernel), NULL, name, &symbol, NULL));
}

/* A type goes before a variable of its name. The error is about the type, unless the word is a symbol's. */
static struct mo_error *find_known(struct mo_cli *cli, struct subject *ret)
{
	struct mo_error *error = find_known_type(cli, ret);
	struct mo_error *no_variable;

	if (!error || mo_error_code(error) != MO_E_ABSENT || strchr(cli->arguments[0], ' '))
		return error;
	no_variable = find_variable(cli, ret);
	if (!no_variable || mo_error_ends_run(no_variable) || is_symbol(cli, cli->arguments[0])) {
		mo_error_destroy(error);
		return no_variable;
	}
	mo_error_destroy(no_variable);
	return error;
}

/* What the kernel itself does not have may be a module's. */
static struct mo_error *find_subject(struct mo_cli *cli, struct subject *ret)
{
	struct mo_error *error = find_known(cli, ret);
	size_t n_modules = 0;

	if (!error || mo_error_code(error) != MO_E_ABSENT)
		return error;
	mo_error_destroy(mo_kernel_load_module_types(cli->kernel, &n_modules));
	if (!n_modules)
		return error;
	mo_error_destroy(error);
	return find_known(cli, ret);
}

/* The full type behind a name: of a struct its members, through typedefs. */
static struct mo_error *complete(struct mo_cli *cli, const struct mo_type **type)
{
	const struct mo_type *stripped = mo_type_strip(*type);

	if (stripped->kind != MO_TYPE_STRUCT && stripped->kind != MO_TYPE_UNION)
		return NULL;
	return mo_types_complete(mo_kernel_types(cli->kernel), stripped, type);
}

static struct mo_error *collect_requests(struct mo_cli *cli, struct mo_print_requests *requests)
{
	const struct mo_given_option *depth = mo_parsed_find(cli->parsed, "depth");
	const struct mo_given_option *array = mo_parsed_find(cli->parsed, "array");

	*requests = (struct mo_print_requests){
		.depth = depth ? depth->number : 0,
		.array_limit = array ? array->number : DEFAULT_ARRAY,
		.asked_for_array = array != NULL,
		.as_hex = mo_parsed_has(cli->parsed, "hex"),
		.with_strings = mo_parsed_has(cli->parsed, "strings"),
	};
	if (requests->depth > MAX_DEPTH)
		return mo_error_create(MO_E_INVALID, "--depth: at most %d", MAX_DEPTH);
	return NULL;
}

/* The layout of a type, or of what a member of it is. */
static struct mo_error *print_type(struct mo_cli *cli, const struct subject *subject, uint64_t depth)
{
	const struct mo_type *declared = subject->type;
	const struct mo_type *type;
	struct mo_type_path path;

	if (subject->member) {
		MO_TRY(mo_types_find_member(mo_kernel_types(cli->kernel), declared, subject->member, &path));
		declared = path.type;
	}
	type = declared;
	MO_TRY(complete(cli, &type));
	return mo_print_layout(cli, declared, type, depth);
}

static struct mo_error *print_object(struct mo_cli *cli, const struct subject *subject, struct mo_print_requests *requests)
{
	const struct mo_type *type = subject->type;
	size_t n_words = subject->n_words;
	MO_FREE const char **members = calloc(cli->n_arguments + 1, sizeof(*members));
	uint64_t kva = subject->kva;

	if (!members)
		return mo_error_no_memory();
	MO_TRY(complete(cli, &type));
	if (!subject->has_address)
		MO_TRY(mo_cli_address(cli, cli->arguments[n_words++], &kva));
	if (subject->member)
		members[requests->n_members++] = subject->member;
	while (n_words < cli->n_arguments)
		members[requests->n_members++] = cli->arguments[n_words++];
	requests->members = members;
	return mo_print_value(cli, subject->name, type, kva, requests);
}

static struct mo_error *run_print(struct mo_cli *cli)
{
	struct subject subject = { .name = NULL };
	struct mo_print_requests requests;
	struct mo_error *error;

	MO_TRY(collect_requests(cli, &requests));
	error = find_subject(cli, &subject);
	if (!error && !subject.has_address && cli->n_arguments == subject.n_words)
		error = print_type(cli, &subject, requests.depth);
	else if (!error)
		error = print_object(cli, &subject, &requests);
	free(subject.name);
	return error;
}

static const struct mo_cli_option options[] = {
	{ .name = "depth", .letter = 'd', .kind = MO_OPTION_NUMBER, .value = "N",
	  .help = "with an address: follow pointers to structs N deep; without: open named structs N deep" },
	{ .name = "array", .letter = 'n', .kind = MO_OPTION_NUMBER, .value = "N",
	  .help = "show N elements of an array, or of a flexible array (default: 16, and none)" },
	{ .name = "hex", .letter = 'x', .kind = MO_OPTION_FLAG, .help = "all numbers in hexadecimal" },
	{ .name = "strings", .letter = 's', .kind = MO_OPTION_FLAG, .help = "show the strings that char pointers point to" },
};

static const struct mo_table_spec *const tables[] = { &mo_print_layout_table, &mo_print_value_table };

const struct mo_command mo_cmd_print = {
	.name = "print",
	.arguments = "TYPE|VARIABLE [ADDRESS|SYMBOL[+OFFSET]] [MEMBER...]",
	.min_arguments = 1,
	.max_arguments = MO_MAX_ARGUMENTS,
	.summary = "the layout of a type, the object of that type at an address, or a variable",
	.help = "Without an address: the type as C declares it, with offsets and sizes in bytes. With one: the values, "
		"members nested, enumerators by name, pointers with their symbols. MEMBER selects some: name, "
		"free_area[0].nr_free. TYPE.MEMBER is one member's type, or its value. A VARIABLE (init_task, init_task.comm) "
		"needs no type and no address if a vmlinux with DWARF is available; BTF has no types of variables.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT,
	.run = run_print,
};
