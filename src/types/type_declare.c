/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types as C declarations. A declarator grows from the name outwards while the chain of types is followed: a pointer
 * goes before it, an array's or function's brackets behind it, with parentheses where a pointer came between.
 */
#include <stdio.h>

#include <memopsy/types.h>

#include "text.h"

/* A function's parameters may be functions; types of a hostile dump must not make that endless. */
#define PARAMETERS_MAX 256
#define CHAIN_MAX 256

struct declaration {
	unsigned n_parameters_left;
	unsigned depth;
};

static void declare(struct declaration *declaration, const struct mo_type *type, const char *name, struct mo_text *ret);

static void append_base(const struct mo_type *type, struct mo_text *text)
{
	static const char *const prefixes[] = {
		[MO_TYPE_STRUCT] = "struct ", [MO_TYPE_UNION] = "union ", [MO_TYPE_ENUM] = "enum ",
	};
	bool is_tagged = type->kind == MO_TYPE_STRUCT || type->kind == MO_TYPE_UNION || type->kind == MO_TYPE_ENUM;

	if (type->kind == MO_TYPE_VOID) {
		mo_text_append(text, "void");
		return;
	}
	if (is_tagged)
		mo_text_append(text, prefixes[type->kind]);
	mo_text_append(text, type->name ? type->name : is_tagged ? "{...}" : "?");
}

/* Replaces the declarator by before + declarator + behind. */
static void wrap(struct mo_text *declarator, const char *before, const char *behind)
{
	struct mo_text wrapped = MO_TEXT_EMPTY;

	mo_text_append(&wrapped, before);
	mo_text_append(&wrapped, mo_text_chars(declarator));
	mo_text_append(&wrapped, behind);
	mo_text_deinit(declarator);
	*declarator = wrapped;
}

static void parenthesise_pointer(struct mo_text *declarator)
{
	if (*mo_text_chars(declarator) == '*')
		wrap(declarator, "(", ")");
}

static void append_parameters(struct declaration *declaration, const struct mo_type *function, struct mo_text *declarator)
{
	mo_text_append_char(declarator, '(');
	for (uint32_t i = 0; i < function->n_members; i++) {
		struct mo_text parameter = MO_TEXT_EMPTY;

		if (i)
			mo_text_append(declarator, ", ");
		if (!declaration->n_parameters_left || declaration->depth >= 8) {
			mo_text_append(declarator, "?");
			break;
		}
		declaration->n_parameters_left--;
		declaration->depth++;
		declare(declaration, function->members[i].type, function->members[i].name, &parameter);
		declaration->depth--;
		mo_text_append(declarator, mo_text_chars(&parameter));
		mo_text_deinit(&parameter);
	}
	if (function->is_variadic)
		mo_text_append(declarator, function->n_members ? ", ..." : "...");
	else if (!function->n_members)
		mo_text_append(declarator, "void");
	mo_text_append_char(declarator, ')');
}

static void append_length(const struct mo_type *array, struct mo_text *declarator)
{
	if (array->is_flexible)
		mo_text_append(declarator, "[]");
	else
		mo_text_printf(declarator, "[%llu]", (unsigned long long)array->array_length);
}

static void declare_pointer(struct mo_text *declarator, bool is_const, bool is_volatile)
{
	bool needs_space = (is_const || is_volatile) && mo_text_chars(declarator)[0];
	char before[32];

	(void)snprintf(before, sizeof(before), "*%s%s%s%s", is_const ? "const" : "", is_const && is_volatile ? " " : "",
		       is_volatile ? "volatile" : "", needs_space ? " " : "");
	wrap(declarator, before, "");
}

static void declare(struct declaration *declaration, const struct mo_type *type, const char *name, struct mo_text *ret)
{
	struct mo_text declarator = MO_TEXT_EMPTY;
	bool is_const = false, is_volatile = false;
	unsigned n_steps = 0;

	mo_text_append(&declarator, name ? name : "");
	while (n_steps++ < CHAIN_MAX) {
		if (type->kind == MO_TYPE_CONST) {
			is_const = true;
		} else if (type->kind == MO_TYPE_VOLATILE) {
			is_volatile = true;
		} else if (type->kind == MO_TYPE_POINTER) {
			declare_pointer(&declarator, is_const, is_volatile);
			is_const = is_volatile = false;
		} else if (type->kind == MO_TYPE_ARRAY) {
			parenthesise_pointer(&declarator);
			append_length(type, &declarator);
		} else if (type->kind == MO_TYPE_FUNCTION) {
			parenthesise_pointer(&declarator);
			append_parameters(declaration, type, &declarator);
		} else {
			break;
		}
		type = type->target;
	}
	mo_text_append(ret, is_const ? "const " : "");
	mo_text_append(ret, is_volatile ? "volatile " : "");
	append_base(type, ret);
	if (*mo_text_chars(&declarator))
		mo_text_append_char(ret, ' ');
	mo_text_append(ret, mo_text_chars(&declarator));
	mo_text_deinit(&declarator);
}

size_t mo_type_declare(const struct mo_type *type, const char *name, char *buffer, size_t buffer_bytes)
{
	struct declaration declaration = { .n_parameters_left = PARAMETERS_MAX };
	struct mo_text text = MO_TEXT_EMPTY;
	size_t length;

	declare(&declaration, type, name, &text);
	length = text.length;
	if (buffer_bytes)
		(void)snprintf(buffer, buffer_bytes, "%s", mo_text_chars(&text));
	mo_text_deinit(&text);
	return length;
}
