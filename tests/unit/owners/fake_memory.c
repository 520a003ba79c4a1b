/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the plugin asks of a run and a kernel beyond the fakes that plugins share. Weak, so that those may learn it. */
#include "fake_run.h"

#include <memopsy/memmap.h>

#define WEAK __attribute__((weak))
#define DIRECT_KVA 0xffff888000000000ull

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	(void)name;
	return NULL;
}

const char *mo_run_text(const struct mo_run *run, const char *option)
{
	(void)run;
	(void)option;
	return NULL;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	(void)run;
	(void)option;
	(void)ret;
	return false;
}

WEAK enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	(void)kernel;
	return pfn < 0x1000 ? MO_FRAME_PRESENT : MO_FRAME_HOLE;
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

WEAK void mo_view_done(struct mo_reader *reader, const void *bytes, size_t n_bytes)
{
	(void)reader;
	(void)bytes;
	(void)n_bytes;
}
