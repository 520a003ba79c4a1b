/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

struct pool {
	u64 other[3];
};

struct kmem_cache {
	const char *name;
	unsigned int size;
	struct pool *pool;
	struct page *partial;
};

struct only_second {
	struct pool *pool;
	u64 words[2];
};

enum second {
	SECOND_ONLY = 42,
};

extern struct kmem_cache sample_cache;
extern int sample_count(void);

struct kmem_cache sample_cache;
struct only_second sample_only_second;
enum second sample_second;

int sample_count(void)
{
	static int sample_inner;

	return ++sample_inner;
}
