/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits on the CPU time and memory that one run may cost. */
#include "limits.h"

#include <sys/resource.h>

#include "sanitizers.h"
#include "threads.h"

#define CPU_SECONDS 10u
#define CPU_SECONDS_OF_DWARF 300u
#define BYTES_PER_CPU_SECOND 10000000u

/* What is reserved and never touched counts, too (tables over page frames, stacks of threads): 256 MiB would be too few. */
#define RESERVED_BYTES (1ull << 30)
#define THREAD_BYTES (16ull << 20)

uint64_t mo_limit_cpu_seconds(uint64_t file_bytes, bool may_read_dwarf)
{
	return CPU_SECONDS + file_bytes / BYTES_PER_CPU_SECOND + (may_read_dwarf ? CPU_SECONDS_OF_DWARF : 0);
}

static void lower(int resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) || limit.rlim_cur < value)
		return;
	limit.rlim_cur = value;
	(void)setrlimit((__rlimit_resource_t)resource, &limit);
}

void mo_limits_set(uint64_t file_bytes, bool may_read_dwarf)
{
	struct rusage used;

	if (MO_HAS_SANITIZER || getrusage(RUSAGE_SELF, &used))
		return;
	lower(RLIMIT_CPU, (uint64_t)used.ru_utime.tv_sec + (uint64_t)used.ru_stime.tv_sec + 1 +
				  mo_limit_cpu_seconds(file_bytes, may_read_dwarf));
	lower(RLIMIT_DATA, RESERVED_BYTES + THREAD_BYTES * mo_thread_count() + 2 * file_bytes);
}
