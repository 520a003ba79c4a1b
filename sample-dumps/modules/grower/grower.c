/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Keeps many objects, all of them reachable: on a list, in an xarray, in a hash table, in an rbtree, in a maple tree, in an
 * array, and on a list whose head is itself an object. Says how many, of which cache and where, in the kernel log.
 */
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#include <linux/maple_tree.h>
#endif

#define ON_LIST 100000
#define IN_XARRAY 50000
#define IN_HASH 20000
#define IN_RBTREE 10000
#define IN_MAPLE 8000
#define IN_ARRAY 6000
#define ON_OWNER 5000

struct item {
	unsigned long number;
	struct list_head node;
	char text[120];
};

struct hashed {
	unsigned long number;
	struct hlist_node node;
};

struct sorted {
	unsigned long number;
	struct rb_node node;
};

/* What an object of the module holds, not a variable of it. */
struct grower_owner {
	char name[24];
	struct list_head items;
	unsigned long n_items;
};

static LIST_HEAD(grower_list);
static DEFINE_XARRAY(grower_index);
static DEFINE_HASHTABLE(grower_table, 10);
static struct rb_root grower_tree = RB_ROOT;
static void **grower_array;
static struct grower_owner *grower_owner;
static struct kmem_cache *caches[7];

/* A constructor keeps a cache from being merged with others. */
static void construct(void *object)
{
}

static struct kmem_cache *make_cache(const char *name, size_t n_bytes)
{
	return kmem_cache_create(name, n_bytes, 0, 0, construct);
}

static void *take(struct kmem_cache *cache, unsigned long number, size_t n_bytes)
{
	unsigned long *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;

	if (object) {
		memset(object, 0, n_bytes);
		*object = number;
	}
	return object;
}

static void keep_on_lists(void)
{
	unsigned long i;

	for (i = 0; i < ON_LIST; i++) {
		struct item *item = take(caches[0], i, sizeof(*item));

		if (item)
			list_add_tail(&item->node, &grower_list);
	}
	grower_owner = kzalloc(sizeof(*grower_owner), GFP_KERNEL);
	if (!grower_owner)
		return;
	strscpy(grower_owner->name, "owner of many", sizeof(grower_owner->name));
	INIT_LIST_HEAD(&grower_owner->items);
	for (i = 0; i < ON_OWNER; i++) {
		struct item *item = take(caches[1], i, sizeof(*item));

		if (item)
			list_add(&item->node, &grower_owner->items);
		grower_owner->n_items += item != NULL;
	}
	pr_info("grower: keeps %d of grow_listed on grower_list\n", ON_LIST);
	pr_info("grower: keeps %d of grow_owned on grower_owner\n", ON_OWNER);
}

static void keep_in_tables(void)
{
	unsigned long i;

	for (i = 0; i < IN_XARRAY; i++)
		xa_store(&grower_index, i, take(caches[2], i, 88), GFP_KERNEL);
	for (i = 0; i < IN_HASH; i++) {
		struct hashed *hashed = take(caches[3], i, sizeof(*hashed));

		if (hashed)
			hash_add(grower_table, &hashed->node, i);
	}
	grower_array = vzalloc(IN_ARRAY * sizeof(void *));
	for (i = 0; i < IN_ARRAY && grower_array; i++)
		grower_array[i] = take(caches[4], i, 328);
	pr_info("grower: keeps %d of grow_indexed on grower_index\n", IN_XARRAY);
	pr_info("grower: keeps %d of grow_hashed on grower_table\n", IN_HASH);
	pr_info("grower: keeps %d of grow_arrayed on grower_array\n", IN_ARRAY);
}

static void keep_sorted(void)
{
	unsigned long i;

	for (i = 0; i < IN_RBTREE; i++) {
		struct sorted *sorted = take(caches[5], i, sizeof(*sorted));
		struct rb_node **link = &grower_tree.rb_node;
		struct rb_node *parent = NULL;

		if (!sorted)
			continue;
		sorted->number = i * 2654435761u % 4294967291u;
		while (*link) {
			parent = *link;
			link = sorted->number < rb_entry(parent, struct sorted, node)->number ? &parent->rb_left : &parent->rb_right;
		}
		rb_link_node(&sorted->node, parent, link);
		rb_insert_color(&sorted->node, &grower_tree);
	}
	pr_info("grower: keeps %d of grow_sorted on grower_tree\n", IN_RBTREE);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
static DEFINE_MTREE(grower_ranges);

static void keep_in_maple(void)
{
	unsigned long i;

	for (i = 0; i < IN_MAPLE; i++)
		mtree_store_range(&grower_ranges, i * 100, i * 100 + 50, take(caches[6], i, 40), GFP_KERNEL);
	pr_info("grower: keeps %d of grow_mapped on grower_ranges\n", IN_MAPLE);
}
#else
static void keep_in_maple(void)
{
}
#endif

static int __init grower_init(void)
{
	caches[0] = make_cache("grow_listed", sizeof(struct item));
	caches[1] = make_cache("grow_owned", sizeof(struct item));
	caches[2] = make_cache("grow_indexed", 88);
	caches[3] = make_cache("grow_hashed", sizeof(struct hashed));
	caches[4] = make_cache("grow_arrayed", 328);
	caches[5] = make_cache("grow_sorted", sizeof(struct sorted));
	caches[6] = make_cache("grow_mapped", 40);
	keep_on_lists();
	keep_in_tables();
	keep_sorted();
	keep_in_maple();
	return 0;
}

module_init(grower_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Keeps many objects in every container that the kernel has, for memopsy's tests");
