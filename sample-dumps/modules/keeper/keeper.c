/* SPDX-License-Identifier: LGPL-2.1-or-later OR GPL-2.0-only */
/* Data in which another module (loser) keeps pointers that nobody else has. */
#include <linux/module.h>

#define KEEPER_SLOTS 64

void *keeper_slots[KEEPER_SLOTS];
EXPORT_SYMBOL_GPL(keeper_slots);

static int __init keeper_init(void)
{
	return 0;
}

module_init(keeper_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Keeps pointers of another module, for memopsy's tests");
