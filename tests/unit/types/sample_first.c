/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

/* Another struct of the same name is in the other unit: this one is the first. */
struct pool {
	u64 first;
};

struct only_first {
	struct pool *pool;
	struct list_head list;
};

/* A name that is the tail of a longer one, so that the linker may let them share it. */
struct head {
	int x;
};

extern struct page *sample_page;
extern int sample_words(struct page *page);

struct page *sample_page;
struct only_first sample_only_first;
struct head sample_head;
struct pool sample_pool;
enum zone_type sample_zone;
enum errors sample_errors;
enum large sample_large;
enum wide sample_wide;
int sample_anonymous = PG_slab;
long sample_long;
long long sample_long_long;
short sample_short;
unsigned short sample_unsigned_short;

int sample_words(struct page *page)
{
	return page->refcount.counter;
}
