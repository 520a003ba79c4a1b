/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the oom plugin took from a log, every field as a line "EVENT.KEY=VALUE"; fields that are not known are left out. For
 * check_reports.py, which knows the right values. Usage: print-events FILE [PAGE-BYTES]
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_feed.h"

static void put_count(size_t event, const char *key, const char *name, struct mo_count count)
{
	if (count.certainty == MO_EXACT)
		printf("%zu.%s%s=%" PRIu64 "\n", event, key, name, count.value);
}

static void put_text(size_t event, const char *key, const char *text)
{
	if (text[0])
		printf("%zu.%s=%s\n", event, key, text);
}

static void put_request(size_t i, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	char names[192];

	put_text(i, "kind", kind_words[event->kind]);
	put_text(i, "comm", event->comm);
	put_text(i, "release", draft->release);
	put_text(i, "constraint", draft->constraint_text);
	put_text(i, "gfp_text", event->gfp_text);
	put_text(i, "nodemask", event->nodemask);
	put_text(i, "cpuset", event->cpuset);
	put_text(i, "mems_allowed", event->mems_allowed);
	put_text(i, "memcg", event->memcg);
	put_text(i, "task_memcg", event->task_memcg);
	put_text(i, "function", event->function);
	put_text(i, "cache", event->cache);
	put_text(i, "killer", event->killer);
	put_text(i, "subject", event->subject);
	put_text(i, "reason", event->reason);
	put_count(i, "bytes", "", event->bytes);
	put_count(i, "allocated_bytes", "", event->allocated_bytes);
	if (event->waited_ns)
		printf("%zu.waited_ms=%" PRIu64 "\n", i, event->waited_ns / 1000000);
	if (event->has_pid)
		printf("%zu.pid=%d\n", i, event->pid);
	if (event->has_order)
		printf("%zu.order=%d\n", i, event->order);
	printf("%zu.is_partial=%d\n", i, event->gap != MO_OOM_NO_GAP);
	if (!event->has_gfp)
		return;
	printf("%zu.gfp=%" PRIu64 "\n", i, event->gfp);
	if (event->gfp_text[0] && !draft->release[0])
		return;
	name_gfp_by_release(draft->release, event->gfp, names, sizeof(names));
	put_text(i, "gfp_names", names);
}

static void put_numbers(size_t i, const struct draft *draft)
{
	for (size_t k = 0; k < N_COUNTERS; k++) {
		put_count(i, "counter.", counter_names[k], draft->counters[k]);
		put_count(i, "node_kib.", counter_names[k], draft->node_kib[k]);
	}
	put_count(i, "kernel_stack_kib", "", draft->kernel_stack_kib);
	put_count(i, "swap_free", "", draft->event.swap_free_bytes);
	put_count(i, "swap_total", "", draft->event.swap_total_bytes);
	put_count(i, "ram_pages", "", draft->ram_pages);
	put_count(i, "reserved_pages", "", draft->reserved_pages);
	for (size_t k = 0; k < draft->n_huge_pools; k++)
		printf("%zu.huge.%" PRIu64 "=%" PRIu64 ",%" PRIu64 "\n", i, draft->huge_pools[k].page_kib,
		       draft->huge_pools[k].total, draft->huge_pools[k].free);
	for (size_t k = 0; k < draft->n_slabs; k++)
		printf("%zu.slab.%s=%" PRIu64 ",%" PRIu64 "\n", i, draft->slabs[k].name, draft->slabs[k].used_kib,
		       draft->slabs[k].total_kib);
}

static void put_zones(size_t i, const struct draft *draft)
{
	for (size_t k = 0; k < draft->n_zones; k++) {
		const struct mo_oom_zone *zone = &draft->zones[k];
		char key[64];

		snprintf(key, sizeof(key), "zone.%u.%s.", zone->node_id, zone->name);
		put_count(i, key, "free", zone->free_pages);
		put_count(i, key, "min", zone->min_pages);
		put_count(i, key, "low", zone->low_pages);
		put_count(i, key, "high", zone->high_pages);
		put_count(i, key, "boost", zone->boost_pages);
		put_count(i, key, "present", zone->present_pages);
		put_count(i, key, "managed", zone->managed_pages);
		put_count(i, key, "free_pcp", zone->free_pcp_pages);
		put_count(i, key, "free_cma", zone->free_cma_pages);
		put_count(i, key, "highatomic", zone->reserved_highatomic_pages);
		for (size_t n = 0; n < N_COUNTERS; n++) {
			char name[96];

			snprintf(name, sizeof(name), "kib.%s", counter_names[n]);
			put_count(i, key, name, zone->counters_kib[n]);
		}
		printf("%zu.%sreserve=", i, key);
		for (size_t n = 0; n < zone->n_lowmem_reserve; n++)
			printf("%" PRIu64 " ", zone->lowmem_reserve_pages[n]);
		printf("\n%zu.%sblocks=", i, key);
		for (size_t n = 0; n < zone->n_orders; n++)
			printf("%" PRIu64 "%s ", zone->free_blocks[n], zone->has_usable[n] ? "+" : "");
		printf("\n");
	}
}

