/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_CLEANUP_H
#define MO_CLEANUP_H

/* Locals that clean up after themselves: `MO_FREE char *name = ...;` and `return mo_take(name);` to keep it. */

#include <stdlib.h>
#include <unistd.h>

#include <memopsy/error.h>

#define MO_CLEANUP(function) __attribute__((cleanup(function)))

static inline void mo_cleanup_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

static inline void mo_cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void mo_cleanup_error(struct mo_error **error)
{
	mo_error_destroy(*error);
}

#define MO_FREE MO_CLEANUP(mo_cleanup_free)
#define MO_CLOSE MO_CLEANUP(mo_cleanup_fd)
#define MO_DROP_ERROR MO_CLEANUP(mo_cleanup_error)

/* The value of a self-cleaning local, which is NULL afterwards and so is not cleaned. */
#define mo_take(local) \
	__extension__({ \
		__typeof__(local) mo_taken_ = (local); \
		(local) = NULL; \
		mo_taken_; \
	})

/* Passes an error on: `MO_TRY(mo_dump_open(...));` */
#define MO_TRY(call) \
	do { \
		struct mo_error *mo_try_error_ = (call); \
		if (mo_try_error_) \
			return mo_try_error_; \
	} while (0)

#endif
