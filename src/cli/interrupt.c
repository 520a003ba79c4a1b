/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGINT, SIGTERM and SIGHUP: the first stops the work in order, the second ends the process. */
#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "progress_line.h"

/* Whoever pressed Ctrl-C waits no longer than a second; most phases end in hundredths of one. */
#define GRACE_NS 900000000l

/* The kernel sends SIGXCPU again for each second of CPU time beyond the limit: what does not look whether to stop gets two. */
#define CPU_SIGNALS_MAX 3

struct mo_interrupt {
	struct mo_progress *progress;
	pthread_t thread;
	sigset_t signals;
	sigset_t mask_before;
	struct sigaction bus_before;
	_Atomic int received;
	_Atomic int reason;       /* enum mo_stop_reason; the first counts */
	_Atomic uint64_t end_ns;  /* of the monotonic clock; 0: no limit */
	_Atomic uint64_t max_rss_bytes;
	pthread_mutex_t output_lock;
	struct mo_output *output; /* what is thrown away with the process; NULL: nothing */
};

#define LIMIT_POLL_NS 100000000l

/* A real-time signal: the handler below has no other way to tell, and nobody else sends it. */
static int bus_error_signal(void)
{
	return SIGRTMIN;
}

/* Ends the thread that waits. Not pthread_cancel(): what the address sanitizer knows of the thread's stack would be left behind. */
static int no_more_signal(void)
{
	return SIGRTMIN + 1;
}

