/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A type as C declares it, with offsets and sizes. */
#include "print_layout.h"

#include "cleanup.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INDENT 8
#define COMMENT_COLUMN 56
#define MAX_NESTING 32

/* Of the largest struct of a kernel all members of members are some thousands; damaged types double them at each level. */
#define MAX_MEMBERS 100000u

enum layout_column { LAYOUT_PATH, LAYOUT_TYPE, LAYOUT_OFFSET, LAYOUT_BIT, LAYOUT_BITS, LAYOUT_SIZE, LAYOUT_COLUMNS };

static const struct mo_column columns[LAYOUT_COLUMNS] = {
	[LAYOUT_PATH] = { .key = "member", .heading = "MEMBER", .help = "its path from the type; empty: anonymous" },
	[LAYOUT_TYPE] = { .key = "type", .heading = "TYPE", .help = "its type, as C writes it" },
	[LAYOUT_OFFSET] = { .key = "offset_bytes", .heading = "OFFSET", .kind = MO_CELL_COUNT,
			    .help = "from the start of the type" },
	[LAYOUT_BIT] = { .key = "bit", .heading = "BIT", .kind = MO_CELL_COUNT,
			 .help = "of a bit-field: first bit, from the byte at the offset" },
	[LAYOUT_BITS] = { .key = "bits", .heading = "BITS", .kind = MO_CELL_COUNT, .help = "of a bit-field: its width" },
	[LAYOUT_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_COUNT, .help = "of the member" },
};

const struct mo_table_spec mo_print_layout_table = {
	.name = "layout",
	.title = "Layout",
	.columns = columns,
	.n_columns = COUNT(columns),
	.flags = MO_TABLE_NO_TITLE,
};

/* One printing: JSON rows, or lines of C. */
struct layout_print {
	struct mo_cli *cli;
	bool as_rows;
	uint64_t depth;
	unsigned n_members; /* that were put */
	struct mo_text path;
};

static void put_line(struct layout_print *print, unsigned level, const char *declaration, const char *comment)
{
	struct mo_text line = MO_TEXT_EMPTY;

	for (unsigned i = 0; i < level * INDENT; i++)
		mo_text_append_char(&line, ' ');
	mo_text_append_visible(&line, declaration, strlen(declaration), MO_ONE_LINE);
	if (comment)
		fprintf(print->cli->out, "%-*s %s\n", COMMENT_COLUMN, mo_text_chars(&line), comment);
	else
		fprintf(print->cli->out, "%s\n", mo_text_chars(&line));
	mo_text_deinit(&line);
}

static void put_row(struct layout_print *print, const struct mo_type_member *member, uint64_t offset_bits,
		    const char *type_name)
{
	bool is_bits = member->bitfield_bits;
	struct mo_cell cells[LAYOUT_COLUMNS];

	cells[LAYOUT_PATH] = mo_cell_text(mo_text_chars(&print->path));
	cells[LAYOUT_TYPE] = mo_cell_text(type_name);
	cells[LAYOUT_OFFSET] = mo_cell_number(mo_exact(offset_bits / 8));
	cells[LAYOUT_BIT] = is_bits ? mo_cell_number(mo_exact(offset_bits % 8)) : mo_cell_unknown();
	cells[LAYOUT_BITS] = is_bits ? mo_cell_number(mo_exact(member->bitfield_bits)) : mo_cell_unknown();
	cells[LAYOUT_SIZE] = mo_cell_number(mo_exact(mo_type_strip(member->type)->size_bytes));
	mo_report_row(print->cli->report, cells);
}

static const char *keyword(const struct mo_type *type)
{
	return type->kind == MO_TYPE_UNION ? "union" : "struct";
}

static struct mo_error *put_members(struct layout_print *print, const struct mo_type *type, uint64_t base_bits,
				    unsigned level);

