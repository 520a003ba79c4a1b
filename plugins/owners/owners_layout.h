/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OWNERS_LAYOUT_H
#define OWNERS_LAYOUT_H

/* struct page, and structures whose pages are known by them. Each of these is optional: without it a pointer is a pointer. */

#include <memopsy/page.h>

struct owners_layout {
	const struct mo_page_shape *page;
	struct mo_size skb_shared_info;
	struct mo_field skb_nr_frags, skb_frags;
	struct mo_size skb_frag;
	struct mo_size buffer_page;
	struct mo_field buffer_page_list, buffer_page_page;
	struct mo_field list_prev;
	struct mo_size pipe_buffer;
	struct mo_field pipe_page, pipe_ops;
	struct mo_field pool_start, pool_end;
	struct mo_size uring;
	struct mo_field uring_rings, uring_sqes, uring_sq_entries, uring_cq_entries;
	struct mo_size perf_buffer;
	struct mo_field perf_user_page, perf_data_pages, perf_nr_pages;
};

extern const struct mo_need_table owners_needs;

/* zram.c: a module as a rule. */
struct zram_layout {
	struct mo_field mem_pool, disk, stored, compressed, disk_name, pages_allocated;
};

extern const struct mo_need_table owners_module_needs;

#endif
