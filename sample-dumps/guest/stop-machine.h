/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's pvpanic device: one write to it, and the machine stands still until the host lets it go on. */
#ifndef STOP_MACHINE_H
#define STOP_MACHINE_H

#include <stdbool.h>

/* Maps the device; false, after a message, where there is none. */
bool prepare_stop(void);

void stop_machine(void);

#endif
