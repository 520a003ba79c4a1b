/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The architectures that there are. */
#include "arch.h"

static const struct mo_arch *const architectures[] = { &mo_arch_x86_64, &mo_arch_arm64 };
#define N_ARCHITECTURES (sizeof(architectures) / sizeof(architectures[0]))

const struct mo_arch *mo_arch_by_name(const char *name)
{
	for (size_t i = 0; i < N_ARCHITECTURES; i++)
		if (!strcmp(architectures[i]->name, name))
			return architectures[i];
	return NULL;
}

const struct mo_arch *mo_arch_by_vmcoreinfo(const struct mo_arch_view *view)
{
	int64_t ignored;

	if (!view->vmcoreinfo)
		return NULL;
	for (size_t i = 0; i < N_ARCHITECTURES; i++)
		for (const char *const *key = architectures[i]->vmcoreinfo_keys; *key; key++)
			if (view->vmcoreinfo(view->context, *key, &ignored))
				return architectures[i];
	return NULL;
}

const char *mo_arch_supported(void)
{
	return "x86_64, aarch64";
}
