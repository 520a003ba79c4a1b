/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line, load averages and sysctls of the kernel that was dumped. */
#include "machine_settings.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

#define MAX_COMMAND_LINE 4096 /* COMMAND_LINE_SIZE is 2048 on most architectures, 4096 on s390 */
#define LOAD_FRACTION_BITS 11 /* FSHIFT, include/linux/sched/loadavg.h */

struct settings_layout {
	struct mo_address command_line;
	struct mo_address avenrun;
	struct mo_address sysctls[MO_SYSCTLS];
};

/* What memory pressure, its failures and a crash depend on; all of them are an int. */
static const char *const sysctl_names[MO_SYSCTLS] = {
	"vm.panic_on_oom", "vm.oom_kill_allocating_task", "vm.overcommit_memory", "vm.overcommit_ratio", "vm.swappiness",
	"vm.min_free_kbytes", "vm.watermark_scale_factor", "vm.max_map_count", "vm.dirty_ratio", "vm.zone_reclaim_mode",
	"kernel.panic", "kernel.panic_on_oops",
};

#define SYSCTL(at, symbol) MO_ADDRESS(struct settings_layout, sysctls[at], symbol, .is_optional = true)

const struct mo_need mo_machine_settings_needs[] = {
	MO_ADDRESS(struct settings_layout, command_line, "saved_command_line", .is_optional = true,
		   .why = "init/main.c: a pointer to the line that /proc/cmdline prints"),
	MO_ADDRESS(struct settings_layout, avenrun, "avenrun", .is_optional = true,
		   .why = "kernel/sched/loadavg.c: three unsigned longs with FSHIFT bits of fraction"),
	SYSCTL(0, "sysctl_panic_on_oom"),
	SYSCTL(1, "sysctl_oom_kill_allocating_task"),
	SYSCTL(2, "sysctl_overcommit_memory"),
	SYSCTL(3, "sysctl_overcommit_ratio"),
	SYSCTL(4, "vm_swappiness"),
	SYSCTL(5, "min_free_kbytes"),
	SYSCTL(6, "watermark_scale_factor"),
	SYSCTL(7, "sysctl_max_map_count"),
	SYSCTL(8, "vm_dirty_ratio"),
	SYSCTL(9, "node_reclaim_mode"),
	SYSCTL(10, "panic_timeout"),
	SYSCTL(11, "panic_on_oops"),
};
const size_t mo_machine_settings_n_needs = sizeof(mo_machine_settings_needs) / sizeof(mo_machine_settings_needs[0]);

static struct mo_error *gather_command_line(struct mo_reader *reader, const struct settings_layout *layout, char **ret)
{
	MO_FREE char *line = calloc(1, MAX_COMMAND_LINE);
	uint64_t line_kva = 0;
	size_t n_bytes;
	struct mo_error *error;

	if (!line)
		return mo_error_no_memory();
	if (!mo_has(&layout->command_line))
		return NULL;
	error = mo_read_pointer(reader, layout->command_line.kva, &line_kva);
	if (!error && line_kva)
		error = mo_read_string(reader, line_kva, line, MAX_COMMAND_LINE, NULL);
	if (error || !line_kva) {
		mo_error_destroy(error);
		return NULL;
	}
	n_bytes = strlen(line);
	while (n_bytes && (line[n_bytes - 1] == '\n' || line[n_bytes - 1] == ' '))
		n_bytes--;
	*ret = mo_text_from_bytes(line, n_bytes);
	return *ret ? NULL : mo_error_no_memory();
}

/* fs/proc/loadavg.c: rounded by half of a hundredth. */
static void gather_load(struct mo_reader *reader, const struct settings_layout *layout, struct mo_machine_settings *settings)
{
	uint64_t pointer_bytes = mo_kernel_facts(mo_reader_kernel(reader))->pointer_bytes;

	settings->has_load = mo_has(&layout->avenrun) && pointer_bytes;
	for (unsigned i = 0; i < MO_LOAD_AVERAGES && settings->has_load; i++) {
		uint64_t value = 0;
		struct mo_error *error = mo_read_pointer(reader, layout->avenrun.kva + i * pointer_bytes, &value);

		/* Nobody has a load of millions. */
		settings->has_load = !error && value >> 40 == 0;
		settings->load_hundredths[i] = (value + (1 << LOAD_FRACTION_BITS) / 200) * 100 >> LOAD_FRACTION_BITS;
		mo_error_destroy(error);
	}
}

struct mo_error *mo_machine_settings_gather(struct mo_reader *reader, struct mo_machine_settings *ret)
{
	MO_FREE struct settings_layout *layout = calloc(1, sizeof(*layout));
	struct mo_machine_settings settings = { .command_line = NULL };
	struct mo_error *error;

	if (!layout)
		return mo_error_no_memory();
	for (size_t i = 0; i < mo_machine_settings_n_needs; i++) {
		error = mo_bind(mo_reader_kernel(reader), &mo_machine_settings_needs[i], 1, layout);
		if (error && mo_error_ends_run(error))
			return error;
		mo_error_destroy(error);
	}
	for (size_t i = 0; i < MO_SYSCTLS; i++) {
		uint32_t value = 0;

		settings.sysctls[i].name = sysctl_names[i];
		if (!mo_has(&layout->sysctls[i]))
			continue;
		error = mo_read_u32(reader, layout->sysctls[i].kva, &value);
		settings.sysctls[i].is_known = !error;
		settings.sysctls[i].value = (int32_t)value;
		mo_error_destroy(error);
	}
	gather_load(reader, layout, &settings);
	MO_TRY(gather_command_line(reader, layout, &settings.command_line));
	*ret = settings;
	return NULL;
}

void mo_machine_settings_deinit(struct mo_machine_settings *settings)
{
	free(settings->command_line);
	settings->command_line = NULL;
}
