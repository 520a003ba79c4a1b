/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs whose lines are kept beside the kernel's. */
#include "program_names.h"

#include <stddef.h>

static const char *const names[] = {
	"systemd-oomd", "earlyoom", "lmkd", "lowmemorykiller", "kubelet", "dockerd", "containerd", "k3s", "nohang", "oomd",
};

static bool has(struct cursor text, const char *word)
{
	return memmem(text.at, cursor_left(&text), word, strlen(word)) != NULL;
}

/* Of all that systemd says. */
static bool is_about_a_kill(struct cursor text)
{
	return has(text, "killed by the OOM killer") || has(text, "systemd-oomd killed") || has(text, "'oom-kill'");
}

const char *program_name(struct cursor tag, struct cursor text)
{
	size_t n;

	/* journalctl -o with-unit: the unit in place of the program, a user's manager before it. */
	if (cursor_left(&tag) > 8 && !memcmp(tag.end - 8, ".service", 8)) {
		const char *slash = memrchr(tag.at, '/', cursor_left(&tag));

		tag = (struct cursor){ slash ? slash + 1 : tag.at, tag.end - 8 };
	}
	if (is_text(tag, "systemd"))
		return is_about_a_kill(text) ? "systemd" : NULL;
	n = cursor_left(&tag);
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
