/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pool of descriptors of /proc/kcore, one for each reading thread. */
#include "live_files.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILES 64

struct mo_live_files {
	char *path;
	struct live_file {
		pthread_mutex_t lock; /* held by who reads */
		int fd;               /* -1: not yet opened */
	} files[MAX_FILES];
};

struct mo_error *mo_live_files_create(const char *path, int first_fd, struct mo_live_files **ret)
{
	struct mo_live_files *files = calloc(1, sizeof(*files));

	if (!files)
		return mo_error_no_memory();
	files->path = strdup(path);
	if (!files->path) {
		free(files);
		return mo_error_no_memory();
	}
	for (unsigned i = 0; i < MAX_FILES; i++) {
		pthread_mutex_init(&files->files[i].lock, NULL);
		files->files[i].fd = i ? -1 : first_fd;
	}
	*ret = files;
	return NULL;
}

void mo_live_files_destroy(struct mo_live_files *files)
{
	if (!files)
		return;
	for (unsigned i = 0; i < MAX_FILES; i++) {
		if (i && files->files[i].fd >= 0)
			close(files->files[i].fd);
		pthread_mutex_destroy(&files->files[i].lock);
	}
	free(files->path);
	free(files);
}

int mo_live_files_take(struct mo_live_files *files, unsigned *number)
{
	for (unsigned i = 0; i < MAX_FILES; i++) {
		struct live_file *file = &files->files[i];

		if (pthread_mutex_trylock(&file->lock))
			continue;
		if (file->fd < 0)
			file->fd = open(files->path, O_RDONLY | O_CLOEXEC);
		if (file->fd >= 0) {
			*number = i;
			return file->fd;
		}
		/* No more can be opened: those that are have to do. */
		pthread_mutex_unlock(&file->lock);
		break;
	}
	pthread_mutex_lock(&files->files[0].lock);
	*number = 0;
	return files->files[0].fd;
}

void mo_live_files_give(struct mo_live_files *files, unsigned number)
{
	pthread_mutex_unlock(&files->files[number].lock);
}
