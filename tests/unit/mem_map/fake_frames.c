/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the mem_map plugin asks of a kernel and of its run beyond the fakes that all plugins share: page frames of the
 * dump, and options that nobody gave. Weak, so that those may learn it.
 */
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>

#include "toy_mem_map.h"

#define WEAK __attribute__((weak))

WEAK enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	(void)kernel;
	if (pfn >= TOY_EXCLUDED_PFN && pfn < TOY_EXCLUDED_PFN + TOY_EXCLUDED_PAGES)
		return MO_FRAME_EXCLUDED;
	return pfn >= TOY_HOLE_PFN && pfn < TOY_HOLE_PFN + TOY_HOLE_PAGES ? MO_FRAME_HOLE : MO_FRAME_PRESENT;
}

WEAK bool mo_kernel_next_frames(const struct mo_kernel *kernel, uint64_t pfn, uint64_t *first_pfn, uint64_t *n_pages)
{
	while (pfn < 1u << 20 && mo_kernel_frame_presence(kernel, pfn) != MO_FRAME_PRESENT)
		pfn++;
	*first_pfn = pfn;
	*n_pages = 0;
	while (pfn < 1u << 20 && mo_kernel_frame_presence(kernel, pfn) == MO_FRAME_PRESENT) {
		pfn++;
		++*n_pages;
	}
	return *n_pages > 0;
}

WEAK struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret)
{
	(void)reader;
	if (kva < TOY_IMAGE_KVA || kva >= TOY_IMAGE_KVA + TOY_IMAGE_PAGES * 4096)
		return mo_error_create(MO_E_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)kva);
	*pa_ret = TOY_IMAGE_PFN * 4096 + (kva - TOY_IMAGE_KVA);
	if (span_bytes_ret)
		*span_bytes_ret = 4096 - kva % 4096;
	return NULL;
}

/* What is not mapped is not mapped for 128 KiB at least. */
WEAK struct mo_error *mo_walk_page_table(struct mo_reader *reader, uint64_t root_pa, uint64_t va,
					 struct mo_translation *ret)
{
	uint8_t byte;
	struct mo_error *error = mo_read(reader, va, &byte, 1);

	(void)root_pa;
	*ret = (struct mo_translation){ .is_mapped = !error || mo_error_code(error) != MO_E_NOT_MAPPED,
					.span_bytes = 0x20000 - va % 0x20000 };
	mo_error_destroy(error);
	return NULL;
}

WEAK struct mo_error *mo_pa_to_kva(const struct mo_kernel *kernel, uint64_t pa, uint64_t *kva)
{
	(void)kernel;
	*kva = BASE_KVA + pa;
	return NULL;
}

WEAK void mo_view_done(struct mo_reader *reader, const void *bytes, size_t n_bytes)
{
	(void)reader;
	(void)bytes;
	(void)n_bytes;
}

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	(void)name;
	return NULL;
}

struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	(void)run;
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

bool mo_run_is_report(const struct mo_run *run)
{
	(void)run;
	return false;
}

size_t mo_run_argument_count(const struct mo_run *run)
{
	(void)run;
	return 0;
}

const char *mo_run_argument(const struct mo_run *run, size_t index)
{
	(void)run;
	(void)index;
	return NULL;
}
