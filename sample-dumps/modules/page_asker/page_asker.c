/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Asks the page allocator for blocks until one request fails, as a driver would that has no other way: without
 * __GFP_NOWARN, so that the kernel logs the failure. It keeps what it got, but for as many blocks as it shall give back.
 *
 * order=N  count=N  give_back=N  flags=kernel|atomic|dma|dma32
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static int order;
module_param(order, int, 0444);
static int count = 1;
module_param(count, int, 0444);
static int give_back;
module_param(give_back, int, 0444);
static char *flags = "kernel";
module_param(flags, charp, 0444);

static struct page **asked_pages;
static unsigned long asked_count;

static gfp_t gfp_of_flags(void)
{
	if (!strcmp(flags, "atomic"))
		return GFP_ATOMIC;
	if (!strcmp(flags, "dma"))
		return GFP_KERNEL | GFP_DMA;
	if (!strcmp(flags, "dma32"))
		return GFP_KERNEL | GFP_DMA32;
	return GFP_KERNEL;
}

static int __init page_asker_init(void)
{
	gfp_t gfp = gfp_of_flags();
	int i;

	asked_pages = vzalloc(count * sizeof(*asked_pages));
	if (!asked_pages)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		struct page *page = alloc_pages(gfp, order);

		if (!page)
			break;
		asked_pages[asked_count++] = page;
	}
	for (i = 0; i < give_back && asked_count > 0; i++)
		__free_pages(asked_pages[--asked_count], order);
	pr_info("page_asker: keeps %lu of %d blocks of order %d\n", asked_count, count, order);
	return 0;
}

module_init(page_asker_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Asks for pages until a request fails, for memopsy's tests");
