/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object in memory, member by member. */
#include "print_value.h"

#include "cleanup.h"
#include "format_value.h"
#include "print_object.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_NESTING 64
#define MAX_VALUES (1u << 22) /* damaged types double their members at each level */
#define MAX_OBJECTS 10000 /* pointers to follow grow with the power of the depth */

enum value_column { VALUE_PATH, VALUE_TYPE, VALUE_ADDRESS, VALUE_VALUE, VALUE_COLUMNS };

static const struct mo_column columns[VALUE_COLUMNS] = {
	[VALUE_PATH] = { .key = "member", .heading = "MEMBER", .help = "its path from the object" },
	[VALUE_TYPE] = { .key = "type", .heading = "TYPE", .help = "its type, as C writes it" },
	[VALUE_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "address of the member" },
	[VALUE_VALUE] = { .key = "value", .heading = "VALUE", .help = "as shown in text" },
};

const struct mo_table_spec mo_print_value_table = {
	.name = "values",
	.title = "Values",
	.columns = columns,
	.n_columns = COUNT(columns),
	.flags = MO_TABLE_NO_TITLE,
};

struct value_print {
	struct mo_cli *cli;
	const struct mo_print_requests *requests;
	bool as_rows;
	struct mo_text path;       /* "zone_pgdat->node_id": of what is being shown */
	size_t n_objects;
	unsigned n_values;         /* that were shown */
};

/* What is being shown: a place in an object that has been read, and how deep in it. */
struct value_at {
	const struct mo_print_object *object;
	struct mo_value_place place;
	uint64_t depth;            /* pointers that may still be followed */
	unsigned level;            /* of nesting */
};

static struct mo_error *show(struct value_print *print, const struct value_at *at, const char *name);

static bool must_stop(const struct value_print *print)
{
	return ferror(print->cli->out) || mo_report_failed(print->cli->report);
}

static void put_line(struct value_print *print, unsigned level, const char *name, const char *text)
{
	fprintf(print->cli->out, "%*s%s%s%s\n", (int)(level * 4), "", name ? name : "", name && *text ? " = " : "", text);
}

static void put_row(struct value_print *print, const struct value_at *at, const char *value)
{
	char type[256];
	struct mo_cell cells[VALUE_COLUMNS];

	mo_type_declare(at->place.type, NULL, type, sizeof(type));
	cells[VALUE_PATH] = mo_cell_text(mo_text_chars(&print->path));
	cells[VALUE_TYPE] = mo_cell_text(type);
	cells[VALUE_ADDRESS] = mo_cell_number(mo_exact(at->object->kva + at->place.offset_bits / 8));
	cells[VALUE_VALUE] = mo_cell_text(value);
	mo_report_row(print->cli->report, cells);
}

/* Cuts the path back to what it was. */
static void cut_path(struct value_print *print, size_t length)
{
	print->path.length = length;
	if (print->path.chars)
		print->path.chars[length] = '\0';
}

/* The struct or union that a pointer leads to, if it may be followed and is known. */
static const struct mo_type *pointed_struct(struct value_print *print, const struct value_at *at)
{
	const struct mo_type *type = mo_type_strip(at->place.type);
	const struct mo_type *target;
	const struct mo_type *complete;
	struct mo_error *error;

	if (type->kind != MO_TYPE_POINTER || !at->depth || !type->target || at->place.bitfield_bits ||
	    print->n_objects >= MAX_OBJECTS)
		return NULL;
	target = mo_type_strip(type->target);
	if (target->kind != MO_TYPE_STRUCT && target->kind != MO_TYPE_UNION)
		return NULL;
	error = mo_types_complete(mo_kernel_types(print->cli->kernel), target, &complete);
	if (!error)
		return complete->size_bytes ? complete : NULL;
	mo_error_destroy(error);
	return NULL;
}

static struct mo_error *show_members(struct value_print *print, const struct value_at *at, const struct mo_type *type)
{
	struct mo_error *error = NULL;

	for (uint32_t i = 0; i < type->n_members && !error && !must_stop(print); i++) {
		const struct mo_type_member *member = &type->members[i];
		struct value_at inner = *at;
		size_t path_length = print->path.length;
		MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;

		inner.place = (struct mo_value_place){
			.type = member->type,
			.offset_bits = at->place.offset_bits + member->offset_bits,
			.bitfield_bits = member->bitfield_bits,
		};
		inner.level = at->level + 1;
		if (member->name) {
			mo_text_printf(&name, ".%s", member->name);
			mo_text_printf(&print->path, "%s%s", path_length ? "." : "", member->name);
		}
		error = show(print, &inner, member->name ? mo_text_chars(&name) : NULL);
		cut_path(print, path_length);
	}
	return error;
}

