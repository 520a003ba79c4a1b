/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_STACK_DEPOT_H
#define MEMOPSY_STACK_DEPOT_H

/*
 * Stacks by handle (lib/stackdepot.c): how page_owner, slub_debug and others of the kernel keep who called.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

#define MO_STACK_DEPOT_FRAMES 64 /* a stack has no more (CONFIG_STACKDEPOT_MAX_FRAMES: 64 or 256; the innermost are given) */

/*
 * The return addresses of a stack, innermost first, into frames_kva[], which has room for MO_STACK_DEPOT_FRAMES.
 * MO_E_ABSENT: the handle is 0 (no stack was kept), or this kernel's stack depot is not known; MO_E_CORRUPT: the handle
 * names no stack.
 */
struct mo_error *mo_stack_depot_read(struct mo_reader *reader, uint32_t handle, uint64_t *frames_kva,
				     size_t *n_ret) MO_MUST_USE;

MO_API_END

#endif
