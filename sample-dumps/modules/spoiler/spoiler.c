/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/*
 * Does to slab objects what broken drivers do: writes behind and before them, writes into one that it has freed, frees one
 * twice. Its cache spoiled_debug, and kmalloc-128, are meant to have red zones and poison
 * (slub_debug=FZPU,spoiled_debug,kmalloc-128); of spoiled_twice the kernel must not notice anything.
 *
 * Where it did what stands in the kernel's log: "spoiler: KIND ADDRESS OBJECT".
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#define OBJECT_BYTES 200
#define ASKED_BYTES 100

struct spoiler_ops {
	const char *name;
};

const struct spoiler_ops spoiler_ops = { .name = "spoiler" };

static struct kmem_cache *debugged;
static struct kmem_cache *plain;

/* Keeps the cache from being merged with others. */
static void construct(void *object)
{
	memset(object, 0, OBJECT_BYTES);
}

static void say(const char *kind, const void *at, const void *object)
{
	pr_info("spoiler: %s %px %px\n", kind, at, object);
}

/* The compiler must not see that these are no places to write to. */
static void write_at(char *object, long offset, const void *bytes, size_t n)
{
	OPTIMIZER_HIDE_VAR(object);
	memcpy(object + offset, bytes, n);
}

static void spoil_debugged(char **objects)
{
	const struct spoiler_ops *ops = &spoiler_ops;

	write_at(objects[3], OBJECT_BYTES, "OVERRUN", 7);
	say("behind", objects[3] + OBJECT_BYTES, objects[3]);
	write_at(objects[7], -8, &ops, sizeof(ops));
	say("before", objects[7] - 8, objects[7]);
	kmem_cache_free(debugged, objects[11]);
	write_at(objects[11], 16, "AFTER FREE", 10);
	say("after-free", objects[11] + 16, objects[11]);
}

/* Twice with another one between, on one CPU, so that no check sees it. */
static void free_twice(char **objects)
{
	get_cpu();
	kmem_cache_free(plain, objects[0]);
	kmem_cache_free(plain, objects[1]);
	kmem_cache_free(plain, objects[0]);
	put_cpu();
	say("twice", objects[0], objects[0]);
}

static int __init spoiler_init(void)
{
	char *objects[16];
	char *block;
	int i;

	debugged = kmem_cache_create("spoiled_debug", OBJECT_BYTES, 0, 0, NULL);
	plain = kmem_cache_create("spoiled_twice", OBJECT_BYTES, 0, 0, construct);
	block = kmalloc(ASKED_BYTES, GFP_KERNEL);
	if (!debugged || !plain || !block)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		objects[i] = kmem_cache_alloc(debugged, GFP_KERNEL);
		if (!objects[i])
			return 0;
		memset(objects[i], 'd', OBJECT_BYTES);
	}
	spoil_debugged(objects);
	memset(block, 'k', ASKED_BYTES);
	write_at(block, ASKED_BYTES, "ASKED", 5);
	say("asked", block + ASKED_BYTES, block);
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		objects[i] = kmem_cache_alloc(plain, GFP_KERNEL);
		if (!objects[i])
			return 0;
	}
	free_twice(objects);
	return 0;
}

module_init(spoiler_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Spoils slab objects, for memopsy's tests");
