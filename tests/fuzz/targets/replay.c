/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* target-NAME FILE...: calls the target for each file, where there is no fuzzing engine: a corpus, or what an engine has found. */
#include <stdio.h>
#include <stdlib.h>

#include "target.h"

static uint8_t *read_file(const char *path, size_t *n_bytes_ret)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long n_bytes;

	if (!file || fseek(file, 0, SEEK_END) || (n_bytes = ftell(file)) < 0 || fseek(file, 0, SEEK_SET)) {
		perror(path);
		exit(2);
	}
	/* Of just that size, so that a sanitizer sees what is read behind it. */
	bytes = malloc(n_bytes ? (size_t)n_bytes : 1);
	demand(bytes && fread(bytes, 1, (size_t)n_bytes, file) == (size_t)n_bytes, "the file can be read");
	fclose(file);
	*n_bytes_ret = (size_t)n_bytes;
	return bytes;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t n_bytes;
		uint8_t *bytes = read_file(argv[i], &n_bytes);

		LLVMFuzzerTestOneInput(bytes, n_bytes);
		free(bytes);
	}
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 2;
}
