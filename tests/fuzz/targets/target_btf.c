/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF of a kernel, and after it that of a module: 4 bytes (little-endian) say how long the first is. */
#include <string.h>

#include "target.h"
#include "type_source.h"
#include "type_walk.h"

static const char *const names[] = { "struct page", "struct list_head", "struct bits", "enum zone_type", "gfp_t", "struct leaker",
				     "enumerator ZONE_DMA", "enumerator NOTHING" };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct type_fuzzer fuzzer = { .name = "target-btf" };
	struct mo_types *types;
	struct mo_error *error;
	size_t n_kernel;

	if (n_bytes < 4)
		return 0;
	n_kernel = (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
	if (n_kernel > n_bytes - 4)
		n_kernel = n_bytes - 4;
	error = mo_types_open_btf("the input", bytes + 4, n_kernel, &types);
	if (!error) {
		mo_error_destroy(mo_types_add_btf_module(types, "module", bytes + 4 + n_kernel, n_bytes - 4 - n_kernel));
		fuzz_look_up(&fuzzer, types, names, sizeof(names) / sizeof(names[0]));
		mo_types_destroy(types);
	}
	mo_error_destroy(error);
	return 0;
}
