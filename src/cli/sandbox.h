/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_SANDBOX_H
#define MO_SANDBOX_H

/*
 * What a process that reads a hostile dump cannot do, whatever the dump makes of it: start programs, open sockets, load
 * modules, trace others; make, remove or write files but for the output's directory and the cache (landlock, kernel 5.13 on).
 * Files are read as before. A kernel without seccomp or landlock gives less of it.
 */

#include <stdbool.h>

/*
 * From now on, for this thread and all that it starts; there is no way back. Directories that may be NULL are none.
 * may_use_network: sockets stay possible (debuginfod has been asked for). The rest of what it takes is silent: a system that
 * offers none of it is as it was.
 */
void mo_sandbox_enter(const char *output_dir, const char *cache_dir, bool may_use_network);

#endif