/* "-> {": the object behind a pointer, read for itself. */
static struct mo_error *show_pointed(struct value_print *print, const struct value_at *at, const struct mo_type *target)
{
	struct mo_print_object object;
	struct value_at inner = { .depth = at->depth - 1, .level = at->level };
	size_t path_length = print->path.length;
	struct mo_error *error;
	uint64_t kva;

	if (!mo_value_number(print->cli, at->object, &at->place, &kva) || !kva)
		return NULL;
	error = mo_print_object_read(print->cli->reader, kva, target->size_bytes, &object);
	if (mo_error_ends_run(error))
		return error;
	if (error) {
		/* No object lies there: the pointer's value says it. */
		mo_error_destroy(error);
		return NULL;
	}
	print->n_objects++;
	inner.object = &object;
	inner.place.type = target;
	if (object.error && object.n_pages == 1) {
		/* Nothing of it could be read: one line says so. */
		if (!print->as_rows)
			put_line(print, at->level, "  -> unreadable:", mo_error_text(object.error));
		mo_print_object_deinit(&object);
		return NULL;
	}
	if (!print->as_rows)
		put_line(print, at->level, "  -> {", "");
	mo_text_append(&print->path, "->");
	error = show_members(print, &inner, target);
	cut_path(print, path_length);
	if (!print->as_rows)
		put_line(print, at->level, "  },", "");
	mo_print_object_deinit(&object);
	return error;
}

static struct mo_error *show_scalar(struct value_print *print, const struct value_at *at, const char *name)
{
	const struct mo_type *target = pointed_struct(print, at);
	MO_CLEANUP(mo_cleanup_text) struct mo_text value = MO_TEXT_EMPTY;

	mo_value_append(print->cli, at->object, &at->place, print->requests->as_hex, print->requests->with_strings, &value);
	if (print->as_rows) {
		put_row(print, at, mo_text_chars(&value));
	} else {
		if (at->level)
			mo_text_append_char(&value, ',');
		put_line(print, at->level, name, mo_text_chars(&value));
	}
	if (mo_text_failed(&value) || mo_text_failed(&print->path))
		return mo_error_no_memory();
	return target ? show_pointed(print, at, target) : NULL;
}

/* Elements that are single values, in one line. */
static void show_short_array(struct value_print *print, const struct value_at *at, const char *name,
			     const struct mo_type *element, uint64_t n_shown, uint64_t n_elements)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text line = MO_TEXT_EMPTY;

	mo_text_append(&line, "{ ");
	for (uint64_t i = 0; i < n_shown; i++) {
		struct mo_value_place place = {
			.type = element,
			.offset_bits = at->place.offset_bits + i * mo_type_strip(element)->size_bytes * 8,
		};

		mo_value_append(print->cli, at->object, &place, print->requests->as_hex, print->requests->with_strings, &line);
		mo_text_append(&line, i + 1 < n_shown ? ", " : " ");
	}
	if (n_shown < n_elements)
		mo_text_printf(&line, "... %llu more ", (unsigned long long)(n_elements - n_shown));
	mo_text_append(&line, "},");
	put_line(print, at->level, name, mo_text_chars(&line));
}

static struct mo_error *show_elements(struct value_print *print, const struct value_at *at, const char *name,
				      uint64_t n_elements)
{
	const struct mo_type *element = mo_type_strip(at->place.type)->target;
	uint64_t element_bits = mo_type_strip(element)->size_bytes * 8;
	uint64_t n_shown = n_elements < print->requests->array_limit ? n_elements : print->requests->array_limit;
	struct mo_error *error = NULL;

	if (!print->as_rows && mo_value_is_scalar(element)) {
		show_short_array(print, at, name, element, n_shown, n_elements);
		return NULL;
	}
	if (!print->as_rows)
		put_line(print, at->level, name, "{");
	for (uint64_t i = 0; i < n_shown && !error && !must_stop(print); i++) {
		struct value_at inner = *at;
		size_t path_length = print->path.length;
		char index[32];

		snprintf(index, sizeof(index), "[%llu]", (unsigned long long)i);
		mo_text_append(&print->path, index);
		inner.place = (struct mo_value_place){
			.type = element,
			.offset_bits = at->place.offset_bits + i * element_bits,
		};
		inner.level = at->level + 1;
		error = show(print, &inner, index);
		cut_path(print, path_length);
	}
	if (!print->as_rows) {
		if (n_shown < n_elements)
			fprintf(print->cli->out, "%*s... %llu more\n", (int)(at->level + 1) * 4, "",
				(unsigned long long)(n_elements - n_shown));
		put_line(print, at->level, at->level ? "}," : "}", "");
	}
	return error;
}

