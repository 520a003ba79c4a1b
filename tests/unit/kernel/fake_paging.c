/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical memory of the fake kernel: what lies behind its direct map. Page tables in it are walked by the real room. */
#include "fake_kernel.h"

#include "kernel_private.h"

static struct mo_error *read_pa(void *context, uint64_t pa, void *buffer, size_t n_bytes)
{
	return mo_read_pa(context, pa, buffer, n_bytes);
}

void mo_fake_physical(struct mo_kernel *kernel, uint64_t direct_map_kva, uint64_t bytes, uint64_t root_pa)
{
	kernel->facts.page_offset_kva = direct_map_kva;
	kernel->direct_map = (struct mo_arch_direct_map){ .base_kva = direct_map_kva, .end_pa = bytes };
	kernel->paging.root_pa = root_pa;
	mo_fake_reader(kernel)->view = (struct mo_arch_view){ .context = mo_fake_reader(kernel), .read_pa = read_pa };
}

struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	return mo_read(reader, reader->kernel->direct_map.base_kva + pa, buffer, n_bytes);
}

struct mo_error *mo_view_pa(struct mo_reader *reader, uint64_t pa, size_t max_bytes, const void **ret, size_t *n_bytes_ret)
{
	/* One page at a time, as of a compressed dump. */
	if (max_bytes > 4096 - pa % 4096)
		max_bytes = 4096 - pa % 4096;
	return mo_view(reader, reader->kernel->direct_map.base_kva + pa, max_bytes, ret, n_bytes_ret);
}
