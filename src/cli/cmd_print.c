/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

static bool is_keyword(const char *word)
{
	return !strcmp(word, "struct") || !strcmp(word, "union") || !strcmp(word, "enum");
}

/* "struct page" as one word or as two; a plain name that is no typedef is tried as a struct. */
static struct mo_error *find_known_type(struct mo_cli *cli, char **name_ret, size_t *n_words_ret, const struct mo_type **ret)
{
	struct mo_types *types = mo_kernel_types(cli->kernel);
	bool is_two_words = is_keyword(cli->arguments[0]) && cli->n_arguments > 1;
	MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;
	struct mo_error *error;

	mo_text_append(&name, cli->arguments[0]);
	if (is_two_words)
		mo_text_printf(&name, " %s", cli->arguments[1]);
	error = mo_types_find(types, mo_text_chars(&name), ret);
	if (error && mo_error_code(error) == MO_E_ABSENT && !strchr(mo_text_chars(&name), ' ')) {
		MO_DROP_ERROR struct mo_error *no_struct = NULL;

		mo_text_clear(&name);
		mo_text_printf(&name, "struct %s", cli->arguments[0]);
		no_struct = mo_types_find(types, mo_text_chars(&name), ret);
		if (!no_struct) {
			mo_error_destroy(error);
			error = NULL;
		}
	}
	if (error)
		return error;
	*n_words_ret = is_two_words ? 2 : 1;
	*name_ret = mo_text_take(&name);
	return *name_ret ? NULL : mo_error_no_memory();
}

/* A type that the kernel itself does not have may be a module's. */
static struct mo_error *find_type(struct mo_cli *cli, char **name_ret, size_t *n_words_ret, const struct mo_type **ret)
{
	struct mo_error *error = find_known_type(cli, name_ret, n_words_ret, ret);
	size_t n_modules = 0;

	if (!error || mo_error_code(error) != MO_E_ABSENT)
		return error;
	mo_error_destroy(mo_kernel_load_module_types(cli->kernel, &n_modules));
	if (!n_modules)
		return error;
	mo_error_destroy(error);
	return find_known_type(cli, name_ret, n_words_ret, ret);
}

/* The full type behind a name: of a struct its members, through typedefs. */
static struct mo_error *complete(struct mo_cli *cli, const struct mo_type **type)
{
	const struct mo_type *stripped = mo_type_strip(*type);

	if (stripped->kind != MO_TYPE_STRUCT && stripped->kind != MO_TYPE_UNION)
		return NULL;
	return mo_types_complete(mo_kernel_types(cli->kernel), stripped, type);
}

static struct mo_error *collect_wishes(struct mo_cli *cli, struct mo_print_wishes *wishes)
{
	const struct mo_given_option *depth = mo_parsed_find(cli->parsed, "depth");
	const struct mo_given_option *array = mo_parsed_find(cli->parsed, "array");

	*wishes = (struct mo_print_wishes){
		.depth = depth ? depth->number : 0,
		.array_limit = array ? array->number : DEFAULT_ARRAY,
		.asked_for_array = array != NULL,
		.as_hex = mo_parsed_has(cli->parsed, "hex"),
		.with_strings = mo_parsed_has(cli->parsed, "strings"),
	};
	if (wishes->depth > MAX_DEPTH)
		return mo_error_create(MO_E_INVALID, "--depth: at most %d", MAX_DEPTH);
	return NULL;
}

static struct mo_error *run_print(struct mo_cli *cli)
{
	MO_FREE char *name = NULL;
	const struct mo_type *declared;
	const struct mo_type *type;
	struct mo_print_wishes wishes;
	size_t n_words = 1;
	uint64_t kva = 0;

	MO_TRY(collect_wishes(cli, &wishes));
	MO_TRY(find_type(cli, &name, &n_words, &declared));
	type = declared;
	MO_TRY(complete(cli, &type));
	if (cli->n_arguments == n_words)
		return mo_print_layout(cli, declared, type, wishes.depth);
	MO_TRY(mo_cli_address(cli, cli->arguments[n_words], &kva));
	wishes.members = cli->arguments + n_words + 1;
	wishes.n_members = cli->n_arguments - n_words - 1;
	return mo_print_value(cli, name, type, kva, &wishes);
}

static const struct mo_cli_option options[] = {
	{ .name = "depth", .letter = 'd', .kind = MO_OPTION_NUMBER, .value = "N",
	  .help = "with an address: follow pointers to structs N deep; without: open named structs N deep" },
	{ .name = "array", .letter = 'n', .kind = MO_OPTION_NUMBER, .value = "N",
	  .help = "show N elements of an array, and of a flexible one (default: 16, and none)" },
	{ .name = "hex", .letter = 'x', .kind = MO_OPTION_FLAG, .help = "all numbers in hexadecimal" },
	{ .name = "strings", .letter = 's', .kind = MO_OPTION_FLAG, .help = "show the strings that char pointers point to" },
};

static const struct mo_table_spec *const tables[] = { &mo_print_layout_table, &mo_print_value_table };

const struct mo_command mo_cmd_print = {
	.name = "print",
	.arguments = "TYPE [ADDRESS|SYMBOL[+OFFSET] [MEMBER...]]",
	.min_arguments = 1,
	.max_arguments = MO_MAX_ARGUMENTS,
	.summary = "the layout of a type, or the object of that type at an address",
	.help = "Without an address: the type as C declares it, with offsets and sizes in bytes. With one: the values, "
		"members nested, enumerators by name, pointers with their symbols. MEMBER narrows it to some: name, "
		"free_area[0].nr_free.",
	.options = options,
	.n_options = COUNT(options),
	.tables = tables,
	.n_tables = COUNT(tables),
	.flags = MO_COMMAND_DUMP | MO_COMMAND_REPORT,
	.run = run_print,
};
