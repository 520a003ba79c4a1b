/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a module is made of, and what it holds besides: areas of vmalloc by the code that asked for them; slab caches by
 * their constructor, which is certain, and by their name, which is a convention.
 */
#include "modules_gathering.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

static void sum_parts(struct mo_module_memory *memory)
{
	const struct mo_module *module = memory->module;

	for (size_t i = 0; i < module->n_ranges; i++) {
		uint64_t n_bytes = module->ranges[i].n_bytes;

		switch (module->ranges[i].part) {
		case MO_MODULE_TEXT:
			memory->text_bytes += n_bytes;
			break;
		case MO_MODULE_DATA:
		case MO_MODULE_RO_AFTER_INIT:
			memory->data_bytes += n_bytes;
			break;
		case MO_MODULE_RODATA:
			memory->rodata_bytes += n_bytes;
			break;
		default:
			memory->init_bytes += n_bytes;
		}
	}
	memory->percpu_bytes = module->percpu_bytes;
}

/* Where a part of a module lies, so that an address costs one search. */
struct part {
	uint64_t first_kva, n_bytes;
	size_t module;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *first = a;
	const struct part *second = b;

	return first->first_kva < second->first_kva ? -1 : first->first_kva > second->first_kva;
}

static struct part *find_part(struct part *parts, size_t n_parts, uint64_t kva)
{
	size_t i = mo_lower_bound(n_parts, at, parts[at].first_kva <= kva && kva - parts[at].first_kva >= parts[at].n_bytes);

	return i < n_parts && parts[i].first_kva <= kva ? &parts[i] : NULL;
}

static struct part *list_parts(const struct modules_state *state, size_t *n_ret)
{
	struct part *parts = calloc(state->list->count * MO_MODULE_RANGES + 1, sizeof(*parts));
	size_t n = 0;

	for (size_t i = 0; parts && i < state->list->count; i++)
		for (size_t k = 0; k < state->list->items[i].n_ranges; k++)
			parts[n++] = (struct part){ .first_kva = state->list->items[i].ranges[k].first_kva,
						    .n_bytes = state->list->items[i].ranges[k].n_bytes,
						    .module = i };
	if (parts)
		qsort(parts, n, sizeof(*parts), compare_parts);
	*n_ret = n;
	return parts;
}

static void add_areas(struct modules_state *state, const struct mo_vmap_model *vmap, struct part *parts, size_t n_parts)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;

	for (size_t i = 0; i < vmap->n_areas; i++) {
		const struct mo_vmap_area *area = &vmap->areas[i];
		const struct part *part = area->caller_kva ? find_part(parts, n_parts, area->caller_kva) : NULL;

		if (!part || area->state != MO_VMAP_BUSY)
			continue;
		state->modules[part->module].areas++;
		state->modules[part->module].owned_bytes += area->n_found_pages * page_bytes;
		state->modules[part->module].mapped_bytes += area->n_mapped_memory_pages * page_bytes;
	}
}

/* The module whose name the cache's begins with, the longest such; "ext4_inode_cache" is of ext4. */
static size_t module_by_name(const struct modules_state *state, const char *cache_name)
{
	size_t found = state->list->count;
	size_t found_bytes = 0;

	for (size_t i = 0; i < state->list->count; i++) {
		const char *name = state->list->items[i].name;
		size_t n_bytes = strlen(name);

		if (n_bytes > found_bytes && !strncmp(cache_name, name, n_bytes) &&
		    (!cache_name[n_bytes] || strchr("_-:", cache_name[n_bytes]))) {
			found = i;
			found_bytes = n_bytes;
		}
	}
	return found;
}

static void add_caches(struct modules_state *state, const struct mo_slab_model *slab, struct part *parts, size_t n_parts)
{
	for (size_t i = 0; i < slab->n_caches; i++) {
		const struct mo_slab_cache *cache = &slab->caches[i];
		uint64_t n_bytes = cache->pages << slab->page_shift;
		const struct part *part =
			cache->constructor_kva ? find_part(parts, n_parts, cache->constructor_kva) : NULL;
		size_t named = part || !cache->name ? state->list->count : module_by_name(state, cache->name);

		if (part) {
			state->modules[part->module].constructed_caches++;
			state->modules[part->module].constructed_bytes += n_bytes;
		} else if (named < state->list->count) {
			state->modules[named].named_caches++;
			state->modules[named].named_bytes += n_bytes;
		}
	}
}

struct mo_error *gather_holdings(struct modules_state *state)
{
	const struct mo_vmap_model *vmap = mo_run_model_of(state->run, MO_VMAP_MODEL);
	const struct mo_slab_model *slab = mo_run_model_of(state->run, MO_SLAB_MODEL);
	size_t n_parts = 0;
	struct part *parts = list_parts(state, &n_parts);

	if (!parts)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->list->count; i++)
		sum_parts(&state->modules[i]);
	if (vmap)
		add_areas(state, vmap, parts, n_parts);
	if (slab)
		add_caches(state, slab, parts, n_parts);
	state->model.has_areas = vmap;
	state->model.has_caches = slab;
	free(parts);
	return NULL;
}
