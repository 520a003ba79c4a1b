/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory behind the fake kernel's addresses: a direct map that begins at BASE_KVA, and some user pages. */
#include <memopsy/memmap.h>
#include <memopsy/parallel.h>

#include "kernel_rows.h"

#define WEAK __attribute__((weak)) /* the fake kernel may learn it one day */

/* User memory: the first 64 KiB are mapped, to the frames of SPARE() in toy_tasks.h. */
WEAK struct mo_error *mo_walk_page_table(struct mo_reader *reader, uint64_t root_pa, uint64_t va, struct mo_translation *ret)
{
	(void)reader;
	(void)root_pa;
	*ret = (struct mo_translation){ .is_mapped = va < 0x10000, .pa = 0xd0000 + va, .span_bytes = 0x1000 - (va & 0xfff) };
	return NULL;
}

/* The direct map begins at BASE_KVA. */
WEAK struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	return mo_read(reader, BASE_KVA + pa, buffer, n_bytes);
}

WEAK struct mo_error *mo_direct_map_to_pa(const struct mo_kernel *kernel, uint64_t kva, uint64_t *pa)
{
	(void)kernel;
	if (kva < BASE_KVA)
		return mo_error_create(MO_E_NOT_MAPPED, "not in the direct map");
	*pa = kva - BASE_KVA;
	return NULL;
}

WEAK struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret)
{
	(void)span_bytes_ret;
	return mo_direct_map_to_pa(mo_reader_kernel(reader), kva, pa_ret);
}

/* One after the other. */
WEAK struct mo_error *mo_parallel_scan(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase, uint64_t first,
				  uint64_t end, uint64_t grain, mo_scan_function function, void *context)
{
	(void)progress;
	(void)phase;
	for (uint64_t at = first; at < end; at += grain) {
		struct mo_error *error = function(context, mo_fake_reader(kernel), 0, at,
						  end - at < grain ? end - at : grain);

		if (error)
			return error;
	}
	return NULL;
}