/* A flexible array lies behind its object and does not say how long it is: as much of it as was asked for. */
static struct mo_error *show_flexible(struct value_print *print, const struct value_at *at, const char *name)
{
	const struct mo_type *element = mo_type_strip(at->place.type)->target;
	uint64_t element_bytes = element ? mo_type_strip(element)->size_bytes : 0;
	uint64_t n_elements = print->requests->asked_for_array ? print->requests->array_limit : 0;
	struct mo_print_object object;
	struct value_at inner = *at;
	struct mo_error *error;

	if (!n_elements || !element_bytes || n_elements > UINT64_MAX / element_bytes) {
		if (!print->as_rows)
			put_line(print, at->level, name, "{ of unknown length },");
		return NULL;
	}
	MO_TRY(mo_print_object_read(print->cli->reader, at->object->kva + at->place.offset_bits / 8,
				    n_elements * element_bytes, &object));
	inner.object = &object;
	inner.place.offset_bits = 0;
	error = show_elements(print, &inner, name, n_elements);
	mo_print_object_deinit(&object);
	return error;
}

static struct mo_error *show_struct(struct value_print *print, const struct value_at *at, const char *name)
{
	const struct mo_type *type = mo_type_strip(at->place.type);
	struct mo_error *error = mo_types_complete(mo_kernel_types(print->cli->kernel), type, &type);

	if (error) {
		mo_error_destroy(error);
		if (!print->as_rows)
			put_line(print, at->level, name, "{ of unknown members },");
		return NULL;
	}
	if (!print->as_rows)
		put_line(print, at->level, name, "{");
	error = show_members(print, at, type);
	if (!print->as_rows)
		put_line(print, at->level, at->level ? "}," : "}", "");
	return error;
}

static struct mo_error *show(struct value_print *print, const struct value_at *at, const char *name)
{
	const struct mo_type *type = mo_type_strip(at->place.type);

	if (!mo_progress_add(print->cli->progress, 1))
		return mo_progress_cancelled(print->cli->progress);
	if (++print->n_values > MAX_VALUES)
		return mo_error_create(MO_E_LIMIT, "the object has more than %u members and elements", MAX_VALUES);
	if (at->level > MAX_NESTING)
		return mo_error_create(MO_E_LIMIT, "the type is nested more than %d levels deep", MAX_NESTING);
	if (at->place.bitfield_bits || mo_value_is_scalar(type))
		return show_scalar(print, at, name);
	if (type->kind != MO_TYPE_ARRAY)
		return show_struct(print, at, name);
	return type->is_flexible ? show_flexible(print, at, name) : show_elements(print, at, name, type->array_length);
}

static struct mo_error *show_wanted(struct value_print *print, const struct value_at *whole, const struct mo_type *type,
				    const char *head)
{
	for (size_t i = 0; i < print->requests->n_members; i++) {
		const char *member = print->requests->members[i];
		MO_CLEANUP(mo_cleanup_text) struct mo_text name = MO_TEXT_EMPTY;
		struct mo_type_path path;
		struct value_at at = *whole;

		MO_TRY(mo_types_find_member(mo_kernel_types(print->cli->kernel), type, member, &path));
		at.place = (struct mo_value_place){
			.type = path.type,
			.offset_bits = path.offset_bits,
			.bitfield_bits = path.bitfield_bits,
		};
		mo_text_append(&print->path, member);
		mo_text_printf(&name, ".%s", member);
		MO_TRY(show(print, &at, mo_text_chars(&name)));
		cut_path(print, 0);
	}
	return print->requests->n_members ? NULL : show(print, whole, head);
}

struct mo_error *mo_print_value(struct mo_cli *cli, const char *type_name, const struct mo_type *type, uint64_t kva,
				const struct mo_print_requests *requests)
{
	struct value_print print = { .cli = cli, .requests = requests, .as_rows = mo_cli_is_for_programs(cli) };
	MO_CLEANUP(mo_cleanup_text) struct mo_text head = MO_TEXT_EMPTY;
	struct value_at whole = { .place = { .type = type }, .depth = requests->depth };
	struct mo_print_object object;
	struct mo_error *error;

	MO_TRY(mo_print_object_read(cli->reader, kva, mo_type_strip(type)->size_bytes, &object));
	whole.object = &object;
	mo_text_printf(&head, "%s at 0x%llx", type_name, (unsigned long long)kva);
	if (print.as_rows)
		mo_report_table_begin(cli->report, &mo_print_value_table);
	mo_progress_begin(cli->progress, "reading memory", 0);
	error = show_wanted(&print, &whole, type, mo_text_chars(&head));
	mo_progress_end(cli->progress);
	if (print.as_rows)
		mo_report_table_end(cli->report);
	if (!error && object.error) {
		mo_cli_missing(cli, "'?': unreadable: %s", mo_error_text(object.error));
	}
	if (print.n_objects >= MAX_OBJECTS)
		mo_cli_missing(cli, "only %d pointers were followed", MAX_OBJECTS);
	mo_print_object_deinit(&object);
	mo_text_deinit(&print.path);
	return error;
}
