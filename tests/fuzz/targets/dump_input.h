/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DUMP_INPUT_H
#define DUMP_INPUT_H

#include <stdbool.h>

/* Opens a dump and reads all that can be read of it, whatever it is. Whether it opened. */
bool open_and_read(const char *path);

#endif
