/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Loses slab objects: takes them, writes into them, and forgets where they are.  Beside the lost ones it keeps as many
 * of both kinds on lists, so that a leak finder can be wrong in both directions.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static int lost_kmalloc_192 = 4000;
module_param(lost_kmalloc_192, int, 0444);
MODULE_PARM_DESC(lost_kmalloc_192, "objects of kmalloc-192 to lose");

static int lost_leak_obj = 4000;
module_param(lost_leak_obj, int, 0444);
MODULE_PARM_DESC(lost_leak_obj, "objects of the module's own cache leak_obj to lose");

static int kept = 500;
module_param(kept, int, 0444);
MODULE_PARM_DESC(kept, "objects of each kind to keep on lists");

static int lost_large;
module_param(lost_large, int, 0444);
MODULE_PARM_DESC(lost_large, "large blocks (kmalloc of 32 KiB, beyond the caches) to lose");

struct leak_ops {
	const char *name;
};

/* What a lost object points at: names the module that lost it. */
static const struct leak_ops leaker_ops = { .name = "leaker" };

struct leak_record {
	struct list_head node;
	const struct leak_ops *ops;
	unsigned long number;
	char text[112];
};

/* Of a size that no other cache has (and with SLAB_ACCOUNT off), yet merging is ruled out by the constructor. */
struct leak_obj {
	struct list_head node;
	const struct leak_ops *ops;
	unsigned long number;
	char text[248];
};

static struct kmem_cache *leak_obj_cache;
static LIST_HEAD(kept_records);
static LIST_HEAD(kept_objects);

static void leak_obj_construct(void *object)
{
	memset(object, 0, sizeof(struct leak_obj));
}

static int take_record(unsigned long number, bool lose)
{
	struct leak_record *record = kzalloc(192, GFP_KERNEL);

	if (!record)
		return -ENOMEM;
	INIT_LIST_HEAD(&record->node);
	record->ops = &leaker_ops;
	record->number = number;
	strscpy(record->text, lose ? "lost by leaker" : "kept by leaker", sizeof(record->text));
	if (lose)
		memset(&record->node, 0, sizeof(record->node)); /* points nowhere, not even at itself */
	else
		list_add_tail(&record->node, &kept_records);
	return 0;
}

static int take_object(unsigned long number, bool lose)
{
	struct leak_obj *object = kmem_cache_alloc(leak_obj_cache, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	object->ops = &leaker_ops;
	object->number = number;
	strscpy(object->text, lose ? "lost leak_obj" : "kept leak_obj", sizeof(object->text));
	if (lose)
		memset(&object->node, 0, sizeof(object->node));
	else
		list_add_tail(&object->node, &kept_objects);
	return 0;
}

static int __init leaker_init(void)
{
	int i;

	leak_obj_cache = kmem_cache_create("leak_obj", sizeof(struct leak_obj), 0, 0, leak_obj_construct);
	if (!leak_obj_cache)
		return -ENOMEM;
	for (i = 0; i < kept; i++)
		if (take_record(i, false) || take_object(i, false))
			return 0; /* out of memory is a scenario too: stay loaded with what was taken */
	for (i = 0; i < lost_kmalloc_192; i++)
		if (take_record(i, true))
			return 0;
	for (i = 0; i < lost_leak_obj; i++)
		if (take_object(i, true))
			return 0;
	for (i = 0; i < lost_large; i++) {
		char *block = kmalloc(32768, GFP_KERNEL);

		if (!block)
			return 0;
		memset(block, 'L', 32768);
	}
	pr_info("leaker: lost %d of kmalloc-192, %d of leak_obj, %d large blocks; keeps %d of each\n", lost_kmalloc_192,
		lost_leak_obj, lost_large, kept);
	return 0;
}

module_init(leaker_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Loses slab objects, for memopsy's tests");
