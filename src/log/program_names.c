/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs whose lines are kept beside the kernel's. */
#include "program_names.h"

#include <stddef.h>

static const char *const names[] = {
	"systemd-oomd", "earlyoom", "lmkd", "lowmemorykiller", "kubelet", "dockerd", "containerd", "k3s", "nohang", "oomd",
};

const char *program_name(struct cursor tag)
{
	size_t n = cursor_left(&tag);

	if (n < 3 || n > 16)
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_text(tag, names[i]))
			return names[i];
	return NULL;
}

bool says_what_was_lost(struct cursor tag)
{
	return is_text(tag, "systemd-journald") || is_text(tag, "systemd-journal");
}
