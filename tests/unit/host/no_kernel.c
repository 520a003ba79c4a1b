/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host asks of a kernel, of one that has nothing: plugins of tests bind and read nothing. */
#include <memopsy/plugin.h>

#include "session.h"

struct mo_error *mo_kernel_prefetch(struct mo_kernel *kernel, const struct mo_need *const *tables, const size_t *n_needs,
				    size_t n_tables)
{
	(void)kernel;
	(void)tables;
	(void)n_needs;
	(void)n_tables;
	return NULL;
}

struct mo_error *mo_reader_create(struct mo_kernel *kernel, struct mo_reader **ret)
{
	(void)kernel;
	*ret = NULL;
	return NULL;
}

void mo_reader_destroy(struct mo_reader *reader)
{
	(void)reader;
}

__attribute__((weak)) struct mo_error *mo_bind(struct mo_kernel *kernel, const struct mo_need *needs, size_t n_needs, void *layout)
{
	(void)kernel;
	(void)needs;
	(void)n_needs;
	(void)layout;
	return NULL;
}

struct mo_error *mo_kernel_load_modules(struct mo_kernel *kernel)
{
	(void)kernel;
	return NULL;
}

__attribute__((weak)) struct mo_error *mo_kernel_load_module_types(struct mo_kernel *kernel, size_t *n_modules_ret)
{
	(void)kernel;
	(void)n_modules_ret;
	return NULL;
}
