/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct hstate (include/linux/hugetlb.h): the pools of huge pages. */
#include "gathering.h"

#define MAX_POOLS (sizeof(((struct hugetlb_pools *)0)->pools) / sizeof(struct hugetlb_pool))
#define MAX_ORDER 40

static struct mo_count read_count(const struct zones_state *state, const struct mo_field *field, uint64_t hstate_kva)
{
	uint64_t value;
	struct mo_error *error;

	if (!mo_has(field))
		return mo_unknown();
	error = mo_read_field(state->reader, field, hstate_kva, &value);
	if (error) {
		zones_unreadable(state, field->name, error);
		return mo_unknown();
	}
	return mo_exact(value);
}

static void add_pool(const struct zones_state *state, uint64_t hstate_kva, struct hugetlb_pools *pools)
{
	const struct zones_layout *layout = state->layout;
	struct hugetlb_pool *pool = &pools->pools[pools->n_pools];
	struct mo_count order = read_count(state, &layout->hugetlb.order, hstate_kva);

	pool->total = read_count(state, &layout->hugetlb.nr, hstate_kva);
	pool->free = read_count(state, &layout->hugetlb.free, hstate_kva);
	pool->reserved = read_count(state, &layout->hugetlb.reserved, hstate_kva);
	pool->surplus = read_count(state, &layout->hugetlb.surplus, hstate_kva);
	if (order.certainty != MO_EXACT || order.value > MAX_ORDER || pool->total.certainty != MO_EXACT) {
		pools->total_pages = mo_unknown();
		return;
	}
	pool->order = order.value;
	pools->total_pages = mo_count_add(pools->total_pages, mo_exact(pool->total.value << order.value));
	pools->n_pools++;
}

void gather_hugetlb(const struct zones_state *state, struct hugetlb_pools *ret)
{
	const struct zones_layout *layout = state->layout;
	struct mo_count count;
	struct mo_count default_index;

	*ret = (struct hugetlb_pools){ .total_pages = mo_exact(0) };
	if (!mo_has(&layout->hugetlb.states) || !mo_has(&layout->hugetlb.count) || !mo_has(&layout->hugetlb.size) ||
	    !mo_has(&layout->hugetlb.order))
		return;
	ret->exists = true;
	count = read_int(state, &layout->hugetlb.count);
	default_index = read_int(state, &layout->hugetlb.default_index);
	if (count.certainty != MO_EXACT || count.value > MAX_POOLS) {
		ret->total_pages = mo_unknown();
		return;
	}
	for (uint64_t i = 0; i < count.value; i++)
		add_pool(state, layout->hugetlb.states.kva + i * layout->hugetlb.size.bytes, ret);
	ret->default_pool = default_index.certainty == MO_EXACT && ret->n_pools == count.value &&
					    default_index.value < ret->n_pools ?
				    (size_t)default_index.value :
				    ret->n_pools;
}
