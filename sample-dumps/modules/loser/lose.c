/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/* Memory that is lost: nothing but other lost memory leads to it. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "loser.h"

static void construct(void *object)
{
	memset(object, 0, 328);
}

static void lose_single(void)
{
	static const size_t sizes[] = { 32, 96, 256, 1000, 4096 };
	static const char *const kinds[] = { "kmalloc-32", "kmalloc-96", "kmalloc-256", "kmalloc-1k", "kmalloc-4k" };
	struct kmem_cache *cache = kmem_cache_create("loser_obj", 328, 0, 0, construct);
	int i, k;

	for (i = 0; i < 200 && cache; i++) {
		struct thing *thing = kmem_cache_alloc(cache, GFP_KERNEL);

		if (thing)
			thing->ops = &loser_ops;
		record("own-cache", LOST, OBJECT, thing, 328);
	}
	for (k = 0; k < ARRAY_SIZE(sizes); k++)
		for (i = 0; i < 100; i++)
			take_object(kinds[k], LOST, sizes[k]);
	for (i = 0; i < 50; i++) {
		struct thing *thing = take_object("to-itself", LOST, 128);

		if (thing)
			thing->next = thing->left = &thing->next;
	}
	for (i = 0; i < 50; i++) {
		struct thing *thing = take_object("no-name", LOST, 192);

		if (thing)
			memset(thing, 'x', 192);
	}
}

static struct thing *lose_tree(int depth, struct thing *parent)
{
	struct thing *thing = take_object("tree", LOST, 64);

	if (!thing)
		return NULL;
	/* As rb_node has it: colour in the low bit. */
	thing->next = (void *)((unsigned long)parent | 1);
	if (depth) {
		thing->left = lose_tree(depth - 1, thing);
		thing->right = lose_tree(depth - 1, thing);
	}
	return thing;
}

static void lose_linked(void)
{
	int i, k;

	for (i = 0; i < 20; i++) {
		struct thing *before = NULL;

		for (k = 0; k < 10; k++) {
			struct thing *thing = take_object("chain", LOST, 128);

			if (thing)
				thing->next = before;
			before = thing;
		}
	}
	for (i = 0; i < 10; i++) {
		struct thing *first = take_object("cycle", LOST, 96);
		struct thing *before = first;

		for (k = 1; k < 6 && before; k++) {
			before->next = take_object("cycle", LOST, 96);
			before = before->next;
		}
		if (before)
			before->next = first;
	}
	for (i = 0; i < 5; i++)
		lose_tree(4, NULL);
}

/* Large memory; some of it leads to objects, which are lost with it. */
static void hang(const char *kind, void **slots, int n_slots)
{
	int i;

	for (i = 0; i < n_slots && slots; i++)
		slots[i + 8] = take_object(kind, LOST, 64);
}

static void *lose_area(const char *kind, size_t n_bytes)
{
	struct thing *area = vzalloc(n_bytes);

	if (area)
		area->ops = &loser_ops;
	record(kind, LOST, AREA, area, n_bytes);
	return area;
}

static void lose_large(void)
{
	static const char *const plain[] = { "pages-0", "pages-1", "pages-2", "pages-3", "pages-4",
					     "pages-5", "pages-6", "pages-7", "pages-8", "pages-9" };
	static const char *const compound[] = { "comp-0", "comp-1", "comp-2", "comp-3", "comp-4",
						"comp-5", "comp-6", "comp-7", "comp-8", "comp-9" };
	static const int counts[] = { 100, 30, 20, 10, 5, 4, 3, 2, 1, 1 };
	unsigned int order;
	int i;

	for (i = 0; i < 10; i++)
		take_object("kmalloc-32k", LOST, 32768);
	take_object("kmalloc-1M", LOST, 1 << 20);
	hang("in-large", (void **)take_object("large-with", LOST, 32768), 40);
	for (i = 0; i < 10; i++)
		lose_area("vmalloc", 65536);
	hang("in-vmalloc", lose_area("vmalloc-with", 20000), 40);
	hang("in-page", take_pages("page-with", LOST, 0, 0), 40);
	for (order = 0; order < ARRAY_SIZE(plain); order++)
		for (i = 0; i < counts[order]; i++) {
			take_pages(plain[order], LOST, order, 0);
			if (order)
				take_pages(compound[order], LOST, order, __GFP_COMP);
		}
}

static const struct file_operations loser_file_ops = { .owner = THIS_MODULE };

static void lose_mapped(void)
{
	struct page *pages[8];
	int i, k;

	for (i = 0; i < 10; i++) {
		void *area;

		for (k = 0; k < ARRAY_SIZE(pages); k++) {
			pages[k] = alloc_page(GFP_KERNEL | __GFP_ZERO);
			if (!pages[k])
				return;
		}
		area = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
		record("vmap", LOST, AREA, area, ARRAY_SIZE(pages) * PAGE_SIZE);
	}
	memset(pages, 0, sizeof(pages));
}

/* References that were never given back. */
static void lose_counted(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct socket *socket = NULL;
		struct sk_buff *skb = alloc_skb(700, GFP_KERNEL);
		struct file *file = anon_inode_getfile("loser", &loser_file_ops, NULL, O_RDONLY);

		if (!sock_create_kern(&init_net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &socket)) {
			record("socket", LOST, OBJECT, socket, sizeof(*socket));
			record("sock", LOST, OBJECT, socket->sk, sizeof(struct sock));
		}
		record("skb", LOST, OBJECT, skb, sizeof(*skb));
		if (skb)
			record("skb-data", LOST, OBJECT, skb->head, 700);
		if (IS_ERR(file))
			continue;
		record("file", LOST, OBJECT, file, sizeof(*file));
		get_file(file);
		fput(file);
	}
}

void lose_all(void)
{
	lose_single();
	lose_linked();
	lose_large();
	lose_mapped();
	lose_counted();
}
