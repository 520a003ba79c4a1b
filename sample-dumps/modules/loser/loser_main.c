/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Takes memory of every kind, loses some and keeps some in every way that the kernel knows, and says in
 * /sys/kernel/debug/loser which is which: one line "KIND lost|held object|area|pages INVERTED-ADDRESS BYTES" each.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/delay.h>
#include <linux/vmalloc.h>

#include "loser.h"

#define MAX_RECORDS 20000

struct truth {
	const char *kind;
	enum fate fate;
	enum unit unit;
	unsigned long inverted;
	unsigned long n_bytes;
};

struct deferred {
	const struct loser_ops *ops;
	struct rcu_head rcu;
	char text[200];
};

const struct loser_ops loser_ops = { .name = "loser" };

static struct truth *truths;
static unsigned int n_truths;
static struct kmem_cache *by_callback, *by_kfree;

void record(const char *kind, enum fate fate, enum unit unit, const void *address, size_t n_bytes)
{
	if (!address || n_truths == MAX_RECORDS) {
		pr_warn("loser: %s: not taken\n", kind);
		return;
	}
	truths[n_truths++] = (struct truth){ .kind = kind, .fate = fate, .unit = unit, .inverted = ~(unsigned long)address,
					     .n_bytes = n_bytes };
}

struct thing *take_object(const char *kind, enum fate fate, size_t n_bytes)
{
	struct thing *thing = kzalloc(n_bytes, GFP_KERNEL);

	if (thing)
		thing->ops = &loser_ops;
	record(kind, fate, OBJECT, thing, n_bytes);
	return thing;
}

void *take_pages(const char *kind, enum fate fate, unsigned int order, gfp_t flags)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN | flags, order);
	struct thing *thing = page ? page_address(page) : NULL;

	if (thing)
		thing->ops = &loser_ops;
	record(kind, fate, PAGES, thing, PAGE_SIZE << order);
	return thing;
}

static int truth_show(struct seq_file *file, void *unused)
{
	static const char *const fates[] = { "lost", "held" };
	static const char *const units[] = { "object", "area", "pages" };
	unsigned int i;

	for (i = 0; i < n_truths; i++)
		seq_printf(file, "%s %s %s %016lx %lu\n", truths[i].kind, fates[truths[i].fate], units[truths[i].unit],
			   truths[i].inverted, truths[i].n_bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(truth);

static void construct(void *object)
{
	memset(object, 0, sizeof(struct deferred));
}

static void free_later(struct rcu_head *rcu)
{
	kmem_cache_free(by_callback, container_of(rcu, struct deferred, rcu));
}

/* Gives objects to RCU all the time: whenever the memory is dumped, some wait. */
static int defer_always(void *unused)
{
	while (!kthread_should_stop()) {
		struct deferred *one = kmem_cache_alloc(by_callback, GFP_KERNEL);
		struct deferred *other = kmem_cache_alloc(by_kfree, GFP_KERNEL);

		if (one) {
			one->ops = &loser_ops;
			call_rcu(&one->rcu, free_later);
		}
		if (other) {
			other->ops = &loser_ops;
			kfree_rcu(other, rcu);
		}
		usleep_range(500, 1000);
	}
	return 0;
}

/* What is left of addresses in the dead part of this stack would be references. */
static noinline void wipe_stack(void)
{
	volatile char dead[6000];
	unsigned int i;

	for (i = 0; i < sizeof(dead); i++)
		dead[i] = 0;
}

static int work(void *unused)
{
	/* First what is held: it fills the places of freed objects that something may still point at. */
	keep_all();
	lose_all();
	wipe_stack();
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init loser_init(void)
{
	truths = vzalloc(MAX_RECORDS * sizeof(*truths));
	by_callback = kmem_cache_create("loser_call_rcu", sizeof(struct deferred), 0, 0, construct);
	by_kfree = kmem_cache_create("loser_kfree_rcu", sizeof(struct deferred), 0, 0, construct);
	if (!truths || !by_callback || !by_kfree)
		return -ENOMEM;
	debugfs_create_file("loser", 0444, NULL, NULL, &truth_fops);
	kthread_run(work, NULL, "loser");
	kthread_run(defer_always, NULL, "loser-rcu");
	return 0;
}

module_init(loser_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Loses memory of every kind, for memopsy's tests");
