/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual to physical: the direct map by arithmetic, all else by page tables, remembered per reader. */
#include "kernel_private.h"

#include <inttypes.h>

#include <memopsy/memmap.h>

#include "bytes.h"
#include "cleanup.h"

#define MAPPING_SHIFT 21
#define N_MAPPINGS (sizeof(((struct mo_reader *)0)->mappings) / sizeof(struct mo_mapping))

static uint64_t direct_map_bytes(const struct mo_kernel *kernel)
{
	return kernel->facts.end_pfn << kernel->facts.page_shift;
}

static bool in_direct_map(const struct mo_kernel *kernel, uint64_t kva)
{
	return kernel->facts.page_offset_kva && kva >= kernel->facts.page_offset_kva &&
	       kva - kernel->facts.page_offset_kva < direct_map_bytes(kernel);
}

struct mo_error *mo_pa_to_kva(const struct mo_kernel *kernel, uint64_t pa, uint64_t *kva)
{
	if (!kernel->facts.page_offset_kva || pa >= direct_map_bytes(kernel))
		return mo_error_create(MO_E_NOT_MAPPED, "physical 0x%" PRIx64 " is not in the direct map", pa);
	*kva = kernel->facts.page_offset_kva + pa;
	return NULL;
}

struct mo_error *mo_direct_map_to_pa(const struct mo_kernel *kernel, uint64_t kva, uint64_t *pa)
{
	if (!in_direct_map(kernel, kva))
		return mo_error_create(MO_E_NOT_MAPPED, "0x%" PRIx64 " is not in the direct map", kva);
	*pa = kva - kernel->facts.page_offset_kva;
	return NULL;
}

static struct mo_error *translate_by_tables(struct mo_reader *reader, uint64_t kva, struct mo_mapping *mapping)
{
	const struct mo_kernel *kernel = reader->kernel;
	struct mo_arch_translation found;
	uint64_t covers_bytes;
	uint64_t before_bytes;

	MO_TRY(kernel->arch->walk(&reader->view, &kernel->paging, kva, &found));
	if (!found.is_mapped)
		return mo_error_create(MO_E_NOT_MAPPED, "0x%" PRIx64 " is not mapped (no %s entry)", kva,
				       found.n_steps ? found.steps[found.n_steps - 1].level : "page-table");
	/* Remember the whole mapping, but at most the 2 MiB that one slot stands for. */
	covers_bytes = found.steps[found.n_steps - 1].covers_bytes;
	if (covers_bytes > 1ull << MAPPING_SHIFT)
		covers_bytes = 1ull << MAPPING_SHIFT;
	before_bytes = kva & (covers_bytes - 1);
	*mapping = (struct mo_mapping){
		.first_kva = kva - before_bytes,
		.n_bytes = covers_bytes,
		.pa = found.pa - before_bytes,
	};
	return NULL;
}

struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret)
{
	struct mo_kernel *kernel = reader->kernel;
	struct mo_mapping *mapping;
	uint64_t offset;

	if (in_direct_map(kernel, kva)) {
		*pa_ret = kva - kernel->facts.page_offset_kva;
		if (span_bytes_ret)
			*span_bytes_ret = direct_map_bytes(kernel) - *pa_ret;
		return NULL;
	}
	mapping = &reader->mappings[kva >> MAPPING_SHIFT & (N_MAPPINGS - 1)];
	if (!mapping->n_bytes || kva < mapping->first_kva || kva - mapping->first_kva >= mapping->n_bytes)
		MO_TRY(translate_by_tables(reader, kva, mapping));
	offset = kva - mapping->first_kva;
	*pa_ret = mapping->pa + offset;
	if (span_bytes_ret)
		*span_bytes_ret = mapping->n_bytes - offset;
	return NULL;
}

struct mo_error *mo_walk_page_table(struct mo_reader *reader, uint64_t root_pa, uint64_t va, struct mo_translation *ret)
{
	struct mo_paging paging = reader->kernel->paging;
	struct mo_arch_translation found;
	struct mo_translation translation = { .n_steps = 0 };

	if (root_pa)
		paging.root_pa = root_pa;
	MO_TRY(reader->kernel->arch->walk(&reader->view, &paging, va, &found));
	translation.n_steps = found.n_steps;
	translation.is_mapped = found.is_mapped;
	translation.pa = found.pa;
	translation.span_bytes = found.span_bytes;
	for (unsigned i = 0; i < found.n_steps; i++)
		translation.steps[i] = (struct mo_translation_step){
			.level = found.steps[i].level,
			.entry_pa = found.steps[i].entry_pa,
			.entry = found.steps[i].entry,
			.covers_bytes = found.steps[i].covers_bytes,
			.is_present = found.steps[i].is_present,
			.is_leaf = found.steps[i].is_leaf,
		};
	*ret = translation;
	return NULL;
}

/* A base is right if the page tables map their own top table where it says. */
static bool is_direct_map(struct mo_reader *reader, uint64_t base_kva)
{
	const struct mo_kernel *kernel = reader->kernel;
	struct mo_arch_translation found;
	MO_DROP_ERROR struct mo_error *error =
		kernel->arch->walk(&reader->view, &kernel->paging, base_kva + kernel->paging.root_pa, &found);

	return base_kva && !error && found.is_mapped && found.pa == kernel->paging.root_pa;
}

/*
 * Without a direct map that checks out, page_offset_kva stays 0: every address is then translated by the page
 * tables, which is slower and just as right.
 */
void mo_kernel_find_direct_map(struct mo_kernel *kernel)
{
	struct mo_reader *reader = NULL;
	MO_DROP_ERROR struct mo_error *error = mo_reader_create(kernel, &reader);
	uint64_t candidates[8];
	size_t n_candidates;
	struct mo_symbol symbol;

	if (error)
		return;
	if (kernel->symbols && kernel->arch->direct_map_symbol) {
		MO_DROP_ERROR struct mo_error *absent =
			mo_symbols_find(kernel->symbols, NULL, kernel->arch->direct_map_symbol, &symbol, NULL);

		if (!absent)
			absent = mo_read_u64(reader, symbol.value_kva, &candidates[0]);
		if (!absent && is_direct_map(reader, candidates[0])) {
			kernel->facts.page_offset_kva = candidates[0];
			mo_reader_destroy(reader);
			return;
		}
	}
	n_candidates = kernel->arch->direct_map_candidates(&reader->view, &kernel->paging, candidates, 8);
	for (size_t i = 0; i < n_candidates && !kernel->facts.page_offset_kva; i++)
		if (is_direct_map(reader, candidates[i]))
			kernel->facts.page_offset_kva = candidates[i];
	mo_reader_destroy(reader);
}
