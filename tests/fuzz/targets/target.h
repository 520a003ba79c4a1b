/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

/*
 * A fuzz target takes bytes and must come back: no crash, no hang, nothing that a sanitizer reports, and what is handed out is
 * sound, or it aborts. libFuzzer, AFL++ and OSS-Fuzz call it by this name; without them replay.c calls it for files.
 */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* A file in memory with these bytes; its path, which lives until input_file_close(). Aborts without memory. */
struct input_file {
	int fd;
	char path[32];
};
void input_file_open(struct input_file *file, const uint8_t *bytes, size_t n_bytes);
void input_file_close(struct input_file *file);

/* Aborts, saying what does not hold. */
void demand(_Bool holds, const char *what);

#endif
