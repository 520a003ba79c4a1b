/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON without the breaks that people read it by. */
#include "one_line.h"

#include <jansson.h>

struct mo_error *mo_write_json_line(const char *text, size_t n_bytes, FILE *out)
{
	json_error_t why;
	json_t *root = json_loadb(text, n_bytes, JSON_ALLOW_NUL, &why);
	int failed;

	if (!root)
		return mo_error_create(MO_E_CORRUPT, "line %d: %s", why.line, why.text);
	failed = json_dumpf(root, out, JSON_COMPACT);
	json_decref(root);
	if (failed || fputc('\n', out) == EOF || fflush(out))
		return mo_error_create(MO_E_IO, "cannot write");
	return NULL;
}
