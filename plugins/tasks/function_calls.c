/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether one function of the kernel calls another, from its machine code: the only trace that some changes leave. A
 * direct call's target is so unlikely to stand there by chance that no disassembler is needed.
 */
#include "gathering.h"

#include <string.h>

#define MOST_CODE_BYTES 8192

/* call rel32: 0xe8, and the distance from the next instruction. */
static bool has_x86_call(const uint8_t *code, size_t n_bytes, uint64_t kva, uint64_t target_kva)
{
	for (size_t i = 0; i + 5 <= n_bytes; i++) {
		uint32_t distance = (uint32_t)code[i + 1] | (uint32_t)code[i + 2] << 8 | (uint32_t)code[i + 3] << 16 |
				    (uint32_t)code[i + 4] << 24;

		if (code[i] == 0xe8 && kva + i + 5 + (uint64_t)(int64_t)(int32_t)distance == target_kva)
			return true;
	}
	return false;
}

int function_calls(struct mo_reader *reader, const struct mo_address *function, const struct mo_address *callee)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_reader_kernel(reader));
	uint8_t code[MOST_CODE_BYTES];
	size_t n_bytes;
	struct mo_error *error;

	if (!mo_has(function) || !mo_has(callee) || !function->size_bytes || !facts->arch || strcmp(facts->arch, "x86_64"))
		return -1;
	n_bytes = function->size_bytes < sizeof(code) ? (size_t)function->size_bytes : sizeof(code);
	error = mo_read(reader, function->kva, code, n_bytes);
	if (error) {
		mo_error_destroy(error);
		return -1;
	}
	return has_x86_call(code, n_bytes, function->kva, callee->kva);
}
