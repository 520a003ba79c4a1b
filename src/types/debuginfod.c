/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * debuginfod through its client library, loaded when it is needed: a tool that is copied into an initramfs or runs
 * on a machine without network does not want libcurl. The library is never unloaded, since libcurl cannot be.
 */

#include "debug_files.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

typedef struct debuginfod_client debuginfod_client;

struct client_library {
	debuginfod_client *(*begin)(void);
	/* A length of 0 says that the build-id is hex text. Returns an fd, or -errno; *path is freed by the caller. */
	int (*find_debuginfo)(debuginfod_client *client, const unsigned char *build_id, int build_id_bytes, char **path);
	void (*end)(debuginfod_client *client);
};

/* ISO C knows no conversion from an object pointer to a function pointer; POSIX promises that the bits do. */
static bool find_function(void *library, const char *name, void *function_pointer)
{
	void *address = dlsym(library, name);

	memcpy(function_pointer, &address, sizeof(address));
	return address != NULL;
}

static bool load_library(struct client_library *functions)
{
	void *library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);

	return library && find_function(library, "debuginfod_begin", &functions->begin) &&
	       find_function(library, "debuginfod_find_debuginfo", &functions->find_debuginfo) &&
	       find_function(library, "debuginfod_end", &functions->end);
}

struct mo_error *mo_debug_search_ask_debuginfod(struct mo_debug_search *search)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct client_library functions;
	debuginfod_client *client;
	MO_FREE char *path = NULL;
	int fd;

	if (search->found || !search->build_id || !mo_is_build_id(search->build_id))
		return NULL;
	if (!urls || urls[strspn(urls, " ")] == '\0') {
		mo_debug_search_remark(search, "no debuginfod (DEBUGINFOD_URLS is not set)");
		return NULL;
	}
	if (!load_library(&functions)) {
		mo_debug_search_remark(search, "no debuginfod (libdebuginfod.so.1 cannot be loaded)");
		return NULL;
	}
	client = functions.begin();
	if (!client)
		return mo_error_no_memory();
	fd = functions.find_debuginfo(client, (const unsigned char *)search->build_id, 0, &path);
	functions.end(client);
	if (fd < 0) {
		mo_debug_search_remark(search, "debuginfod at %s (%s)", urls, strerrordesc_np(-fd));
		return NULL;
	}
	close(fd);
	return path ? mo_debug_search_try(search, path) : NULL;
}