static void put_memcg(size_t i, const struct draft *draft)
{
	static const char *const names[N_MEMCG_STATS] = {
		"anon", "file", "shmem", "kernel_stack", "pagetables", "sec_pagetables", "percpu", "sock", "vmalloc", "zswap",
		"file_dirty", "file_writeback", "unevictable", "slab_reclaimable", "slab_unreclaimable", "hugetlb",
	};
	const struct mo_oom_memcg *memcg = &draft->memcg;

	put_text(i, "memcg.path", memcg->path);
	put_count(i, "memcg.", "usage", memcg->usage_bytes);
	put_count(i, "memcg.", "limit", memcg->limit_bytes);
	put_count(i, "memcg.", "failcnt", memcg->failcnt);
	put_count(i, "memcg.", "swap_usage", memcg->swap_usage_bytes);
	put_count(i, "memcg.", "swap_limit", memcg->swap_limit_bytes);
	put_count(i, "memcg.", "memsw_usage", memcg->memsw_usage_bytes);
	put_count(i, "memcg.", "memsw_limit", memcg->memsw_limit_bytes);
	put_count(i, "memcg.", "kmem_usage", memcg->kmem_usage_bytes);
	put_count(i, "memcg.", "kmem_limit", memcg->kmem_limit_bytes);
	for (size_t k = 0; k < N_MEMCG_STATS; k++)
		put_count(i, "memcg_stat.", names[k], draft->memcg_stats[k]);
}

static void put_processes(size_t i, const struct draft *draft)
{
	char key[64];

	for (size_t k = 0; k < draft->n_candidates; k++) {
		const struct mo_oom_candidate *task = &draft->candidates[k];

		snprintf(key, sizeof(key), "task.%d.", task->pid);
		printf("%zu.%scomm=%s\n%zu.%suid=%u\n%zu.%stgid=%d\n%zu.%sadj=%d\n", i, key, task->comm, i, key, task->uid, i, key,
		       task->tgid, i, key, task->oom_score_adj);
		put_count(i, key, "total_vm", task->total_vm_pages);
		put_count(i, key, "rss", task->rss_pages);
		put_count(i, key, "rss_anon", task->anon_pages);
		put_count(i, key, "rss_file", task->file_pages);
		put_count(i, key, "rss_shmem", task->shmem_pages);
		put_count(i, key, "swapents", task->swap_pages);
		put_count(i, key, "pgtables", task->pgtables_bytes);
	}
	for (size_t k = 0; k < draft->n_kills; k++) {
		const struct mo_oom_kill *kill = &draft->kills[k];

		snprintf(key, sizeof(key), "kill.%d.", kill->pid);
		printf("%zu.%scomm=%s\n", i, key, kill->comm);
		put_count(i, key, "total_vm", kill->total_vm_bytes);
		put_count(i, key, "anon", kill->anon_bytes);
		put_count(i, key, "file", kill->file_bytes);
		put_count(i, key, "shmem", kill->shmem_bytes);
		put_count(i, key, "pgtables", kill->pgtables_bytes);
		put_count(i, key, "score", kill->score);
		put_count(i, key, "left", kill->left_bytes);
		if (kill->has_uid)
			printf("%zu.%suid=%u\n", i, key, kill->uid);
		if (kill->has_adj)
			printf("%zu.%sadj=%d\n", i, key, kill->oom_score_adj);
		printf("%zu.%sreaped=%d\n", i, key, kill->is_reaped ? 1 : kill->is_unreapable ? -1 : 0);
	}
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 4u << 20);
	size_t n = file && text ? fread(text, 1, (4u << 20) - 1, file) : 0;

	if (file)
		fclose(file);
	if (n)
		return text;
	free(text);
	return NULL;
}

int main(int argc, char **argv)
{
	struct log_scan scan = new_scan();
	char *text = argc > 1 ? read_file(argv[1]) : NULL;

	if (!text)
		return 2;
	if (argc > 2)
		scan.page_bytes = strtoull(argv[2], NULL, 10);
	feed(&scan, text);
	log_scan_finish(&scan);
	for (size_t i = 0; i < scan.n_drafts; i++) {
		put_request(i, scan.drafts[i]);
		put_numbers(i, scan.drafts[i]);
		put_zones(i, scan.drafts[i]);
		put_memcg(i, scan.drafts[i]);
		put_processes(i, scan.drafts[i]);
	}
	log_scan_free(&scan);
	free(text);
	return 0;
}