/* A struct or union whose members are shown in place. */
static struct mo_error *put_nested(struct layout_print *print, const struct mo_type_member *member,
				   const struct mo_type *nested, uint64_t offset_bits, unsigned level)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text head = MO_TEXT_EMPTY;
	MO_CLEANUP(mo_cleanup_text) struct mo_text tail = MO_TEXT_EMPTY;
	MO_CLEANUP(mo_cleanup_text) struct mo_text comment = MO_TEXT_EMPTY;

	mo_text_printf(&head, "%s%s%s {", keyword(nested), nested->name ? " " : "", nested->name ? nested->name : "");
	mo_text_printf(&tail, "}%s%s;", member->name ? " " : "", member->name ? member->name : "");
	mo_text_printf(&comment, "/* %5llu %5llu */", (unsigned long long)(offset_bits / 8),
		       (unsigned long long)nested->size_bytes);
	if (print->as_rows)
		put_row(print, member, offset_bits, keyword(nested));
	else
		put_line(print, level, mo_text_chars(&head), NULL);
	MO_TRY(put_members(print, nested, offset_bits, level + 1));
	if (!print->as_rows)
		put_line(print, level, mo_text_chars(&tail), mo_text_chars(&comment));
	return NULL;
}

static void put_plain(struct layout_print *print, const struct mo_type_member *member, uint64_t offset_bits, unsigned level)
{
	char declaration[512];
	struct mo_text text = MO_TEXT_EMPTY;
	struct mo_text comment = MO_TEXT_EMPTY;

	if (print->as_rows) {
		mo_type_declare(member->type, NULL, declaration, sizeof(declaration));
		put_row(print, member, offset_bits, declaration);
		return;
	}
	mo_type_declare(member->type, member->name, declaration, sizeof(declaration));
	mo_text_append(&text, declaration);
	mo_text_printf(&comment, "/* %5llu", (unsigned long long)(offset_bits / 8));
	if (member->bitfield_bits) {
		mo_text_printf(&text, ":%u", member->bitfield_bits);
		mo_text_printf(&comment, ": %u", (unsigned)(offset_bits % 8));
	} else {
		mo_text_printf(&comment, " %5llu", (unsigned long long)mo_type_strip(member->type)->size_bytes);
	}
	mo_text_append_char(&text, ';');
	mo_text_append(&comment, " */");
	put_line(print, level, mo_text_chars(&text), mo_text_chars(&comment));
	mo_text_deinit(&text);
	mo_text_deinit(&comment);
}

/* The struct or union to open in place, or NULL: anonymous ones always, named ones as deep as was asked for. */
static const struct mo_type *to_open(struct layout_print *print, const struct mo_type_member *member, unsigned level)
{
	const struct mo_type *type = mo_type_strip(member->type);
	const struct mo_type *complete;
	struct mo_error *error;

	if ((type->kind != MO_TYPE_STRUCT && type->kind != MO_TYPE_UNION) || level >= MAX_NESTING)
		return NULL;
	if (member->name && (type->name || member->type->kind == MO_TYPE_TYPEDEF) && level > print->depth)
		return NULL;
	error = mo_types_complete(mo_kernel_types(print->cli->kernel), type, &complete);
	if (!error)
		return complete;
	mo_error_destroy(error);
	return NULL;
}

static struct mo_error *put_members(struct layout_print *print, const struct mo_type *type, uint64_t base_bits,
				    unsigned level)
{
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct mo_type_member *member = &type->members[i];
		const struct mo_type *nested;
		size_t path_length = print->path.length;
		struct mo_error *error = NULL;

		if (print->n_members++ >= MAX_MEMBERS)
			return mo_error_create(MO_E_LIMIT, "the type has more than %u members", MAX_MEMBERS);
		nested = to_open(print, member, level);
		if (member->name)
			mo_text_printf(&print->path, "%s%s", path_length ? "." : "", member->name);
		if (nested)
			error = put_nested(print, member, nested, base_bits + member->offset_bits, level);
		else
			put_plain(print, member, base_bits + member->offset_bits, level);
		if (mo_text_failed(&print->path) && !error)
			error = mo_error_no_memory();
		if (error)
			return error;
		print->path.length = path_length;
		if (print->path.chars)
			print->path.chars[path_length] = '\0';
	}
	return NULL;
}

