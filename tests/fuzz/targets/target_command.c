/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole command: the first byte chooses which, the rest is the dump, the log or the report that it is given. */
#include <string.h>

#include "memopsy_main.h"
#include "target.h"

static const char *const commands[] = { "report", "info", "oom", "dmesg", "leaks", "owners", "usage", "slabinfo", "ps", "slabcheck",
					"meminfo", "files", "cgroups", "vmallocinfo", "modules", "diff" };
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define DIFF (N_COMMANDS - 1)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct input_file file;
	size_t which;

	if (!n_bytes)
		return 0;
	which = bytes[0] % N_COMMANDS;
	/* Of a dump, diff would start this program again. */
	if (which == DIFF && (bytes[1 % n_bytes] != '{' || !memmem(bytes, n_bytes < 64 ? n_bytes : 64, "\"memopsy-report\"", 16)))
		return 0;
	input_file_open(&file, bytes + 1, n_bytes - 1);
	{
		/* Words that begin with a dash are options; the sandbox would not let the engine write its corpus. */
		const char *line[] = { "memopsy", commands[which], "--no-sandbox", "--no-cache", "--quiet", "--output=/dev/null",
				 bytes[0] & 0x80 ? "--json" : "--bytes", file.path, which == DIFF ? file.path : NULL, NULL };
		int status = memopsy_main(which == DIFF ? 9 : 8, (char **)line);

		demand(status >= 0 && status <= 3, "an exit status of ours");
	}
	input_file_close(&file);
	return 0;
}
