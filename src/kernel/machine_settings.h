/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MACHINE_SETTINGS_H
#define MO_MACHINE_SETTINGS_H

/* How the machine was set up, as far as memory and crashes are concerned: the kernel's command line, its load, sysctls. */

#include <stddef.h>

#include <memopsy/kernel.h>
#include <memopsy/layout.h>

#define MO_LOAD_AVERAGES 3

struct mo_sysctl {
	const char *name;         /* "vm.panic_on_oom" */
	bool is_known;
	int32_t value;
};

#define MO_SYSCTLS 12

struct mo_machine_settings {
	char *command_line;       /* visible text; NULL: not known */
	bool has_load;
	uint64_t load_hundredths[MO_LOAD_AVERAGES]; /* over 1, 5 and 15 minutes, as /proc/loadavg prints them */
	struct mo_sysctl sysctls[MO_SYSCTLS];
};

extern const struct mo_need mo_machine_settings_needs[];
extern const size_t mo_machine_settings_n_needs;

/* Only memory can run short; all else leaves facts unknown. */
struct mo_error *mo_machine_settings_gather(struct mo_reader *reader, struct mo_machine_settings *ret) MO_MUST_USE;
void mo_machine_settings_deinit(struct mo_machine_settings *settings);

#endif
