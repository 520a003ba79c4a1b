/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_ERROR_H
#define MEMOPSY_ERROR_H

/*
 * Errors are objects.
 *
 * A function that can fail returns `struct mo_error *`: NULL is success, anything else belongs to the caller, who
 * passes it on, catches it or destroys it. Out-parameters are untouched when an error is returned.
 *
 * Each layer prepends what it was doing, and where, so that the text reads as a path from the wish to the cause:
 *   "cannot read struct zone at 0xffff88813fffa000: page frame 0x13fffa is not in the dump"
 *
 * Nothing here prints or exits. Errors may be created on any thread; one object belongs to one thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * These two enclose the declarations of every public header: C linkage, and visible outside of the library, whose
 * objects are built with hidden visibility.
 */
#ifdef __cplusplus
#define MO_API_BEGIN extern "C" { _Pragma("GCC visibility push(default)")
#define MO_API_END _Pragma("GCC visibility pop") }
#else
#define MO_API_BEGIN _Pragma("GCC visibility push(default)")
#define MO_API_END _Pragma("GCC visibility pop")
#endif

MO_API_BEGIN

#define MO_MUST_USE __attribute__((warn_unused_result))
#define MO_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))

/* What went wrong, as far as a caller may want to act on it. Numbers are part of the ABI: append only. */
enum mo_error_code {
	MO_E_NO_MEMORY = 1,   /* this process ran out of memory */
	MO_E_IO = 2,          /* the operating system refused or failed a file operation */
	MO_E_NOT_IN_DUMP = 3, /* the physical page is not in the dump (excluded, or never dumped) */
	MO_E_NOT_MAPPED = 4,  /* the virtual address has no translation */
	MO_E_CORRUPT = 5,     /* bytes are there and make no sense */
	MO_E_ABSENT = 6,      /* this kernel (or its type information) has no such type, member, enumerator or symbol */
	MO_E_CYCLE = 7,       /* a walk came back to where it had been */
	MO_E_LIMIT = 8,       /* a walk or a size went past its bound */
	MO_E_INVALID = 9,     /* the caller, or the user, asked for something that makes no sense */
	MO_E_UNSUPPORTED = 10, /* understood, but this build or this version cannot do it */
	MO_E_MISMATCH = 11,   /* two files that must belong together do not */
	MO_E_PERMISSION = 12, /* the operating system says no */
	MO_E_CANCELLED = 13,  /* the user interrupted */
};

struct mo_error;

/* A new error. Never returns NULL: if memory is short, it is a MO_E_NO_MEMORY error that needs no memory. */
struct mo_error *mo_error_create(enum mo_error_code code, const char *format, ...) MO_PRINTF(2, 3) MO_MUST_USE;

/*
 * A new error from an errno value; ": " and its description are appended. EACCES and EPERM give MO_E_PERMISSION,
 * ENOMEM gives MO_E_NO_MEMORY, all else MO_E_IO.
 */
struct mo_error *mo_error_from_errno(int errno_value, const char *format, ...) MO_PRINTF(2, 3) MO_MUST_USE;

/* The error that an allocation failure gives; needs no memory itself. */
struct mo_error *mo_error_no_memory(void) MO_MUST_USE;

/* Puts "<text>: " before the error's text and returns it. NULL in, NULL out, so that it may wrap any call. */
struct mo_error *mo_error_prepend(struct mo_error *error, const char *format, ...) MO_PRINTF(2, 3) MO_MUST_USE;

/*
 * Frees an error, NULL is fine, and says whether there was one: who drops an error and goes on asks this, since the pointer
 * is not to be looked at afterwards.
 */
bool mo_error_destroy(struct mo_error *error);

/* If *error has this code: frees it, sets *error to NULL and returns true. Any other error is left alone. */
bool mo_error_catch(struct mo_error **error, enum mo_error_code code);

/* The code. `error` must not be NULL. */
enum mo_error_code mo_error_code(const struct mo_error *error);

/*
 * Whether it ends a run whatever it was that failed: memory is short, or the user interrupted. Any other error may become a
 * remark, or a part that is left out. NULL: false.
 */
bool mo_error_ends_run(const struct mo_error *error);

/* The text, without a newline; valid UTF-8 with control characters made visible. Lives as long as the error. */
const char *mo_error_text(const struct mo_error *error);

MO_API_END

#endif
