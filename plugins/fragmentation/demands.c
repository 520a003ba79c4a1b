/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which orders this kernel asks for: its slab caches', and those that failed as its log has it. */
#include "fragmentation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 256

/* "page allocation failure: order:5, mode:0x...", "... invoked oom-killer: gfp_mask=0x...(...), order=2, ..." */
static bool failed_order(const char *text, unsigned *ret)
{
	const char *failure = strstr(text, "page allocation failure: order:");
	const char *killer = strstr(text, " invoked oom-killer: ");
	const char *at = failure ? strstr(failure, "order:") : killer ? strstr(killer, " order=") : NULL;

	return at && sscanf(failure ? at : at + 1, failure ? "order:%u" : "order=%u", ret) == 1;
}

void note_failure(struct demands *demands, const char *bytes, size_t n_bytes)
{
	char text[TEXT_BYTES];
	unsigned order = 0;

	n_bytes = n_bytes < sizeof(text) ? n_bytes : sizeof(text) - 1;
	memcpy(text, bytes, n_bytes);
	text[n_bytes] = '\0';
	if (failed_order(text, &order) && order && order < MAX_DEMAND_ORDERS)
		demands->n_failed[order]++;
}

unsigned largest_failed_order(const struct demands *demands)
{
	for (unsigned order = MAX_DEMAND_ORDERS - 1; order; order--)
		if (demands->n_failed[order])
			return order;
	return 0;
}

/* The cache with the most objects counts as the one to name. */
static const struct mo_slab_cache *count_caches(const struct mo_slab_model *slabs, unsigned order, bool by_min, uint64_t *n_ret)
{
	const struct mo_slab_cache *most = NULL;

	*n_ret = 0;
	for (size_t i = 0; slabs && i < slabs->n_caches; i++) {
		const struct mo_slab_cache *cache = &slabs->caches[i];

		if ((by_min ? cache->min_order : cache->order) < order || !cache->objects)
			continue;
		++*n_ret;
		if (cache->name && (!most || cache->objects > most->objects))
			most = cache;
	}
	return most;
}

void say_demands(const struct demands *demands, const struct mo_slab_model *slabs, unsigned order, char *text, size_t room)
{
	uint64_t n_caches;
	uint64_t n_strict;
	uint64_t n_failed = 0;
	const struct mo_slab_cache *most = count_caches(slabs, order, false, &n_caches);
	const struct mo_slab_cache *strict = count_caches(slabs, order, true, &n_strict);
	size_t n = 0;

	*text = '\0';
	for (unsigned i = order; i < MAX_DEMAND_ORDERS; i++)
		n_failed += demands->n_failed[i];
	if (n_caches && most)
		n = (size_t)snprintf(text, room, " %" PRIu64 " slab cache%s for slabs of order %u or more (%.40s has the most objects)",
				     n_caches, n_caches == 1 ? " asks" : "s ask", order, most->name);
	if (n && n < room && n_strict && strict)
		n += (size_t)snprintf(text + n, room - n, ", and %" PRIu64 " of them (%.40s) cannot do with less.", n_strict, strict->name);
	else if (n && n < room)
		n += (size_t)snprintf(text + n, room - n, ", and can do with less.");
	if (n_failed && n < room)
		snprintf(text + n, room - n, " The log has %" PRIu64 " failed allocation%s of order %u or more.", n_failed,
			 n_failed == 1 ? "" : "s", order);
}
