/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_BANNED_H
#define MO_BANNED_H

/* Functions that have no safe use here; the build includes this header before every file of ours. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Macros of glibc: sprintf and vsprintf are those with clang and _FORTIFY_SOURCE. */
#undef alloca
#undef sprintf
#undef vsprintf
#pragma GCC poison alloca strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll

#endif
