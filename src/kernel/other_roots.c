/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Top tables of the kernel's half beside its own, which src/arch knows by their symbols. */
#include <memopsy/table_walk.h>

#include "kernel_private.h"

size_t mo_other_root_tables(struct mo_reader *reader, uint64_t *ret_pa, size_t room)
{
	const struct mo_kernel *kernel = reader->kernel;
	const char *const *name = kernel->arch ? kernel->arch->root_symbols : NULL;
	size_t n = 0;

	for (; name && *name && n < room && kernel->symbols; name++) {
		struct mo_symbol symbol;
		struct mo_error *error = mo_symbols_find(kernel->symbols, NULL, *name, &symbol, NULL);

		if (!error)
			error = mo_translate(reader, symbol.value_kva, &ret_pa[n], NULL);
		n += !mo_error_destroy(error);
	}
	return n;
}
