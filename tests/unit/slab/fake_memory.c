/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the slab plugin asks of a kernel and of its run beyond the fakes that all plugins share: physical memory, which is
 * that of the direct map, and options and arguments. Weak, so that those may learn it.
 */
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>

#include "toy_slab.h"

#define WEAK __attribute__((weak))

const char *toy_argument;

WEAK struct mo_error *mo_view_pa(struct mo_reader *reader, uint64_t pa, size_t max_bytes, const void **ret, size_t *n_bytes_ret)
{
	return mo_view(reader, BASE_KVA + pa, max_bytes, ret, n_bytes_ret);
}

WEAK struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	return mo_read(reader, BASE_KVA + pa, buffer, n_bytes);
}

WEAK struct mo_error *mo_pa_to_kva(const struct mo_kernel *kernel, uint64_t pa, uint64_t *kva)
{
	(void)kernel;
	*kva = BASE_KVA + pa;
	return NULL;
}

WEAK struct mo_error *mo_direct_map_base(const struct mo_kernel *kernel, uint64_t *kva)
{
	(void)kernel;
	*kva = BASE_KVA;
	return NULL;
}

WEAK struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret)
{
	(void)reader;
	if (kva < BASE_KVA || kva >= BASE_KVA + TOY_PAGES * 4096)
		return mo_error_create(MO_E_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)kva);
	*pa_ret = kva - BASE_KVA;
	if (span_bytes_ret)
		*span_bytes_ret = 4096 - kva % 4096;
	return NULL;
}

WEAK enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	(void)kernel;
	(void)pfn;
	return MO_FRAME_PRESENT;
}

WEAK void mo_view_done(struct mo_reader *reader, const void *bytes, size_t n_bytes)
{
	(void)reader;
	(void)bytes;
	(void)n_bytes;
}

struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	(void)run;
	return NULL;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	(void)run;
	(void)option;
	(void)ret;
	return false;
}

const char *mo_run_text(const struct mo_run *run, const char *option)
{
	(void)run;
	(void)option;
	return NULL;
}

const char *mo_run_argument(const struct mo_run *run, size_t index)
{
	(void)run;
	return index ? NULL : toy_argument;
}

size_t mo_run_argument_count(const struct mo_run *run)
{
	(void)run;
	return toy_argument ? 1 : 0;
}
