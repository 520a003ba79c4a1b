/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions that take pages for others: of the page allocator, of the slab allocators, of vmalloc and of the per-CPU
 * allocator (mm/). Who calls the outermost of them is who wanted the memory.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NAME_BYTES 64u

/* Without what compilers and 6.10's "_noprof" append; sorted. */
static const char *const names[] = {
	"____cache_alloc_node", "___kmalloc_large_node", "___slab_alloc", "__alloc_empty_sheaf",
	"__alloc_frozen_pages", "__alloc_pages", "__alloc_pages_bulk", "__alloc_pages_direct_compact",
	"__alloc_pages_internal", "__alloc_pages_may_oom", "__alloc_pages_nodemask", "__alloc_pages_slowpath",
	"__alloc_percpu", "__alloc_percpu_gfp", "__alloc_tagging_slab_alloc_hook", "__do_kmalloc_node",
	"__do_krealloc", "__folio_alloc", "__folio_alloc_node", "__get_free_pages", "__kmalloc", "__kmalloc_cache",
	"__kmalloc_cache_node", "__kmalloc_large", "__kmalloc_large_node", "__kmalloc_node",
	"__kmalloc_node_track_caller", "__kmalloc_track_caller", "__kmem_cache_alloc_bulk", "__kmem_cache_alloc_lru",
	"__kmem_cache_alloc_node", "__kvmalloc_node", "__memcg_slab_post_alloc_hook", "__pcs_replace_empty_main",
	"__set_page_owner", "__slab_alloc", "__vmalloc", "__vmalloc_area_node", "__vmalloc_node",
	"__vmalloc_node_range", "alloc_from_new_slab", "alloc_frozen_pages", "alloc_frozen_pages_nolock",
	"alloc_page_interleave", "alloc_pages", "alloc_pages_bulk", "alloc_pages_bulk_array_mempolicy",
	"alloc_pages_bulk_mempolicy", "alloc_pages_bulk_mempolicy_interleave", "alloc_pages_current",
	"alloc_pages_exact", "alloc_pages_exact_nid", "alloc_pages_mpol", "alloc_pages_node", "alloc_pages_nolock",
	"alloc_pages_preferred_many", "alloc_pages_vma", "alloc_slab_obj_exts", "alloc_slab_page", "alloc_slabmgmt",
	"alloc_tagging_slab_alloc_hook", "allocate_slab", "cache_alloc_refill", "cache_grow_begin", "fallback_alloc",
	"folio_alloc", "folio_alloc_mpol", "get_from_partial_node_bulk", "get_page_from_freelist", "get_zeroed_page",
	"kmalloc_large", "kmalloc_large_node", "kmalloc_node_trace", "kmalloc_order", "kmalloc_order_trace",
	"kmalloc_trace", "kmem_cache_alloc", "kmem_cache_alloc_bulk", "kmem_cache_alloc_lru", "kmem_cache_alloc_node",
	"kmem_cache_alloc_node_trace", "kmem_cache_alloc_trace", "kmem_getpages", "kmemdup", "kmemdup_nul", "krealloc",
	"kstrdup", "kstrdup_const", "kvmalloc_node", "make_alloc_exact", "memcg_alloc_slab_cgroups", "mempool_alloc",
	"mempool_alloc_pages", "mempool_alloc_slab", "mempool_create", "mempool_create_node", "mempool_init",
	"mempool_init_node", "mempool_kmalloc", "new_slab", "pcpu_alloc", "pcpu_alloc_pages", "pcpu_populate_chunk",
	"post_alloc_hook", "prep_new_page", "refill_objects", "refill_sheaf", "save_stack", "set_page_owner",
	"slab_alloc_node", "vm_area_alloc_pages", "vma_alloc_folio", "vmalloc", "vmalloc_huge", "vmalloc_node",
	"vmalloc_user", "vzalloc", "vzalloc_node",
};

static int compare_names(const void *key, const void *name)
{
	return strcmp(key, *(const char *const *)name);
}

bool is_allocator(const char *function)
{
	static const char suffix[] = "_noprof";
	char name[MAX_NAME_BYTES];
	size_t length = strcspn(function, ".");

	if (length >= sizeof(name))
		return false;
	memcpy(name, function, length);
	name[length] = '\0';
	if (length > sizeof(suffix) - 1 && !strcmp(name + length - (sizeof(suffix) - 1), suffix))
		name[length - (sizeof(suffix) - 1)] = '\0';
	return bsearch(name, names, sizeof(names) / sizeof(names[0]), sizeof(names[0]), compare_names);
}
