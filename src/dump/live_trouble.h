/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LIVE_TROUBLE_H
#define MO_LIVE_TROUBLE_H

/* Why /proc/kcore cannot be read, in words that say what is missing and what to do. */

#include <stdbool.h>

#include <memopsy/error.h>

struct mo_live_facts {
	const char *lockdown;      /* /sys/kernel/security/lockdown: "none [integrity] confidentiality"; NULL: not known */
	bool is_root;              /* effective user ID 0 */
	bool has_rawio;            /* CAP_SYS_RAWIO is effective */
	bool knows_rawio;
	bool is_in_container;      /* of its own user namespace, or marked as one (/.dockerenv, /run/.containerenv, $container) */
	bool is_masked;            /* something else lies over it: a device, an empty file */
};

/* errno_value: of open(); 0 with is_masked. */
struct mo_error *mo_live_trouble(int errno_value, const struct mo_live_facts *facts) MO_MUST_USE;

/* The same with the facts of this machine. */
struct mo_error *mo_live_trouble_here(int errno_value, bool is_masked) MO_MUST_USE;

#endif
