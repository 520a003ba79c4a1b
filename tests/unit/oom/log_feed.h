/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LOG_FEED_H
#define MO_LOG_FEED_H

/* Logs as text for the tests of oom: one record a line, a millisecond apart. */

#include "gathering.h"

struct log_scan new_scan(void);
void feed(struct log_scan *scan, const char *text);
void feed_as(struct log_scan *scan, uint32_t caller, const char *text);
void wait_seconds(struct log_scan *scan, unsigned seconds);

/* Pieces of reports. */
#define REPORT_6_1_HEAD \
	"eater invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=0\n" \
	"CPU: 0 PID: 77 Comm: eater Not tainted 6.1.0-toy #1\n" \
	"Call Trace:\n" \
	" <TASK>\n" \
	" dump_stack_lvl+0x44/0x5c\n" \
	" dump_header+0x4c/0x22b\n" \
	" out_of_memory+0x1fd/0x4c0\n" \
	" __alloc_pages+0x305/0x330\n" \
	" vma_alloc_folio+0x9c/0x370\n" \
	" ? policy_node+0x51/0x70\n" \
	" __handle_mm_fault+0x92f/0xfa0\n" \
	" </TASK>\n"

/* 100,000 pages; of these 1,000 free. Holders in what follows the macro's arguments. */
#define MEMINFO(anon, unevictable, slab, tables, shmem) \
	"Mem-Info:\n" \
	"active_anon:100 inactive_anon:" #anon " isolated_anon:0\n" \
	" active_file:0 inactive_file:10 isolated_file:0\n" \
	" unevictable:" #unevictable " dirty:0 writeback:0\n" \
	" slab_reclaimable:500 slab_unreclaimable:" #slab "\n" \
	" mapped:10 shmem:" #shmem " pagetables:" #tables "\n" \
	" sec_pagetables:0 bounce:0\n" \
	" kernel_misc_reclaimable:0\n" \
	" free:1000 free_pcp:50 free_cma:0\n"

#define ZONES_100000 \
	"Node 0 active_anon:400kB inactive_anon:4000kB active_file:0kB kernel_stack:800kB pagetables:800kB all_unreclaimable? yes\n" \
	"Node 0 DMA free:1800kB boost:0kB min:88kB low:108kB high:128kB reserved_highatomic:0KB active_anon:0kB " \
	"writepending:0kB present:15992kB managed:15360kB mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:0kB\n" \
	"lowmem_reserve[]: 0 440 440 440 440\n" \
	"Node 0 DMA32 free:2200kB boost:0kB min:2600kB low:3200kB high:3900kB reserved_highatomic:0KB active_anon:400kB " \
	"writepending:0kB present:400000kB managed:384640kB mlocked:0kB bounce:0kB free_pcp:200kB local_pcp:0kB free_cma:0kB\n" \
	"lowmem_reserve[]: 0 0 0 0 0\n" \
	"Node 0 DMA: 0*4kB 1*8kB (U) 0*16kB 2*32kB (UM) 1*64kB (U) 1*128kB (M) 2*256kB (UM) 2*512kB (UM) 0*1024kB 0*2048kB 0*4096kB " \
	"= 1800kB\n" \
	"Node 0 DMA32: 550*4kB (UME) 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 2200kB\n"

#define NO_SWAP "0 pages in swap cache\nFree swap  = 0kB\nTotal swap = 0kB\n120000 pages RAM\n20000 pages reserved\n"
#define SWAP_FULL "0 pages in swap cache\nFree swap  = 0kB\nTotal swap = 80000kB\n120000 pages RAM\n20000 pages reserved\n"

#define HEADING_6_1 \
	"Tasks state (memory values in pages):\n" \
	"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"

#endif
