/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running kernel: priority, cost, and the counters that say how much moved while it was looked at. */
#include "live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"

#define LIVE_KERNEL "/proc/kcore"
#define NICE 10
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13) /* include/uapi/linux/ioprio.h: class idle */
#define MAX_FILE_BYTES (1u << 20)
#define LOOKS_FOR_LEAKS 3
#define BYTES_PER_SECOND (400u << 20) /* of /proc/kcore, looked at word by word by one CPU, measured: 0.4 to 1 GB/s */
#define WAIT_SECONDS 2.5

bool mo_cli_is_live(const struct mo_cli *cli)
{
	return cli->n_dump_paths == 1 && !strcmp(cli->dump_paths[0], LIVE_KERNEL);
}

static void step_aside(void)
{
	int priority = getpriority(PRIO_PROCESS, 0);

	if (priority < NICE)
		(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

/* The whole text of a file of /proc; NULL: it cannot be read. */
static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(MAX_FILE_BYTES + 1) : NULL;
	size_t n = text ? fread(text, 1, MAX_FILE_BYTES, file) : 0;

	if (text)
		text[n] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* The number behind a word that begins a line. */
static struct mo_count number_after(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, word, n) && (line[n] == ' ' || line[n] == ':'))
			return mo_exact(strtoull(line + n + 1, NULL, 10));
	return mo_unknown();
}

/* What a look for leaks reads: the kernel's memory, not what processes and files have. */
static uint64_t kernel_bytes(const char *meminfo)
{
	static const char *const lines[] = { "Slab", "KernelStack", "PageTables", "VmallocUsed", "Percpu" };
	struct mo_count total = number_after(meminfo, "MemTotal");
	uint64_t kib = total.certainty == MO_EXACT ? total.value / 64 : 0; /* struct pages: 64 bytes for 4 KiB */

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct mo_count part = number_after(meminfo, lines[i]);

		kib += part.certainty == MO_EXACT ? part.value : 0;
	}
	return (kib << 10) + (48u << 20); /* and the image, and what drivers have */
}

/* What is worth being told before: nothing that takes a second. */
static void announce_cost(const struct mo_cli *cli)
{
	bool looks_for_leaks = !strcmp(cli->command->name, "leaks") ||
			       (!strcmp(cli->command->name, "report") && !mo_parsed_text(cli->parsed, "sections"));
	MO_FREE char *meminfo = looks_for_leaks ? read_text("/proc/meminfo") : NULL;
	uint64_t n_bytes;

	if (!meminfo)
		return;
	n_bytes = kernel_bytes(meminfo);
	mo_cli_remark(cli, "looking for leaks in the running kernel: about %" PRIu64 " MiB are read, up to %d times, in about %.0f s of "
			   "one CPU at low priority (--max-seconds and --max-rss bound it)",
		      n_bytes >> 20, LOOKS_FOR_LEAKS,
		      WAIT_SECONDS + 0.5 + LOOKS_FOR_LEAKS * (double)n_bytes / BYTES_PER_SECOND);
}

void mo_live_begin(const struct mo_cli *cli)
{
	if (!mo_cli_is_live(cli))
		return;
	if (!mo_parsed_has(cli->parsed, "no-nice"))
		step_aside();
	announce_cost(cli);
}

static const char *const words[MO_N_LIVE_COUNTERS] = {
	[MO_LIVE_FREE] = "nr_free_pages", [MO_LIVE_ANON] = "nr_anon_pages", [MO_LIVE_FILE] = "nr_file_pages",
	[MO_LIVE_SHMEM] = "nr_shmem", [MO_LIVE_SLAB_RECLAIMABLE] = "nr_slab_reclaimable",
	[MO_LIVE_SLAB_UNRECLAIMABLE] = "nr_slab_unreclaimable", [MO_LIVE_PAGE_TABLES] = "nr_page_table_pages",
	[MO_LIVE_KERNEL_STACK] = "nr_kernel_stack", [MO_LIVE_FREES] = "pgfree", [MO_LIVE_FORKS] = "processes",
};

void mo_live_counters_parse(const char *vmstat, const char *stat, const char *meminfo, uint64_t page_bytes,
			    struct mo_live_counters *ret)
{
	static const char *const zones[] = { "pgalloc_dma", "pgalloc_dma32", "pgalloc_normal", "pgalloc_movable", "pgalloc_device" };
	struct mo_count total = number_after(meminfo, "MemTotal");

	*ret = (struct mo_live_counters){ .total_pages = mo_unknown() };
	for (unsigned i = 0; i < MO_N_LIVE_COUNTERS; i++)
		ret->counts[i] = words[i] ? number_after(i == MO_LIVE_FORKS ? stat : vmstat, words[i]) : mo_unknown();
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct mo_count part = number_after(vmstat, zones[i]);

		if (part.certainty == MO_EXACT)
			ret->counts[MO_LIVE_ALLOCATIONS] = mo_exact(part.value + (ret->counts[MO_LIVE_ALLOCATIONS].certainty == MO_EXACT ?
										  ret->counts[MO_LIVE_ALLOCATIONS].value : 0));
	}
	if (total.certainty == MO_EXACT && page_bytes >= 1024)
		ret->total_pages = mo_exact(total.value / (page_bytes / 1024));
}

void mo_live_counters_read(struct mo_live_counters *ret)
{
	MO_FREE char *vmstat = read_text("/proc/vmstat");
	MO_FREE char *stat = read_text("/proc/stat");
	MO_FREE char *meminfo = read_text("/proc/meminfo");
	struct timespec now;

	mo_live_counters_parse(vmstat, stat, meminfo, (uint64_t)sysconf(_SC_PAGESIZE), ret);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ret->taken_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