/* The thread looks at its limits anew. */
static int limits_signal(void)
{
	return SIGRTMIN + 2;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t resident_bytes(void)
{
	unsigned long long size, resident;
	FILE *file = fopen("/proc/self/statm", "re");
	bool is_read = file && fscanf(file, "%llu %llu", &size, &resident) == 2;

	if (file)
		fclose(file);
	return is_read ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/*
 * A page of a mapped file that is not there any more: somebody made the file shorter, or its device failed. The access is
 * given a page of zeros, so that the thread goes on to where it can be stopped; nothing that it finds is used.
 */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(page_bytes - 1);
	int saved = errno;

	(void)context;
	if (info->si_code <= 0 || !page ||
	    mmap((void *)page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	kill(getpid(), bus_error_signal());
	errno = saved;
}

/* The process ends by the signal, with nothing half-written left behind. */
static void end_by(struct mo_interrupt *interrupt, int number)
{
	pthread_mutex_lock(&interrupt->output_lock);
	if (interrupt->output)
		mo_output_drop(interrupt->output);
	signal(number, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &interrupt->signals, NULL);
	kill(getpid(), number);
}

/* As above, for a phase that took its time for ever. */
static void end_for_cpu_time(struct mo_interrupt *interrupt)
{
	pthread_mutex_lock(&interrupt->output_lock);
	if (interrupt->output)
		mo_output_drop(interrupt->output);
	fputs("memopsy: " MO_CPU_TIME_TEXT "\n", stderr);
	_exit(MO_EXIT_PARTIAL);
}

static void note_reason(struct mo_interrupt *interrupt, enum mo_stop_reason reason)
{
	int none = MO_STOP_NONE;

	(void)atomic_compare_exchange_strong(&interrupt->reason, &none, (int)reason);
	mo_progress_request_stop(interrupt->progress);
}

static bool has_limits(const struct mo_interrupt *interrupt)
{
	return atomic_load(&interrupt->end_ns) || atomic_load(&interrupt->max_rss_bytes);
}

static void check_limits(struct mo_interrupt *interrupt)
{
	uint64_t end_ns = atomic_load(&interrupt->end_ns);
	uint64_t max_rss_bytes = atomic_load(&interrupt->max_rss_bytes);

	if (end_ns && now_ns() >= end_ns)
		note_reason(interrupt, MO_STOP_SECONDS);
	if (max_rss_bytes && resident_bytes() > max_rss_bytes)
		note_reason(interrupt, MO_STOP_RSS);
}

/* The next signal; -1: none for as long as the thread may wait. */
static int next_signal(const struct mo_interrupt *interrupt, bool is_second)
{
	const struct timespec grace = { .tv_nsec = GRACE_NS };
	const struct timespec poll = { .tv_nsec = LIMIT_POLL_NS };

	if (is_second)
		return sigtimedwait(&interrupt->signals, NULL, &grace);
	return has_limits(interrupt) ? sigtimedwait(&interrupt->signals, NULL, &poll) : sigwaitinfo(&interrupt->signals, NULL);
}

static void *wait_for_signals(void *context)
{
	struct mo_interrupt *interrupt = context;
	unsigned n_cpu_signals = 0;

	for (;;) {
		int first = atomic_load(&interrupt->received);
		int number = next_signal(interrupt, first != 0);

		if (number < 0 && errno == EINTR)
			continue;
		if (number == no_more_signal())
			return NULL;
		check_limits(interrupt);
		if (number == limits_signal())
			continue;
		if (number == bus_error_signal() || number == SIGXCPU) {
			note_reason(interrupt, number == SIGXCPU ? MO_STOP_CPU_TIME : MO_STOP_BUS_ERROR);
			if (number == SIGXCPU && ++n_cpu_signals == CPU_SIGNALS_MAX)
				end_for_cpu_time(interrupt);
			continue;
		}
		/* A second one, or no end in sight. */
		if (first) {
			end_by(interrupt, number > 0 ? number : first);
			return NULL;
		}
		if (number < 0)
			continue;
		atomic_store(&interrupt->received, number);
		mo_progress_request_stop(interrupt->progress);
	}
}

static struct mo_error *start(struct mo_interrupt *interrupt)
{
	const struct sigaction on_bus = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER };

	pthread_sigmask(SIG_BLOCK, &interrupt->signals, &interrupt->mask_before);
	if (pthread_create(&interrupt->thread, NULL, wait_for_signals, interrupt)) {
		pthread_sigmask(SIG_SETMASK, &interrupt->mask_before, NULL);
		return mo_error_create(MO_E_NO_MEMORY, "cannot start a thread");
	}
	sigaction(SIGBUS, &on_bus, &interrupt->bus_before);
	return NULL;
}

struct mo_error *mo_interrupt_create(struct mo_progress *progress, struct mo_interrupt **ret)
{
	struct mo_interrupt *interrupt = calloc(1, sizeof(*interrupt));
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction before;
	struct mo_error *error;

	if (!interrupt)
		return mo_error_no_memory();
	interrupt->progress = progress;
	pthread_mutex_init(&interrupt->output_lock, NULL);
	sigemptyset(&interrupt->signals);
	sigaddset(&interrupt->signals, bus_error_signal());
	sigaddset(&interrupt->signals, no_more_signal());
	sigaddset(&interrupt->signals, limits_signal());
	sigaddset(&interrupt->signals, SIGXCPU);
	/* A signal that whoever started us has set aside (nohup, a shell's background job) stays set aside. */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaddset(&interrupt->signals, numbers[i]);
	error = start(interrupt);
	if (error) {
		pthread_mutex_destroy(&interrupt->output_lock);
		free(interrupt);
		return error;
	}
	*ret = interrupt;
	return NULL;
}

void mo_interrupt_watch(struct mo_interrupt *interrupt, struct mo_output *output)
{
	pthread_mutex_lock(&interrupt->output_lock);
	interrupt->output = output;
	pthread_mutex_unlock(&interrupt->output_lock);
}

void mo_interrupt_limit(struct mo_interrupt *interrupt, const struct mo_run_limits *limits)
{
	if (limits->max_seconds)
		atomic_store(&interrupt->end_ns, now_ns() + limits->max_seconds * 1000000000u);
	atomic_store(&interrupt->max_rss_bytes, limits->max_rss_bytes);
	if (has_limits(interrupt))
		pthread_kill(interrupt->thread, limits_signal());
}

enum mo_stop_reason mo_interrupt_reason(const struct mo_interrupt *interrupt)
{
	return (enum mo_stop_reason)atomic_load(&interrupt->reason);
}

int mo_interrupt_destroy(struct mo_interrupt *interrupt)
{
	int received;

	if (!interrupt)
		return 0;
	pthread_kill(interrupt->thread, no_more_signal());
	pthread_join(interrupt->thread, NULL);
	sigaction(SIGBUS, &interrupt->bus_before, NULL);
	/* One of our own that came too late for the thread would end the process. */
	signal(bus_error_signal(), SIG_IGN);
	signal(no_more_signal(), SIG_IGN);
	signal(limits_signal(), SIG_IGN);
	pthread_sigmask(SIG_SETMASK, &interrupt->mask_before, NULL);
	received = atomic_load(&interrupt->received);
	pthread_mutex_destroy(&interrupt->output_lock);
	free(interrupt);
	return received;
}
