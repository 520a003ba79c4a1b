/* SPDX-License-Identifier: LGPL-2.1-or-later */

extern int toy_helper(int value);

static int repeated = 2;

int toy_helper(int value)
{
	return value + repeated++;
}
