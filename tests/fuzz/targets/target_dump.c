/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A dump of any form, opened and read from end to end. */
#include "dump_input.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct input_file file;

	input_file_open(&file, bytes, n_bytes);
	(void)open_and_read(file.path);
	input_file_close(&file);
	return 0;
}
