/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paragraphs of help text, wrapped at a width. */
#include "wrap_text.h"

#include <string.h>

void mo_wrap_text(FILE *out, const char *text, unsigned width, unsigned indent)
{
	size_t column = indent;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > indent && column + 1 + length > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, length, out);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
