/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SAMPLE_H
#define SAMPLE_H

/* Types as a kernel has them, small: the tests compile this with all kinds of debug information and read that. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef _Bool bool_t;

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	int counter;
} atomic_t;

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};

enum zone_type {
	ZONE_DMA,
	ZONE_NORMAL = 5,
	__MAX_NR_ZONES,
};

enum errors {
	ERROR_MINUS = -3,
	ERROR_NONE = 0,
};

enum large {
	LARGE_TOP = 0x80000000u,
	LARGE_ONE = 1,
};

enum wide {
	WIDE_TOP = 0x8000000000000000ul,
	WIDE_ONE = 1,
};

enum {
	PG_locked,
	PG_slab = 7,
};

/* Declared in both units, defined in one. */
struct kmem_cache;
struct nowhere;

struct page {
	unsigned long flags;
	union {
		struct {
			struct list_head lru;
			u64 index;
		};
		struct {
			u32 inuse:16;
			u32 objects:15;
			u32 frozen:1;
		};
		struct callback_head rcu;
	};
	atomic_t refcount;
	bool_t is_slab;
	signed char order;
	char name[16];
	u8 matrix[3][4];
	struct kmem_cache *cache;
	struct nowhere *nowhere;
	const volatile u64 *word;
	const char *const *strings;
	int (*compare)(const void *left, const void *right, ...);
	enum zone_type zone;
	enum { FREE, USED } state;
	u8 none[0];
	double ratio;
	struct {
		u64 a:3;
		u64 b:61;
		int signed_bits:5;
		u16 whole:16;
	} bits;
	struct list_head *restrict restricted;
	u64 tail[];
};

#endif
