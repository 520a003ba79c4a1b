/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_LIMITS_H
#define MO_LIMITS_H

/*
 * The last resort against a dump that makes us work for ever: no file may cost more than its size justifies. Walks and passes
 * have bounds of their own; these limits are the system's, and a run that meets one has met a defect or an attack.
 */

#include <stdbool.h>
#include <stdint.h>

/* 10 s of CPU time, and 1 s for each 10 MB; more while DWARF of a vmlinux may have to be read. */
uint64_t mo_limit_cpu_seconds(uint64_t file_bytes, bool may_read_dwarf);

/*
 * Limits this process: CPU time, on top of what it has used (SIGXCPU then), and memory that it can reserve: 1 GiB and twice
 * the size of the file. Limits that are lower already stay. A limit that cannot be set is none.
 */
void mo_limits_set(uint64_t file_bytes, bool may_read_dwarf);

#endif
