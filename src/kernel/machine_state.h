/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MACHINE_STATE_H
#define MO_MACHINE_STATE_H

/*
 * What the machine says of itself at the moment of the dump: clocks, CPUs, names, whether it panicked. Each fact is
 * known or not on its own.
 */

#include <stddef.h>

#include <memopsy/kernel.h>
#include <memopsy/layout.h>

struct mo_machine_state {
	/*
	 * Of the last timekeeping update (a tick, so up to about a second before the dump on an idle machine): the
	 * wall clock in seconds since 1970, and nanoseconds since boot with the time asleep, as /proc/uptime counts.
	 */
	bool has_time;
	int64_t wall_seconds;
	uint64_t uptime_ns;

	bool has_cpus;
	unsigned n_cpus_possible;
	unsigned n_cpus_present;
	unsigned n_cpus_online;

	/* init_uts_ns.name, visible text; NULL: not known. */
	char *sysname;
	char *nodename;
	char *release;
	char *version;
	char *machine;

	bool has_total_pages;
	uint64_t total_pages;     /* totalram_pages(): what the page allocator was given */

	bool has_panic_cpu;       /* whether panic_cpu could be read */
	bool is_panicked;
	unsigned panic_cpu;       /* the CPU that panicked, if one did */

	bool has_taint;
	uint64_t taint;           /* tainted_mask */

	bool has_crash_time;
	int64_t crash_time;       /* VMCOREINFO CRASHTIME: a true kdump; seconds since 1970 */
};

/* What mo_machine_state_gather() binds, for those who prefetch. */
extern const struct mo_need mo_machine_state_needs[];
extern const size_t mo_machine_state_n_needs;

/* Only memory can run short; all else leaves facts unknown. */
struct mo_error *mo_machine_state_gather(struct mo_reader *reader, struct mo_machine_state *ret) MO_MUST_USE;
void mo_machine_state_deinit(struct mo_machine_state *state);

#endif
