/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Takes pages straight from the page allocator.
 *
 * lost_of_order=a,b,c,...  so many blocks of order 0, 1, 2, ... are taken and forgotten
 * kept_of_order=a,b,c,...  so many are taken and kept in an array
 * signed_of_order=a,b,...  so many are taken and forgotten, with words in them that point at this module's data
 * lost_vmalloc=N           N areas of vmalloc(), of 16 pages each, are taken and forgotten
 * lost_vmap=N              N blocks of 16 single pages are taken, mapped with vmap(), and all of it is forgotten
 * pin_percent=N            takes pages one by one until N percent of the free memory is gone, then gives back every
 *                          other page frame: much is free, and hardly anything of a higher order
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define ORDERS 11

static int lost_of_order[ORDERS];
module_param_array(lost_of_order, int, NULL, 0444);
static int kept_of_order[ORDERS];
module_param_array(kept_of_order, int, NULL, 0444);
static int signed_of_order[ORDERS];
module_param_array(signed_of_order, int, NULL, 0444);
static int lost_vmalloc;
module_param(lost_vmalloc, int, 0444);
static int lost_vmap;
module_param(lost_vmap, int, 0444);
static int pin_percent;
module_param(pin_percent, int, 0444);

static struct page **kept_pages;
static unsigned long kept_count;
static struct page **pinned_pages;
static unsigned long pinned_count;

static noinline int take_kept(void)
{
	unsigned long total = 0;
	int order, i;

	for (order = 0; order < ORDERS; order++)
		total += kept_of_order[order];
	if (!total)
		return 0;
	kept_pages = vzalloc(total * sizeof(*kept_pages));
	if (!kept_pages)
		return -ENOMEM;
	for (order = 0; order < ORDERS; order++)
		for (i = 0; i < kept_of_order[order]; i++) {
			struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

			if (page)
				kept_pages[kept_count++] = page;
		}
	return 0;
}

static noinline void lose(void)
{
	int order, i;

	for (order = 0; order < ORDERS; order++)
		for (i = 0; i < lost_of_order[order]; i++) {
			struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

			if (!page) {
				pr_info("page_taker: order %d: only %d of %d\n", order, i, lost_of_order[order]);
				break;
			}
			memset(page_address(page), 'P', PAGE_SIZE << order);
		}
}

static int signature[16]; /* what signed blocks point at */

static noinline void lose_signed(void)
{
	int order, i;

	for (order = 0; order < ORDERS; order++)
		for (i = 0; i < signed_of_order[order]; i++) {
			struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_ZERO, order);
			void **words;

			if (!page) {
				pr_info("page_taker: order %d: only %d signed of %d\n", order, i, signed_of_order[order]);
				break;
			}
			words = page_address(page);
			words[2] = &signature[i % 16];
			words[5] = &signature[0];
		}
}

/* These are not called from anywhere else, and stay when the init code is gone: areas keep their address as the caller. */
#define AREA_PAGES 16
noinline void page_taker_lose_vmalloc(void);
noinline void page_taker_lose_vmalloc(void)
{
	int i;

	for (i = 0; i < lost_vmalloc; i++)
		if (!vzalloc(AREA_PAGES * PAGE_SIZE))
			pr_info("page_taker: only %d areas of vmalloc\n", i);
}

noinline void page_taker_lose_vmap(void);
noinline void page_taker_lose_vmap(void)
{
	struct page *pages[AREA_PAGES];
	int i, k;

	for (i = 0; i < lost_vmap; i++) {
		for (k = 0; k < AREA_PAGES; k++) {
			pages[k] = alloc_page(GFP_KERNEL | __GFP_ZERO);
			if (!pages[k])
				return;
		}
		if (!vmap(pages, AREA_PAGES, VM_MAP, PAGE_KERNEL))
			pr_info("page_taker: only %d areas of vmap\n", i);
	}
	memset(pages, 0, sizeof(pages));
}

static noinline int pin_every_other(void)
{
	unsigned long wanted, taken, i;
	struct sysinfo memory;

	si_meminfo(&memory);
	wanted = memory.freeram * pin_percent / 100;
	pinned_pages = vzalloc(wanted * sizeof(*pinned_pages));
	if (!pinned_pages)
		return -ENOMEM;
	for (taken = 0; taken < wanted; taken++) {
		pinned_pages[taken] = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (!pinned_pages[taken])
			break;
	}
	for (i = 0; i < taken; i++) {
		if (page_to_pfn(pinned_pages[i]) & 1)
			__free_page(pinned_pages[i]);
		else
			pinned_pages[pinned_count++] = pinned_pages[i];
	}
	for (i = pinned_count; i < wanted; i++)
		pinned_pages[i] = NULL;
	return 0;
}

static int __init page_taker_init(void)
{
	int error = take_kept();

	if (error)
		return error;
	lose();
	lose_signed();
	page_taker_lose_vmalloc();
	page_taker_lose_vmap();
	if (pin_percent) {
		error = pin_every_other();
		if (error)
			return error;
	}
	pr_info("page_taker: keeps %lu blocks in an array, pins %lu pages\n", kept_count, pinned_count);
	return 0;
}

module_init(page_taker_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Takes pages from the page allocator, for memopsy's tests");
