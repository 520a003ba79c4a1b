/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files and directories may be trusted: owners, write permission, links on the way. */
#include "trust.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define NAMES_BYTES 16384

/* Root's group, or the user's own of the same name and with no other member. */
static bool is_private_group(gid_t gid)
{
	MO_FREE char *buffer = malloc(2 * NAMES_BYTES);
	struct group group, *found_group = NULL;
	struct passwd user, *found_user = NULL;

	if (gid == 0)
		return true;
	if (!buffer || getgrgid_r(gid, &group, buffer, NAMES_BYTES, &found_group) || !found_group ||
	    getpwuid_r(geteuid(), &user, buffer + NAMES_BYTES, NAMES_BYTES, &found_user) || !found_user)
		return false;
	return user.pw_gid == gid && !strcmp(user.pw_name, group.gr_name) && !group.gr_mem[0];
}

static struct mo_error *check_writers(const char *path, const struct stat *status)
{
	if (status->st_mode & S_IWOTH)
		return mo_error_create(MO_E_PERMISSION, "%s: refused, because it is world-writable", path);
	if (status->st_mode & S_IWGRP && !is_private_group(status->st_gid))
		return mo_error_create(MO_E_PERMISSION, "%s: refused, because a group (gid %u) may write to it", path,
				       (unsigned)status->st_gid);
	return NULL;
}

static struct mo_error *check_owner(const char *path, const struct stat *status)
{
	if (status->st_uid == 0 || status->st_uid == geteuid())
		return NULL;
	return mo_error_create(MO_E_PERMISSION, "%s: refused, because it belongs to another user (uid %u)", path,
			       (unsigned)status->st_uid);
}

/* In a sticky directory nobody renames what is another's. */
static struct mo_error *check_parents(const char *path)
{
	MO_FREE char *parent = realpath(path, NULL);
	struct stat status;

	if (!parent)
		return mo_error_from_errno(errno, "%s", path);
	for (char *slash = strrchr(parent, '/'); slash; slash = strrchr(parent, '/')) {
		const char *name = slash == parent ? "/" : parent;

		*slash = '\0';
		if (stat(name, &status))
			return mo_error_from_errno(errno, "%s", name);
		if (!(status.st_mode & S_ISVTX))
			MO_TRY(mo_error_prepend(check_writers(name, &status), "%s lies below", path));
	}
	return NULL;
}

struct mo_error *mo_trust_for_code(const char *path, bool is_directory)
{
	struct stat status;

	if (stat(path, &status))
		return mo_error_from_errno(errno, "%s", path);
	if (is_directory && !S_ISDIR(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s: not a directory", path);
	if (!is_directory && !S_ISREG(status.st_mode))
		return mo_error_create(MO_E_INVALID, "%s: not a regular file", path);
	MO_TRY(check_writers(path, &status));
	MO_TRY(check_owner(path, &status));
	return is_directory ? check_parents(path) : NULL;
}

struct mo_error *mo_trust_for_cache(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return NULL;
	if (status.st_mode & S_IWOTH)
		return mo_error_create(MO_E_PERMISSION, "%s: refused, because it is world-writable", path);
	return check_owner(path, &status);
}

struct mo_error *mo_trust_for_output(const char *path)
{
	MO_FREE char *parent = strdup(path);
	struct stat link, directory;
	char *slash;

	if (!parent)
		return mo_error_no_memory();
	if (lstat(path, &link) || !S_ISLNK(link.st_mode) || link.st_uid == geteuid())
		return NULL;
	slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent] = '\0';
	if (stat(slash ? parent : ".", &directory))
		return mo_error_from_errno(errno, "%s", path);
	if (!(directory.st_mode & S_IWOTH) || link.st_uid == directory.st_uid)
		return NULL;
	return mo_error_create(MO_E_PERMISSION, "%s: a symbolic link of another user (uid %u) in a directory that everybody may "
			       "write to is not followed", path, (unsigned)link.st_uid);
}
