/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the session's architecture knows, for those who have a kernel and not an architecture. */
#include <memopsy/architecture.h>
#include <memopsy/page_entry.h>
#include <memopsy/table_walk.h>

#include "kernel_private.h"

#include "cleanup.h"

unsigned mo_decode_entries(const struct mo_kernel *kernel, unsigned height, const void *raw, unsigned n,
			   struct mo_page_entry *ret)
{
	return kernel->arch->decode(&kernel->paging, height, raw, n, ret);
}

unsigned mo_entry_bytes(const struct mo_kernel *kernel)
{
	return kernel->paging.entry_bytes;
}

void mo_entry_words(const struct mo_kernel *kernel, struct mo_entry_words *ret)
{
	kernel->arch->entry_words(&kernel->paging, ret);
}

void mo_entry_flag_names(const struct mo_kernel *kernel, const struct mo_translation_step *step, char *buffer, size_t n_bytes)
{
	mo_arch_flag_names(kernel->arch, step->entry, step->height, step->kind, buffer, n_bytes);
}

int mo_code_has_call(const struct mo_kernel *kernel, const void *code, size_t n_bytes, uint64_t kva, uint64_t target_kva)
{
	return kernel->arch->has_call ? kernel->arch->has_call(code, n_bytes, kva, target_kva) : -1;
}

uint64_t mo_vmalloc_total_bytes(const struct mo_kernel *kernel)
{
	return kernel->arch->vmalloc_bytes ? kernel->arch->vmalloc_bytes(&kernel->paging) : 0;
}

size_t mo_kernel_mapped_ranges(const struct mo_kernel *kernel, struct mo_kva_range *ret, size_t room)
{
	struct mo_arch_range ranges[MO_MAX_MAPPED_RANGES];
	size_t n = kernel->arch->mapped_ranges(&kernel->paging, ranges, MO_MAX_MAPPED_RANGES);

	n = n < room ? n : room;
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct mo_kva_range){ .first_kva = ranges[i].first_kva, .last_kva = ranges[i].last_kva };
	return n;
}

int mo_cpu_feature_bit(const struct mo_kernel *kernel, enum mo_cpu_feature feature)
{
	return kernel->arch->feature_bit(feature);
}

const char *mo_vma_flag_name(const struct mo_kernel *kernel, unsigned bit, bool has_keys)
{
	return kernel->arch->vma_flag ? kernel->arch->vma_flag(bit, has_keys) : NULL;
}

unsigned mo_pmd_order(const struct mo_kernel *kernel)
{
	return kernel->paging.index_bits[0];
}

struct mo_error *mo_read_long(struct mo_reader *reader, uint64_t kva, int64_t *ret)
{
	uint64_t value;

	MO_TRY(mo_read_pointer(reader, kva, &value));
	*ret = reader->kernel->facts.pointer_bytes == 8 ? (int64_t)value : (int32_t)(uint32_t)value;
	return NULL;
}

unsigned mo_table_entry_index(const struct mo_kernel *kernel, const struct mo_table_entry *entry)
{
	const struct mo_paging *paging = &kernel->paging;

	return (unsigned)(entry->entry_pa / paging->entry_bytes & ((1u << paging->index_bits[entry->height]) - 1));
}

unsigned mo_root_table_entries(const struct mo_kernel *kernel)
{
	return 1u << kernel->paging.index_bits[kernel->paging.levels - 1];
}
