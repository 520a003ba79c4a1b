/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGINT, SIGTERM and SIGHUP: the first stops the work in order, the second ends the process. */
#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "progress_line.h"

struct mo_interrupt {
	struct mo_progress *progress;
	pthread_t thread;
	sigset_t signals;
	sigset_t mask_before;
	_Atomic int received;
};

static void *wait_for_signals(void *context)
{
	struct mo_interrupt *interrupt = context;
	int number;

	for (;;) {
		if (sigwait(&interrupt->signals, &number))
			continue;
		if (atomic_load(&interrupt->received))
			break;
		atomic_store(&interrupt->received, number);
		mo_progress_request_stop(interrupt->progress);
	}
	signal(number, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &interrupt->signals, NULL);
	kill(getpid(), number);
	return NULL;
}

struct mo_error *mo_interrupt_create(struct mo_progress *progress, struct mo_interrupt **ret)
{
	struct mo_interrupt *interrupt = calloc(1, sizeof(*interrupt));
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction before;

	if (!interrupt)
		return mo_error_no_memory();
	interrupt->progress = progress;
	sigemptyset(&interrupt->signals);
	/* A signal that whoever started us has set aside (nohup, a shell's background job) stays set aside. */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaddset(&interrupt->signals, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &interrupt->signals, &interrupt->mask_before);
	if (pthread_create(&interrupt->thread, NULL, wait_for_signals, interrupt)) {
		pthread_sigmask(SIG_SETMASK, &interrupt->mask_before, NULL);
		free(interrupt);
		return mo_error_create(MO_E_NO_MEMORY, "cannot start a thread");
	}
	*ret = interrupt;
	return NULL;
}

int mo_interrupt_destroy(struct mo_interrupt *interrupt)
{
	int received;

	if (!interrupt)
		return 0;
	pthread_cancel(interrupt->thread);
	pthread_join(interrupt->thread, NULL);
	pthread_sigmask(SIG_SETMASK, &interrupt->mask_before, NULL);
	received = atomic_load(&interrupt->received);
	free(interrupt);
	return received;
}
