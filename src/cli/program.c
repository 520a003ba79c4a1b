/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main(), apart from the library that tests link. */
#include "memopsy_main.h"

int main(int argc, char **argv)
{
	return memopsy_main(argc, argv);
}