static void put_enum(struct layout_print *print, const struct mo_type *type)
{
	fprintf(print->cli->out, "enum %s {\n", type->name ? type->name : "");
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		char line[256];

		snprintf(line, sizeof(line), "%s = %lld,", type->enumerators[i].name, (long long)type->enumerators[i].value);
		put_line(print, 1, line, NULL);
	}
	fprintf(print->cli->out, "};\n");
}

static void put_enum_rows(struct layout_print *print, const struct mo_type *type)
{
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		struct mo_cell cells[LAYOUT_COLUMNS];
		char value[32];

		for (size_t j = 0; j < LAYOUT_COLUMNS; j++)
			cells[j] = mo_cell_unknown();
		snprintf(value, sizeof(value), "= %lld", (long long)type->enumerators[i].value);
		cells[LAYOUT_PATH] = mo_cell_text(type->enumerators[i].name);
		cells[LAYOUT_TYPE] = mo_cell_text(value);
		mo_report_row(print->cli->report, cells);
	}
}

/* What is neither struct nor enum: what it is declared as, and its size. */
static void put_other(struct layout_print *print, const struct mo_type *declared, const struct mo_type *type)
{
	char declaration[512];
	struct mo_text comment = MO_TEXT_EMPTY;

	mo_type_declare(type, NULL, declaration, sizeof(declaration));
	mo_text_printf(&comment, "/* size: %llu */", (unsigned long long)type->size_bytes);
	if (declared->kind == MO_TYPE_TYPEDEF && declared->name)
		fprintf(print->cli->out, "typedef %s %s; %s\n", declaration, declared->name, mo_text_chars(&comment));
	else
		fprintf(print->cli->out, "%s %s\n", declaration, mo_text_chars(&comment));
	mo_text_deinit(&comment);
}

static struct mo_error *put_text(struct layout_print *print, const struct mo_type *declared, const struct mo_type *type)
{
	bool is_typedef = declared->kind == MO_TYPE_TYPEDEF && declared->name;

	if (type->kind == MO_TYPE_ENUM) {
		put_enum(print, type);
		return NULL;
	}
	if (type->kind != MO_TYPE_STRUCT && type->kind != MO_TYPE_UNION) {
		put_other(print, declared, type);
		return NULL;
	}
	fprintf(print->cli->out, "%s%s%s%s {\n", is_typedef ? "typedef " : "", keyword(type), type->name ? " " : "",
		type->name ? type->name : "");
	MO_TRY(put_members(print, type, 0, 1));
	fprintf(print->cli->out, "}%s%s; /* size: %llu */\n", is_typedef ? " " : "", is_typedef ? declared->name : "",
		(unsigned long long)type->size_bytes);
	return NULL;
}

struct mo_error *mo_print_layout(struct mo_cli *cli, const struct mo_type *declared, const struct mo_type *complete,
				 uint64_t depth)
{
	struct layout_print print = { .cli = cli, .as_rows = mo_cli_is_for_programs(cli), .depth = depth };
	const struct mo_type *type = mo_type_strip(complete);
	struct mo_error *error = NULL;

	if (!print.as_rows) {
		error = put_text(&print, declared, type);
	} else {
		mo_report_table_begin(cli->report, &mo_print_layout_table);
		if (type->kind == MO_TYPE_ENUM)
			put_enum_rows(&print, type);
		else
			error = put_members(&print, type, 0, 1);
		mo_report_table_end(cli->report);
	}
	mo_text_deinit(&print.path);
	return error;
}
