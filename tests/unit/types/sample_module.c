/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled, not linked, as a module is. */
#include "sample_first.c"

struct module_only {
	struct page *page;
	struct only_first first;
};

enum module_state { MODULE_STATE = 9 };

struct module_only sample_module_only;
enum module_state sample_module_state;
