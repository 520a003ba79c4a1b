/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which module made objects, by what their words point at. */
#include <memopsy/object_modules.h>

#include <stdlib.h>

static int compare_spans(const void *a, const void *b)
{
	const struct mo_module_span *left = a;
	const struct mo_module_span *right = b;

	return (left->first_kva > right->first_kva) - (left->first_kva < right->first_kva);
}

static struct mo_error *fill_spans(struct mo_module_index *index)
{
	size_t n = 0;

	for (size_t i = 0; i < index->modules->count; i++)
		n += index->modules->items[i].n_ranges;
	index->spans = calloc(n + 1, sizeof(*index->spans));
	if (!index->spans)
		return mo_error_no_memory();
	for (size_t i = 0; i < index->modules->count; i++) {
		const struct mo_module *module = &index->modules->items[i];

		for (size_t k = 0; k < module->n_ranges; k++) {
			const struct mo_module_range *range = &module->ranges[k];

			if (range->n_bytes <= UINT64_MAX - range->first_kva)
				index->spans[index->n_spans++] = (struct mo_module_span){
					range->first_kva, range->first_kva + range->n_bytes, module->name };
		}
	}
	qsort(index->spans, index->n_spans, sizeof(*index->spans), compare_spans);
	return NULL;
}

struct mo_error *mo_module_index_init(struct mo_module_index *index, struct mo_reader *reader)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_reader_kernel(reader));
	struct mo_error *error;

	*index = (struct mo_module_index){ .word = { .width_bytes = (uint8_t)facts->pointer_bytes,
						     .is_big_endian = facts->is_big_endian, .is_bound = true } };
	error = mo_modules_gather(reader, &index->modules);
	if (mo_error_ends_run(error))
		return error;
	mo_error_destroy(error);
	if (!index->modules)
		return NULL;
	error = fill_spans(index);
	if (error)
		mo_module_index_deinit(index);
	return error;
}

void mo_module_index_deinit(struct mo_module_index *index)
{
	free(index->spans);
	mo_modules_destroy(index->modules);
	*index = (struct mo_module_index){ .modules = NULL };
}

const char *mo_module_at(const struct mo_module_index *index, uint64_t kva)
{
	size_t low = 0;
	size_t high = index->n_spans;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->spans[middle].first_kva <= kva)
			low = middle + 1;
		else
			high = middle;
	}
	return low && kva < index->spans[low - 1].end_kva ? index->spans[low - 1].module : NULL;
}

struct mo_error *mo_module_of_object(const struct mo_module_index *index, struct mo_reader *reader, uint64_t kva,
				     uint64_t n_bytes, const char **ret)
{
	uint8_t bytes[MO_OBJECT_MODULE_BYTES_MAX];
	struct mo_error *error;

	*ret = NULL;
	if (!index->n_spans)
		return NULL;
	if (n_bytes > sizeof(bytes))
		n_bytes = sizeof(bytes);
	error = mo_read(reader, kva, bytes, (size_t)n_bytes);
	if (mo_error_ends_run(error))
		return error;
	for (size_t at = 0; !error && !*ret && at + index->word.width_bytes <= n_bytes; at += index->word.width_bytes)
		*ret = mo_module_at(index, mo_get(&index->word, bytes + at));
	mo_error_destroy(error);
	return NULL;
}

/* A module that more than half of them are of; a name of one is the same string for all. */
static const char *majority(const char *const *modules, size_t n, size_t n_objects)
{
	for (size_t i = 0; i < n; i++) {
		size_t n_same = 0;

		for (size_t k = 0; k < n; k++)
			n_same += modules[k] == modules[i];
		if (n_same * 2 > n_objects)
			return modules[i];
	}
	return NULL;
}

struct mo_error *mo_module_of_cache(const struct mo_module_index *index, struct mo_reader *reader,
				    const struct mo_slab_model *slabs, const struct mo_slab_cache *cache, const char **ret)
{
	size_t step = cache->n_slabs / MO_OBJECT_MODULE_SAMPLES + 1;
	const char *modules[MO_OBJECT_MODULE_SAMPLES];
	size_t n_objects = 0;
	size_t n = 0;

	*ret = NULL;
	for (size_t i = 0; index->n_spans && i < cache->n_slabs && n_objects < MO_OBJECT_MODULE_SAMPLES; i += step) {
		const struct mo_slab *slab = &slabs->slabs[cache->slabs[i]];
		uint32_t object = slab->objects / 2u;
		struct mo_error *error;

		if (slab->cache == MO_SLAB_NO_CACHE || !slab->objects ||
		    mo_object_state_of(slabs, slab, object) != MO_OBJECT_ALLOCATED)
			continue;
		n_objects++;
		error = mo_module_of_object(index, reader, mo_object_kva(slabs, slab, object), cache->object_bytes, &modules[n]);
		if (error)
			return error;
		n += modules[n] != NULL;
	}
	*ret = majority(modules, n, n_objects);
	return NULL;
}
