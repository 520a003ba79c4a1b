/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the plugin asks of a run and a kernel beyond the fakes that plugins share. Weak, so that those may learn it. */
#include "fake_run.h"

#include <memopsy/memmap.h>
#include <memopsy/table_walk.h>

#define WEAK __attribute__((weak))
#define DIRECT_KVA 0xffff888000000000ull

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	(void)name;
	return NULL;
}

WEAK enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	(void)kernel;
	return pfn < 0x1000 ? MO_FRAME_PRESENT : MO_FRAME_HOLE;
}

/* The vmalloc range of these tests is mapped to page frames 0x100 and on. */
WEAK struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret)
{
	(void)reader;
	if (kva - 0xffffc90000000000ull < 0x100000)
		*pa_ret = 0x100000 + (kva - 0xffffc90000000000ull);
	else if (kva - DIRECT_KVA < 0x1000000)
		*pa_ret = kva - DIRECT_KVA;
	else
		return mo_error_create(MO_E_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)kva);
	if (span_bytes_ret)
		*span_bytes_ret = 4096 - kva % 4096;
	return NULL;
}

WEAK struct mo_error *mo_walk_tables(struct mo_reader *reader, struct mo_table_walk *walk)
{
	(void)reader;
	(void)walk;
	return NULL;
}

WEAK struct mo_error *mo_pa_to_kva(const struct mo_kernel *kernel, uint64_t pa, uint64_t *kva)
{
	(void)kernel;
	*kva = DIRECT_KVA + pa;
	return NULL;
}

WEAK struct mo_error *mo_direct_map_base(const struct mo_kernel *kernel, uint64_t *kva)
{
	(void)kernel;
	*kva = DIRECT_KVA;
	return NULL;
}
