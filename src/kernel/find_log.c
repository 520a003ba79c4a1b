/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel log of a dump that cannot be read otherwise: where nothing leads to it, it is looked for by its shape. */
#include "kernel_private.h"

#include <memopsy/printk.h>

#include "cleanup.h"
#include "printk_shape.h"

struct mo_error *mo_kernel_find_log(struct mo_kernel *kernel, struct mo_error *why)
{
	struct mo_error *error;

	if (mo_error_ends_run(why))
		return why;
	error = mo_shape_log_search(kernel, &kernel->shape_log);
	if (error && mo_error_catch(&error, MO_E_ABSENT))
		return why;
	if (!error)
		error = mo_kernel_add_remark(kernel, "the kernel log was found by its shape: %s", mo_error_text(why));
	mo_error_destroy(why);
	return error;
}

struct mo_error *mo_kernel_check_log(struct mo_kernel *kernel)
{
	struct mo_reader *reader;
	struct mo_log *log = NULL;
	struct mo_error *error;

	MO_TRY(mo_reader_create(kernel, &reader));
	error = mo_log_open(reader, &log);
	mo_log_close(log);
	mo_reader_destroy(reader);
	if (!error)
		return NULL;
	error = mo_kernel_find_log(kernel, error);
	/* That there is no log is told by those who ask for it. */
	if (error && !mo_error_ends_run(error)) {
		mo_error_destroy(error);
		error = NULL;
	}
	return error;
}
