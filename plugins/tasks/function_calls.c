/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether one function of the kernel calls another, from its machine code: the only trace that some changes leave. A
 * direct call's target is so unlikely to stand there by chance that no disassembler is needed.
 */
#include <memopsy/architecture.h>

#include "gathering.h"

#define MAX_CODE_BYTES 8192

int function_calls(struct mo_reader *reader, const struct mo_address *function, const struct mo_address *callee)
{
	uint8_t code[MAX_CODE_BYTES];
	size_t n_bytes;
	struct mo_error *error;

	if (!mo_has(function) || !mo_has(callee) || !function->size_bytes)
		return -1;
	n_bytes = function->size_bytes < sizeof(code) ? (size_t)function->size_bytes : sizeof(code);
	error = mo_read(reader, function->kva, code, n_bytes);
	if (error) {
		mo_error_destroy(error);
		return -1;
	}
	return mo_code_has_call(mo_reader_kernel(reader), code, n_bytes, function->kva, callee->kva);
}
