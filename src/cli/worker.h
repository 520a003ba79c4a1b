/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_WORKER_H
#define MO_WORKER_H

/*
 * memopsy run by memopsy: a dump analysed in a process of its own, so that whatever it does to that process, or makes it cost,
 * ends there. What the process prints is kept in memory, not on disk.
 *
 * One thread starts workers and waits for them.
 */

#include <stdio.h>
#include <sys/types.h>

#include <memopsy/error.h>

struct mo_progress;

struct mo_worker {
	pid_t pid;
	int output_fd;    /* what it wrote to standard output: a file in memory */
	int message_fd;   /* and to standard error */
	int status;       /* as waitpid() has it, once it ended */
	bool has_ended;
};

#define MO_WORKER_NONE ((struct mo_worker){ .output_fd = -1, .message_fd = -1 })

/* words: the command line without the program's name, NULL at its end. */
struct mo_error *mo_worker_start(const char *const *words, struct mo_worker *ret) MO_MUST_USE;

/* Waits for all of them. MO_E_CANCELLED: interrupted; then all have been stopped. */
struct mo_error *mo_workers_wait(struct mo_worker *workers, size_t n_workers, struct mo_progress *progress) MO_MUST_USE;

/* Stops it if it runs, and gives back what belongs to it. */
void mo_worker_deinit(struct mo_worker *worker);

/* The last line of what a worker said, without the program's name; the text is cut there. Empty: it said nothing. */
const char *mo_worker_last_line(char *messages);

/* All that it wrote into one of the two, terminated; free() it. NULL: no memory. */
char *mo_worker_text(int fd, size_t *n_bytes_ret);

#endif
