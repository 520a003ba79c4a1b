/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the owners plugin needs of the kernel. */
#include "owners_layout.h"

#define L struct owners_layout
#define OPTIONAL .is_optional = true

#define WHY_SKB "include/linux/skbuff.h: behind the data of a socket buffer (CONFIG_NET)"
#define WHY_RING "kernel/trace/ring_buffer.c: the pages of ftrace's buffers (CONFIG_RING_BUFFER)"
#define WHY_PIPE "include/linux/pipe_fs_i.h: the pages of a pipe"
#define WHY_POOL "include/linux/genalloc.h: memory that a pool hands out in parts (CONFIG_GENERIC_ALLOCATOR)"

#define WHY_URING "include/linux/io_uring_types.h: rings that are shared with a process (CONFIG_IO_URING)"
#define WHY_PERF "kernel/events/internal.h: buffers of perf events that a process maps (CONFIG_PERF_EVENTS)"

static const struct mo_need rows[] = {
	MO_PAGE(L, page),
	MO_SIZE(L, skb_shared_info, "struct skb_shared_info", OPTIONAL, .why = WHY_SKB),
	MO_FIELD(L, skb_nr_frags, "struct skb_shared_info", "nr_frags", OPTIONAL, .why = WHY_SKB),
	MO_FIELD(L, skb_frags, "struct skb_shared_info", "frags", OPTIONAL, .why = WHY_SKB),
	MO_SIZE(L, skb_frag, "struct bio_vec", .or_names = { "struct skb_frag" }, OPTIONAL, .why = WHY_SKB),
	MO_SIZE(L, buffer_page, "struct buffer_page", OPTIONAL, .why = WHY_RING),
	MO_FIELD(L, buffer_page_list, "struct buffer_page", "list", OPTIONAL, .why = WHY_RING),
	MO_FIELD(L, buffer_page_page, "struct buffer_page", "page", OPTIONAL, .why = WHY_RING),
	MO_FIELD(L, list_prev, "struct list_head", "prev", OPTIONAL),
	MO_SIZE(L, pipe_buffer, "struct pipe_buffer", OPTIONAL, .why = WHY_PIPE),
	MO_FIELD(L, pipe_page, "struct pipe_buffer", "page", OPTIONAL, .why = WHY_PIPE),
	MO_FIELD(L, pipe_ops, "struct pipe_buffer", "ops", OPTIONAL, .why = WHY_PIPE),
	MO_FIELD(L, pool_start, "struct gen_pool_chunk", "start_addr", OPTIONAL, .why = WHY_POOL),
	MO_FIELD(L, pool_end, "struct gen_pool_chunk", "end_addr", OPTIONAL, .why = WHY_POOL),
	MO_SIZE(L, uring, "struct io_ring_ctx", OPTIONAL, .why = WHY_URING),
	MO_FIELD(L, uring_rings, "struct io_ring_ctx", "rings", OPTIONAL, .why = WHY_URING),
	MO_FIELD(L, uring_sqes, "struct io_ring_ctx", "sq_sqes", OPTIONAL, .why = WHY_URING),
	MO_FIELD(L, uring_sq_entries, "struct io_ring_ctx", "sq_entries", OPTIONAL, .why = WHY_URING),
	MO_FIELD(L, uring_cq_entries, "struct io_ring_ctx", "cq_entries", OPTIONAL, .why = WHY_URING),
	MO_SIZE(L, perf_buffer, "struct perf_buffer", OPTIONAL, .why = WHY_PERF),
	MO_FIELD(L, perf_user_page, "struct perf_buffer", "user_page", OPTIONAL, .why = WHY_PERF),
	MO_FIELD(L, perf_data_pages, "struct perf_buffer", "data_pages", OPTIONAL, .why = WHY_PERF),
	MO_FIELD(L, perf_nr_pages, "struct perf_buffer", "nr_pages", OPTIONAL, .why = WHY_PERF),
};

const struct mo_need_table owners_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
