/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/* Memory that is held, each kind by one way alone. */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rculist_nulls.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#include <linux/maple_tree.h>
#endif

#include "loser.h"

#define MANY 40

struct slots {
	void *slot[MANY];
};

struct timed {
	struct thing thing;
	struct timer_list timer;
};

struct nulled {
	struct thing thing;
	struct hlist_nulls_node node;
};

/* Not static: the compiler would leave out what is written and never read. */
struct loser_kept {
	struct thing *chain;
	void *interior[MANY], *tagged[MANY], **in_vmalloc, *in_area_middle, **large, *pages_by_address[12], *exact, *mapped[10];
	struct slots __percpu *per_cpu;
	void **page_by_address;
	struct page *page_by_struct, *pages_by_struct[12];
	struct scatterlist *scatter;
	phys_addr_t by_physical[MANY];
	unsigned long by_pfn[MANY];
} loser_kept;

static DEFINE_XARRAY(by_index);
static struct hlist_nulls_head nulls;

static void keep_pointers(void)
{
	void **slots = (void **)__symbol_get("keeper_slots");
	int i;

	for (i = 0; i < 1000; i++) {
		struct thing *thing = take_object("by-chain", HELD, 64);

		if (thing)
			thing->next = loser_kept.chain;
		loser_kept.chain = thing;
	}
	loser_kept.in_vmalloc = vzalloc(MANY * sizeof(void *));
	record("area-by-address", HELD, AREA, loser_kept.in_vmalloc, MANY * sizeof(void *));
	loser_kept.per_cpu = alloc_percpu(struct slots);
	for (i = 0; i < MANY; i++) {
		loser_kept.interior[i] = (char *)take_object("by-interior", HELD, 256) + 104;
		loser_kept.tagged[i] = (void *)((unsigned long)take_object("by-tagged", HELD, 96) | (1 + i % 7));
		if (loser_kept.in_vmalloc)
			loser_kept.in_vmalloc[i] = take_object("by-vmalloc", HELD, 96);
		if (loser_kept.per_cpu)
			per_cpu_ptr(loser_kept.per_cpu, i % num_possible_cpus())->slot[i] = take_object("by-per-cpu", HELD, 96);
		if (slots)
			slots[i] = take_object("by-module", HELD, 96);
	}
}

static void fill(const char *kind, void **slots)
{
	int i;

	for (i = 0; i < MANY && slots; i++)
		slots[i + 8] = take_object(kind, HELD, 64);
}

static void keep_in_large(void)
{
	void *page = take_pages("page-by-struct", HELD, 0, 0);
	char *area = vzalloc(100000);
	unsigned int order;

	loser_kept.page_by_address = take_pages("page-by-address", HELD, 0, 0);
	fill("by-page", loser_kept.page_by_address);
	loser_kept.page_by_struct = page ? virt_to_page(page) : NULL;
	fill("by-page-struct", page);
	record("area-by-middle", HELD, AREA, area, 100000);
	loser_kept.in_area_middle = area ? area + 50000 : NULL;
	fill("by-area", (void **)area);
	loser_kept.large = (void **)take_object("large-by-address", HELD, 32768);
	fill("by-large", loser_kept.large);
	for (order = 0; order < 10; order++) {
		void *block = take_pages("pages-by-struct", HELD, order, order % 2 ? __GFP_COMP : 0);

		loser_kept.pages_by_struct[order] = block ? virt_to_page(block) : NULL;
		loser_kept.pages_by_address[order] = take_pages("pages-by-address", HELD, order, order % 2 ? 0 : __GFP_COMP);
	}
	loser_kept.exact = alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	record("pages-exact", HELD, PAGES, loser_kept.exact, 5 * PAGE_SIZE);
}

/* vmap() keeps no array of the pages: the kernel's page tables alone lead to them. */
static void keep_mapped(void)
{
	struct page *pages[8];
	int i, k;

	for (i = 0; i < ARRAY_SIZE(loser_kept.mapped); i++) {
		for (k = 0; k < ARRAY_SIZE(pages); k++) {
			void *page = take_pages("page-by-vmap", HELD, 0, 0);

			if (!page)
				return;
			pages[k] = virt_to_page(page);
		}
		loser_kept.mapped[i] = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
		record("vmap-by-address", HELD, AREA, loser_kept.mapped[i], sizeof(pages) / sizeof(pages[0]) * PAGE_SIZE);
	}
	memset(pages, 0, sizeof(pages));
}

static void keep_by_number(void)
{
	int i;

	loser_kept.scatter = kcalloc(MANY, sizeof(*loser_kept.scatter), GFP_KERNEL);
	if (!loser_kept.scatter)
		return;
	record("scatter-list", HELD, OBJECT, loser_kept.scatter, MANY * sizeof(*loser_kept.scatter));
	sg_init_table(loser_kept.scatter, MANY);
	for (i = 0; i < MANY; i++) {
		void *object = take_object("by-scatter", HELD, 192);
		void *page = take_pages("page-by-pfn", HELD, 0, 0);

		if (object)
			sg_set_buf(&loser_kept.scatter[i], object, 192);
		object = take_object("by-physical", HELD, 192);
		loser_kept.by_physical[i] = object ? virt_to_phys(object) : 0;
		loser_kept.by_pfn[i] = page ? page_to_pfn(virt_to_page(page)) : 0;
	}
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
static DEFINE_MTREE(by_range);

static void keep_in_maple(void)
{
	int i;

	for (i = 0; i < MANY; i++)
		mtree_store_range(&by_range, i * 100, i * 100 + 50, take_object("by-maple", HELD, 96), GFP_KERNEL);
}
#else
static void keep_in_maple(void)
{
}
#endif

static void ring(struct timer_list *timer)
{
}

static void keep_in_structures(void)
{
	int i;

	INIT_HLIST_NULLS_HEAD(&nulls, 5);
	for (i = 0; i < MANY; i++) {
		struct timed *timed = (struct timed *)take_object("by-timer", HELD, sizeof(*timed));
		struct nulled *nulled = (struct nulled *)take_object("by-nulls", HELD, sizeof(*nulled));

		xa_store(&by_index, i * 17, take_object("by-xarray", HELD, 96), GFP_KERNEL);
		xa_store(&by_index, 5000 + i, xa_tag_pointer(take_object("by-xarray-tagged", HELD, 96), 1), GFP_KERNEL);
		if (timed) {
			timer_setup(&timed->timer, ring, 0);
			mod_timer(&timed->timer, jiffies + 3600 * HZ);
		}
		if (nulled)
			hlist_nulls_add_head_rcu(&nulled->node, &nulls);
	}
}

void keep_all(void)
{
	keep_pointers();
	keep_in_large();
	keep_mapped();
	keep_by_number();
	keep_in_maple();
	keep_in_structures();
}
