/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keeps the running kernel from being read. */
#include "live_trouble.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KCORE "/proc/kcore"
#define CAP_SYS_RAWIO 17 /* include/uapi/linux/capability.h */

static const char *container_advice(const struct mo_live_facts *facts)
{
	return facts->is_in_container ? "; this is a container: run memopsy on the host, or give it a dump" : "";
}

/* Lockdown in the mode confidentiality refuses it (LOCKDOWN_KCORE, v5.4); integrity does not. */
static bool is_locked_down(const struct mo_live_facts *facts)
{
	return facts->lockdown && strstr(facts->lockdown, "[confidentiality]");
}

struct mo_error *mo_live_trouble(int errno_value, const struct mo_live_facts *facts)
{
	if (facts->is_masked)
		return mo_error_create(MO_E_PERMISSION, KCORE " is hidden: something else is mounted over it, as container runtimes do; run "
					"memopsy on the host, or in a container whose /proc is not masked, or give it a dump");
	if (errno_value == ENOENT)
		return mo_error_from_errno(ENOENT, "this kernel offers no " KCORE " (CONFIG_PROC_KCORE is off, or /proc is not mounted%s)",
					   facts->is_in_container ? ", or this container hides it: run memopsy on the host" : "");
	if (errno_value == EACCES)
		return mo_error_create(MO_E_PERMISSION, "Permission denied to read " KCORE ": run as root%s", container_advice(facts));
	/* open_kcore() in fs/proc/kcore.c gives EPERM for both. */
	if (errno_value == EPERM && is_locked_down(facts))
		return mo_error_create(MO_E_PERMISSION, KCORE ": Operation not permitted: the kernel is locked down (confidentiality), and gives "
					"its memory to nobody; boot with lockdown=integrity or less, or take a dump with kdump");
	if (errno_value == EPERM && facts->knows_rawio && !facts->has_rawio)
		return mo_error_create(MO_E_PERMISSION, KCORE ": Operation not permitted: the capability CAP_SYS_RAWIO is missing%s%s",
				       facts->is_root ? ", though this is root: it was dropped (by a service's CapabilityBoundingSet=, or by a "
							"container)" :
							": run as root",
				       container_advice(facts));
	if (errno_value == EPERM)
		return mo_error_create(MO_E_PERMISSION, KCORE ": Operation not permitted: root and CAP_SYS_RAWIO are needed, and a kernel in "
					"lockdown mode (confidentiality) gives it to nobody%s", container_advice(facts));
	return mo_error_from_errno(errno_value, KCORE);
}

static void read_line(const char *path, char *text, int n_bytes)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(text, n_bytes, file))
		*text = '\0';
	if (file)
		fclose(file);
}

static void find_capability(struct mo_live_facts *facts)
{
	char line[256];
	unsigned long long effective;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &effective) == 1) {
			facts->knows_rawio = true;
			facts->has_rawio = effective >> CAP_SYS_RAWIO & 1;
		}
	if (file)
		fclose(file);
}

/* The first user namespace maps all IDs onto themselves. */
static bool has_own_user_namespace(void)
{
	char line[128];
	unsigned long long inside, outside, n;

	read_line("/proc/self/uid_map", line, sizeof(line));
	return sscanf(line, "%llu %llu %llu", &inside, &outside, &n) == 3 && (inside || outside || n != 4294967295ull);
}

struct mo_error *mo_live_trouble_here(int errno_value, bool is_masked)
{
	char lockdown[128];
	struct mo_live_facts facts = {
		.is_root = !geteuid(),
		.is_masked = is_masked,
		.is_in_container = getenv("container") || !access("/.dockerenv", F_OK) || !access("/run/.containerenv", F_OK) ||
				   has_own_user_namespace(),
	};

	read_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	facts.lockdown = *lockdown ? lockdown : NULL;
	find_capability(&facts);
	return mo_live_trouble(errno_value, &facts);
}
