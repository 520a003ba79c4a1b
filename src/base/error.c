/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors as objects: made, given context on the way up, dropped. */
#include <memopsy/error.h>

#include <errno.h>
#include <stdarg.h>

#include "text.h"

struct mo_error {
	enum mo_error_code code;
	char *text; /* NULL only in the error that needs no memory */
};

/* Shared by every allocation failure; never changed, never freed. */
static const struct mo_error no_memory = { .code = MO_E_NO_MEMORY, .text = NULL };

struct mo_error *mo_error_no_memory(void)
{
	/* The cast is safe: every function here leaves this one object alone. */
	return (struct mo_error *)(uintptr_t)&no_memory;
}

static struct mo_error *error_from_text(enum mo_error_code code, struct mo_text *raw)
{
	struct mo_text visible = MO_TEXT_EMPTY;
	struct mo_error *error = malloc(sizeof(*error));

	mo_text_append_visible(&visible, mo_text_chars(raw), raw->length, MO_ONE_LINE);
	if (!error || mo_text_failed(raw) || mo_text_failed(&visible)) {
		free(error);
		mo_text_deinit(&visible);
		return mo_error_no_memory();
	}
	error->code = code;
	error->text = visible.length ? mo_text_take(&visible) : NULL;
	return error;
}

struct mo_error *mo_error_create(enum mo_error_code code, const char *format, ...)
{
	struct mo_text raw = MO_TEXT_EMPTY;
	struct mo_error *error;
	va_list arguments;

	va_start(arguments, format);
	mo_text_vprintf(&raw, format, arguments);
	va_end(arguments);
	error = error_from_text(code, &raw);
	mo_text_deinit(&raw);
	return error;
}

static enum mo_error_code code_from_errno(int errno_value)
{
	switch (errno_value) {
	case EACCES:
	case EPERM:
		return MO_E_PERMISSION;
	case ENOMEM:
		return MO_E_NO_MEMORY;
	default:
		return MO_E_IO;
	}
}

struct mo_error *mo_error_from_errno(int errno_value, const char *format, ...)
{
	struct mo_text raw = MO_TEXT_EMPTY;
	struct mo_error *error;
	char reason[128];
	va_list arguments;

	va_start(arguments, format);
	mo_text_vprintf(&raw, format, arguments);
	va_end(arguments);
	/* The GNU variant, which is safe for threads and may give a string of its own. */
	mo_text_printf(&raw, ": %s", strerror_r(errno_value, reason, sizeof(reason)));
	error = error_from_text(code_from_errno(errno_value), &raw);
	mo_text_deinit(&raw);
	return error;
}

struct mo_error *mo_error_prepend(struct mo_error *error, const char *format, ...)
{
	struct mo_text raw = MO_TEXT_EMPTY;
	struct mo_error *longer;
	va_list arguments;

	if (!error || error == &no_memory)
		return error;
	va_start(arguments, format);
	mo_text_vprintf(&raw, format, arguments);
	va_end(arguments);
	mo_text_append(&raw, ": ");
	mo_text_append(&raw, mo_error_text(error));
	longer = error_from_text(error->code, &raw);
	mo_text_deinit(&raw);
	if (longer == &no_memory)
		return error; /* the cause is worth more than the path to it */
	mo_error_destroy(error);
	return longer;
}

bool mo_error_destroy(struct mo_error *error)
{
	if (error && error != &no_memory) {
		free(error->text);
		free(error);
	}
	return error != NULL;
}

bool mo_error_ends_run(const struct mo_error *error)
{
	return error && (error->code == MO_E_NO_MEMORY || error->code == MO_E_CANCELLED);
}

bool mo_error_catch(struct mo_error **error, enum mo_error_code code)
{
	if (!*error || (*error)->code != code)
		return false;
	mo_error_destroy(*error);
	*error = NULL;
	return true;
}

enum mo_error_code mo_error_code(const struct mo_error *error)
{
	return error->code;
}

const char *mo_error_text(const struct mo_error *error)
{
	if (error->text)
		return error->text;
	return error->code == MO_E_NO_MEMORY ? "out of memory" : "unknown error";
}
