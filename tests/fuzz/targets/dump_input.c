/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a dump that may be damaged in any way. */
#include "dump_input.h"

#include "dump_fixture.h"

bool open_and_read(const char *path)
{
	struct mo_dump *dump;
	struct mo_dump_reader *reader;
	struct mo_error *error = mo_dump_open(&path, 1, &dump);

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	error = mo_dump_reader_create(dump, &reader);
	if (error) {
		mo_error_destroy(error);
	} else {
		read_everything(dump, reader);
		mo_dump_reader_destroy(reader);
	}
	mo_dump_close(dump);
	return true;
}
