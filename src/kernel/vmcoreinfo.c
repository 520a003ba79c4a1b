/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMCOREINFO (kernel/crash_core.c, since 6.9 kernel/vmcore_info.c): lines of KEY=VALUE. */
#include "kernel_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "text.h"

bool mo_vmcoreinfo_value(const char *vmcoreinfo, const char *key, const char **value, size_t *n_bytes)
{
	size_t key_bytes = strlen(key);

	for (const char *line = vmcoreinfo; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if ((size_t)(end - line) > key_bytes && !memcmp(line, key, key_bytes) && line[key_bytes] == '=') {
			*value = line + key_bytes + 1;
			*n_bytes = (size_t)(end - *value);
			return true;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

/* Addresses stand in bare hexadecimal; NUMBERs are decimal (with a sign) or carry a 0x. */
static int base_of(const char *key)
{
	return !strncmp(key, "SYMBOL(", 7) || !strcmp(key, "KERNELOFFSET") ? 16 : 0;
}

struct mo_error *mo_vmcoreinfo_number(const char *vmcoreinfo, const char *key, int64_t *ret)
{
	const char *value;
	size_t n_bytes;
	char digits[40];
	char *end;
	uint64_t number;

	if (!vmcoreinfo || !mo_vmcoreinfo_value(vmcoreinfo, key, &value, &n_bytes))
		return mo_error_create(MO_E_ABSENT, "VMCOREINFO has no %s", key);
	if (!n_bytes || n_bytes >= sizeof(digits))
		return mo_error_create(MO_E_CORRUPT, "VMCOREINFO's %s is no number", key);
	memcpy(digits, value, n_bytes);
	digits[n_bytes] = '\0';
	errno = 0;
	number = digits[0] == '-' ? (uint64_t)strtoll(digits, &end, base_of(key)) : strtoull(digits, &end, base_of(key));
	if (errno || *end || end == digits)
		return mo_error_create(MO_E_CORRUPT, "VMCOREINFO's %s is no number: \"%s\"", key, digits);
	*ret = (int64_t)number;
	return NULL;
}

struct mo_error *mo_vmcoreinfo_copy(const char *vmcoreinfo, const char *key, char **ret)
{
	const char *value;
	size_t n_bytes;
	char *copy;

	if (!vmcoreinfo || !mo_vmcoreinfo_value(vmcoreinfo, key, &value, &n_bytes)) {
		*ret = NULL;
		return NULL;
	}
	copy = mo_text_from_bytes(value, n_bytes);
	if (!copy)
		return mo_error_no_memory();
	*ret = copy;
	return NULL;
}

struct mo_error *mo_kernel_vmcoreinfo_number(const struct mo_kernel *kernel, const char *key, int64_t *ret)
{
	return mo_vmcoreinfo_number(kernel->vmcoreinfo, key, ret);
}

const char *mo_kernel_vmcoreinfo_text(const struct mo_kernel *kernel)
{
	return kernel->vmcoreinfo;
}
