/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process id from the command line. */
#include "gathering.h"

#include <errno.h>
#include <stdlib.h>

struct mo_error *find_task(const struct mo_tasks_model *model, const char *word, const struct mo_task **ret)
{
	char *end = NULL;
	long pid;

	errno = 0;
	pid = strtol(word, &end, 10);
	if (errno || end == word || *end || pid <= 0 || pid > INT32_MAX)
		return mo_error_create(MO_E_INVALID, "\"%s\" is not a process id", word);
	for (size_t i = 0; i < model->n_tasks; i++)
		if (model->tasks[i].pid == pid) {
			*ret = &model->tasks[i];
			return NULL;
		}
	return mo_error_create(MO_E_ABSENT, "no process or thread with id %ld", pid);
}
