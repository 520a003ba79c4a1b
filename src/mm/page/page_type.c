/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a kernel marks page types. They have had three forms (include/linux/page-flags.h): bits that are cleared in a
 * page_type of ones, macros up to 6.9 and enumerators of enum pagetype in 6.10 and 6.11; and since 6.12 a value in the top
 * byte.
 */
#include "page_type.h"

#define TYPE_VALUE_MASK 0xff000000u /* 6.12 on */

static struct mo_page_type_test test_of_bit(uint32_t bit)
{
	/* The bits that must be set moved when 6.10 made room: PAGE_TYPE_BASE overlaps no type. */
	uint32_t base = bit & 0xf0000000 ? 0x80000000 : 0xf0000000;

	return (struct mo_page_type_test){ .mask = base | bit, .value = base };
}

static struct mo_page_type_test test_of_whole(uint32_t page_type)
{
	if (!(page_type & ~TYPE_VALUE_MASK))
		return (struct mo_page_type_test){ .mask = TYPE_VALUE_MASK, .value = page_type };
	return test_of_bit(~page_type);
}

struct mo_page_type_test mo_page_type_test(const struct mo_kernel *kernel, const char *vmcoreinfo_key,
					   const struct mo_constant *enumerator, uint32_t macro_bit)
{
	if (vmcoreinfo_key) {
		int64_t value;
		struct mo_error *error = mo_kernel_vmcoreinfo_number(kernel, vmcoreinfo_key, &value);

		if (!error)
			return test_of_whole((uint32_t)value);
		mo_error_destroy(error);
	}
	if (mo_has(enumerator) && enumerator->value > 0 && enumerator->value <= 0xff)
		return (struct mo_page_type_test){ .mask = TYPE_VALUE_MASK, .value = (uint32_t)enumerator->value << 24 };
	if (mo_has(enumerator) && enumerator->value > 0 && enumerator->value <= UINT32_MAX)
		return test_of_bit((uint32_t)enumerator->value);
	return macro_bit ? test_of_bit(macro_bit) : (struct mo_page_type_test){ .mask = 0 };
}
