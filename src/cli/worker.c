/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts memopsy's own program on something, and waits for it. */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <memopsy/progress.h>

#include "cleanup.h"

#define OWN_PROGRAM "/proc/self/exe"
#define POLL_NS 5000000l
#define EXIT_NOT_STARTED 127

/* In the new process; other threads of this one are not there, so nothing but what is safe in a signal handler. */
static void become(const char *const *words, const struct mo_worker *worker, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	/* A worker whose starter is gone works for nobody. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || dup2(worker->output_fd, STDOUT_FILENO) < 0 || dup2(worker->message_fd, STDERR_FILENO) < 0 ||
	    sigprocmask(SIG_SETMASK, &none, NULL))
		_exit(EXIT_NOT_STARTED);
	execv(OWN_PROGRAM, (char *const *)words);
	_exit(EXIT_NOT_STARTED);
}

struct mo_error *mo_worker_start(const char *const *words, struct mo_worker *ret)
{
	struct mo_worker worker = MO_WORKER_NONE;
	const char *line[64] = { "memopsy" };
	pid_t parent = getpid();
	struct mo_error *error;

	for (size_t i = 0; words[i]; i++) {
		if (i + 2 == sizeof(line) / sizeof(line[0]))
			return mo_error_create(MO_E_INVALID, "too many options");
		line[i + 1] = words[i];
	}
	worker.output_fd = memfd_create("memopsy-output", MFD_CLOEXEC);
	worker.message_fd = worker.output_fd < 0 ? -1 : memfd_create("memopsy-messages", MFD_CLOEXEC);
	if (worker.message_fd >= 0)
		worker.pid = fork();
	if (worker.message_fd < 0 || worker.pid < 0) {
		error = mo_error_from_errno(errno, "cannot start a process for the analysis");
		worker.pid = 0;
		mo_worker_deinit(&worker);
		return error;
	}
	if (!worker.pid)
		become(line, &worker, parent);
	*ret = worker;
	return NULL;
}

static bool has_ended(struct mo_worker *worker)
{
	if (!worker->has_ended && worker->pid > 0 && waitpid(worker->pid, &worker->status, WNOHANG) == worker->pid)
		worker->has_ended = true;
	return worker->has_ended || worker->pid <= 0;
}

struct mo_error *mo_workers_wait(struct mo_worker *workers, size_t n_workers, struct mo_progress *progress)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	size_t n_ended = 0;

	while (n_ended < n_workers) {
		n_ended = 0;
		for (size_t i = 0; i < n_workers; i++)
			n_ended += has_ended(&workers[i]);
		if (!mo_progress_add(progress, 0)) {
			for (size_t i = 0; i < n_workers; i++)
				mo_worker_deinit(&workers[i]);
			return mo_progress_cancelled(progress);
		}
		if (n_ended < n_workers)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

void mo_worker_deinit(struct mo_worker *worker)
{
	if (worker->pid > 0 && !worker->has_ended) {
		kill(worker->pid, SIGTERM);
		while (waitpid(worker->pid, &worker->status, 0) < 0 && errno == EINTR)
			;
	}
	if (worker->output_fd >= 0)
		close(worker->output_fd);
	if (worker->message_fd >= 0)
		close(worker->message_fd);
	*worker = MO_WORKER_NONE;
}

const char *mo_worker_last_line(char *messages)
{
	size_t n = strlen(messages);
	char *line;

	while (n && messages[n - 1] == '\n')
		messages[--n] = '\0';
	line = strrchr(messages, '\n');
	line = line ? line + 1 : messages;
	return strncmp(line, "memopsy: ", 9) ? line : line + 9;
}

char *mo_worker_text(int fd, size_t *n_bytes_ret)
{
	struct stat status;
	size_t n_bytes = !fstat(fd, &status) && status.st_size > 0 ? (size_t)status.st_size : 0;
	char *text = malloc(n_bytes + 1);
	size_t n_read = 0;

	while (text && n_read < n_bytes) {
		ssize_t n = pread(fd, text + n_read, n_bytes - n_read, (off_t)n_read);

		if (n <= 0)
			break;
		n_read += (size_t)n;
	}
	if (text)
		text[n_read] = '\0';
	*n_bytes_ret = n_read;
	return text;
}
