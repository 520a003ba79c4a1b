/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Takes addresses and memory of vmalloc and of the per-CPU allocator, and keeps no pointer to what is lost.
 *
 * lost_vmalloc=N     so many areas of 1 to 4 pages
 * lost_vmap=N        so many areas of vmap(), of 1 to 8 pages each
 * lost_ram=N         so many blocks of vm_map_ram(), of 1 to 8 pages each
 * freed=N            so many areas that are freed again: they wait for a purge
 * lost_percpu=N      so many per-CPU allocations of 8 to 256 bytes
 * charged_percpu=N   so many of 64 bytes, charged to the memory cgroup of who loads the module
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/vmalloc.h>

#define MAX_PAGES 8

static int lost_vmalloc, lost_vmap, lost_ram, freed, lost_percpu, charged_percpu;
module_param(lost_vmalloc, int, 0444);
module_param(lost_vmap, int, 0444);
module_param(lost_ram, int, 0444);
module_param(freed, int, 0444);
module_param(lost_percpu, int, 0444);
module_param(charged_percpu, int, 0444);

/* So that the module has per-CPU memory of its own. */
static DEFINE_PER_CPU(unsigned long [5], vmap_user_counters);

static noinline bool take_pages(struct page **pages, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_NOWARN);
		if (!pages[i])
			return false;
		memset(page_address(pages[i]), 'V', PAGE_SIZE);
	}
	return true;
}

static noinline int lose_vmalloc(int n)
{
	int i;

	for (i = 0; i < n; i++) {
		void *area = vmalloc((1 + i % 4) * PAGE_SIZE);

		if (!area)
			break;
		memset(area, 'A', PAGE_SIZE);
	}
	return i;
}

static noinline int lose_mappings(int n, bool is_ram)
{
	struct page *pages[MAX_PAGES];
	int i;

	for (i = 0; i < n; i++) {
		int n_pages = 1 + i % MAX_PAGES;
		void *area = NULL;

		if (take_pages(pages, n_pages))
			area = is_ram ? vm_map_ram(pages, n_pages, NUMA_NO_NODE) : vmap(pages, n_pages, VM_MAP, PAGE_KERNEL);
		if (!area)
			break;
	}
	return i;
}

static noinline int free_again(int n)
{
	int i;

	for (i = 0; i < n; i++) {
		void *area = vmalloc(PAGE_SIZE);

		if (!area)
			break;
		vfree(area);
	}
	return i;
}

static noinline int lose_percpu(int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!__alloc_percpu(8 << (i % 6), 8))
			break;
	return i;
}

static noinline int lose_charged_percpu(int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!__alloc_percpu_gfp(64, 8, GFP_KERNEL_ACCOUNT))
			break;
	return i;
}

static int __init vmap_user_init(void)
{
	int n_vmalloc = lose_vmalloc(lost_vmalloc);
	int n_vmap = lose_mappings(lost_vmap, false);
	int n_ram = lose_mappings(lost_ram, true);
	int n_percpu = lose_percpu(lost_percpu);
	int n_charged = lose_charged_percpu(charged_percpu);
	int n_freed = free_again(freed);

	this_cpu_write(vmap_user_counters[0], n_vmalloc);
	pr_info("vmap_user: vmalloc %d, vmap %d, vm_map_ram %d, freed %d, percpu %d, charged percpu %d\n", n_vmalloc, n_vmap,
		n_ram, n_freed, n_percpu, n_charged);
	return 0;
}

module_init(vmap_user_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Takes memory of vmalloc and of the per-CPU allocator, for memopsy's tests");
