/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual to physical: the direct map by arithmetic, all else by page tables, remembered per reader. */
#include "kernel_private.h"

#include <inttypes.h>

#include <memopsy/memmap.h>

#include "bytes.h"
#include "cleanup.h"

#define MAPPING_SHIFT 21
#define MAX_DIRECT_MAPS 8
#define N_MAPPINGS (sizeof(((struct mo_reader *)0)->mappings) / sizeof(struct mo_mapping))

static bool in_direct_map(const struct mo_kernel *kernel, uint64_t kva)
{
	uint64_t pa = kva - kernel->direct_map.base_kva;

	return kernel->facts.page_offset_kva && pa >= kernel->direct_map.first_pa && pa < kernel->direct_map.end_pa;
}

struct mo_error *mo_pa_to_kva(const struct mo_kernel *kernel, uint64_t pa, uint64_t *kva)
{
	if (!kernel->facts.page_offset_kva || pa < kernel->direct_map.first_pa || pa >= kernel->direct_map.end_pa)
		return mo_error_create(MO_E_NOT_MAPPED, "physical 0x%" PRIx64 " is not in the direct map", pa);
	*kva = kernel->direct_map.base_kva + pa;
	return NULL;
}

struct mo_error *mo_direct_map_base(const struct mo_kernel *kernel, uint64_t *kva)
{
	if (!kernel->facts.page_offset_kva)
		return mo_error_create(MO_E_NOT_MAPPED, "the direct map was not found");
	*kva = kernel->direct_map.base_kva;
	return NULL;
}

struct mo_error *mo_direct_map_to_pa(const struct mo_kernel *kernel, uint64_t kva, uint64_t *pa)
{
	if (!in_direct_map(kernel, kva))
		return mo_error_create(MO_E_NOT_MAPPED, "0x%" PRIx64 " is not in the direct map", kva);
	*pa = kva - kernel->direct_map.base_kva;
	return NULL;
}

struct mo_error *mo_error_of_text(void)
{
	return mo_error_create(MO_E_NOT_IN_DUMP, "a log contains no memory");
}

static struct mo_error *translate_by_tables(struct mo_reader *reader, uint64_t kva, struct mo_mapping *mapping)
{
	const struct mo_kernel *kernel = reader->kernel;
	struct mo_arch_translation found;
	uint64_t covers_bytes;
	uint64_t before_bytes;

	if (!kernel->dump)
		return mo_error_of_text();
	if (!kernel->arch)
		return mo_error_create(MO_E_NOT_MAPPED, "0x%" PRIx64 " cannot be translated without page tables", kva);
	MO_TRY(mo_arch_walk(kernel->arch, &reader->view, &kernel->paging, kva, &found));
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
		*pa_ret = kva - kernel->direct_map.base_kva;
		if (span_bytes_ret)
			*span_bytes_ret = kernel->direct_map.end_pa - *pa_ret;
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
	else if (paging.has_own_user_root && va <= paging.last_user_va)
		return mo_error_create(MO_E_INVALID, "0x%" PRIx64 " is a user address; give the top-level page table "
								  "of its process", va);
	/* Where a process's top table has no kernel's half, it maps nothing there. */
	if (root_pa && paging.has_own_user_root && root_pa != reader->kernel->paging.root_pa)
		paging.first_kernel_va = paging.last_kernel_va + 1;
	if (!reader->kernel->arch)
		return mo_error_create(MO_E_NOT_MAPPED, "there are no page tables to walk");
	MO_TRY(mo_arch_walk(reader->kernel->arch, &reader->view, &paging, va, &found));
	translation.n_steps = found.n_steps;
	translation.is_mapped = found.is_mapped;
	translation.pa = found.pa;
	translation.span_bytes = found.span_bytes;
	for (unsigned i = 0; i < found.n_steps; i++)
		translation.steps[i] = (struct mo_translation_step){
			.level = found.steps[i].level,
			.entry_pa = found.steps[i].entry_pa,
			.entry = found.steps[i].entry.value,
			.covers_bytes = found.steps[i].covers_bytes,
			.height = found.steps[i].height,
			.kind = found.steps[i].entry.kind,
			.flags = found.steps[i].entry.flags,
		};
	*ret = translation;
	return NULL;
}

/* A direct map is right if the page tables map their own top table where it says. */
static bool is_direct_map(struct mo_reader *reader, const struct mo_arch_direct_map *map)
{
	const struct mo_kernel *kernel = reader->kernel;
	struct mo_arch_translation found;
	MO_DROP_ERROR struct mo_error *error = mo_arch_walk(kernel->arch, &reader->view, &kernel->paging,
							    map->base_kva + kernel->paging.root_pa, &found);

	return map->base_kva && !error && found.is_mapped && found.pa == kernel->paging.root_pa;
}

static bool read_variable(void *context, const char *name, uint64_t *ret)
{
	struct mo_reader *reader = context;
	struct mo_symbol symbol;
	struct mo_error *error = reader->kernel->symbols ?
					 mo_symbols_find(reader->kernel->symbols, NULL, name, &symbol, NULL) :
					 mo_error_create(MO_E_ABSENT, "no symbols");

	if (!error)
		error = mo_read_pointer(reader, symbol.value_kva, ret);
	return !mo_error_destroy(error);
}

static bool read_vmcoreinfo(void *context, const char *key, int64_t *ret)
{
	const struct mo_reader *reader = context;
	MO_DROP_ERROR struct mo_error *error = mo_kernel_vmcoreinfo_number(reader->kernel, key, ret);

	return !error;
}

static bool has_enumerator(void *context, const char *type, const char *name)
{
	struct mo_reader *reader = context;
	int64_t ignored;
	struct mo_error *error = mo_types_find_enumerator(reader->kernel->types, type, name, &ignored);

	return !mo_error_destroy(error);
}

void mo_kernel_refine_paging(struct mo_kernel *kernel)
{
	struct mo_reader *reader = NULL;
	struct mo_arch_view view;

	if (!kernel->arch->refine || mo_error_destroy(mo_reader_create(kernel, &reader)))
		return;
	view = reader->view;
	view.variable = read_variable;
	view.has_enumerator = kernel->types && !kernel->lacks_types ? has_enumerator : NULL;
	kernel->arch->refine(&view, &kernel->paging);
	mo_reader_destroy(reader);
}

/*
 * Without a direct map that checks out, page_offset_kva stays 0: every address is then translated by the page
 * tables, which is slower and just as right.
 */
void mo_kernel_find_direct_map(struct mo_kernel *kernel)
{
	struct mo_reader *reader = NULL;
	MO_DROP_ERROR struct mo_error *error = mo_reader_create(kernel, &reader);
	struct mo_arch_direct_map maps[MAX_DIRECT_MAPS];
	struct mo_arch_view view;
	uint64_t end_pa = kernel->facts.end_pfn << kernel->facts.page_shift;
	size_t n_maps;

	if (error)
		return;
	view = reader->view;
	view.variable = read_variable;
	view.vmcoreinfo = kernel->vmcoreinfo ? read_vmcoreinfo : NULL;
	n_maps = kernel->arch->direct_maps(&view, &kernel->paging, maps, MAX_DIRECT_MAPS);
	for (size_t i = 0; i < n_maps && !kernel->facts.page_offset_kva; i++) {
		if (!is_direct_map(reader, &maps[i]))
			continue;
		kernel->direct_map = maps[i];
		if (!kernel->direct_map.end_pa || kernel->direct_map.end_pa > end_pa)
			kernel->direct_map.end_pa = end_pa;
		kernel->facts.page_offset_kva = maps[i].base_kva;
	}
	mo_reader_destroy(reader);
}
