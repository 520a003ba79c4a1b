/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_OUTPUT_H
#define MO_OUTPUT_H

/*
 * Where a command writes: standard output, or a file that appears under its name only when it is complete, private to
 * its owner. A device or a pipe named as the file is written to directly.
 *
 * Writing fails late, when buffers are flushed: whoever writes may ignore it, and mo_output_finish() tells.
 */

#include <stdio.h>

#include <memopsy/error.h>

struct mo_output;

/* path NULL: standard output. Nothing of an existing file is touched before finish. */
struct mo_error *mo_output_open(const char *path, struct mo_output **ret) MO_MUST_USE;

/* The stream to write to; buffered. Lives as long as the output. */
FILE *mo_output_file(struct mo_output *output);

/* Whether it is a terminal, and how many columns it has (0: unknown, or no terminal). */
bool mo_output_is_terminal(const struct mo_output *output);
unsigned mo_output_width(const struct mo_output *output);

/* Whether a write has failed because nobody reads the pipe any more: the reader has seen enough. */
bool mo_output_is_broken_pipe(const struct mo_output *output);

/*
 * Flushes, and makes the file appear if keep (else drops it). Errors name the output and why it could not be
 * written. To be called once, before destroy; without it nothing is kept.
 */
struct mo_error *mo_output_finish(struct mo_output *output, bool keep) MO_MUST_USE;
/* From another thread, as the process ends: the temporary file is removed. The output is unusable from then on. */
void mo_output_drop(const struct mo_output *output);

void mo_output_destroy(struct mo_output *output);

#endif
